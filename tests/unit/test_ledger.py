"""The ledger knows a statement by its shape, whatever its names and values are."""

import json
import re

import pytest

from tests.ledger import backing, table
from tests.ledger.shapes import shapes


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("create warehouse W warehouse_size = xsmall", 'CREATE WAREHOUSE "other" WAREHOUSE_SIZE = XSMALL'),
        ("alter warehouse a suspend", "ALTER WAREHOUSE b SUSPEND"),
        ("select max(a) from t", "SELECT MAX(b.c) AS d FROM x.y.z"),
        ("begin let x := 1; return x; end", "BEGIN LET y := 'z'; RETURN y; END"),
    ],
)
def test_names_and_values_are_no_part_of_a_shape(one, other):
    assert shapes(one) == shapes(other)


def test_an_option_is_a_shape_wherever_it_stands():
    one = shapes("create task a warehouse = w schedule = '1 minute' as select 1")
    assert one == shapes("create task b schedule = '5 minutes' warehouse = x as select 2")
    assert one == {"CREATE TASK <name> AS ...", "CREATE TASK: WAREHOUSE", "CREATE TASK: SCHEDULE"}


def test_each_function_clause_join_and_type_of_a_query_is_a_shape():
    found = shapes(
        "select sum(a)::number(10, 2) from t left join u using (k) qualify row_number() over (order by b) = 1"
    )
    assert found >= {
        "query: SELECT",
        "function: SUM",
        "function: ROW_NUMBER",
        "type: DECIMAL",
        "join: LEFT USING",
        "clause: QUALIFY",
        "clause: OVER",
    }


@pytest.mark.parametrize(
    ("tag", "untagged", "sender"),
    [
        ('{"step": "TRAIN", "release": "x"}', False, "TRAIN"),
        ('{"environment": "dev"}', False, "deploy"),
        ("", True, ""),
    ],
)
def test_the_query_tag_says_who_sends_a_statement(tmp_path, tag, untagged, sender):
    file = tmp_path / "tests.jsonl"
    file.write_text(json.dumps({"tag": tag, "route": "GET /x/{y}"}) + "\n")
    assert table.recorded([file], untagged=untagged) == {"request: GET /x/{y}": {sender}}


@pytest.mark.parametrize("tag", ["", "somebody else's", "[]", '{"other": 1}'])
def test_what_tests_send_themselves_is_not_the_products(tmp_path, tag):
    file = tmp_path / "tests.jsonl"
    file.write_text(json.dumps({"tag": tag, "statement": "select 1"}) + "\n")
    assert table.recorded([file], untagged=False) == {}


def test_judgements_are_read_as_they_were_written(tmp_path):
    path = tmp_path / "judgements.toml"
    judgement = table.Judgement(
        'x "y" = <string>', ("TRAIN", "deploy"), "https://p", "it\\s", "2026-11-30", "or | else"
    )
    table.save([judgement], path)
    assert table.load(path) == {judgement.shape: judgement}


def test_every_shape_of_the_ledger_is_judged_and_at_most_one_in_ten_is_assumed():
    judged = table.load().values()
    assert [j.shape for j in judged if not j.backed] == []
    assert sum(bool(j.assumed) for j in judged) <= len(judged) / 10


def test_every_judgement_says_what_was_checked_of_it():
    empty = re.compile(r"not opened|\(grammar/statements\)|A function of Snowflake's, with these arguments")
    assert [judgement.shape for judgement in table.load().values() if empty.search(judgement.checked)] == []


def test_the_page_is_made_from_the_judgements():
    assert table.PAGE.read_text("utf-8") == table.page(table.load().values())


@pytest.mark.parametrize(
    ("shape", "page"),
    [
        ("CREATE OR ALTER TASK: SCHEDULE", "sql/create-task"),
        ("DESC DYNAMIC TABLE <name>", "sql/desc-dynamic-table"),
        ("function: DATE_TRUNC", "functions/date_trunc"),
        ("CALL SYSTEM$WAIT (...)", "functions/system_wait"),
        ("NO SUCH STATEMENT", ""),
    ],
)
def test_a_shape_has_the_page_of_its_grammar(shape, page):
    assert backing.page_of(shape) == (page and f"https://docs.snowflake.com/en/sql-reference/{page}")


def test_every_page_is_the_address_of_one_page_of_a_documentation():
    pages = {j.page for j in table.load().values() if j.page}
    address = re.compile(r"https://[a-z.]+(?:/[\w.~@-]+)+/?(?:#[\w.-]+)?")
    assert sorted(page for page in pages if not address.fullmatch(page)) == []
    docs = [page for page in pages if "//docs.snowflake.com/en/" in page]
    folders = re.compile(r"sql-reference|user-guide|developer-guide|release-notes")
    assert sorted(page for page in docs if len(folders.findall(page)) != 1) == []
