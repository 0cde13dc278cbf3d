"""The table of parameters: each has a type, a default that it can have, and levels; a value is honoured or refused."""

import pytest

from local_snowflake.http.wire import indented
from local_snowflake.kernel.errors import SnowflakeError
from local_snowflake.kernel.parameters import table
from local_snowflake.kernel.parameters.settings import Settings
from local_snowflake.kernel.parameters.table import FIXED, PARAMETERS
from local_snowflake.sql.reading import folded

EVERY = [pytest.param(p, id=p.name) for p in PARAMETERS.values()]


def refused(level: str, name: str, value: object, *, standard: bool = False) -> SnowflakeError:
    with pytest.raises(SnowflakeError) as caught:
        table.known(level, name).value(level, value, standard=standard)
    return caught.value


@pytest.mark.parametrize("parameter", EVERY)
def test_a_default_is_a_value_on_every_level(parameter: table.Parameter) -> None:
    if parameter.name == "DEFAULT_PYTHON_ARTIFACT_REPOSITORY":
        pytest.skip("by default there is none")
    for level in parameter.levels:
        found = parameter.value(level, table.shown(parameter.default))
        assert str(found).upper() == str(parameter.default).upper()


@pytest.mark.parametrize("parameter", [p for p in EVERY if p.values[0].type == table.BOOLEAN])
def test_a_boolean_is_true_or_false_and_nothing_else(parameter: table.Parameter) -> None:
    assert refused(parameter.levels[0], parameter.name, "MAYBE").code == "001008"
    assert refused(parameter.levels[0], parameter.name, 1).code == "001008"


@pytest.mark.parametrize("parameter", [p for p in EVERY if p.values[0].here == FIXED])
def test_what_is_not_followed_is_refused_by_name(parameter: table.Parameter) -> None:
    others = {
        table.BOOLEAN: (not parameter.default,),
        table.NUMBER: (1980,),
        table.STRING: ("FIRST", "FAIL", "LINE", "JSON", "ICEBERG", "NOTEBOOK", "a, b"),
    }[parameter.type]
    errors = [refused(parameter.levels[0], parameter.name, other) for other in others]
    assert all(parameter.name in error.message for error in errors)
    assert "000002" in {error.code for error in errors}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TIMEZONE", "nope"),
        ("TIMEZONE", "europe/berlin"),
        ("TIMEZONE", ""),
        ("WEEK_START", 8),
        ("WEEK_START", -1),
        ("WEEK_START", 1.5),
        ("WEEK_START", "MONDAY"),
        ("WEEK_OF_YEAR_POLICY", 2),
        ("TIMESTAMP_TYPE_MAPPING", "TIMESTAMP"),
        ("QUOTED_IDENTIFIERS_IGNORE_CASE", "YES"),
        ("STATEMENT_TIMEOUT_IN_SECONDS", 604_801),
        ("LOCK_TIMEOUT", -1),
        ("QUERY_TAG", "x" * 2001),
        ("MULTI_STATEMENT_COUNT", -1),
        ("ROWS_PER_RESULTSET", "all"),
        ("JSON_INDENT", 17),
        ("DATE_OUTPUT_FORMAT", "nope"),
        ("DATE_OUTPUT_FORMAT", "AUTO"),
        ("DATE_INPUT_FORMAT", "HH24:MI"),
        ("TIME_OUTPUT_FORMAT", "YYYY"),
        ("TIMESTAMP_NTZ_OUTPUT_FORMAT", "%Y"),
        ("BINARY_OUTPUT_FORMAT", "UTF-8"),
        ("CLIENT_PREFETCH_THREADS", 11),
        ("CLIENT_RESULT_CHUNK_SIZE", 8),
        ("TWO_DIGIT_CENTURY_START", 1899),
        ("TRANSACTION_DEFAULT_ISOLATION_LEVEL", "SERIALIZABLE"),
        ("LOG_LEVEL", "LOUD"),
        ("GEOGRAPHY_OUTPUT_FORMAT", "XML"),
        ("ICEBERG_TIMESTAMP_DEFAULT_PRECISION", 7),
    ],
)
def test_a_value_that_a_parameter_cannot_have_is_refused_by_its_name(name: str, value: object) -> None:
    error = refused("SESSION", name, value)
    assert error.code == "001008"
    assert f"'{name}'" in error.message


