"""Every object of the account but the rows of tables: what it is called, who owns it, its properties."""

import threading
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from .errors import already_exists, does_not_exist
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


class Catalogue:
    """The objects, in memory and written through to the store. Safe to use from several threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.RLock()
        self._objects: dict[tuple[str, Name], Object] = {}
        for _, body in store.all("object"):
            loaded = Object(**{**body, "name": Name(**body["name"])})
            self._objects[loaded.kind, loaded.name] = loaded

    def find(self, kind: str, name: Name) -> Object | None:
        """The object, or None."""
        return self._objects.get((kind, name))

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
            if not replacing and (new.kind, new.name) in self._objects:
                raise already_exists(new.name)
            return self._write(new)

    def change(self, kind: str, name: Name, alter: Callable[[Object], Object]) -> Object:
        """Replace an object by what `alter` makes of it, as one step."""
        with self._lock:
            return self._write(alter(self.get(kind, name)))

    def change_all(self, things: Iterable[Object], alter: Callable[[Object], Object]) -> None:
        """Replace each of these objects by what `alter` makes of it as it is now, as one step."""
        with self._lock:
            new = [alter(self.get(thing.kind, thing.name)) for thing in things]
            self._objects.update({(thing.kind, thing.name): thing for thing in new})
            self._store.put_many("object", {_key(thing): asdict(thing) for thing in new})

    def remove(self, kind: str, name: Name) -> Object:
        """Remove an object and return it."""
        with self._lock:
            gone = self.get(kind, name)
            del self._objects[kind, name]
            self._store.remove("object", _key(gone))
            return gone

    def of(self, kind: str, within: Name | None = None) -> list[Object]:
        """The objects of a kind by name; only those in a database or schema when one is given."""
        with self._lock:
            found = [o for (k, _), o in self._objects.items() if k == kind]
        return sorted((o for o in found if within is None or inside(o.name, within)), key=lambda o: o.name)

    def within(self, container: Name) -> Iterator[Object]:
        """Every object that lies in a database or schema, whatever its kind."""
        with self._lock:
            return iter([o for o in self._objects.values() if inside(o.name, container)])

    def owned_by(self, role: str) -> list[Object]:
        """Every object that a role owns."""
        with self._lock:
            return [o for o in self._objects.values() if o.owner == role]

    def _write(self, new: Object) -> Object:
        self._objects[new.kind, new.name] = new
        self._store.put("object", _key(new), asdict(new))
        return new


def inside(name: Name, container: Name) -> bool:
    """Whether the name lies in that database (a bare name) or schema (a name with a database)."""
    if container.database:
        return (name.database, name.schema) == (container.database, container.name)
    return name.database == container.name


def _key(thing: Object) -> str:
    return "\x1f".join((thing.kind, thing.name.database, thing.name.schema, thing.name.name))
