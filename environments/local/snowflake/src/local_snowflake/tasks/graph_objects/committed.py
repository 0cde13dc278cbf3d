"""What task graph objects had committed: the definitions that run, apart from the latest ones in the catalogue."""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from ...kernel.catalogue import Object
from ...kernel.names import Name

if TYPE_CHECKING:
    from ...kernel.store import Store

_COLLECTION = "committed_graph"


@dataclass(frozen=True)
class Committed:
    """A task graph object and its members as they were when they were committed."""

    graph: Object
    members: tuple[Object, ...]


class CommittedGraphs:
    """The committed definitions by graph id, in memory and in the store. Safe to use from several threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._graphs: dict[str, Committed] = {}
        self._members: dict[Name, tuple[str, Object]] = {}
        for graph_id, body in store.all(_COLLECTION):
            self._remember(graph_id, _from_json(body))

    def put(self, committed: Committed) -> None:
        """Keep a commit in the place of the graph's last one."""
        with self._lock:
            self._store.put(_COLLECTION, committed.graph.id, _to_json(committed))
            self._let_go(committed.graph.id)
            self._remember(committed.graph.id, committed)

    def forget(self, graph_id: str) -> None:
        """The graph object is gone."""
        with self._lock:
            self._store.remove(_COLLECTION, graph_id)
            self._let_go(graph_id)

    def of(self, graph: Object) -> Committed | None:
        """What a graph object committed last."""
        return self._graphs.get(graph.id)

    def all(self) -> list[Committed]:
        """Every graph's last commit."""
        with self._lock:
            return list(self._graphs.values())

    def member(self, task: Name) -> Object | None:
        """The committed definition of a task; None when it is in no graph's committed version."""
        found = self._members.get(task)
        return found[1] if found else None

    def graph_of(self, task: Name) -> Object | None:
        """The graph object, as committed, in whose committed version a task is."""
        found = self._members.get(task)
        return self._graphs[found[0]].graph if found else None

    def _remember(self, graph_id: str, committed: Committed) -> None:
        self._graphs[graph_id] = committed
        self._members.update({member.name: (graph_id, member) for member in committed.members})

    def _let_go(self, graph_id: str) -> None:
        gone = self._graphs.pop(graph_id, None)
        for member in gone.members if gone else ():
            self._members.pop(member.name, None)


def _to_json(committed: Committed) -> dict[str, Any]:
    return {"graph": asdict(committed.graph), "members": [asdict(member) for member in committed.members]}


def _from_json(body: dict[str, Any]) -> Committed:
    graph, *members = [Object(**{**one, "name": Name(**one["name"])}) for one in (body["graph"], *body["members"])]
    return Committed(graph, tuple(members))
