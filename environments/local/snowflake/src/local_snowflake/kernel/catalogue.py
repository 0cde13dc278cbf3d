"""Every object of the account but the rows of tables: what it is called, who owns it, its properties."""

import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import chain
from typing import Any, TypeVar

from .errors import SnowflakeError, already_exists, does_not_exist
from .names import Name
from .store import Store


def now() -> datetime:
    """The current time, UTC, aware."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Object:
    """One object of the catalogue; changed by replacing it.

    Attributes:
        kind: Snowflake's word for it in the singular and upper case, such as "COMPUTE POOL".
        name: its full name; a procedure's or function's last part carries the argument types: `F(FLOAT, DATE)`.
        owner: the role that owns it.
        properties: what is particular to the kind, JSON-able.
        tags: full tag name (dotted text) to value.

    """

    kind: str
    name: Name
    owner: str
    properties: dict[str, Any] = field(default_factory=dict)
    comment: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    created: str = field(default_factory=lambda: now().isoformat())
    id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def created_on(self) -> datetime:
        """When it was created, UTC, aware."""
        return datetime.fromisoformat(self.created)

    def with_properties(self, **changes: Any) -> "Object":
        """A copy with some properties changed."""
        return replace(self, properties={**self.properties, **changes})


_REMEMBERED = 1000
_K, _V = TypeVar("_K"), TypeVar("_V")
# Told of a change: the object as it was, and as it is now.
Watcher = Callable[[Object | None, Object | None], None]


class Catalogue:
    """The objects, in memory and written through to the store. Safe to use from several threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = store.lock
        self._made = threading.Condition()
        self._making: set[tuple[str, Name]] = set()
        self._objects: defaultdict[str, dict[Name, Object]] = defaultdict(dict)  # by kind
        self._ids: dict[str, Object] = {}
        # For transactions that began before: what was dropped; what was replaced and when something came, by its id.
        self._dropped: dict[tuple[str, Name], Object] = {}
        self._replaced: dict[str, Object] = {}
        self._came: dict[str, int] = {}
        self._watchers: dict[str, Watcher] = {}
        for loaded in self._stored():
            self._keep(loaded)
        self._came.clear()
        store.reload.append(self._reload)

    def _stored(self) -> list[Object]:
        return [Object(**{**body, "name": Name(**body["name"])}) for _, body in self._store.all("object")]

    def _reload(self) -> None:
        """Be as the store is."""
        stored = {(thing.kind, thing.name): thing for thing in self._stored()}
        for thing in list(self._all()):
            if (thing.kind, thing.name) not in stored:
                self._forget(thing)
        for thing in stored.values():
            if self._objects[thing.kind].get(thing.name) != thing:
                self._keep(thing)

    def together(self) -> AbstractContextManager[None]:
        """Make several changes, of the catalogue and of grants, as one: see `Store.together`."""
        return self._store.together()

    def afterwards(self, action: Callable[[], object]) -> None:
        """Do what belongs to a change outside of the catalogue, once the change is kept: see `Store.afterwards`."""
        self._store.afterwards(action)

    @contextmanager
    def making(self, kind: str, name: Name) -> Iterator[None]:
        """Make an object alone: who wants to make one of the same name waits, and then finds it there."""
        with self._made:
            self._made.wait_for(lambda: (kind, name) not in self._making)
            self._making.add((kind, name))
        try:
            yield
        finally:
            with self._made:
                self._making.discard((kind, name))
                self._made.notify_all()

    def watch(self, kind: str, watcher: Watcher) -> None:
        """Call `watcher` for every object of a kind that is there, and from now on for each change.

        Args:
            kind: such as "TASK".
            watcher: gets the object as it was and as it is now, either None; it must not use the catalogue.

        """
        with self._lock:
            for thing in self._objects[kind].values():
                watcher(None, thing)
            self._watchers[kind] = watcher

    def find(self, kind: str, name: Name) -> Object | None:
        """The object, or None."""
        found = self._objects[kind].get(name) if kind in self._objects else None
        if found is None and self._store.changing:
            with self._lock:  # it may be about to be replaced: ask again once that is done
                return self._objects[kind].get(name)
        return found

    def identified(self, id_: str) -> Object | None:
        """The object of that id, whatever it is called now; None when there is none any more."""
        return self._ids.get(id_)

    def ids(self) -> set[str]:
        """The ids of all objects."""
        with self._lock:
            return set(self._ids)

    def get(self, kind: str, name: Name) -> Object:
        """The object.

        Raises:
            SnowflakeError: 002003 when there is none.

        """
        found = self.find(kind, name)
        if found is None:
            raise does_not_exist(kind, name)
        return found

    def add(self, new: Object, *, replacing: bool = False) -> Object:
        """Add an object.

        Raises:
            SnowflakeError: 002002 when one of that kind and name is there and is not to be replaced.

        """
        with self._lock:
            if not replacing and self.find(new.kind, new.name):
                raise already_exists(new.name)
            before = self._dropped.get((new.kind, new.name))
            if before:
                _remember(self._replaced, new.id, before)
            return self._write(new)

    def replace(self, old: Object, new: Object) -> Object:
        """Put an object in the place of another one; an open transaction may still read that."""
        with self._lock:
            _remember(self._replaced, new.id, self.get(old.kind, old.name))
            return self._write(new)

    def came(self, thing: Object) -> int:
        """When the object came, as nanoseconds of the epoch; 0 for long ago."""
        return self._came.get(thing.id, 0)

    def replaced_by(self, thing: Object) -> Object | None:
        """What an object replaced lately; None when it replaced nothing."""
        return self._replaced.get(thing.id)

    def change(self, kind: str, name: Name, alter: Callable[[Object], Object]) -> Object:
        """Replace an object by what `alter` makes of it, as one step."""
        with self._lock:
            return self._write(alter(self.get(kind, name)))

    def follow(self, id_: str, alter: Callable[[Object], Object]) -> None:
        """Replace an object by one that its rows carry already, so that a start finds it there.

        It counts, even where the store has no room for it now.
        """
        with self._lock:
            old = self._ids.get(id_)
            if old:
                new = alter(old)
                with suppress(SnowflakeError):
                    self._store.put("object", _key(new), _document(new))
                self._keep(new)

    def change_all(self, things: Iterable[Object], alter: Callable[[Object], Object]) -> None:
        """Replace each of these objects by what `alter` makes of it as it is now, as one step."""
        with self._lock:
            new = [alter(self.get(thing.kind, thing.name)) for thing in things]
            self._store.put_many("object", {_key(thing): _document(thing) for thing in new})
            for thing in new:
                self._keep(thing)

    def remove(self, kind: str, name: Name) -> Object:
        """Remove an object and return it."""
        with self._lock:
            gone = self.get(kind, name)
            self._store.remove("object", _key(gone))
            self._forget(gone)
            return gone

    def rename(self, thing: Object, name: Name) -> Object:
        """Call an object otherwise.

        Raises:
            SnowflakeError: 002002 when another one of its kind is called so.

        """
        with self.together():
            if self.find(thing.kind, name):
                raise already_exists(name)
            new = self._write(replace(self.get(thing.kind, thing.name), name=name))
            self.remove(thing.kind, thing.name)
            return new

    def swap(self, one: Object, other: Object) -> None:
        """Give two objects of a kind each other's name, as one step."""
        pairs = ((one, other.name), (other, one.name))
        with self.together():
            for new in [replace(self.get(thing.kind, thing.name), name=name) for thing, name in pairs]:
                self._write(new)

    def of(self, kind: str, within: Name | None = None) -> list[Object]:
        """The objects of a kind by name; only those in a database or schema when one is given."""
        with self._lock:
            found = list(self._objects[kind].values())
        return sorted((o for o in found if within is None or inside(o.name, within)), key=lambda o: o.name)

    def within(self, container: Name) -> Iterator[Object]:
        """Every object that lies in a database or schema, whatever its kind."""
        with self._lock:
            return iter([o for o in self._all() if inside(o.name, container)])

    def owned_by(self, role: str) -> list[Object]:
        """Every object that a role owns."""
        with self._lock:
            return [o for o in self._all() if o.owner == role]

    def _all(self) -> Iterator[Object]:
        return chain.from_iterable(objects.values() for objects in self._objects.values())

    def _write(self, new: Object) -> Object:
        self._store.put("object", _key(new), _document(new))
        return self._keep(new)

    def _keep(self, new: Object) -> Object:
        old = self._objects[new.kind].get(new.name)
        if new.id not in self._ids:
            _remember(self._came, new.id, time.time_ns())
        self._objects[new.kind][new.name] = self._ids[new.id] = new
        if old and old.id != new.id and self._ids.get(old.id) is old:
            del self._ids[old.id]
        self._tell(old, new)
        return new

    def _forget(self, gone: Object) -> None:
        del self._objects[gone.kind][gone.name]
        if self._ids.get(gone.id) is gone:  # else it has another name now
            del self._ids[gone.id]
            _remember(self._dropped, (gone.kind, gone.name), gone)
        self._tell(gone, None)

    def _tell(self, old: Object | None, new: Object | None) -> None:
        watcher = self._watchers.get((new or old).kind)  # type: ignore[union-attr]
        if watcher:
            watcher(old, new)


def _remember(known: dict[_K, _V], key: _K, value: _V) -> None:
    """Note it, in the place of the oldest when there are many."""
    known.pop(key, None)
    known[key] = value
    if len(known) > _REMEMBERED:
        del known[next(iter(known))]


def inside(name: Name, container: Name) -> bool:
    """Whether the name lies in that database (a bare name) or schema (a name with a database)."""
    if container.database:
        return (name.database, name.schema) == (container.database, container.name)
    return name.database == container.name


def _document(thing: Object) -> dict[str, Any]:
    """The object as the store keeps it, which turns it into JSON at once: so nothing has to be copied."""
    return {**vars(thing), "name": vars(thing.name)}


def _key(thing: Object) -> str:
    return "\x1f".join((thing.kind, thing.name.database, thing.name.schema, thing.name.name))
