"""Reading Snowflake Scripting: where variables stand in SQL, what each statement is, and where."""

import time

import pytest

from local_snowflake.kernel.errors import SnowflakeError
from local_snowflake.kernel.tokens import tokenize
from local_snowflake.scripting import documents, raising, text, tree
from local_snowflake.scripting.reading import read
from local_snowflake.scripting.tree import Place
from local_snowflake.scripting.variables import BOOLEAN, NULL, Declared, Names, Value, Variable, number, varchar
from local_snowflake.sql import datatypes


def marked(made):
    """The text with each reference in angle brackets, `!` for a sure one."""
    return made.filled(lambda r: f"<{'!' if r.sure else ''}{r.name}{'.' + r.field if r.field else ''}>")


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT a, :b FROM t WHERE c = :c", "SELECT a, <!B> FROM t WHERE c = <!C>"),
        ("SELECT v:key, v['k']:a, f(x):b, :v:key::INT", "SELECT v:key, v['k']:a, f(x):b, <!V>:key::INT"),
        ("SELECT ':no', $$:no$$, -- :no\n :\"Yes\"", "SELECT ':no', $$:no$$, -- :no\n <!Yes>"),
        ("INSERT INTO t VALUES (:a,:b)", "INSERT INTO t VALUES (<!A>,<!B>)"),
        ("SELECT :r.a + 1", "SELECT <!R.A> + 1"),
        ("SELECT * FROM TABLE(rs) JOIN TABLE(f(x))", "SELECT * FROM TABLE(<RS>) JOIN TABLE(f(x))"),
    ],
)
def test_in_sql_a_colon_makes_a_variable(sql, expected):
    assert marked(text.statement(sql, tokenize(sql))) == expected


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("a + :b", "<A> + <!B>"),
        ("f(a, g(b)) || r.c", "f(<A>, g(<B>)) || <R.C>"),
        ("(SELECT a FROM t WHERE a = :b) + a", "(SELECT a FROM t WHERE a = <!B>) + <A>"),
        ("f((SELECT a), b)", "f((SELECT a), <B>)"),
        ("a::INT + int::VARCHAR", "<A>::INT + <INT>::VARCHAR"),
        ("v:a.b[0] || name => x", "<V>:a.b[0] || name => <X>"),
    ],
)
def test_in_an_expression_a_bare_name_may_be_one_but_not_in_its_queries(sql, expected):
    assert marked(text.expression(sql, tokenize(sql))) == expected


def test_statements_know_their_line_and_position():
    block = read("\nDECLARE\n  x INT;\nBEGIN\n  x := 1;\n    SELECT 1;\nEND")
    assert block.place == Place(2, 0)
    assert block.declarations[0].place == Place(3, 2)
    assert [statement.place for statement in block.body] == [Place(5, 2), Place(6, 4)]


def test_a_body_without_begin_is_its_statements():
    assert [type(s) for s in read("SELECT 1; RETURN 2;").body] == [tree.Sql, tree.Return]


def test_a_statement_with_a_block_of_its_own_is_one_statement():
    (created,) = read("BEGIN CREATE TASK t AS BEGIN SELECT 1; SELECT 2; END; END").body
    assert created.text.written == "CREATE TASK t AS BEGIN SELECT 1; SELECT 2; END"


def test_into_is_taken_out_of_a_query_and_left_in_an_insert():
    selected, inserted = read("BEGIN SELECT a, (b) INTO :x, :y FROM t; INSERT INTO t SELECT 1; END").body
    assert (selected.into, " ".join(selected.text.written.split())) == (("X", "Y"), "SELECT a, (b) FROM t")
    assert (inserted.into, inserted.text.written) == ((), "INSERT INTO t SELECT 1")


def test_long_literals_are_read_at_once():
    definition = "x".join(["''", "\\\\"] * 50_000)
    began = time.process_time()
    (statement,) = read(f"BEGIN INSERT INTO t VALUES ('{definition}'); END").body
    assert definition in statement.text.written
    assert time.process_time() - began < 1


@pytest.mark.parametrize("body", ["BEGIN SELECT 1", "BEGIN x := (1; END", "BEGIN x := 1; EXCEPTION END"])
def test_what_does_not_end_is_a_syntax_error(body):
    with pytest.raises(SnowflakeError, match="syntax error"):
        read(body)


# ---- objects of known values
VALUES = {
    "A": number(1),
    "B": varchar('it\'s\n"b" ü'),
    "C": NULL,
    "D": Value('[1, {"x": null}]', datatypes.parse("ARRAY")),
    "E": Value(data=True, type=BOOLEAN),
    "F": Value(1.5, datatypes.parse("FLOAT")),
}


def constructed(sql):
    found = documents.read(tokenize(sql), lambda part: text.expression(sql, part))
    return found and found.document(lambda t: VALUES[t.only.name])


def test_an_object_of_known_values_needs_no_query():
    assert constructed("OBJECT_CONSTRUCT('a', a, 'b', b, 'c', c, 'd', d, 'e', e)") == (
        '{"a":1,"b":"it\'s\\n\\"b\\" ü","d":[1, {"x": null}],"e":true}'
    )
    assert constructed("object_construct_keep_null('a', a, 'c', c)") == '{"a":1,"c":null}'


COMPUTED = ("('f', f)", "(*)", "(a, 1)", "('a', 1, 'a', 2)", "('a', 1) || ''")


@pytest.mark.parametrize("arguments", COMPUTED)
def test_an_object_that_must_be_computed_is_left_to_one(arguments):
    assert constructed(f"OBJECT_CONSTRUCT{arguments}") is None


# ---- names and handlers
def test_an_inner_name_hides_the_outer_one():
    outer = Names(own={"X": Variable(number(1)), "Y": Variable(number(2))})
    inner = Names(outer, {"X": Variable(number(3))})
    assert [inner.find(name).value.data for name in ("X", "Y")] == [3, 2]
    assert inner.find("Z") is None


def test_a_handler_is_for_the_exception_that_its_name_stands_for():
    mine, other = Declared("E", -20001, "mine"), Declared("E", -20001, "other")
    handler = tree.Handler(("E",), ())
    raised = raising.declared(mine, Place(1, 0))
    assert raising.handles(handler, raised, {"E": mine})
    assert not raising.handles(handler, raised, {"E": other})
    assert not raising.handles(tree.Handler((raising.STATEMENT,), ()), raised, {})
    assert raising.handles(tree.Handler((raising.OTHER,), ()), raised, {})
