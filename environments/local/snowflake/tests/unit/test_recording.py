"""What is recorded of a client's requests holds no secret and nothing twice."""

import json

from local_snowflake.kernel.recording import Recorder


def recorded(tmp_path, *texts: str) -> list[dict]:
    path = tmp_path / "asked" / "it.jsonl"
    recorder = Recorder(path)
    for text in texts:
        recorder.statement("t", text)
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_statement_is_written_once_for_a_query_tag(tmp_path):
    assert recorded(tmp_path, "select 1", "select 1") == [{"tag": "t", "statement": "select 1"}]


def test_literals_of_what_is_no_query_are_left_out(tmp_path):
    (entry,) = recorded(tmp_path, "alter user u set password = 'geheim' comment = $$auch$$")
    assert entry["statement"] == "alter user u set password = '' comment = ''"
