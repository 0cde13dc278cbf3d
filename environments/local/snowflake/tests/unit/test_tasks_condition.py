"""WHEN conditions: what they mean, and what they may not contain."""

import itertools

import pytest

from local_snowflake.kernel.errors import SnowflakeError
from local_snowflake.kernel.tokens import Tokens
from local_snowflake.tasks import config
from local_snowflake.tasks.condition import parse, read

STATES = ("SUCCEEDED", "FAILED", "SKIPPED", "CANCELLED")
PAIRS = [*itertools.combinations_with_replacement(STATES, 2)]
RETURNED = {None: "7", "A": "yes", "B": "0.5", "NOTHING": None}


class Asked:
    """Two streams, of which one has data, and what predecessors returned."""

    predecessor_value = staticmethod(RETURNED.__getitem__)
    stream_has_data = staticmethod({"full": True, "empty": False}.__getitem__)

    def __init__(self, *states: str) -> None:
        self.states = states

    def predecessor_states(self) -> tuple[str, ...]:
        return self.states


def holds(text: str) -> bool:
    return parse(text).holds(Asked())


@pytest.mark.parametrize(
    "text",
    [
        "TRUE",
        "1 = 1",
        "SYSTEM$GET_PREDECESSOR_RETURN_VALUE('A') = 'yes'",
        "system$get_predecessor_return_value()::INT > 6",
        "CAST(SYSTEM$GET_PREDECESSOR_RETURN_VALUE('B') AS FLOAT) < 0.75",
        "SYSTEM$GET_PREDECESSOR_RETURN_VALUE('B') < 0.75",
        "NOT SYSTEM$GET_PREDECESSOR_RETURN_VALUE('A') = 'no' AND (FALSE OR 'x' <> 'y')",
        "SYSTEM$GET_PREDECESSOR_RETURN_VALUE('A') IN ('no', 'yes')",
        "SYSTEM$GET_PREDECESSOR_RETURN_VALUE('A') NOT IN ('no')",
        "SYSTEM$GET_PREDECESSOR_RETURN_VALUE('NOTHING') IS NULL",
        "TO_BOOLEAN(SYSTEM$GET_PREDECESSOR_RETURN_VALUE('A'))",
        "FALSE AND FALSE OR TRUE",
    ],
)
def test_a_condition_that_holds(text: str) -> None:
    assert holds(text)


@pytest.mark.parametrize(
    "text",
    [
        "FALSE",
        "1 = 2",
        "NULL",
        "NOT NULL",
        "SYSTEM$GET_PREDECESSOR_RETURN_VALUE('NOTHING') = 'yes'",
        "NOT SYSTEM$GET_PREDECESSOR_RETURN_VALUE('NOTHING') = 'yes'",
        "SYSTEM$GET_PREDECESSOR_RETURN_VALUE('A') = 'YES'",
    ],
)
def test_a_condition_that_is_false_or_unknown_does_not_hold(text: str) -> None:
    assert not holds(text)


@pytest.mark.parametrize("text", ["(SELECT 1) = 1", "CURRENT_DATE() > '2020-01-01'", "ABS(-1) = 1", "a = 1"])
def test_only_conversions_and_two_functions_are_allowed(text: str) -> None:
    with pytest.raises(SnowflakeError, match="Invalid expression for task condition expression"):
        parse(text)


@pytest.mark.parametrize(("stream", "has_data"), [("full", True), ("empty", False)])
def test_a_condition_asks_a_stream_for_data(stream: str, has_data: bool) -> None:  # noqa: FBT001
    assert holds(f"SYSTEM$STREAM_HAS_DATA('{stream}')") is has_data
    assert holds(f"NOT system$stream_has_data('{stream}')") is not has_data


def test_a_value_that_cannot_be_converted_is_an_error() -> None:
    with pytest.raises(SnowflakeError, match="Numeric value 'yes' is not recognized"):
        holds("SYSTEM$GET_PREDECESSOR_RETURN_VALUE('A')::INT > 1")


def test_the_statement_goes_on_behind_the_condition() -> None:
    tokens = Tokens("CAST('1' AS INT) = 1 AS SELECT 1")
    assert read(tokens).text == "CAST('1' AS INT) = 1"
    assert tokens.rest == "AS SELECT 1"


def test_configurations_are_merged_key_by_key() -> None:
    base = {"a": {"x": 1, "y": 2}, "b": [1], "c": 1}
    assert config.merge(base, {"a": {"y": 3}, "b": {"z": 4}}) == {"a": {"x": 1, "y": 3}, "b": {"z": 4}, "c": 1}
    assert base == {"a": {"x": 1, "y": 2}, "b": [1], "c": 1}


def test_a_configuration_is_read_by_path() -> None:
    found = {"a": {"text": "x", "number": 1, "truth": True, "list": [1]}}
    read_values = [config.at(found, f"a.{key}") for key in ("text", "number", "truth", "list", "nothing")]
    assert read_values == ["x", "1", "true", "[1]", None]


@pytest.mark.parametrize("text", ["", "[1]", "{", "'a'"])
def test_a_configuration_is_a_json_object(text: str) -> None:
    with pytest.raises(SnowflakeError, match="JSON object"):
        config.parse(text)


@pytest.mark.parametrize(
    ("outcome", "states"),
    [
        ("ALL_SUCCEEDED", [("SUCCEEDED", "SUCCEEDED")]),
        ("ALL_FAILED", [("FAILED", "FAILED")]),
        ("ALL_SKIPPED", [("SKIPPED", "SKIPPED")]),
        ("ALL_DONE", [*itertools.combinations_with_replacement(STATES, 2)]),
        ("AT_LEAST_ONE_FAILED", [pair for pair in PAIRS if "FAILED" in pair]),
        ("AT_LEAST_ONE_SUCCEEDED", [pair for pair in PAIRS if "SUCCEEDED" in pair]),
        ("NONE_FAILED", [pair for pair in PAIRS if set(pair) <= {"SUCCEEDED", "SKIPPED"}]),
        ("NONE_FAILED_MIN_ONE_SUCCEEDED", [("SUCCEEDED", "SUCCEEDED"), ("SUCCEEDED", "SKIPPED")]),
        ("NONE_SKIPPED", [pair for pair in PAIRS if "SKIPPED" not in pair]),
    ],
)
def test_a_condition_can_ask_how_all_predecessors_ended(outcome: str, states: list[tuple[str, str]]) -> None:
    condition = parse(f"SYSTEM$PREDECESSORS_STATE('{outcome}')")
    assert [pair for pair in PAIRS if condition.holds(Asked(*pair))] == states


def test_it_can_ask_for_nothing_else_about_them() -> None:
    with pytest.raises(SnowflakeError, match="Invalid argument 'MOST_SUCCEEDED'"):
        parse("SYSTEM$PREDECESSORS_STATE('MOST_SUCCEEDED')")
