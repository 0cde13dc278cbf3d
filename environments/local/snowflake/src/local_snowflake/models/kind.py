"""Models as objects: CREATE, ALTER, DROP, SHOW MODELS, and what SHOW says of versions and functions.

https://docs.snowflake.com/en/sql-reference/sql/create-model
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from ..kernel.catalogue import Object
from ..kernel.errors import already_exists, invalid
from ..kernel.kinds import STAMP, Create, Kind, Show
from ..kernel.registry import kinds
from ..kernel.result import Result, rows, status
from ..kernel.tokens import Tokens
from ..python import repositories
from ..stages import locations
from ..statements import read_show
from . import inference, lineage, versions
from .versions import Version, model_of

if TYPE_CHECKING:
    from pathlib import Path

    from ..kernel.names import Name
    from ..kernel.session import Session


class _Models(Kind):
    word, plural = "MODEL", "MODELS"
    columns = (
        ("created_on", STAMP),
        "name",
        "model_type",
        "database_name",
        "schema_name",
        "comment",
        "owner",
        "default_version_name",
        "versions",
        "aliases",
    )

    def create(self, session: Session, create: Create, tokens: Tokens) -> Result:
        """CREATE MODEL name [WITH VERSION v] FROM @stage/path | MODEL other [VERSION v]."""
        name = session.qualify(tokens.name())
        version_name = tokens.identifier() if tokens.accept("WITH", "VERSION") else "V1"
        self.authorise_create(session, name)
        old = session.account.catalogue.find(self.word, name)
        if old and create.if_not_exists:
            return status(f"{name.name} already exists, statement succeeded.")
        if old and not create.or_replace:
            raise already_exists(name)
        version = _from(session, tokens, version_name)
        kept = {"default": version.name, "aliases": {}, "versions": {version.name: versions.to_json(version)}}
        return self.add(session, create, Object(self.word, name, session.role, kept))

    def versions(self, session: Session, show: Show, tokens: Tokens) -> Result:
        """SHOW VERSIONS [LIKE '...'] IN MODEL name."""
        return _versions(session, show, tokens)

    def alter(self, session: Session, name: Name, tokens: Tokens) -> Result:
        """ALTER MODEL: versions, their aliases, comments and metadata; the default version; the name."""
        model = session.own(self.word, name)
        for words, change in _CHANGES:
            if tokens.accept(*words):
                # Read and written as one step: versions may be added at the same time.
                return self.change(session, name, partial(_changed, session, tokens, change))
        if tokens.accept("RENAME", "TO"):
            return self._rename(session, model, tokens)
        return super().alter(session, name, tokens)

    def _rename(self, session: Session, model: Object, tokens: Tokens) -> Result:
        new = session.qualify(tokens.name())
        tokens.end()
        self.authorise_create(session, new)
        with session.account.catalogue.together():
            session.account.catalogue.rename(model, new)
            session.account.access.move(self.word, model.name, new)
        return status("Statement executed successfully.")

    def remove(self, session: Session, name: Name) -> None:
        """The files go with the model."""
        model = session.account.catalogue.get(self.word, name)
        super().remove(session, name)
        for version in versions.all_of(model).values():
            session.account.remains.folder(versions.folder(session.account, version))

    def row(self, session: Session, thing: Object) -> dict[str, Any]:
        """A row of SHOW MODELS."""
        known = versions.all_of(thing)
        named = {alias: versions.find(thing, alias).name for alias in ("DEFAULT", "FIRST", "LAST")}
        found = {
            "model_type": "USER_MODEL",
            "default_version_name": thing.properties["default"],
            "versions": json.dumps(list(known)),
            "aliases": json.dumps(named | thing.properties["aliases"]),
        }
        return super().row(session, thing) | found


# ---- where a version comes from
def _from(session: Session, tokens: Tokens, name: str) -> Version:
    tokens.expect("FROM")
    if tokens.accept("MODEL"):
        source = model_of(session, tokens.name())
        copied = versions.find(source, tokens.identifier() if tokens.accept("VERSION") else "DEFAULT")
        tokens.end()
        files = versions.folder(session.account, copied)
        new = versions.stored(session.account, name, files)
        origin = lineage.kept(lineage.Node("MODULE", source.name, copied.name))
        return replace(new, metadata=copied.metadata, comment=copied.comment, sources=(origin,))
    location = locations.read(session, tokens)
    tokens.end()
    new = versions.stored(session.account, name, location.folder / location.path)
    for name in new.packages.repositories if new.packages else ():
        repositories.require(session.account, session.roles, repositories.named(name))
    listed = versions.listed_sources(versions.folder(session.account, new))
    return replace(new, sources=lineage.sources(session, listed))


# ---- ALTER MODEL
_Change = Callable[["Session", Object, Tokens], Object]


def _changed(session: Session, tokens: Tokens, change: _Change, model: Object) -> Object:
    changed = change(session, model, tokens)
    tokens.end()
    return changed


def _with_version(model: Object, version: Version) -> Object:
    return model.with_properties(versions={**model.properties["versions"], version.name: versions.to_json(version)})


def _add(session: Session, model: Object, tokens: Tokens) -> Object:
    name = tokens.identifier()
    if name in model.properties["versions"]:
        raise already_exists(f"{model.name}.{name}")
    return _with_version(model, _from(session, tokens, name))


def _drop(session: Session, model: Object, tokens: Tokens) -> Object:
    version = versions.find(model, tokens.identifier())
    if version.name == model.properties["default"]:
        raise invalid(f"Cannot drop version '{version.name}': it is the default version of the model.", "398503")
    session.account.remains.folder(versions.folder(session.account, version))
    kept = {name: v for name, v in model.properties["versions"].items() if name != version.name}
    aliases = {alias: name for alias, name in model.properties["aliases"].items() if name != version.name}
    return model.with_properties(versions=kept, aliases=aliases)


def _default(session: Session, model: Object, tokens: Tokens) -> Object:
    return model.with_properties(default=versions.find(model, _named(tokens)).name)


def _named(tokens: Tokens) -> str:
    return tokens.take().value if tokens.peek().kind == "string" else tokens.identifier()


def _alias(session: Session, model: Object, tokens: Tokens) -> Object:
    version = versions.find(model, tokens.identifier())
    aliases = dict(model.properties["aliases"])
    if tokens.accept("UNSET", "ALIAS"):
        return model.with_properties(aliases={a: v for a, v in aliases.items() if v != version.name})
    tokens.expect("SET", "ALIAS", "=")
    alias = _named(tokens)
    if alias in aliases or alias in model.properties["versions"] or alias in {"DEFAULT", "FIRST", "LAST"}:
        raise already_exists(alias)
    return model.with_properties(aliases={**aliases, alias: version.name})


def _modify(session: Session, model: Object, tokens: Tokens) -> Object:
    version = versions.find(model, tokens.identifier())
    tokens.expect("SET")
    what = tokens.accept_any("COMMENT", "METADATA")
    if what is None:
        raise tokens.unexpected()
    tokens.expect("=")
    text = tokens.value()
    if what == "METADATA":
        _check_metadata(text)
    return _with_version(model, replace(version, **{what.lower(): text}))


def _check_metadata(text: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/alter-model-modify-version: a JSON object."""
    try:
        is_object = isinstance(json.loads(text), dict)
    except ValueError:
        is_object = False
    if not is_object:
        raise invalid("METADATA of a model's version is a JSON object.")


