"""What another environment runs is read from a file, and a file that is none is refused."""

import json

import pytest

from deploy.errors import DeployError
from deploy.graph.graph import Graph, TaskSpec
from deploy.records import snapshot
from deploy.records.snapshot import Snapshot

WHOLE = Snapshot("prod", (snapshot.Deployed(Graph((TaskSpec("G", "SELECT 1"),))),), "classic")
(GRAPH,) = json.loads(WHOLE.to_text())["graphs"]


def test_a_snapshot_is_read_back_as_it_was_written(tmp_path):
    (tmp_path / "snapshot.json").write_text(WHOLE.to_text())
    assert snapshot.read_file(tmp_path / "snapshot.json") == WHOLE


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (None, "cannot read snapshot.json: No such file or directory"),
        (b"\x30\x82\xff", "cannot read snapshot.json: it is no UTF-8 text"),
        (WHOLE.to_text().encode("utf-16"), "cannot read snapshot.json: it is no UTF-8 text"),
        *((text, "not a snapshot of an environment") for text in (b"", b"[]", b"{}", b"null", b'"text"')),
        *(
            (json.dumps(json.loads(WHOLE.to_text()) | {"graphs": [GRAPH | changed]}).encode(), "not a snapshot of an")
            for changed in ({"graph": "x"}, {"graph": 1}, {"started": 1}, {"graph": "[1]"})
        ),
    ],
)
def test_what_is_no_snapshot_is_refused_with_the_command_that_writes_one(tmp_path, content, cause):
    if content is not None:
        (tmp_path / "snapshot.json").write_bytes(content)
    with pytest.raises(DeployError, match=cause) as error:
        snapshot.read_file(tmp_path / "snapshot.json")
    assert error.value.remedy == "python -m deploy snapshot --env prod --to snapshot.json"
