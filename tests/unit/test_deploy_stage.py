"""Whether a release on the stage is whole."""

import dataclasses
import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.errors import DeployError
from deploy.release import manifest, stage
from deploy.release.manifest import File, Manifest, StagedFile
from ml_pipeline import config

DEV = config.load("dev", Path(__file__).parents[2] / "tests/environments")
FILES = (StagedFile.of("a.zip", b"one"), StagedFile.of("b.zip", b"two"))
MANIFEST = Manifest("c0ffee", "3.11", ("pandas",), FILES, ())


def rows(**changed):
    """What LIST shows of the whole release, but for some columns of a.zip."""
    files = {file.name: {"size": file.size, "md5": file.md5} for file in (*FILES, MANIFEST.own_file)}
    files["a.zip"] |= changed
    return [{"name": f"releases/{MANIFEST.digest}/{name}", **columns} for name, columns in files.items()]


class Stage:
    """A connection to a stage with these files, of which LIST shows what it likes."""

    def __init__(self, **content):
        self.content = {"a.zip": b"one", "b.zip": b"two", "manifest.json": MANIFEST.to_bytes()} | content
        self.fetched, self.sent = [], []

    def get(self, path, directory):
        name = path.rpartition("/")[2]
        self.fetched.append(name)
        (directory / name).write_bytes(self.content[name])

    def rows(self, _):
        """LIST, with eTags in the place of each md5."""
        return [
            {"name": f"releases/{MANIFEST.digest}/{name}", "size": len(content), "md5": "e" * 32}
            for name, content in self.content.items()
        ]

    def put(self, file, _, *, overwrite=False):
        self.sent.append((file.name, overwrite))
        self.content[file.name] = file.read_bytes()


def check(found, stage_=None):
    stage.check(stage_ or Stage(), DEV, found, MANIFEST)


def test_a_whole_release_is_accepted_by_what_list_shows():
    there = Stage()
    check(rows(), there)
    assert there.fetched == []


# Of a file in parts, of one that is encrypted with a key of the account's, of one without any, of an encrypted stage.
ETAGS = [{"md5": "0123456789abcdef0123456789abcdef-2"}, {"md5": "e" * 32}, {"md5": None}, {"size": 16, "md5": "e" * 32}]


@pytest.mark.parametrize("changed", ETAGS)
def test_a_file_of_which_list_shows_no_md5_is_fetched_and_is_the_file(changed):
    there = Stage()
    check(rows(**changed), there)
    assert there.fetched == ["a.zip"]


@pytest.mark.parametrize("changed", [{"size": 4}, {"md5": "0" * 32}, {"size": 4, "md5": None}, *ETAGS])
def test_a_file_of_another_content_is_refused(changed):
    with pytest.raises(DeployError, match=r"a\.zip is not what was built") as error:
        check(rows(**changed), Stage(**{"a.zip": b"two"}))
    assert f"""REMOVE '@"T_DEV"."MAIN"."RELEASES"/{MANIFEST.digest}/a.zip'""" in error.value.remedy
    assert error.value.remedy.endswith("python -m deploy upload --env dev")


@pytest.fixture
def release(tmp_path):
    return manifest.write(tmp_path, MANIFEST, {"a.zip": b"one", "b.zip": b"two"})


def test_where_list_shows_etags_a_whole_release_is_not_uploaded_again(release):
    there = Stage()
    assert stage.upload(there, DEV, release) == []
    assert there.sent == []
    assert stage.require(there, DEV, MANIFEST.digest) == MANIFEST


def test_where_list_shows_etags_an_upload_is_verified_by_what_arrived(release):
    there = Stage(**{"b.zip": b"tow"})
    del there.content["a.zip"], there.content["manifest.json"]
    assert stage.upload(there, DEV, release) == ["a.zip", "b.zip", "manifest.json"]
    assert there.sent == [("a.zip", False), ("b.zip", True), ("manifest.json", False)]


def test_an_upload_that_does_not_arrive_whole_ends_before_the_manifest(release, monkeypatch):
    there = Stage()
    del there.content["a.zip"], there.content["manifest.json"]
    monkeypatch.setattr(there, "put", lambda file, *_, **__: there.content.update({file.name: b"on"}))
    with pytest.raises(DeployError, match=r"a\.zip did not arrive whole"):
        stage.upload(there, DEV, release)
    assert "manifest.json" not in there.content


