"""What is removed from the stage of the local Snowflake, and what needs to stay there."""

import json
import os
import time

import pytest

from deploy import names
from deploy.cleanup import gc, temporary
from deploy.errors import USAGE, DeployError
from deploy.graph.graph import EMPTY
from deploy.records import lock, record
from deploy.records.lock import Journal, Lock
from deploy.records.record import Entry
from deploy.release import stage
from ml_pipeline import config
from tests.integration import deploy_account as account

PROD = config.load("prod", account.TESTS / "environments")
ROOT = names.named(PROD, PROD.graph.name)


@pytest.fixture(scope="module")
def service_user(snowflake):
    with account.connection(snowflake, account.new_key(), "prod") as opened:
        yield opened


@pytest.fixture
def admin(snowflake):
    with snowflake.connector(role="ACCOUNTADMIN") as opened:
        yield opened.cursor()


@pytest.fixture
def connection(service_user):
    """The service user's connection, to a PROD where nothing was ever released."""
    dropped = [f"DROP TABLE IF EXISTS {names.named(PROD, name)}" for name in (lock.TABLE, record.TABLE)]
    emptied = f"REMOVE '{names.stage_path(PROD)}/'"
    service_user.run([f"DROP TASK IF EXISTS {ROOT}", *dropped, emptied])
    temporary.prepare(service_user, PROD)
    return service_user


@pytest.fixture
def staged(connection, snowflake, tmp_path):
    """Upload a release and let it grow old; return its digest."""

    def staged(name, *, old=True):
        release = account.small_release(tmp_path, name, a=name)
        stage.upload(connection, PROD, release)
        if old:
            age(snowflake, release.digest)
        return release.digest

    return staged


def age(snowflake, digest):
    """Date a release's files back by two days, in the local Snowflake's own folder."""
    for path in snowflake.home.rglob(f"{digest}/*"):
        os.utime(path, (time.time() - 2 * 86400,) * 2)


def there(connection):
    return {release.digest for release in gc.staged(connection.rows(stage.listing_statement(PROD)))}


def put_on_record(connection, digest, fence, verdict=record.PASSED):
    entry = Entry(record.RELEASED, "c0ffee", digest, "hash", EMPTY, verdict, fence)
    connection.run([record.insertion(PROD, entry)])


def deploy(connection, digest, text="SELECT 1"):
    settings = json.dumps({"release": digest})
    connection.run([f"CREATE OR ALTER TASK {ROOT} WAREHOUSE = T_PROD_WH CONFIG = '{settings}' AS {text}"])


def reasons(verdicts):
    return {verdict.release.digest: verdict.reason for verdict in verdicts}


def test_what_nothing_needs_goes_and_nothing_else(connection, staged):
    useless, failed, recorded, deployed, unfinished, before = (staged(name) for name in "abcdef")
    young = staged("young", old=False)
    put_on_record(connection, recorded, 1)
    put_on_record(connection, failed, 2, record.FAILED)
    deploy(connection, deployed)
    journal = Journal(record.RELEASED, unfinished, "c0ffee", "hash", EMPTY, before)
    connection.run([lock.acquire(connection, PROD, Lock(), journal).abandonment])
    planned = gc.collect(connection, PROD, dry_run=True)
    assert there(connection) == {useless, failed, recorded, deployed, unfinished, before, young}
    assert gc.collect(connection, PROD) == planned
    assert reasons(planned) == {
        useless: "",
        failed: "",
        recorded: "recorded",
        deployed: "deployed",
        unfinished: "unfinished",
        before: "unfinished",
        young: "younger than a day",
    }
    assert there(connection) == {recorded, deployed, unfinished, before, young}
    assert lock.read(connection, PROD).unfinished == journal
    assert not [digest for digest, reason in reasons(gc.collect(connection, PROD)).items() if not reason]


def test_what_runs_until_a_commit_is_deployed_too(connection, staged, admin):
    committed, waiting, useless = staged("committed"), staged("waiting"), staged("useless")
    admin.execute("GRANT CREATE TASK GRAPH ON SCHEMA T_PROD.MAIN TO ROLE T_PROD_ACCESS")
    for digest, commit in ((committed, [f"ALTER TASK GRAPH {ROOT} COMMIT"]), (waiting, [])):
        task = f"CREATE OR ALTER TASK {ROOT} WAREHOUSE = T_PROD_WH AS SELECT '{digest}'"
        connection.run([task, f"CREATE OR ALTER TASK GRAPH {ROOT} ROOTS = ({ROOT})", *commit])
    assert reasons(gc.collect(connection, PROD)) == {committed: "deployed", waiting: "deployed", useless: ""}
    connection.run([f"DROP TASK GRAPH {ROOT}"])