_CHANGES: tuple[tuple[tuple[str, ...], _Change], ...] = (
    (("ADD", "VERSION"), _add),
    (("DROP", "VERSION"), _drop),
    (("SET", "DEFAULT_VERSION", "="), _default),
    (("MODIFY", "VERSION"), _modify),
    (("VERSION",), _alias),
)


# ---- SHOW VERSIONS, SHOW FUNCTIONS
def _show_versions(session: Session, tokens: Tokens) -> Result:
    """SHOW VERSIONS [LIKE '...'] IN MODEL | DATASET name."""
    show = Show(like=tokens.value() if tokens.accept("LIKE") else None)
    tokens.expect("IN")
    word = tokens.accept_any("MODEL", "DATASET")
    if not word:
        raise tokens.unexpected()
    return kinds()[word].versions(session, show, tokens)


def _versions(session: Session, show: Show, tokens: Tokens) -> Result:
    model = model_of(session, tokens.name())
    tokens.end()
    found = [v for v in versions.all_of(model).values() if show.admits(v.name)]
    return rows(_VERSION_COLUMNS, [_version_row(session, model, v) for v in found])


_VERSION_COLUMNS = (
    ("created_on", STAMP),
    "name",
    "aliases",
    "database_name",
    "schema_name",
    "model_name",
    "is_default_version",
    "functions",
    "metadata",
    "user_data",
    "model_attributes",
    "model_spec",
    "runnable_in",
    "inference_services",
    "comment",
)


