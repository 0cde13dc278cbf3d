"""Uploads against the local Snowflake: cut, damaged, repeated, slow."""

import threading

import pytest

from deploy.cleanup import temporary
from deploy.errors import DeployError
from deploy.release import stage
from deploy.release.manifest import MANIFEST
from ml_pipeline import config
from tests.integration import deploy_account as account

PROD = config.load("prod", account.TESTS / "environments")


@pytest.fixture(scope="module")
def connection(snowflake):
    with account.connection(snowflake, account.new_key(), "prod") as opened:
        temporary.prepare(opened, PROD)
        yield opened


@pytest.fixture
def release(tmp_path, request):
    return account.small_release(tmp_path / "dist", request.node.name)


@pytest.fixture
def put(connection, release, tmp_path):
    """Put some bytes under a name of the release's, as a cut or a meddled upload does."""

    def put(name, content):
        (tmp_path / name).write_bytes(content)
        connection.put(tmp_path / name, stage.names.stage_path(PROD, release.digest), overwrite=True)

    return put


def listing(connection, release):
    return connection.rows(stage.listing_statement(PROD, release.digest))


def upload(connection, release):
    return stage.upload(connection, PROD, release)


def test_a_whole_upload_is_accepted_and_its_manifest_came_last(connection, release):
    sent = upload(connection, release)
    assert sorted(sent[:-1]) == ["a.zip", "b.zip", "c.zip"]
    assert sent[-1] == MANIFEST
    assert stage.require(connection, PROD, release.digest) == release.manifest
    stage.check(connection, PROD, listing(connection, release), release.manifest)


def test_an_unchanged_payload_uploads_nothing(connection, release):
    upload(connection, release)
    before = listing(connection, release)
    assert upload(connection, release) == []
    assert listing(connection, release) == before


def test_the_listing_that_was_read_already_is_not_read_again(connection, release):
    upload(connection, release)
    rows = listing(connection, release)
    connection.rows(f"REMOVE '{stage.names.stage_path(PROD, release.digest)}/'")
    assert stage.upload(connection, PROD, release, rows) == []


def test_files_go_up_one_after_another(connection, release, monkeypatch):
    """They share a connection, so that one which is slow would end the others' requests with its own."""
    at_work, put = [], connection.put

    def alone(file, where, *, overwrite=False):
        assert at_work == []
        at_work.append(threading.current_thread())
        put(file, where, overwrite=overwrite)
        assert at_work.pop() is threading.current_thread()

    monkeypatch.setattr(connection, "put", alone)
    upload(connection, release)
    stage.require(connection, PROD, release.digest)


def test_an_upload_without_its_manifest_is_refused_until_it_is_completed(connection, release, put):
    put("a.zip", (release.directory / "a.zip").read_bytes())
    with pytest.raises(DeployError, match="is not whole on"):
        stage.require(connection, PROD, release.digest)
    assert sorted(upload(connection, release)) == ["b.zip", "c.zip", MANIFEST]
    stage.require(connection, PROD, release.digest)


@pytest.mark.parametrize(
    "damage", [lambda content: content[:2], lambda content: bytes(len(content))], ids=["cut", "flip"]
)
def test_a_damaged_file_is_replaced_as_long_as_there_is_no_manifest(connection, release, put, damage):
    put("b.zip", damage((release.directory / "b.zip").read_bytes()))
    assert "b.zip" in upload(connection, release)
    stage.require(connection, PROD, release.digest)


@pytest.mark.parametrize(
    "damage", [lambda content: content[:2], lambda content: bytes(len(content))], ids=["cut", "flip"]
)
def test_a_damaged_file_beside_its_manifest_is_neither_replaced_nor_used(connection, release, put, damage):
    upload(connection, release)
    put("b.zip", damage((release.directory / "b.zip").read_bytes()))
    before = listing(connection, release)
    for use in (upload, lambda *_: stage.require(connection, PROD, release.digest)):
        with pytest.raises(DeployError, match=r"b\.zip is not what was built") as error:
            use(connection, release)
        assert error.value.remedy.startswith("remove it (REMOVE '@")
    assert listing(connection, release) == before


def test_the_remedy_for_a_damaged_file_works(connection, release, put):
    upload(connection, release)
    put("b.zip", b"other")
    with pytest.raises(DeployError) as error:
        upload(connection, release)
    connection.rows(error.value.remedy.partition("(")[2].partition(")")[0])
    assert upload(connection, release) == ["b.zip"]
    stage.require(connection, PROD, release.digest)


def test_another_manifest_is_neither_replaced_nor_used(connection, release, put):
    put(MANIFEST, b"{}")
    for use in (upload, lambda *_: stage.require(connection, PROD, release.digest)):
        with pytest.raises(DeployError, match=r"manifest\.json is not what was built"):
            use(connection, release)


def test_a_release_that_was_never_uploaded_is_refused(connection, release):
    with pytest.raises(DeployError, match=r"is not on @T_PROD\.MAIN\.RELEASES/"):
        stage.require(connection, PROD, release.digest)
