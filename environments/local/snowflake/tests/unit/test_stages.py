"""Staged files without a server: paths, names and how a file appears."""

from pathlib import Path

import pytest

from local_snowflake.kernel.errors import SnowflakeError
from local_snowflake.stages import locations
from local_snowflake.stages.addresses import Upload


@pytest.mark.parametrize(
    ("written", "kept"), [("", ""), ("a/b", "a/b"), ("a//b/./c/", "a/b/c/"), ("/a", "a"), ("..a/b..", "..a/b..")]
)
def test_a_path_has_no_empty_steps(written, kept):
    assert locations.checked_path(written) == kept


@pytest.mark.parametrize("written", ["..", "a/../b", "a/..", "x\0y"])
def test_a_path_never_leaves_its_stage(written):
    with pytest.raises(SnowflakeError, match="Invalid path"):
        locations.checked_path(written)


@pytest.mark.parametrize(
    ("name", "compressible", "encoding", "staged"),
    [
        ("a.txt", True, "", "a.txt.gz"),
        ("a.txt", False, "", "a.txt"),
        ("a.csv.gz", True, "", "a.csv.gz"),
        ("a", True, "parquet", "a"),
    ],
)
def test_a_file_that_the_client_compressed_is_named_so(name, compressible, encoding, staged):
    upload = Upload(Path("stage"), name, compressible, overwrite=False)
    assert upload.target(encoding) == Path("stage", staged)


class TestPlacing:
    def test_a_file_takes_the_place_of_none(self, tmp_path):
        (tmp_path / "incoming").write_text("new")
        assert locations.place(tmp_path / "incoming", tmp_path / "a" / "b", overwrite=False)
        assert (tmp_path / "a" / "b").read_text() == "new"
        assert not (tmp_path / "incoming").exists()

    @pytest.mark.parametrize(("overwrite", "content"), [(False, "old"), (True, "new")])
    def test_another_file_is_replaced_only_when_asked(self, tmp_path, overwrite, content):
        (tmp_path / "incoming").write_text("new")
        (tmp_path / "b").write_text("old")
        assert locations.place(tmp_path / "incoming", tmp_path / "b", overwrite=overwrite) is overwrite
        assert (tmp_path / "b").read_text() == content
        assert not (tmp_path / "incoming").exists()

    def test_a_file_cannot_lie_below_a_file(self, tmp_path):
        (tmp_path / "incoming").write_text("new")
        (tmp_path / "a").write_text("old")
        with pytest.raises(SnowflakeError, match="cannot be staged below a file"):
            locations.place(tmp_path / "incoming", tmp_path / "a" / "b", overwrite=True)
