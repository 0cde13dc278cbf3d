"""A pull request and a branch have a schema each, which no other has, and whose name is always quoted."""

import re
import shlex
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy import names
from deploy.account.sql import identifier, literal, qualified
from deploy.cleanup import temporary
from deploy.errors import USAGE, DeployError
from deploy.verbs import cli, table
from deploy.verbs.call import Call
from ml_pipeline import config
from tests.conftest import main

ENVIRONMENTS = Path(__file__).parents[2] / "tests/environments"
DEV = config.load("dev", ENVIRONMENTS)
PROD = config.load("prod", ENVIRONMENTS)
PARSER = cli.parser()
HOSTILE = [
    *"\"';\\\n\r\t$@%&/-_.*?~^:[]{}() ",
    *(
        "--",
        "//",
        "/*",
        "*/",
        "$$",
        '"."',
        "''",
        '""',
        "');",
        '");',
        "\\'",
        "&x",
        "<% x %>",
        "IDENTIFIER('x')",
        "SELECT",
    ),
    *("; DROP SCHEMA MAIN; --", '"; DROP SCHEMA "MAIN', "' OR '1'='1", "END; $$", "feature/", "PR_7", "MAIN", "a", "Ä"),
    *("ß", "日本", "🙈", "\u2028", "\u202e", "\ufeff", "e\u0301", "\x1b[31m", "x" * 300),
]
PLAIN = names.in_branch(DEV, "plain")
BRANCHES = st.lists(st.sampled_from(HOSTILE) | st.text(max_size=3), max_size=6).map("".join)


def several(seed):
    """Five hundred hostile names."""
    random = Random(seed)
    letters = [*HOSTILE, "\0", "\ud800", *map(chr, range(1, 0x250))]
    return ["".join(random.choices(letters, k=random.randrange(6))) for _ in range(500)]


def usable(name):
    text = "\0" not in name and not any("\ud800" <= letter <= "\udfff" for letter in name)
    return text and bool(name) and name[0] != "-"


def tokenize(sql):
    """What is quoted is read by the local Snowflake, which knows nothing of who quotes."""
    return pytest.importorskip("local_snowflake.kernel.tokens").tokenize(sql)


def as_tokens(sql):
    return [(token.kind, token.text) for token in tokenize(sql)]


def creation(environment):
    return next(text for text in temporary.preparation(environment) if text.startswith("CREATE SCHEMA"))


@settings(max_examples=20, deadline=None)
@given(st.integers())
def test_ten_thousand_hostile_names_stay_inside_their_quotes(seed):
    for name in several(seed):
        if usable(name):
            in_a_statement(name[:255])
            as_a_branch(name)
        else:
            with pytest.raises(DeployError) as error:
                names.in_branch(DEV, name)
            assert error.value.exit_code == USAGE


def in_a_statement(name):
    """A name is one identifier and a value one string, and both are read back as they were."""
    tokens = tokenize(f"ALTER TASK {names.named(DEV, name)} SET COMMENT = {literal(name)}")
    assert [token.kind for token in tokens] == [
        *("word", "word", "quoted", "symbol", "quoted", "symbol", "quoted"),
        *("word", "word", "symbol", "string"),
    ]
    assert pytest.importorskip("local_snowflake.kernel.names").fold(tokens[6].text) == name
    assert tokens[-1].value == name


def as_a_branch(name):
    """The statement that makes its schema is that of any branch, but for the schema's name and the comment."""
    environment = names.in_branch(DEV, name)
    schema = environment.snowflake.schema
    assert re.fullmatch(r"BRANCH_([A-Z0-9_]+_)?[0-9A-F]{16}", schema)
    assert len(schema) <= 255
    assert names.names_temporary(schema)
    ours = as_tokens(creation(environment))
    replaced = {
        ("quoted", identifier(PLAIN.snowflake.schema)): ("quoted", identifier(schema)),
        ("string", literal(PLAIN.snowflake.schema)): ("string", literal(schema)),
        ("string", literal(temporary.purpose(PLAIN))): ("string", literal(temporary.purpose(environment))),
    }
    assert ours == [replaced.get(token, token) for token in as_tokens(creation(PLAIN))]


def test_no_two_branches_share_a_schema():
    different = {name for seed in range(20) for name in several(seed) if usable(name)}
    assert len({names.branch_schema(name) for name in different}) == len(different)


def test_names_that_look_alike_have_schemas_of_their_own():
    alike = ["feature/a-b", "feature/a_b", "Feature/A.B", "feature/a b", "FEATURE/A-B", "feature//a-b"]
    schemas = [names.branch_schema(name) for name in alike]
    assert len(set(schemas)) == len(alike)
    assert all(schema.startswith("BRANCH_FEATURE_A_B_") for schema in schemas)


