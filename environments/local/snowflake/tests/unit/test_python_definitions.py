"""CREATE PROCEDURE and CREATE FUNCTION, read; calls, matched with them."""

import pytest

from local_snowflake.kernel.errors import SnowflakeError
from local_snowflake.kernel.tokens import Tokens
from local_snowflake.python import arguments, packages, repositories, routines
from local_snowflake.python.definitions import Definition, read
from local_snowflake.sql.model_aliases import without_model_aliases

PYTHON = "LANGUAGE PYTHON RUNTIME_VERSION = '3.11' HANDLER = 'f'"


def definition(text, *stops):
    return read(Tokens(text), *stops)


def test_a_definition_survives_the_catalogue():
    found = definition(
        f"(A INT, B VARCHAR DEFAULT f(1, ')')) RETURNS TABLE (C FLOAT) {PYTHON} PACKAGES = ('x', 'y') AS 'pass'"
    )
    assert found.arguments[1].default == "f(1, ')')"
    assert (found.required, found.tabular, found.returned) == (1, True, "TABLE (C FLOAT)")
    assert Definition.from_json(found.to_json()) == found


@pytest.mark.parametrize(
    ("clause", "attribute", "value"),
    [
        ("EXECUTE AS CALLER", "execute_as", "CALLER"),
        ("RETURNS NULL ON NULL INPUT", "strict", True),
        ("CALLED ON NULL INPUT", "strict", False),
        ("IMMUTABLE", "volatility", "IMMUTABLE"),
        ("COMMENT = 'it''s'", "comment", "it's"),
        ("IMPORTS = ('@s/a.zip', '@s/b.py')", "imports", ("@s/a.zip", "@s/b.py")),
        ("ARTIFACT_REPOSITORY = snowflake.snowpark.pypi_shared_repository", "packages", ()),
        ("RESOURCE_CONSTRAINT = (architecture='x86')", "packages", ()),
        ("AS $$ body $$", "body", " body "),
        ("AS 'it''s'", "body", "it's"),
    ],
)
def test_each_clause_is_read(clause, attribute, value):
    body = "" if clause.startswith(("AS", "IMPORTS")) else " AS 'pass'"
    assert getattr(definition(f"() RETURNS INT NOT NULL {PYTHON} {clause}{body}"), attribute) == value


@pytest.mark.parametrize(
    ("clauses", "named"),
    [
        ("LANGUAGE JAVA", "LANGUAGE JAVA"),
        ("LANGUAGE PYTHON HANDLER = 'f'", "Runtime version is required"),
        ("LANGUAGE PYTHON RUNTIME_VERSION = 3.11", "Handler is required"),
        (f"{PYTHON} NONSENSE = 1", "NONSENSE"),
        (f"{PYTHON} EXTERNAL_ACCESS_INTEGRATIONS = (x)", "EXTERNAL_ACCESS_INTEGRATIONS"),
        (f"{PYTHON} ARTIFACT_REPOSITORY = mine", "'MINE' does not exist or not authorized"),
    ],
)
def test_what_is_missing_or_unknown_is_named(clauses, named):
    with pytest.raises(SnowflakeError, match=named):
        definition(f"() RETURNS INT {clauses}")


def test_arguments_are_split_at_their_own_commas():
    given = arguments.read(Tokens("(f(1, 2), ARRAY[1, 2], ',', n => (3, 4))"))
    assert given.positional == ("f(1, 2)", "ARRAY[1, 2]", "','")
    assert given.named == (("N", "(3, 4)"),)


def test_the_nearest_type_is_chosen():
    assert routines._steps("NUMBER", "FLOAT") < routines._steps("NUMBER", "VARCHAR")
    assert routines._steps("", "VARCHAR") == 0
    assert routines._steps("BOOLEAN", "DATE") > routines._steps("BOOLEAN", "VARCHAR")


def test_a_package_specification_that_cannot_be_read_is_refused():
    with pytest.raises(SnowflakeError, match="Invalid package specification"):
        packages.check(("a b c",), repositories.PYPI)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("WITH m AS MODEL d.s.x VERSION v SELECT m!p(1)", "SELECT MODEL(d.s.x, v)!p(1)"),
        ('WITH "m" AS MODEL x SELECT "m"!p(1), m', "SELECT MODEL(x, DEFAULT)!p(1), m"),
        (
            "WITH m AS MODEL x, t AS (SELECT 1) SELECT m!p(1) FROM t",
            "WITH t AS (SELECT 1) SELECT MODEL(x, DEFAULT)!p(1) FROM t",
        ),
    ],
)
def test_a_model_under_another_name_is_the_model(written, meant):
    assert without_model_aliases(written) == meant
