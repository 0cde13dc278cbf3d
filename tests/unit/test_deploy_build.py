"""A release is built once and named by its manifest."""

import base64
import dataclasses
import hashlib
import io
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.utils import parse_wheel_filename

from deploy.errors import DeployError
from deploy.release import build, manifest, sources
from deploy.release.manifest import Manifest, StagedFile
from ml_pipeline import payload

PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project of small packages, with our build, committed."""
    root = tmp_path_factory.mktemp("project")
    backend = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["uv"]["build-backend"]
    for package in backend["module-name"]:
        (root / "src" / package).mkdir(parents=True)
        (root / "src" / package / "__init__.py").write_text("")
    (root / "src/ml_pipeline/training_job.py").write_text("print('an entrypoint')")
    (root / "src/ml_pipeline/notes.txt").write_text("found by walking the package")
    (root / "src/another").mkdir()
    (root / "src/another/__init__.py").write_text("")
    for name in ("pyproject.toml", "uv.lock", "README.md", "LICENSE", ".gitattributes", ".gitignore"):
        shutil.copy(PROJECT / name, root / name)
    git(root, "init", "-q")
    commit(root)
    return root


def git(root, *arguments):
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    subprocess.run(["git", "-C", root, *identity, *arguments], check=True, capture_output=True)


def commit(root):
    git(root, "add", "-A")
    git(root, "commit", "-q", "--allow-empty", "-m", "change")


@pytest.fixture(scope="module")
def release(project, tmp_path_factory):
    return build.build(project, tmp_path_factory.mktemp("dist"))


@pytest.fixture
def dist(release, tmp_path):
    """A copy of the folder of built releases, to be damaged."""
    return Path(shutil.copytree(release.directory.parent, tmp_path / "dist"))


def files(release):
    return {path.name: path.read_bytes() for path in release.directory.iterdir()}


def test_two_builds_of_a_commit_are_byte_identical(project, release, tmp_path):
    assert files(build.build(project, tmp_path)) == files(release)


def test_another_path_umask_and_time_build_the_same_bytes(project, release, tmp_path, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    copied = Path(shutil.copytree(project, tmp_path / "elsewhere", copy_function=shutil.copyfile))
    for path in (copied / "src").rglob("*.py"):
        path.chmod(0o700)
        os.utime(path, (1, 1))
    git(copied, "config", "core.fileMode", "false")
    assert files(build.build(copied, tmp_path / "dist")) == files(release)


def test_a_clone_with_autocrlf_builds_the_same_bytes(project, release, tmp_path):
    git(tmp_path, "clone", "-q", "--config", "core.autocrlf=true", str(project), "clone")
    assert files(build.build(tmp_path / "clone", tmp_path / "dist")) == files(release)


def test_another_commit_of_the_same_content_is_the_same_release_and_names_its_own_commit(project, release, tmp_path):
    other = Path(shutil.copytree(project, tmp_path / "other"))
    (other / "README.md").write_text("The README is no part of what runs.")
    commit(other)
    again = build.build(other, tmp_path / "dist")
    assert again.digest == release.digest
    assert again.manifest.commit == sources.commit(other) != release.manifest.commit
    assert again.manifest.commit in again.manifest.wheel


@pytest.mark.parametrize("name", ["src/ml_pipeline/__init__.py", "src/ml_pipeline/training_job.py"])
def test_another_content_is_another_release(project, release, tmp_path, name):
    other = Path(shutil.copytree(project, tmp_path / "other"))
    (other / name).write_text("print('something else')")
    assert build.build(other, tmp_path / "dist").digest != release.digest


def test_what_git_ignores_is_no_part_of_a_release(project, release, tmp_path):
    other = Path(shutil.copytree(project, tmp_path / "other"))
    (other / "src/ml_pipeline/__pycache__").mkdir()
    (other / "src/ml_pipeline/__pycache__/x.pyc").write_bytes(b"compiled")
    assert build.build(other, tmp_path / "dist").digest == release.digest


def test_the_payload_is_a_wheel_of_every_package_whose_version_names_the_commit(release, tmp_path):
    wheel = release.directory / release.manifest.wheel
    assert wheel.read_bytes() == (release.directory / manifest.PAYLOAD).read_bytes()
    project, version, _, tags = parse_wheel_filename(wheel.name)
    own = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    assert (project, str(version)) == (own["name"], f"{own['version']}+g{release.manifest.commit}")
    assert {str(tag) for tag in tags} == {"py3-none-any"}
    with zipfile.ZipFile(wheel) as archive:  # which is how a wheel is installed
        archive.extractall(tmp_path)
    (found,) = metadata.distributions(path=[str(tmp_path)])
    assert (found.name, found.version) == (own["name"], str(version))
    assert [line.partition(";")[0] for line in found.requires] == metadata.requires(own["name"])
    assert not found.metadata.get_payload(), "the README is in the metadata"
    recorded = {str(file): file for file in found.files}
    assert recorded.keys() == {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    for file in recorded.values():
        digest = base64.urlsafe_b64encode(hashlib.sha256(file.read_binary()).digest()).rstrip(b"=").decode()
        assert file.name == "RECORD" or (file.hash.value, file.size) == (digest, len(file.read_binary()))


def test_the_manifest_names_the_commit_and_every_file_of_the_payload(project, release):
    assert release.manifest.commit == sources.commit(project)
    contents = [file.name for file in release.manifest.contents]
    assert {"ml_pipeline/__init__.py", "ml_pipeline/notes.txt", "another/__init__.py"} <= set(contents)


def test_the_manifest_names_what_the_graph_runs_with(release):
    assert release.manifest.packages == payload.packages()
    assert release.manifest.python == payload.PYTHON
    assert [file.name for file in release.manifest.files] == [payload.PAYLOAD, payload.TRAINING_JOB]


def test_the_entrypoints_of_ml_jobs_are_files_of_the_release(release):
    with zipfile.ZipFile(release.directory / manifest.PAYLOAD) as archive:
        inside = archive.read(f"ml_pipeline/{payload.TRAINING_JOB}")
    assert (release.directory / payload.TRAINING_JOB).read_bytes() == inside


def test_the_payload_runs_from_its_archive(release):
    code = "import ml_pipeline; print(ml_pipeline.__file__)"
    environ = {"PYTHONPATH": str(release.directory / manifest.PAYLOAD)}
    done = subprocess.run([sys.executable, "-S", "-c", code], env=environ, check=True, capture_output=True, text=True)
    assert manifest.PAYLOAD in done.stdout


def test_what_runs_in_a_task_knows_the_commit_of_its_payload(release, tmp_path):
    content = (release.directory / manifest.PAYLOAD).read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as archive, zipfile.ZipFile(tmp_path / "payload.zip", "w") as with_own:
        for name in archive.namelist():
            with_own.writestr(name, archive.read(name))
        with_own.write(payload.__file__, "ml_pipeline/payload.py")
    code = "from ml_pipeline import payload; print(payload.commit())"
    environ = {"PYTHONPATH": str(tmp_path / "payload.zip")}
    done = subprocess.run([sys.executable, "-S", "-c", code], env=environ, check=True, capture_output=True, text=True)
    assert done.stdout.strip() == release.manifest.commit
    assert payload.commit() == ""  # of a working tree


@pytest.mark.parametrize("name", ["src/ml_pipeline/new.py", "notebooks/new.ipynb", "dag/dag.py", "environments/x.toml"])
def test_a_change_that_is_not_committed_is_named(project, name):
    file = project / name
    was_there = file.parent.is_dir()
    file.parent.mkdir(exist_ok=True)
    file.write_text("")
    try:
        assert sources.commit(project).endswith("-dirty")
    finally:
        file.unlink()
        if not was_there:
            file.parent.rmdir()
    assert not sources.commit(project).endswith("-dirty")


def test_what_is_described_otherwise_since_the_build_is_named(project, tmp_path):
    other = Path(shutil.copytree(project, tmp_path / "other"))
    built = sources.commit(other)
    assert sources.of_graph(other, built) == built
    (other / "environments").mkdir()
    (other / "environments/prod.toml").write_text("")
    assert sources.of_graph(other, built) == f"{built}-dirty"
    commit(other)
    assert sources.of_graph(other, built) == f"{built}-dirty"
    assert sources.of_graph(tmp_path / "nowhere", built) == built


def test_a_folder_without_commits_is_refused(tmp_path):
    git(tmp_path, "init", "-q")
    with pytest.raises(DeployError, match="git knows no commit here") as error:
        sources.commit(tmp_path)
    assert "git init" in error.value.remedy


@pytest.mark.parametrize("name", ["src/another/model.bin", "notebooks/a.ipynb", "dag/dag.py", "environments/x.toml"])
def test_a_git_lfs_pointer_is_refused_by_its_name(project, tmp_path, name):
    other = Path(shutil.copytree(project, tmp_path / "other"))
    (other / name).parent.mkdir(exist_ok=True)
    (other / name).write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n")
    with pytest.raises(DeployError, match=f"(?s)Git LFS pointers.*{name}") as error:
        build.build(other, tmp_path / "dist")
    assert error.value.remedy == "git lfs pull"
    assert not (tmp_path / "dist").exists()


def test_two_entrypoints_of_one_name_are_refused(project, tmp_path):
    other = Path(shutil.copytree(project, tmp_path / "other"))
    (other / "src/another/training_job.py").write_text("")
    with pytest.raises(DeployError, match=r"two files of the release are called training_job\.py"):
        build.build(other, tmp_path / "dist")


@pytest.mark.parametrize("text", ["[project", "[project]\nname = 'x'\n"])
def test_a_project_without_valid_metadata_leaves_no_release(project, tmp_path, text):
    other = Path(shutil.copytree(project, tmp_path / "other"))
    (other / "pyproject.toml").write_text(text)
    with pytest.raises(DeployError, match="the wheel does not build"):
        build.build(other, tmp_path / "dist")
    assert not (tmp_path / "dist").exists()


@pytest.mark.parametrize(
    ("requirement", "problem"),
    [
        ("lightgbm>=4", "lightgbm is not installed"),
        ("scikit-learn<1", "scikit-learn<1 is required, and .* is installed"),
    ],
)
def test_a_package_that_is_not_installed_as_required_is_named_with_the_next_command(
    project, tmp_path, requirement, problem
):
    other = Path(shutil.copytree(project, tmp_path / "other"))
    text = (other / "pyproject.toml").read_text()
    (other / "pyproject.toml").write_text(
        text.replace("dependencies = [", f'dependencies = [\n    "{requirement}",', 1)
    )
    with pytest.raises(DeployError, match=f"requires other packages than are installed:\n  {problem}") as error:
        build.build(other, tmp_path / "dist")
    assert error.value.remedy == "make .venv/.installed"
    assert not (tmp_path / "dist").exists()


def test_a_project_that_does_not_build_leaves_no_release(project, tmp_path):
    broken = Path(shutil.copytree(project, tmp_path / "broken"))
    shutil.rmtree(broken / "src")
    with pytest.raises(DeployError, match="the wheel does not build"):
        build.build(broken, tmp_path / "dist")
    assert not (tmp_path / "dist").exists()


def test_the_latest_build_is_found(release, dist):
    assert manifest.find(dist).digest == release.digest


def test_a_release_is_found_by_the_beginning_of_its_digest(release, dist):
    assert manifest.find(dist, release.digest[:8]).digest == release.digest


def test_without_a_build_the_next_command_is_build(tmp_path):
    with pytest.raises(DeployError, match="no built release in dist/") as error:
        manifest.find(tmp_path / "dist")
    assert error.value.remedy == "python -m deploy build"


@pytest.mark.parametrize("digest", ["xyz", "abc", "ABCDEF0123", "../../../etc", "0" * 65])
def test_what_is_no_digest_is_refused(dist, digest):
    with pytest.raises(DeployError, match="not a release"):
        manifest.find(dist, digest)


def test_a_release_that_was_not_built_here_is_refused(dist):
    with pytest.raises(DeployError, match="no built release 00000000 in dist/"):
        manifest.find(dist, "00000000")


def damage(folder, name, content):
    """Change a file of a release, and what its manifest says of it."""
    (folder / name).write_bytes(content)
    described = Manifest.from_bytes((folder / manifest.MANIFEST).read_bytes())
    told = tuple(StagedFile.of(file.name, (folder / file.name).read_bytes()) for file in described.files)
    (folder / manifest.MANIFEST).write_bytes(dataclasses.replace(described, files=told).to_bytes())


def test_a_payload_with_other_modules_is_refused_whatever_its_manifest_says(release, dist):
    folder = dist / release.digest
    changed = io.BytesIO((folder / manifest.PAYLOAD).read_bytes())
    with zipfile.ZipFile(changed, "a") as archive:
        archive.writestr("ml_pipeline/evil.py", "")
    damage(folder, manifest.PAYLOAD, changed.getvalue())
    with pytest.raises(DeployError, match=f"{manifest.PAYLOAD} is not what was built"):
        manifest.find(dist)


def test_an_entrypoint_that_is_another_is_refused_whatever_its_manifest_says(release, dist):
    damage(dist / release.digest, payload.TRAINING_JOB, b"evil")
    with pytest.raises(DeployError, match=f"{manifest.MANIFEST} is not what was built"):
        manifest.find(dist)


def test_a_release_from_before_the_digest_was_of_the_content_is_still_read(release):
    text = release.manifest.to_bytes()
    assert Manifest.named(text, hashlib.sha256(text).hexdigest()) == release.manifest


@pytest.mark.parametrize("text", [b"{}", b"[]", b"\xff\xfe", b'{"files": [{"a": 1}]}'])
def test_what_is_no_manifest_is_refused(text):
    with pytest.raises(ValueError):  # noqa: PT011 - with any words
        Manifest.named(text, hashlib.sha256(text).hexdigest())


@pytest.mark.parametrize("name", [manifest.PAYLOAD, payload.TRAINING_JOB, manifest.MANIFEST])
def test_a_damaged_release_is_refused(release, dist, name):
    with (dist / release.digest / name).open("ab") as file:
        file.write(b"!")
    with pytest.raises(DeployError, match=f"{name} is not what was built"):
        manifest.find(dist)


@pytest.mark.parametrize("name", [manifest.PAYLOAD, payload.TRAINING_JOB, manifest.MANIFEST])
def test_an_incomplete_release_is_refused(release, dist, name):
    (dist / release.digest / name).unlink()
    with pytest.raises(DeployError, match=f"{name} is missing"):
        manifest.find(dist)
