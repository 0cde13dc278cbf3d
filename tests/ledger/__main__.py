"""`python -m tests.ledger check FOLDER`, `update FOLDER` and `page`.

FOLDER holds what the local Snowflake recorded: `tests*.jsonl`, of servers that tests share, and `rehearsal*.jsonl`.
check: every shape is in the ledger, and judged; for one that tests alone send, the page of its grammar is enough.
update: adds the shapes and senders that are new, for you to judge. page: writes docs/statements.md.
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tests.ledger import backing, table
from tests.ledger.table import Judgement


def main(arguments: list[str]) -> int:
    """Run one of the three; 1 when a shape is not in the ledger or not judged."""
    parser = argparse.ArgumentParser(prog="python -m tests.ledger", description=__doc__)
    parser.add_argument("action", choices=_ACTIONS)
    parser.add_argument("folder", type=Path, nargs="?", default=Path())
    parsed = parser.parse_args(arguments)
    return _ACTIONS[parsed.action](parsed.folder)


def _found(folder: Path) -> dict[str, set[str]]:
    found = table.recorded(sorted(folder.glob("tests*.jsonl")), untagged=False)
    for shape, senders in table.recorded(sorted(folder.glob("rehearsal*.jsonl")), untagged=True).items():
        found.setdefault(shape, set()).update(senders)
    return found


def _check(folder: Path) -> int:
    found, known = _found(folder), table.load()
    missing = sorted(shape for shape in found if not known.get(shape, Judgement(shape)).backed)
    # Tests send statements of their own in sessions of the product's: of these, a page in the grammar is enough.
    rehearsed = table.recorded(sorted(folder.glob("rehearsal*.jsonl")), untagged=True)
    unbacked = [shape for shape in missing if shape in rehearsed or not backing.page_of(shape)]
    for shape in missing:
        print(f"not in the ledger: {shape}  (sent by {', '.join(filter(None, sorted(found[shape]))) or 'a client'})")
    if missing:
        print(f"next: python -m tests.ledger update {folder}, then judge them in {table.JUDGEMENTS.name}")
    print(f"ledger: {len(found)} shapes were sent, {len(missing)} of them not judged, {len(unbacked)} without a page")
    return 1 if unbacked or not found else 0


def _update(folder: Path) -> int:
    known = table.load()
    for shape, senders in _found(folder).items():
        entry = known.get(shape, Judgement(shape))
        known[shape] = replace(entry, senders=tuple(sorted({*entry.senders, *senders} - {""})))
    table.save(known.values())
    return 0


def _page(_: Path) -> int:
    table.PAGE.parent.mkdir(exist_ok=True)
    table.PAGE.write_text(table.page(table.load().values()), encoding="utf-8")
    return 0


_ACTIONS: dict[str, Callable[[Path], int]] = {"check": _check, "update": _update, "page": _page}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
