"""An earlier answer as one JSON document: the account's short way and DuckDB's long one write the same."""

import json

import pytest

ANSWERS = [
    "SHOW PARAMETERS IN SESSION",
    "SHOW WAREHOUSES",
    "SHOW TASKS IN SCHEMA",
    "SELECT 1 AS N, TRUE AS B, NULL AS NOTHING, 'é \" \\\\ '' \t\n\u2028' AS T",
    "SELECT 1.50 AS D, 0.1::FLOAT AS F, '2026-01-02'::DATE AS DAY, PARSE_JSON('{\"a\": [1]}') AS V",
    "SELECT 1 AS N WHERE FALSE",
]


FILTERS = {
    "SHOW PARAMETERS IN SESSION": "\"type\" = 'BOOLEAN'",
    "SHOW WAREHOUSES": "\"name\" = 'compute_wh'",
    "SELECT 'a' AS T, NULL AS U UNION ALL SELECT NULL, 'it''s'": "U = 'it''s'",
    "SELECT 1 AS N": "N = '1'",
}


@pytest.mark.parametrize("objects", ["OBJECT_CONSTRUCT(*)", "OBJECT_CONSTRUCT_KEEP_NULL(*)"])
@pytest.mark.parametrize("answer", ANSWERS)
def test_both_ways_write_the_same(session, answer, objects):
    short, long = both_ways(session, answer, objects)
    assert short == long


@pytest.mark.parametrize(("answer", "condition"), FILTERS.items())
def test_both_ways_filter_the_same(session, answer, condition):
    short, long = both_ways(session, answer, "OBJECT_CONSTRUCT_KEEP_NULL(*)", f"WHERE {condition}")
    assert short == long


def both_ways(session, answer, objects, where=""):
    """The document as the account writes it and as DuckDB does."""
    cursor = session.connection.cursor()
    scanned = f"TABLE(RESULT_SCAN('{cursor.execute(answer).sfqid}'))"
    for rows in (scanned, f"(SELECT * FROM {scanned})"):
        yield json.loads(cursor.execute(f"SELECT ARRAY_AGG({objects}) FROM {rows} {where}").fetchone()[0])


def test_the_column_is_called_as_any_other(session):
    cursor = session.connection.cursor()
    query = f"SELECT ARRAY_AGG(OBJECT_CONSTRUCT(*)) {{}} FROM TABLE(RESULT_SCAN('{cursor.execute('SELECT 1').sfqid}'))"
    names = [cursor.execute(query.format(alias)).description[0].name for alias in ("", "AS found")]
    assert names == ["ARRAY_AGG(OBJECT_CONSTRUCT(*))", "FOUND"]


def test_what_is_forgotten_or_filtered_is_not_handed_on(session):
    cursor = session.connection.cursor()
    with pytest.raises(Exception, match="not found"):
        cursor.execute("SELECT ARRAY_AGG(OBJECT_CONSTRUCT(*)) FROM TABLE(RESULT_SCAN('no-such-query'))")
    scanned = f"TABLE(RESULT_SCAN('{cursor.execute('SELECT 1 AS A UNION ALL SELECT 2').sfqid}'))"
    filtered = cursor.execute(f"SELECT ARRAY_AGG(OBJECT_CONSTRUCT(*)) FROM {scanned} WHERE A > 1").fetchone()[0]
    assert json.loads(filtered) == [{"A": 2}]
