"""What the README says to type works."""

import re
import subprocess
import sys
from pathlib import Path

HOUSE = Path(__file__).parents[2]
README = (HOUSE / "README.md").read_text(encoding="utf-8")


def test_the_command_that_starts_it_starts_it(tmp_path):
    typed = re.search(r"^    local-snowflake (.*)$", README, re.MULTILINE)[1]
    options = typed.replace(".account", str(tmp_path / "account")).replace("8085", "0").split()
    command = [Path(sys.executable).with_name("local-snowflake"), *options, "--until-stdin-closes"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
    assert "Local Snowflake ready: http://127.0.0.1:" in done.stdout


def test_its_example_of_a_test_is_one(session):
    written = re.search(r"^    (def test_.*?)\n\n`", README, re.MULTILINE | re.DOTALL)[1]
    names = {}
    exec(written.replace("\n    ", "\n"), names)
    names["test_a_table_is_read_back"](session)


def test_every_file_and_target_that_it_names_is_there():
    targets = re.findall(r"^([a-z]+):", (HOUSE / "Makefile").read_text(), re.MULTILINE)
    assert set(re.findall(r"`make ([a-z]+)`", README)) <= set(targets)
    paths = re.findall(r"`((?:src|tests)/[\w/.]+)`", README)
    assert paths
    assert [path for path in paths if not (HOUSE / path).exists()] == []