@given(st.sets(st.sampled_from(range(3)), max_size=2))
def test_a_release_that_lacks_a_file_is_refused(kept):
    there = [row for number, row in enumerate(rows()) if number in kept]
    with pytest.raises(DeployError, match=r"is not (whole )?on @T_DEV\.MAIN\.RELEASES/") as error:
        check(there)
    assert error.value.remedy == "python -m deploy upload --env dev"


def test_without_the_manifest_a_damaged_file_is_only_part_of_a_cut_upload():
    with pytest.raises(DeployError, match="is not whole on") as error:
        check(rows(size=1)[:2])
    assert error.value.remedy == "python -m deploy upload --env dev"


def test_the_files_of_another_release_do_not_count():
    others = [row | {"name": row["name"].replace(MANIFEST.digest, "0" * 64)} for row in rows()]
    with pytest.raises(DeployError, match="is not on"):
        check(others)


def wheel(commit, modules):
    """A payload with these modules, whose version names the commit."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in modules.items():
            archive.writestr(zipfile.ZipInfo(name), content)
        archive.writestr(zipfile.ZipInfo(f"x-1+g{commit}.dist-info/METADATA"), "")
    return packed.getvalue()


def of_commit(folder, commit):
    """A release of the same content, built of this commit."""
    modules = {"x/a.py": b"1"}
    files = {manifest.PAYLOAD: wheel(commit, modules), "job.py": b"2"}
    staged = tuple(StagedFile.of(*file) for file in files.items())
    contents = tuple(File.of(*file) for file in modules.items())
    return manifest.write(folder / commit, Manifest(commit, "3.11", (), staged, contents), files)


@pytest.fixture
def builds(tmp_path):
    return of_commit(tmp_path, "c1"), of_commit(tmp_path, "c2")


class Uploaded(Stage):
    """A stage with what was uploaded, as LIST of most accounts shows it."""

    def __init__(self, release):
        self.digest, self.content, self.fetched, self.sent = release.digest, {}, [], []
        stage.upload(self, DEV, release)
        self.sent.clear()

    def rows(self, _):
        described = [StagedFile.of(name, content) for name, content in self.content.items()]
        return [
            {"name": f"releases/{self.digest}/{each.name}", "size": each.size, "md5": each.md5} for each in described
        ]


def test_a_build_of_another_commit_finds_its_content_there(builds):
    first, second = builds
    assert first.digest == second.digest
    there = Uploaded(first)
    assert stage.upload(there, DEV, second) == there.sent == []
    stage.check(there, DEV, there.rows(""), second.manifest)
    assert stage.require(there, DEV, second.digest) == first.manifest


@pytest.mark.parametrize(
    ("lost", "sent"),
    [
        ("job.py", ["job.py"]),
        (manifest.PAYLOAD, [manifest.PAYLOAD, manifest.MANIFEST]),
        (manifest.MANIFEST, [manifest.PAYLOAD, manifest.MANIFEST]),
    ],
)
def test_what_is_lost_of_another_build_is_made_whole_again(builds, lost, sent):
    there = Uploaded(builds[0])
    del there.content[lost]
    assert stage.upload(there, DEV, builds[1]) == sent
    stage.require(there, DEV, builds[1].digest)


def test_a_payload_with_other_modules_is_neither_used_nor_replaced_whatever_the_manifest_beside_it_says(builds):
    there = Uploaded(builds[0])
    content = wheel("c1", {"x/a.py": b"evil"})
    files = tuple(
        StagedFile.of(file.name, content) if file.name == manifest.PAYLOAD else file
        for file in builds[0].manifest.files
    )
    told = dataclasses.replace(builds[0].manifest, files=files)
    there.content |= {manifest.PAYLOAD: content, manifest.MANIFEST: told.to_bytes()}
    for use in (lambda: stage.upload(there, DEV, builds[1]), lambda: stage.require(there, DEV, builds[1].digest)):
        with pytest.raises(DeployError, match=f"{manifest.PAYLOAD} is not what was built"):
            use()


def test_a_manifest_is_read_back_as_it_was_written():
    assert Manifest.from_bytes(MANIFEST.to_bytes()) == MANIFEST
