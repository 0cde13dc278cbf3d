"""The judgement of each shape, in judgements.toml, and the page that people read: docs/statements.md."""

import json
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.ledger import shapes

JUDGEMENTS = Path(__file__).parent / "judgements.toml"
PAGE = Path(__file__).parents[2] / "docs" / "statements.md"
_UNKNOWN = ""
_HEAD = """# What this repository asks of an account

Each shape of statement and of REST request that `deploy`, `dag`, `src` and the clients that they use send: who sends
it, the page of Snowflake's documentation that backs it, and what was checked there. Of a query, each function, clause,
join and type is a shape of its own. *Assumed* is what no page says, with what happens if it is wrong.

`python -m tests.ledger page` makes this page from `tests/ledger/judgements.toml`. A statement that is not in it makes
`make test` fail.

"""


@dataclass(frozen=True)
class Judgement:
    """What is known of a shape.

    Attributes:
        senders: the steps of the pipeline that send it, and `deploy`.
        page: the address of the documentation; "" where there is none.
        checked: the clause, privilege or limit that was looked up.
        date: when.
        assumed: what no page says, and what happens if it is wrong.

    """

    shape: str
    senders: tuple[str, ...] = ()
    page: str = ""
    checked: str = ""
    date: str = ""
    assumed: str = ""

    @property
    def backed(self) -> bool:
        """Whether somebody has judged it: a page, or an assumption that is written down."""
        return bool(self.date and self.checked and (self.page or self.assumed))


def load(path: Path = JUDGEMENTS) -> dict[str, Judgement]:
    """Return the judgements by shape."""
    entries = tomllib.loads(path.read_text(encoding="utf-8")).get("judgement", []) if path.exists() else []
    return {e["shape"]: Judgement(**{**e, "senders": tuple(e.get("senders", ()))}) for e in entries}


def save(judgements: Iterable[Judgement], path: Path = JUDGEMENTS) -> None:
    """Write the judgements, in order of their shapes."""
    path.write_text("\n".join(map(_entry, sorted(judgements, key=lambda j: j.shape))), encoding="utf-8")


def _entry(judgement: Judgement) -> str:
    fields = {"shape": judgement.shape, "senders": list(judgement.senders)}
    fields |= {name: getattr(judgement, name) for name in ("page", "checked", "date", "assumed")}
    lines = (f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in fields.items() if value)
    return "[[judgement]]\n" + "\n".join(lines) + "\n"


def recorded(files: Iterable[Path], *, untagged: bool) -> dict[str, set[str]]:
    """Return who sends each shape, from what the local Snowflake wrote down.

    Args:
        files: what `--record` wrote.
        untagged: whether sessions without a query tag are the product's too, as in a rehearsal; tests have their own.

    """
    found: dict[str, set[str]] = {}
    for file in files:
        for line in file.read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)
            sender = _sender(entry["tag"], untagged=untagged)
            if sender is None:
                continue
            for shape in shapes.shapes(entry["statement"]) if "statement" in entry else {f"request: {entry['route']}"}:
                found.setdefault(shape, set()).add(sender)
    return found


def _sender(tag: str, *, untagged: bool) -> str | None:
    """The step of the pipeline, or `deploy`; "" for a client's own session; None for whoever is not the product."""
    try:
        fields = json.loads(tag or "{}")
    except ValueError:
        return None
    if not isinstance(fields, dict):
        return None
    if "step" in fields:
        return str(fields["step"])
    if "environment" in fields:
        return "deploy"
    return _UNKNOWN if untagged and not tag else None


def page(judgements: Iterable[Judgement]) -> str:
    """Return the page, a section for each kind of shape."""
    sections: dict[str, list[Judgement]] = {}
    for judgement in sorted(judgements, key=lambda j: j.shape):
        kind, colon, _ = judgement.shape.partition(": ")
        sections.setdefault(kind if colon and kind.islower() else "statement", []).append(judgement)
    every = [j for rows in sections.values() for j in rows]
    assumed = sum(bool(j.assumed) for j in every)
    count = f"{len(every)} shapes, {len(every) - assumed} backed by a page, {assumed} assumed.\n"
    return _HEAD + count + "".join(_section(kind, rows) for kind, rows in sorted(sections.items()))


def _section(kind: str, rows: list[Judgement]) -> str:
    head = f"\n## {_TITLES.get(kind, kind)}\n\n| shape | sent by | page | checked |\n|---|---|---|---|\n"
    return head + "".join(map(_row, rows))


_TITLES = {
    "statement": "Statements",
    "request": "Requests",
    "query": "Queries",
    "function": "Functions",
    "clause": "Clauses of queries",
    "join": "Joins",
    "type": "Types",
    "block": "Snowflake Scripting",
}


def _row(judgement: Judgement) -> str:
    name = judgement.page.removeprefix("https://docs.snowflake.com/en/").rpartition("/")[2] or judgement.page
    link = f"[{name}]({judgement.page})" if judgement.page else ""
    checked = judgement.checked + (f" *Assumed:* {judgement.assumed}" if judgement.assumed else "")
    cells = (
        f"`{judgement.shape}`",
        ", ".join(s for s in judgement.senders if s),
        link,
        f"{checked} ({judgement.date})",
    )
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |\n"