@pytest.mark.parametrize("name", ["PR_7", "MAIN", "pr/7", "main", "7"])
def test_no_branch_has_the_schema_of_a_pull_request_or_of_main(name):
    assert names.branch_schema(name) not in {names.pull_request_schema(7), DEV.snowflake.schema, name}


def test_a_branch_of_other_letters_has_a_schema_too():
    assert re.fullmatch(r"BRANCH_[0-9A-F]{16}", names.branch_schema("日本"))


@pytest.mark.parametrize("name", ["", "a\0b", "\udc80", "--", "-x"])
def test_what_is_no_branch_is_wrong_usage(name):
    with pytest.raises(DeployError, match="not the name of a branch") as error:
        names.in_branch(DEV, name)
    assert error.value.exit_code == USAGE


@pytest.mark.parametrize(
    "move", [lambda: names.in_branch(PROD, "feature/x"), lambda: names.in_pull_request(PROD, 7)], ids=["branch", "pr"]
)
def test_temporary_schemas_are_in_the_first_environment_only(move):
    with pytest.raises(
        DeployError, match="only in the first environment of the chain of deliveries, not in prod"
    ) as error:
        move()
    assert error.value.exit_code == USAGE


def test_the_schema_of_main_is_never_a_temporary_one():
    with pytest.raises(DeployError, match="cannot be a temporary one"):
        names.in_pull_request(DEV.in_schema("PR_7"), 7)
    assert not names.is_temporary(DEV.in_schema("PR_7"))


@settings(max_examples=100, deadline=None)
@given(BRANCHES.filter(usable))
def test_the_options_that_a_message_names_lead_back_to_the_same_target(name):
    environment = names.in_branch(DEV, name)
    words = ["status", *shlex.split(names.arguments(environment))]
    assert Call(PARSER.parse_args(words), ENVIRONMENTS.parent, None).environment == environment


def test_the_options_name_a_pull_request_by_its_number():
    assert names.arguments(names.in_pull_request(DEV, 7)) == "--env dev --pr 7"
    assert names.arguments(DEV) == "--env dev"


def test_a_pull_request_and_a_branch_are_two_targets(capsys):
    assert main(["status", "--env", "dev", "--pr", "7", "--branch", "x"]) == 2
    assert "not allowed with argument" in capsys.readouterr().err


def test_an_interrupted_verb_names_its_branch(monkeypatch, capsys):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(table, "run", interrupt)
    assert main(["release", "--env", "dev", "--branch", "a b"]) == 130
    assert capsys.readouterr().err.endswith("next: python -m deploy status --env dev --branch 'a b'\n")


def test_the_tag_is_in_the_schema_of_main_from_wherever_it_is_asked():
    expected = qualified(DEV.snowflake.database, DEV.snowflake.schema, names.TAG)
    assert names.tag(DEV) == names.tag(names.in_pull_request(DEV, 7)) == expected


def test_a_temporary_schema_is_made_with_its_own_name_as_the_tags_value():
    sql = creation(names.in_pull_request(DEV, 7))
    assert sql.endswith("""WITH TAG ("T_DEV"."MAIN"."ML_PIPELINE_TEMPORARY" = 'PR_7')""")
    assert "COMMENT = 'ml-pipeline: pull request 7'" in sql
    assert not any(text.startswith("CREATE SCHEMA") for text in temporary.preparation(DEV))


@pytest.mark.parametrize(
    "name", ["MAIN", "PR_0", "PR_7X", "PR_", "BRANCH_X", "BRANCH_X_0123456789ABCDE", "XPR_7", "pr_7"]
)
def test_a_schema_that_is_not_called_as_ours_are_is_not_looked_at(name):
    assert not names.names_temporary(name)


@pytest.mark.parametrize(
    ("ref", "schema"),
    [
        ("refs/heads/main", "MAIN"),
        ("refs/pull/7/merge", "PR_7"),
        ("refs/heads/a", names.branch_schema("a")),
        (
            "refs/heads/gh-readonly-queue/main/pr-7-0a1b",
            names.branch_schema("gh-readonly-queue/main/pr-7-0a1b"),
        ),
    ],
)
def test_a_ref_of_git_leads_to_its_schema(ref, schema):
    assert names.in_ref(DEV, ref).snowflake.schema == schema


@pytest.mark.parametrize("ref", ["", "main", "refs/tags/v1", "refs/pull/0/merge", "refs/pull/7/merge;", "refs/heads/"])
def test_what_is_no_ref_of_a_branch_or_pull_request_leads_nowhere(ref):
    with pytest.raises(DeployError, match="not a branch or pull request") as caught:
        names.in_ref(DEV, ref)
    assert caught.value.exit_code == USAGE


def test_only_main_leads_to_prod():
    assert names.in_ref(PROD, "refs/heads/main") == PROD
    for ref in ("refs/heads/other", "refs/pull/7/merge"):
        with pytest.raises(DeployError, match="only in the first environment"):
            names.in_ref(PROD, ref)
