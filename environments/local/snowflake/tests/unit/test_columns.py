"""The column definitions of CREATE TABLE."""

from typing import Any

import pytest

from local_snowflake.kernel.errors import SnowflakeError
from local_snowflake.kernel.tokens import Tokens
from local_snowflake.sql import clustering, columns
from local_snowflake.sql.columns import TableColumn


def read(text: str) -> list[TableColumn]:
    return columns.read(Tokens(text))


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("a int", {}),
        ("a int not null", {"nullable": False}),
        ("a int default 5 not null", {"default": "5", "nullable": False}),
        ("a int default coalesce(1, (2)) comment 'c'", {"default": "coalesce(1, (2))", "comment": "c"}),
        ("a int default 'x' || ','", {"default": "'x' || ','"}),
        ("a int autoincrement", {"identity": (1, 1)}),
        ("a int identity(5, 10) order", {"identity": (5, 10)}),
        ("a int autoincrement start 5 increment by 10 noorder", {"identity": (5, 10)}),
        ("a int primary key", {"key": True, "nullable": False}),
        ("a int constraint u unique not enforced", {"unique": True}),
    ],
)
def test_a_column_is_read_with_its_options(written: str, expected: dict[str, Any]) -> None:
    assert read(f"({written})") == [TableColumn("A", "NUMBER(38,0)", **expected)]


def test_a_key_over_several_columns_marks_each() -> None:
    found = read('(a int, "b" varchar(5), c date, constraint pk primary key (a, "b") rely)')
    assert [(c.name, c.key, c.nullable) for c in found] == [("A", True, False), ("b", True, False), ("C", False, True)]


def test_names_alone_wait_for_a_querys_types() -> None:
    assert read("(a, b comment 'x')") == [TableColumn("A", ""), TableColumn("B", "", comment="x")]


def test_a_column_survives_the_catalogue() -> None:
    column = TableColumn("A", "VARCHAR(5)", nullable=False, default="'x'", comment="c")
    assert TableColumn(**column.document()) == column


@pytest.mark.parametrize(
    "written", ["a int projection policy p", "a int collate 'de'", "foreign key (a) references b (c)"]
)
def test_what_would_change_the_table_and_is_not_supported_is_refused(written: str) -> None:
    with pytest.raises(SnowflakeError, match="Unsupported feature"):
        read(f"({written})")


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("(a int, A varchar)", "002025"),
        ('(a int, "A" varchar)', "002025"),
        ("(a int, primary key (nope))", "000904"),
        ("(a int, unique (a, nope))", "000904"),
        ("(a int primary key, b int, primary key (b))", "001008"),
        ("(a int identity(1, 0))", "001008"),
        ("(current_user int)", "001003"),
        ("(constraint int)", "001003"),
        ("(true int)", "001003"),
        ("(case int)", "001003"),
        ("(order int)", "001003"),
        ("(a int, values int)", "001003"),
        (f"({'a' * 256} int)", "000904"),
        (f'("{"a" * 256}" int)', "000904"),
        ("(a number(39))", "001008"),
        ("()", "001003"),
        ("(a int,)", "001003"),
        ("(a int b)", "000002"),
        ("(a hugeint)", "002040"),
    ],
)
def test_what_is_no_table_is_refused(written: str, code: str) -> None:
    with pytest.raises(SnowflakeError) as refused:
        read(written)
    assert refused.value.code == code


@pytest.mark.parametrize(
    "written", ['("ORDER" int)', '("CURRENT_USER" int)', "(left int)", f"({'a' * 255} int)", "(by_ int)"]
)
def test_what_is_quoted_or_only_looks_reserved_is_a_name(written: str) -> None:
    assert read(written)


@pytest.mark.parametrize("keys", ["(nope)", "(a, nope)", "(upper(nope))", "linear (nope)"])
def test_a_table_is_clustered_by_its_own_columns(keys: str) -> None:
    clustering.check(clustering.read(Tokens("(a, b::date)")), {"A", "B"})
    with pytest.raises(SnowflakeError) as refused:
        clustering.check(clustering.read(Tokens(keys)), {"A", "B"})
    assert refused.value.code == "000904"
