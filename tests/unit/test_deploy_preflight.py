"""What a delivery needs is read out of the bootstrap; what its role lacks is named, all of it at once."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from deploy import names
from deploy.account.gathering import Unread
from deploy.delivery import preflight
from deploy.errors import DeployError
from deploy.graph.graph import EMPTY, Graph, TaskSpec
from deploy.setup import bootstrap, grants
from ml_pipeline import config

ENVIRONMENTS = Path(__file__).parents[2] / "tests/environments"
DEV = config.load("dev", ENVIRONMENTS)
NOW = datetime(2026, 11, 22, tzinfo=UTC)
ROLE = DEV.snowflake.role


def row(privilege, kind, name=""):
    """A row of SHOW GRANTS TO ROLE, of which only these columns matter."""
    return {"privilege": privilege, "granted_on": kind, "name": name, "grantee_name": "ignored"}


def rows(environment=DEV, graph=None):
    """Rows for everything that is needed."""
    needed = grants.required(environment, graph)
    return [row(each.privilege, each.kind.replace(" ", "_"), ".".join(each.name)) for each in needed]


def check(held, environment=DEV, graph=EMPTY):
    grants.check(environment, graph, {role: held.get(role, []) for role in (ROLE, "PUBLIC", *held)})


def lacking(held, environment=DEV, graph=EMPTY):
    with pytest.raises(DeployError) as caught:
        check(held, environment, graph)
    return caught.value


def scheduled(schedule):
    return Graph((TaskSpec("G", "SELECT 1", properties=(("SCHEDULE", schedule),)),))


@pytest.mark.parametrize("name", ["local", "dev", "prod"])
def test_what_is_needed_is_what_the_bootstrap_grants(name):
    environment = config.load(name, ENVIRONMENTS)
    printed = set(map(str, grants.required(environment)))
    database = environment.snowflake.database
    assert {"EXECUTE TASK ON ACCOUNT", "USAGE ON DATABASE SNOWFLAKE_SAMPLE_DATA"} <= printed
    assert {f"CREATE TASK ON SCHEMA {database}.MAIN", f"WRITE ON STAGE {database}.MAIN.RELEASES"} <= printed
    assert f"USAGE ON WAREHOUSE {environment.snowflake.warehouse}" in printed
    assert not any("CREATE SCHEMA" in each or "TASK GRAPH" in each for each in printed)


def test_a_pull_request_needs_a_schema_of_its_own_and_none_of_mains_privileges():
    main, own = grants.required(DEV), grants.required(names.in_pull_request(DEV, 7))
    printed = set(map(str, own))
    assert "CREATE SCHEMA ON DATABASE T_DEV" in printed
    assert "USAGE ON SCHEMA T_DEV.MAIN" in printed  # where the tag is
    assert not any("CREATE TASK" in each or "PR_7" in each or "STAGE" in each for each in printed)
    assert {each for each in main if each.kind in ("ACCOUNT", "WAREHOUSE", "DATABASE")} < set(own)


def test_a_task_graph_object_needs_a_privilege_of_its_own():
    deploy = DEV.deploy.changed(backend="task_graph")
    needed = grants.required(DEV.changed(deploy=deploy))
    assert "CREATE TASK GRAPH ON SCHEMA T_DEV.MAIN" in map(str, needed)


def test_what_only_the_graph_names_is_needed_too():
    values = {"G": ("WAREHOUSE", "big one"), "G$A": ("ERROR_INTEGRATION", "MAIL")}
    graph = Graph(tuple(TaskSpec(name, "", properties=(value,)) for name, value in values.items()))
    more = set(grants.required(DEV, graph)) - set(grants.required(DEV))
    assert sorted(map(str, more)) == [
        "EXECUTE MANAGED TASK ON ACCOUNT",
        "USAGE ON INTEGRATION MAIL",
        'USAGE ON WAREHOUSE "big one"',
    ]
    error = lacking({ROLE: rows()}, graph=graph)
    assert 'GRANT USAGE ON WAREHOUSE "big one" TO ROLE T_DEV_DEPLOY;' in error.remedy
    assert "bootstrap" not in error.remedy
    assert "bootstrap --env dev; ask an administrator to run GRANT" in lacking({}, graph=graph).remedy


def test_every_missing_grant_is_named_at_once_with_the_next_command():
    error = lacking({})
    assert error.cause.splitlines() == ["the role T_DEV_DEPLOY lacks:", *(f"  {each}" for each in _needed())]
    assert error.remedy == "ask an administrator: python -m deploy bootstrap --env dev"


def _needed():
    return list(map(str, grants.required(DEV)))


@pytest.mark.parametrize("index", range(len(grants.required(DEV))))
def test_the_one_missing_grant_is_named(index):
    held = rows()
    del held[index]
    assert lacking({ROLE: held}).cause.splitlines()[1:] == [f"  {_needed()[index]}"]


def test_privileges_count_that_come_through_other_roles():
    held = rows()
    check({ROLE: [row("USAGE", "ROLE", "A")], "A": [row("USAGE", "ROLE", '"b c"'), *held[:5]], "b c": held[5:]})
    check({ROLE: held[:5], "PUBLIC": held[5:]})
    assert lacking({ROLE: held[:5], "NOT_GRANTED": held[5:]})


def test_roles_that_inherit_each_other_in_a_loop_end():
    check({ROLE: [*rows(), row("USAGE", "ROLE", "A")], "A": [row("USAGE", "ROLE", ROLE)]})


def test_who_owns_an_object_may_do_everything_with_it():
    others = [each for each in rows() if each["granted_on"] != "SCHEMA"]
    check({ROLE: [*others, row("OWNERSHIP", "SCHEMA", "T_DEV.MAIN")]})
    assert "CREATE TASK" in lacking({ROLE: [*others, row("OWNERSHIP", "SCHEMA", "T_DEV.OTHER")]}).cause
    assert "CREATE TASK" in lacking({ROLE: [*others, row("OWNERSHIP", "DATABASE", "T_DEV")]}).cause


def test_the_accounts_own_name_does_not_matter():
    held = [each for each in rows() if each["granted_on"] != "ACCOUNT"]
    check({ROLE: [*held, row("EXECUTE TASK", "ACCOUNT", "XY12345")]})


def test_roles_that_the_bootstrap_does_not_know_are_read_level_by_level():
    there = {
        ROLE: [row("USAGE", "ROLE", "X")],
        "X": [row("USAGE", "ROLE", "Y"), row("USAGE", "ROLE", "Z")],
        "Y": rows(),
    }
    asked = []

    def gather(**reads):
        asked.append([statement.split('"')[1] for statement in reads.values()])
        return {name: there.get(statement.split('"')[1], []) for name, statement in reads.items()}

    found = grants.held(DEV, gather(**grants.reads(DEV)), gather)
    assert asked == [[ROLE, "T_DEV_ACCESS", "T_DEV_COMPUTE", "PUBLIC"], ["X"], ["Y", "Z"]]
    grants.check(DEV, EMPTY, found)


def test_a_role_whose_grants_cannot_be_read_is_not_taken_for_one_without():
    unread = Unread(3001, "42501", "Insufficient privileges to operate on role 'A'")
    error = lacking({ROLE: [row("USAGE", "ROLE", "A")], "A": unread})
    assert (
        error.cause
        == "cannot read the grants of the role A: missing grant: Insufficient privileges to operate on role 'A'"
    )
    check({ROLE: rows(), "PUBLIC": unread, "T_DEV_ACCESS": unread})


@pytest.mark.parametrize(
    "form",
    [
        "GRANT SELECT ON ALL TABLES IN SCHEMA <% database %>.<% schema %> TO ROLE <% access_role %>;",
        "GRANT SELECT ON FUTURE TABLES IN DATABASE <% database %> TO ROLE <% access_role %>;",
        "GRANT USAGE ON WAREHOUSE <% warehouse %> TO ROLE <% compute_role %> WITH GRANT OPTION;",
        "GRANT DATABASE ROLE SNOWFLAKE.CORTEX_USER TO ROLE <% access_role %>;",
        "GRANT USAGE ON DATABASE <% database %> TO SHARE S;",
        "COMMENT ON ROLE <% access_role %> IS 'GRANT ROLE; -- to nobody';",
    ],
)
def test_a_grant_of_any_form_may_be_added_to_the_administrators_sql(form, monkeypatch, tmp_path):
    for file in bootstrap.SQL.glob("*.sql"):
        text = file.read_text() + (form if file.name == "30_roles.sql" else "")
        (tmp_path / file.name).write_text(text)
    before = grants.required(DEV)
    monkeypatch.setattr(bootstrap, "SQL", tmp_path)
    grants._of_bootstrap.cache_clear()
    assert bootstrap.scripts(DEV)
    assert grants.required(DEV) == before
    check({ROLE: rows()})


ROWS_OF_OTHER_KINDS = [
    row("USAGE", "DATABASE_ROLE", "SNOWFLAKE.CORTEX_USER"),
    row("USAGE", "FUNCTION", 'T_DEV.MAIN."F(X NUMBER):NUMBER"'),
    row("APPLYBUDGET", "DATABASE", None) | {"grant_option": "true"},
    row("SELECT", "TABLE", 'T_DEV."odd name"."a.b"'),
]


def test_what_else_a_role_holds_does_not_matter():
    check({ROLE: [*rows(), *ROWS_OF_OTHER_KINDS]})


def test_a_schedule_that_stumbles_at_a_clock_change_is_refused_offline():
    with pytest.raises(DeployError, match=r"would never run on 2027-03-28: 02:30 does not exist in Europe/Berlin") as e:
        preflight.check_graph(scheduled("USING CRON 30 2 * * * Europe/Berlin"), DEV, NOW)
    assert e.value.remedy.startswith(
        "edit dag/dag.py, or [graph] in environments/dev.toml, then: python -m deploy plan"
    )


@pytest.mark.parametrize("schedule", ["USING CRON 0 4 * * MON UTC", "90 MINUTE"])
def test_a_graph_without_problems_passes(schedule):
    preflight.check_graph(scheduled(schedule), DEV, NOW)