def _version_row(session: Session, model: Object, version: Version) -> dict[str, Any]:
    return {
        "created_on": replace(model, created=version.created).created_on,
        "name": version.name,
        "aliases": json.dumps(versions.aliases(model, version.name)),
        "database_name": model.name.database,
        "schema_name": model.name.schema,
        "model_name": model.name.name,
        "is_default_version": str(version.name == model.properties["default"]).lower(),
        "functions": json.dumps([m.name for m in version.methods]),
        "metadata": version.metadata,
        "user_data": "{}",
        "model_attributes": version.attributes,
        "model_spec": version.spec,
        "runnable_in": json.dumps(version.runnable_in),
        "inference_services": json.dumps([str(s.name) for s in _services(session, version)]),
        "comment": version.comment,
    }


def _services(session: Session, version: Version) -> list[Object]:
    """The services that answer for a version, as far as the session sees them."""
    return [service for service in versions.services(session.account, version) if session.sees(service)]


def _show_functions_in(session: Session, tokens: Tokens) -> Result:
    """SHOW FUNCTIONS IN MODEL name [VERSION v]; in anything else, user-defined functions."""
    if not tokens.accept("MODEL"):
        functions = kinds()["FUNCTIONS"]
        return functions.show(session, read_show(session, Tokens(f"IN {tokens.rest}"), functions))
    model = model_of(session, tokens.name())
    version = versions.find(model, tokens.identifier() if tokens.accept("VERSION") else "DEFAULT")
    tokens.end()
    columns = (("created_on", STAMP), "name", ("min_num_arguments", "fixed"), ("max_num_arguments", "fixed"))
    created = replace(model, created=version.created).created_on
    listed = [
        {
            "created_on": created,
            "name": m.name,
            "min_num_arguments": len(m.inputs),
            "max_num_arguments": len(m.inputs),
            "arguments": m.signature,
            "return_type": m.returns,
            "language": "PYTHON",
        }
        for m in version.methods
    ]
    return rows((*columns, "arguments", "return_type", "language"), listed)


# ---- files
def _files(session: Session, rest: str) -> locations.Location:
    """`snow://model/<name>/versions/<version>/<path>`."""
    written, _, inside = rest.partition("/versions/")
    version_name, _, path = inside.partition("/")
    model = model_of(session, Tokens(written).name())
    version = versions.find(model, version_name)
    where: Path = versions.folder(session.account, version)
    return locations.Location(model, where, locations.checked_path(path), f"versions/{version.name}/")


SCHEMES = {"model": _files}

MODELS = _Models()
KINDS = (MODELS,)
VERBS = {"SHOW VERSIONS": _show_versions, "SHOW FUNCTIONS IN": _show_functions_in}
REWRITES = inference.REWRITES
