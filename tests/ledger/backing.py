"""The page that a shape's grammar names: what `update` writes for you to judge."""

import re
from functools import cache
from pathlib import Path

from local_snowflake.grammar import admission

_PAGE = re.compile(r"https://\S+?(?=[:,;]?(\s|$))")
_BEFORE_THE_KIND = re.compile(r" (OR REPLACE|OR ALTER|SCOPED|TEMPORARY|TEMP|TRANSIENT|SECURE|TERSE)\b")
_FUNCTIONS = "https://docs.snowflake.com/en/sql-reference/functions/"


def page_of(shape: str) -> str:
    """Return the address of the page that the grammar of a shape names, or a function's; "" where neither is known."""
    kind, _, rest = shape.partition(": ")
    if kind == "function":
        return _FUNCTIONS + rest.lower().replace("$", "_")
    if called := re.match(r"CALL (SYSTEM\$\w+)", shape):
        return _FUNCTIONS + called[1].lower().replace("$", "_")
    words = _BEFORE_THE_KIND.sub("", f" {shape.replace('DESC ', 'DESCRIBE ')}").strip()
    key = max((key for key in _pages() if re.match(rf"{re.escape(key)}\b", words)), key=len, default="")
    return _pages().get(key, "")


@cache
def _pages() -> dict[str, str]:
    """The page above each statement's grammar, by its key."""
    found: dict[str, str] = {}
    for path in sorted(Path(admission.__file__).with_name("statements").glob("*.txt")):
        page = ""
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("#") and (named := _PAGE.search(line)):
                page = named.group()
            elif line.startswith("=="):
                found |= {key.strip(): page for key in line.removeprefix("==").split(",")}
    return {key: page for key, page in found.items() if page} | _ELSEWHERE


# Statements whose grammar is the parser's.
_SQL = "https://docs.snowflake.com/en/sql-reference/sql/"
_ELSEWHERE = {
    "BEGIN TRANSACTION": f"{_SQL}begin",
    "CALL": f"{_SQL}call",
    "WITH": f"{_SQL}call-with",
}
