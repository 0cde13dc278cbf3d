"""Several graphs in the configuration: [graph] has what they share, [graphs.<name>] what differs in one of them."""

from collections.abc import Iterator, Mapping
from typing import Any

from .section import Path, Place, as_table, overlay, read, table
from .settings import Graph
from .values import ConfigError, nearest

_GRAPH, _GRAPHS = "graph", "graphs"

Tables = Mapping[str, Any]


def apart(tables: dict[str, Any], file: str) -> tuple[dict[str, Any], Tables]:
    """Return a file's tables without those of single graphs, and those by the graph's name."""
    rest = {key: value for key, value in tables.items() if key != _GRAPHS}
    found = as_table(tables.get(_GRAPHS, {}), file, _GRAPHS)
    for name, values in found.items():
        if "name" in as_table(values, file, _GRAPHS, name):
            raise ConfigError(f'{file}: {table((_GRAPHS, name))} has its name in its heading: leave "name" out')
    return rest, found


def graphs(shared: Tables, files: dict[str, Tables], place: Place) -> Iterator[Graph]:
    """Yield each graph: what they share, with what is different in it.

    Args:
        shared: the values of [graph].
        files: the tables of single graphs by file, that of base.toml first, which names them all.
        place: where a key of [graph] is.

    """
    base, named = next(iter(files.items()))
    for file, tables in files.items():
        if unknown := [name for name in tables if name not in named]:
            advice = nearest(unknown[0], named) or f"; a graph is named in {base} first"
            raise ConfigError(f"{file}: unknown table {table((_GRAPHS, unknown[0]))}{advice}")
    for name in named:
        values = dict(shared)
        for file, tables in files.items():
            values = overlay(Graph, values, tables.get(name, {}), file, _GRAPHS, name)
        yield read(Graph, {**values, "name": name}, _place(name, files, place))


def _place(name: str, files: dict[str, Tables], otherwise: Place) -> Place:
    def found(path: Path) -> tuple[str, Path]:
        for file, tables in reversed(files.items()):
            if path[0] in tables.get(name, {}):
                return file, (_GRAPHS, name, *path)
        return otherwise((_GRAPH, *path))

    return found
