"""A release is built once and named by its manifest."""

import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from deploy.errors import DeployError
from deploy.release import build, manifest
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
    for name in ("pyproject.toml", "uv.lock", "README.md"):
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


def test_two_builds_of_a_commit_are_byte_identical(project, release, tmp_path):
    again = build.build(project, tmp_path)
    assert again.digest == release.digest
    for name in (manifest.PAYLOAD, manifest.MANIFEST):
        assert (again.directory / name).read_bytes() == (release.directory / name).read_bytes()


def test_the_manifest_names_the_commit_and_every_file_of_the_payload(project, release):
    assert release.manifest.commit == build.commit(project)
    contents = [file.name for file in release.manifest.contents]
    assert {"ml_pipeline/__init__.py", "ml_pipeline/notes.txt"} <= set(contents)


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


def test_another_commit_is_another_release(project, release, tmp_path):
    commit(project)
    assert build.build(project, tmp_path).digest != release.digest


def test_a_change_that_is_not_committed_is_named(project):
    file = project / "src/ml_pipeline/new.py"
    file.write_text("")
    try:
        assert build.commit(project).endswith("-dirty")
    finally:
        file.unlink()
    assert not build.commit(project).endswith("-dirty")


def test_a_folder_without_commits_is_refused(tmp_path):
    git(tmp_path, "init", "-q")
    with pytest.raises(DeployError, match="git knows no commit here") as error:
        build.commit(tmp_path)
    assert "git init" in error.value.remedy


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


@pytest.mark.parametrize("name", [manifest.PAYLOAD, payload.TRAINING_JOB, manifest.MANIFEST])
def test_a_damaged_release_is_refused(release, dist, name):
    with (dist / release.digest / name).open("ab") as file:
        file.write(b" ")
    with pytest.raises(DeployError, match=f"{name} is not what was built"):
        manifest.find(dist)


@pytest.mark.parametrize("name", [manifest.PAYLOAD, payload.TRAINING_JOB, manifest.MANIFEST])
def test_an_incomplete_release_is_refused(release, dist, name):
    (dist / release.digest / name).unlink()
    with pytest.raises(DeployError, match=f"{name} is missing"):
        manifest.find(dist)