def test_a_run_that_has_not_ended_keeps_its_release(connection, staged):
    running, deployed = staged("running"), staged("deployed")
    deploy(connection, running, "CALL SYSTEM$WAIT(60)")
    connection.rows(f"EXECUTE TASK {ROOT}")
    deploy(connection, deployed)
    assert reasons(gc.collect(connection, PROD)) == {running: "running", deployed: "deployed"}
    connection.rows(f"SELECT SYSTEM$USER_TASK_CANCEL_ONGOING_EXECUTIONS('{ROOT}')")
    for _ in range(100):
        if not reasons(gc.collect(connection, PROD, dry_run=True))[running]:
            break
        time.sleep(0.1)
    gc.collect(connection, PROD)
    assert there(connection) == {deployed}


def test_a_run_that_does_not_say_what_it_uses_keeps_everything(connection, staged):
    digest = staged("any")
    connection.run([f"CREATE TASK {ROOT} WAREHOUSE = T_PROD_WH AS CALL SYSTEM$WAIT(60)", f"EXECUTE TASK {ROOT}"])
    assert "has not ended" in reasons(gc.collect(connection, PROD))[digest]
    connection.rows(f"SELECT SYSTEM$USER_TASK_CANCEL_ONGOING_EXECUTIONS('{ROOT}')")
    assert there(connection) == {digest}


def test_only_so_many_of_the_newest_records_count_if_that_is_asked(connection, staged):
    first, second, third = (staged(name) for name in ("first", "second", "third"))
    for fence, digest in enumerate((first, second, third, third)):
        put_on_record(connection, digest, fence)
    assert [reason for reason in reasons(gc.collect(connection, PROD)).values() if not reason] == []
    gc.collect(connection, PROD, keep=2)
    assert there(connection) == {second, third}


def test_files_that_are_no_release_stay(connection, staged, tmp_path):
    staged("useless")
    (tmp_path / "notes.txt").write_text("mine")
    for folder in ("", "/notes", f"/{'a' * 63}", f"/{'A' * 64}"):
        connection.put(tmp_path / "notes.txt", names.stage_path(PROD) + folder)
    gc.collect(connection, PROD)
    assert len(connection.rows(stage.listing_statement(PROD))) == 4


def test_while_somebody_deploys_nothing_is_removed(connection, staged):
    digest = staged("useless")
    held = lock.acquire(connection, PROD, Lock(), None)
    with pytest.raises(DeployError, match="is being deployed by"):
        gc.collect(connection, PROD)
    connection.run([held.release])
    assert there(connection) == {digest}


def test_while_the_records_cannot_be_read_nothing_is_removed(connection, staged):
    digest = staged("useless")
    connection.run([f"DROP TABLE {names.named(PROD, record.TABLE)}"])
    with pytest.raises(DeployError, match="cannot tell which releases are needed"):
        gc.collect(connection, PROD)
    assert there(connection) == {digest}


def test_a_removal_that_was_cut_leaves_a_release_that_the_next_upload_completes(connection, staged, tmp_path):
    digest = staged("useless")
    connection.rows(gc.removal(PROD, [digest])[0])
    with pytest.raises(DeployError, match="is not whole on"):
        stage.require(connection, PROD, digest)
    stage.upload(connection, PROD, account.small_release(tmp_path, "useless", a="useless"))
    stage.require(connection, PROD, digest)


def test_the_release_in_use_always_counts(connection):
    with pytest.raises(DeployError, match="cannot keep 0 releases") as error:
        gc.collect(connection, PROD, keep=0)
    assert error.value.exit_code == USAGE


def test_the_verb_does_it_too(connection, staged, capsys):
    digest = staged("useless")
    assert account.main(["gc", "--env", "prod", "--dry-run"]) == 0
    assert "would remove 1 of 1 releases" in capsys.readouterr().out
    assert account.main(["gc", "--env", "prod", "--keep", "3", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"removed": [digest], "kept": {}}
    assert there(connection) == set()
