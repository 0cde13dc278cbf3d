"""A notebook as a script that does what its cells do, one after the other, and shows what they show.

There is no Jupyter kernel: code cells are Python alone, and a cell that begins with % or ! is refused by its number.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator

from ..kernel.errors import invalid, unsupported

_SHOWN = "__shown__"
_HEAD = """import sys as __sys__
import traceback as __traceback__
__sys__.argv[0] = {name!r}
def __shown__(value):
    if value is not None:
        print(value if isinstance(value, str) else repr(value))
"""


def script(text: str, name: str) -> str:
    """The script of a notebook, which is read as nbformat 4.

    Args:
        text: the notebook's JSON.
        name: what `sys.argv[0]` is.

    Raises:
        SnowflakeError: 001008 for what is no notebook, or a cell that is no Python; 000002 for magic commands.

    """
    return _HEAD.format(name=name) + "\n".join(_run(number, source) for number, source in _cells(text))


def _cells(text: str) -> Iterator[tuple[int, str]]:
    """Number, from 1, and source of each code cell."""
    try:
        cells = json.loads(text)["cells"]
    except (ValueError, KeyError, TypeError) as error:
        raise invalid(f"This is no notebook: {error!r}") from error
    code = [cell for cell in cells if cell.get("cell_type") == "code"]
    for number, cell in enumerate(code, 1):
        yield number, cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])


def _run(number: int, source: str) -> str:
    """The statements that run a cell: an error names it."""
    if source.lstrip()[:1] in {"%", "!"}:
        raise unsupported(f"cell {number} of a notebook with a magic command: {source.splitlines()[0]}")
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        raise invalid(f"Cell {number} of the notebook is no Python: {error}") from error
    if tree.body and isinstance(tree.body[-1], ast.Expr):
        shown = ast.Call(ast.Name(_SHOWN, ast.Load()), [tree.body[-1].value], [])
        tree.body[-1] = ast.fix_missing_locations(ast.Expr(shown))
    code = f"exec(compile({ast.unparse(tree)!r}, 'cell {number}', 'exec'), globals())"
    told = f"    print('cell {number} failed:'); __traceback__.print_exc(file=__sys__.stdout); raise"
    return f"try:\n    {code}\nexcept Exception:\n{told}"
