"""What procedures and functions have in common: names with argument types, overloads, SHOW, DESCRIBE, DROP."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..kernel.access import OWNERSHIP
from ..kernel.catalogue import Object
from ..kernel.errors import SnowflakeError, already_exists, invalid, unsupported
from ..kernel.kinds import STAMP, Create, Kind, Show
from ..kernel.result import DESCRIBE, Result, rows, status
from ..sql import datatypes
from . import imports, packages
from .definitions import Definition, read_arguments, read_rest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..kernel.names import Name
    from ..kernel.session import Session
    from ..kernel.tokens import Tokens


@dataclass(frozen=True)
class Routine:
    """A procedure or function, ready to run.

    Attributes:
        name: as it is called, without argument types.
        thing: its catalogue entry; none for an anonymous procedure.

    """

    name: str
    owner: str
    definition: Definition
    thing: Object | None = None


class RoutineKind(Kind):
    """Procedures or functions; `F(NUMBER, VARCHAR)` is the last part of a catalogue name."""

    noun = ""  # "Procedure"
    called = ""  # "stored procedures"
    columns = (
        ("created_on", STAMP),
        "name",
        "schema_name",
        "is_builtin",
        "is_aggregate",
        "is_ansi",
        ("min_num_arguments", "fixed"),
        ("max_num_arguments", "fixed"),
        "arguments",
        "description",
        "catalog_name",
        "is_table_function",
        "valid_for_clustering",
        "is_secure",
        "secrets",
        "external_access_integrations",
    )

    def create(self, session: Session, create: Create, tokens: Tokens) -> Result:
        """CREATE PROCEDURE | FUNCTION: the definition is checked now, the code runs later."""
        if "AGGREGATE" in create.modifiers:
            raise unsupported(f"CREATE AGGREGATE {self.word}")
        base = session.qualify(tokens.name())
        arguments = read_arguments(tokens)
        create = replace(create, copy_grants=tokens.accept("COPY", "GRANTS"))
        definition = replace(read_rest(tokens, arguments), secure="SECURE" in create.modifiers)
        name = base.sibling(signed(base.name, (a.data_type.name for a in definition.arguments)))
        definition = self.check(session, definition, name.container)
        new = Object(self.word, name, session.role, definition.to_json(), definition.comment)
        if create.temporary:
            self._add_temporary(session, create, new)
        else:
            self.add(session, create, new)
        return status(f"{self.noun} {base.name} successfully created.")

    def check(self, session: Session, definition: Definition, schema: Name | None) -> Definition:
        """The definition with its packages resolved, as CREATE freezes them.

        Raises:
            SnowflakeError: without a warehouse, for packages that are not there, for imports that are not staged.

        """
        if definition.language != "PYTHON":
            return definition
        if not session.warehouse:
            raise invalid(f"An active warehouse is required for creating Python {self.called}.", "391531", "42601")
        imports.check(session, definition.imports)
        return packages.resolved(session, definition, schema)

    def _add_temporary(self, session: Session, create: Create, new: Object) -> None:
        key = (self.word, new.name)
        if key in session.temporary and not (create.or_replace or create.if_not_exists):
            raise already_exists(new.name)
        if not (create.if_not_exists and key in session.temporary):
            session.check_container(new.name)
            session.temporary[key] = new

    def read_name(self, session: Session, tokens: Tokens) -> Name:
        """`F(INT, VARCHAR)`: the name and the types of its arguments."""
        base = session.qualify(tokens.name())
        if not tokens.accept("("):
            return base
        types = []
        while not tokens.accept(")"):
            types.append(datatypes.read(tokens).name)
            tokens.accept(",")
        return base.sibling(signed(base.name, types))

    def remove(self, session: Session, name: Name) -> None:
        """A temporary one goes from its session, any other from the catalogue."""
        if session.temporary.pop((self.word, name), None) is None:
            super().remove(session, name)

    def listed(self, session: Session, show: Show) -> Iterable[Object]:
        """The permanent ones, and the session's own."""
        own = [o for (kind, _), o in session.temporary.items() if kind == self.word]
        return [*own, *super().listed(session, show)]

    def show(self, session: Session, show: Show) -> Result:
        """SHOW PROCEDURES | FUNCTIONS: LIKE and STARTS WITH look at the name without its arguments."""
        found = [o for o in self.listed(session, show) if show.admits(bare(o.name.name))]
        return rows(self.columns, [self.row(session, o) for o in found[: show.limit]])

    def row(self, session: Session, thing: Object) -> dict[str, Any]:
        """A row of SHOW."""
        definition = Definition.from_json(thing.properties)
        returned = "TABLE" if definition.tabular else datatypes.parse(definition.returns).name
        optional = " ".join(f"[{a.data_type.name}]" for a in definition.arguments if a.default)
        return {
            "created_on": thing.created_on,
            "name": bare(thing.name.name),
            "schema_name": thing.name.schema,
            "catalog_name": thing.name.database,
            "is_builtin": "N",
            "is_aggregate": "N",
            "is_ansi": "N",
            "is_secure": "Y" if definition.secure else "N",
            "is_table_function": "Y" if definition.tabular else "N",
            "valid_for_clustering": "N",
            "min_num_arguments": definition.required,
            "max_num_arguments": len(definition.arguments),
            "arguments": f"{thing.name.name}{optional and ' ' + optional} RETURN {returned}",
            "description": thing.comment or f"user-defined {self.word.lower()}",
        }

    def describe(self, session: Session, thing: Object, tokens: Tokens) -> Result:
        """DESCRIBE PROCEDURE | FUNCTION: one row for each property; what a secure one does is shown to its owner only.

        https://docs.snowflake.com/en/developer-guide/secure-udf-procedure
        """
        tokens.end()
        definition = Definition.from_json(thing.properties)
        found = {
            "signature": f"({', '.join(f'{a.name} {a.data_type.name}' for a in definition.arguments)})",
            "returns": definition.returned,
            "language": definition.language,
            "null handling": "STRICT" if definition.strict else "CALLED ON NULL INPUT",
            "volatility": definition.volatility,
        }
        if self.word == "PROCEDURE":
            found["execute as"] = definition.execute_as
        if not definition.secure or session.may(OWNERSHIP, thing):
            found["body"] = definition.body
            found |= _python(definition) if definition.language == "PYTHON" else {}
        listed = [{"property": name, "value": value} for name, value in found.items()]
        return rows(["property", "value"], listed, DESCRIBE)

    # ---- calling
    def candidates(self, session: Session, base: Name) -> list[Object]:
        """The overloads of a name that the session may see; a temporary one hides a permanent one."""
        found = {
            o.name: o for o in session.account.catalogue.of(self.word, base.container) if session.find(o.kind, o.name)
        }
        found |= {name: o for (kind, name), o in session.temporary.items() if kind == self.word}
        return [o for name, o in found.items() if base.sibling(bare(name.name)) == base and self._usable(session, o)]

    def _usable(self, session: Session, thing: Object) -> bool:
        return (thing.kind, thing.name) in session.temporary or session.sees(thing)

    def routine(self, session: Session, thing: Object) -> Routine:
        """The routine of a catalogue entry, on which the session must have USAGE.

        Raises:
            SnowflakeError: 003001 without it.

        """
        if not session.may("USAGE", thing):
            session.require("USAGE", self.word, thing.name)
        return Routine(bare(thing.name.name), thing.owner, Definition.from_json(thing.properties), thing)


