"""The administrator's password: each home has its own, and a file that holds none is named."""

import pytest

from local_snowflake.kernel.passwords import FILE, administrators


@pytest.mark.parametrize("written", [b"", b" \n", b"\xff\xfe\x00"])
def test_a_file_that_holds_no_password_is_named(tmp_path, written):
    (tmp_path / FILE).write_bytes(written)
    with pytest.raises(OSError, match="holds no password; delete it") as refused:
        administrators(tmp_path)
    assert refused.value.filename == str(tmp_path / FILE)


def test_a_password_is_made_once_and_read_without_white_space(tmp_path):
    made = administrators(tmp_path)
    assert administrators(tmp_path) == made
    (tmp_path / FILE).write_text(" secret\n")
    assert administrators(tmp_path) == "secret"