@pytest.mark.parametrize(
    ("level", "name"),
    [
        ("SESSION", "NOPE"),
        ("SESSION", "NETWORK_POLICY"),
        ("SESSION", "DATA_RETENTION_TIME_IN_DAYS"),
        ("SESSION", "PERIODIC_DATA_REKEYING"),
        ("USER", "ALLOW_ID_TOKEN"),
        ("DATABASE", "TIMEZONE"),
        ("WAREHOUSE", "QUERY_TAG"),
        ("TASK", "SEARCH_PATH"),
        ("SCHEMA", "MAX_CONCURRENCY_LEVEL"),
    ],
)
def test_a_parameter_is_set_on_its_own_levels_only(level: str, name: str) -> None:
    with pytest.raises(SnowflakeError, match=name) as caught:
        table.known(level, name)
    assert caught.value.code == "001423"


@pytest.mark.parametrize("name", ["USER_TASK_TIMEOUT_MS", "TASK_AUTO_RETRY_ATTEMPTS"])
def test_what_tasks_do_not_inherit_here_is_refused_above_them(name: str) -> None:
    assert table.known("TASK", name).value("TASK", 5) == 5
    assert refused("SCHEMA", name, 5).code == "000002"


def test_standard_edition_keeps_a_day_of_history() -> None:
    name = "DATA_RETENTION_TIME_IN_DAYS"
    assert table.known("SCHEMA", name).value("SCHEMA", 90) == 90
    assert refused("SCHEMA", name, 2, standard=True).code == "001008"


def test_a_session_has_its_own_value_over_its_user_s_over_the_account_s_over_the_default() -> None:
    settings = Settings({"WEEK_START": (1, "ACCOUNT"), "LOCK_TIMEOUT": (5, "USER")})
    assert (settings["WEEK_START"], settings.level("WEEK_START")) == (1, "ACCOUNT")
    settings.put("WEEK_START", 7)
    assert (settings["WEEK_START"], settings.level("WEEK_START"), settings.usual) == (7, "SESSION", False)
    settings.drop("WEEK_START")
    assert (settings["WEEK_START"], settings.level("LOCK_TIMEOUT")) == (1, "USER")
    assert (settings["JSON_INDENT"], settings.level("JSON_INDENT")) == (2, "")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ('select "aB", \'"x"\' from "t"', 'select "AB", \'"x"\' from "T"'),
        ("select * from identifier('\"t\"')", "select * from identifier('\"T\"')"),
        ("select $$\"a\"$$, 'it''s' -- \"c\"", "select $$\"a\"$$, 'it''s' -- \"c\""),
        ('"a""b"', '"A""B"'),
    ],
)
def test_quoted_names_lose_their_case_and_texts_do_not(written: str, read: str) -> None:
    assert folded(written) == read


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{"b":[1,{"c":null}]}', ["{", '  "b": [', "    1,", "    {", '      "c": null', "    }", "  ]", "}"]),
        ('{"d":{},"e":[]}', ["{", '  "d": {},', '  "e": []', "}"]),
        ('["a, {b}\\"",1e400,1234567890123456789]', ["[", '  "a, {b}\\"",', "  1e400,", "  1234567890123456789", "]"]),
        ('"a, {b}"', ['"a, {b}"']),
        ("1.50", ["1.50"]),
    ],
)  # fmt: skip
def test_json_is_indented_and_its_scalars_stay_as_they_are(text: str, shown: list[str]) -> None:
    assert indented(text, 2).split("\n") == shown