def _python(definition: Definition) -> dict[str, str]:
    return {
        "imports": str(list(definition.imports)),
        "handler": definition.handler,
        "runtime_version": definition.runtime_version,
        "packages": str(list(definition.packages)),
        "installed_packages": str(list(definition.installed)),
    }


def signed(base: str, types: Iterable[str]) -> str:
    """The last part of a routine's catalogue name: `F(NUMBER, VARCHAR)`."""
    return f"{base}({', '.join(types)})"


def bare(name: str) -> str:
    """A routine's name without its argument types."""
    return name[: name.rindex("(")] if name.endswith(")") else name


def chosen(base: str, found: list[Object], types: list[str]) -> Object:
    """The overload that a call with arguments of these types means.

    Args:
        base: the name, for the error.
        found: the overloads.
        types: the arguments' type names; "" for NULL, which fits every type.

    Raises:
        SnowflakeError: 001044 when none fits.

    """
    fitting = [o for o in found if _takes(Definition.from_json(o.properties), len(types))]
    if not fitting:
        text = f"SQL compilation error: error line 0 at position -1\nInvalid argument types for function '{base}': "
        raise SnowflakeError(text + f"({', '.join(types)})", "001044", "42P13")
    return min(fitting, key=lambda o: _distance(Definition.from_json(o.properties), types))


def _takes(definition: Definition, count: int) -> bool:
    return definition.required <= count <= len(definition.arguments)


# What Snowflake prefers to convert a type into, best first.
_WIDENING = {
    "NUMBER": ("NUMBER", "FLOAT", "VARIANT", "VARCHAR"),
    "FLOAT": ("FLOAT", "NUMBER", "VARIANT", "VARCHAR"),
    "VARCHAR": ("VARCHAR", "VARIANT"),
    "DATE": ("DATE", "TIMESTAMP_NTZ", "TIMESTAMP_LTZ", "VARIANT", "VARCHAR"),
}
_FAR = 9


def _distance(definition: Definition, types: list[str]) -> int:
    return sum(_steps(given, a.data_type.name) for a, given in zip(definition.arguments, types, strict=False))


def _steps(given: str, wanted: str) -> int:
    if not given or given == wanted:
        return 0
    order = _WIDENING.get(given, (given, "VARIANT", "VARCHAR"))
    return order.index(wanted) if wanted in order else _FAR
