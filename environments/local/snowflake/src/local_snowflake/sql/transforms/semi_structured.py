"""VARIANT, OBJECT and ARRAY: paths, constructors, and variants where a plain value is asked for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from sqlglot import exp
from sqlglot.errors import SqlglotError

from ...kernel.errors import invalid, unsupported
from .rewriting import Call, Node, call, cast, integer, literal, name_of, renamed, text

# Marks the query that computes FLATTEN's rows, whose VALUE and THIS are variants.
FLATTENED = "flattened"

# DuckDB functions and macros of this package whose result is JSON.
_JSON_CALLS = {
    *("json_extract", "to_json", "_sf_json", "_sf_row", "json_array", "sf_get", "sf_parse_json", "sf_try_parse_json"),
    *("sf_to_variant",),
    *("sf_object_construct", "sf_split", "sf_array_append", "sf_array_cat", "sf_as_object", "sf_as_array"),
}


def is_variant(node: Node) -> bool:
    """Whether the tree alone shows that a value is JSON (a column's type is not known here)."""
    node = node.unnest()
    if isinstance(node, exp.Anonymous):
        return node.this in _JSON_CALLS
    if isinstance(node, exp.Cast):
        return node.to.is_type("JSON")
    return isinstance(node, exp.Column) and node.name in {"VALUE", "THIS"} and _is_flattened(node)


# What the calls of constructors are, that are ARRAY or OBJECT, and so no text by themselves.
_CONTAINERS = re.compile(r"json_array|sf_split|_sf_row|sf_(array|object)_(?!size|contains|position|to_string).*")
CONTAINER = "container"


def is_container(node: Node) -> bool:
    """Whether the tree alone shows that a value is an ARRAY or an OBJECT, and not a VARIANT."""
    node = node.unnest()
    if isinstance(node, exp.Anonymous) and node.this == "_sf_implicit_text":
        node = node.expressions[0].unnest()
    named = isinstance(node, exp.Anonymous) and isinstance(node.this, str) and _CONTAINERS.fullmatch(node.this)
    return bool(named) or bool(node.meta.get(CONTAINER))


def _is_flattened(column: exp.Column) -> bool:
    select = column.find_ancestor(exp.Select)
    if select is None:
        return False
    sources = [select.args.get("from_"), *(select.args.get("joins") or ()), *(select.args.get("laterals") or ())]
    names = {s.this.alias_or_name for s in sources if s is not None and _reads_flatten(s.this)}
    return column.table in names if column.table else bool(names)


def _reads_flatten(source: Node) -> bool:
    """Whether a relation is FLATTEN's rows, before or after it was translated itself."""
    inner = source.this if isinstance(source, exp.Lateral | exp.TableFromRows) else source
    return bool(inner.meta.get(FLATTENED)) or (isinstance(inner, exp.Anonymous) and name_of(inner) == "FLATTEN")


def plain(node: Node) -> Node:
    """A variant as text, without quotes; anything else as it is."""
    return call("sf_to_varchar", node) if is_variant(node) else node


def numeric(node: Node) -> Node:
    """A variant as a number; anything else as it is."""
    return cast(node, "DOUBLE") if is_variant(node) else node


def alike(values: Iterable[Node]) -> list[Node]:
    """Values that become one column: all of them variants when one is."""
    values = list(values)
    if not any(is_variant(v) for v in values):
        return values
    return [v if is_variant(v) or isinstance(v, exp.Null) else call("_sf_json", v) for v in values]


# ---- paths
def extracted(node: exp.JSONExtract) -> Node:
    """`column:path.to[0]."Key"`: keys are case-sensitive."""
    path = node.expression
    if not isinstance(path, exp.JSONPath):
        raise unsupported(f"path {path.sql('snowflake')}")
    steps = [_step(step) for step in path.expressions[1:]]
    return call("json_extract", node.this, text("$" + "".join(steps)))


def _step(step: Node) -> str:
    if isinstance(step, exp.JSONPathKey):
        return "." + _quoted(str(step.this))
    if isinstance(step, exp.JSONPathSubscript) and not isinstance(step.this, exp.Expression):
        return f"[{step.this}]" if isinstance(step.this, int) else "." + _quoted(str(step.this))
    raise unsupported(f"path step {step.sql('snowflake')}")


def _quoted(key: str) -> str:
    return '"' + key.replace('"', '\\"') + '"'


def subscripted(node: exp.Bracket) -> Node:
    """`value[0]` counts from 0; `value['key']` is case-sensitive; what is missing is NULL."""
    if len(node.expressions) != 1 or isinstance(node.expressions[0], exp.Slice):
        raise unsupported("slices in brackets")
    return get([node.this, node.expressions[0]])


def get(arguments: Sequence[Node]) -> Node:
    """GET(value, key or index)."""
    value, key = arguments
    if literal(key) is not None:
        return call("json_extract", value, text("$." + _quoted(key.name)))
    index = integer(key)
    if index is not None and index >= 0:
        return call("json_extract", value, text(f"$[{index}]"))
    return call("sf_get", value, key)


def get_path(arguments: Sequence[Node]) -> Node:
    """GET_PATH(value, 'path.to[0]')."""
    value, path = arguments
    if literal(path) is None:
        raise unsupported("GET_PATH with a path that is no literal")
    return call("json_extract", value, text(path_of(path.name)))


def path_of(path: str) -> str:
    """DuckDB's path for one in Snowflake's notation (`a.b[0]`).

    Raises:
        SnowflakeError: 100351 for a text that is no path.

    """
    steps = exp.JSONPath(expressions=[])
    try:
        parsed = exp.maybe_parse(f"x:{path}", dialect="snowflake")
    except SqlglotError as error:
        raise invalid(f"Invalid extraction path '{path}'.", "100351", "22P02") from error
    steps = parsed.expression if isinstance(parsed, exp.JSONExtract) else steps
    return "$" + "".join(_step(step) for step in steps.expressions[1:])


# ---- constructors
def array(node: exp.Array) -> Node:
    """`[a, b]`."""
    return array_construct(node.expressions)


def array_construct(arguments: Sequence[Node]) -> Node:
    """ARRAY_CONSTRUCT."""
    return call("json_array", *map(_item, arguments))


def _item(value: Node) -> Node:
    """A value as it stands in an array."""
    return value if _is_plain(value) else call("_sf_json", value)


def _is_plain(value: Node) -> bool:
    """Whether the tree alone shows that a value is no time and no binary: DuckDB writes such ones as Snowflake does."""
    value = value.unnest()
    return isinstance(value, exp.Literal | exp.Null | exp.Boolean | exp.DPipe | exp.Predicate) or is_variant(value)


def struct(node: exp.Struct) -> Node:
    """`{'a': 1}`, and `{*}` for the whole row."""
    if any(_is_star(item) for item in node.expressions):
        if len(node.expressions) > 1:
            raise unsupported("an object constant with * and more")
        return _whole_row(node.expressions[0], "sf_object_construct")
    pairs = [(text(p.this.name), p.expression) for p in node.expressions if isinstance(p, exp.PropertyEQ)]
    return _object("sf_object_construct", [key for key, _ in pairs], [value for _, value in pairs])


def _is_star(node: Node) -> bool:
    return isinstance(node.this if isinstance(node, exp.Column) else node, exp.Star)


def _constructor(macro: str) -> Call:
    """OBJECT_CONSTRUCT, with or without the keys whose value is NULL."""

    def construct(arguments: Sequence[Node]) -> Node:
        if len(arguments) == 1 and _is_star(arguments[0]):
            return _whole_row(arguments[0], macro)
        if len(arguments) % 2:
            name = macro.removeprefix("sf_").upper()
            raise invalid(
                f"Invalid number of arguments for function {name}: keys and values come in pairs", "001012", "42601"
            )
        return _object(macro, list(arguments[::2]), list(arguments[1::2]))

    return construct


def _object(macro: str, keys: list[Node], values: list[Node]) -> Node:
    if not keys:
        empty = cast(text("{}"), "JSON")
        empty.meta[CONTAINER] = True
        return empty
    items = [call("to_json", value) if _is_plain(value) else call("_sf_json", value) for value in values]
    return call(macro, call("list_value", *keys), call("list_value", *items))


def _whole_row(node: Node, macro: str) -> Node:
    """OBJECT_CONSTRUCT(*), `{* EXCLUDE a}`, `{t.* ILIKE 'a%'}`: the row of a relation that the query reads."""
    star = node.this if isinstance(node, exp.Column) else node
    row = call("_sf_row", exp.column(_row_of(node), quoted=True))
    if star.args.get("ilike") is not None:
        row = call("_sf_like_keys", row, star.args["ilike"])
    if star.args.get("except_"):
        dropped = [text(part.name) for part in star.args["except_"]]
        row = call("sf_object_delete", row, call("list_value", *dropped))
    return call("_sf_without_nulls", row) if macro == "sf_object_construct" else row


def _row_of(node: Node) -> str:
    """The alias of the relation that the star stands for."""
    select = node.find_ancestor(exp.Select)
    sources = [] if select is None else [select.args.get("from_"), *(select.args.get("joins") or ())]
    relations = [source.this for source in sources if source is not None]
    if isinstance(node, exp.Column):
        relations = [r for r in relations if r.alias_or_name == node.table]
    if len(relations) != 1:
        raise unsupported("OBJECT_CONSTRUCT(*) of more than one relation")
    if not relations[0].alias_or_name:
        relations[0].set("alias", exp.TableAlias(this=exp.to_identifier("_ROW", quoted=True)))
    return relations[0].alias_or_name


def _keys(macro: str) -> Call:
    """OBJECT_DELETE and OBJECT_PICK: an object and keys."""
    return lambda arguments: call(macro, arguments[0], call("list_value", *arguments[1:]))


def type_of(arguments: Sequence[Node]) -> Node:
    """TYPEOF(variant); where the tree shows what became one, TYPEOF that."""
    value = arguments[0].unnest()
    made = isinstance(value, exp.Anonymous) and value.this in {"_sf_json", "sf_to_variant"}
    return call("sf_typeof", value.expressions[0] if made else arguments[0])


CALLS: dict[str, Call] = {
    "TYPEOF": type_of,
    "GET": get,
    "GET_PATH": get_path,
    "ARRAY_CONSTRUCT": array_construct,
    "OBJECT_CONSTRUCT": _constructor("sf_object_construct"),
    "OBJECT_CONSTRUCT_KEEP_NULL": _constructor("sf_object_construct_keep_null"),
    "OBJECT_DELETE": _keys("sf_object_delete"),
    "OBJECT_PICK": _keys("sf_object_pick"),
    "JSON_EXTRACT_PATH_TEXT": lambda a: call("sf_to_varchar", get_path(a)),
    "STRIP_NULL_VALUE": lambda a: exp.Case(
        ifs=[exp.If(this=exp.not_(call("sf_is_null_value", a[0].copy())), true=a[0])]
    ),
    "CHECK_JSON": lambda a: exp.Case(
        ifs=[exp.If(this=exp.not_(call("json_valid", a[0])), true=text("Error parsing JSON"))]
    ),
    **{name: renamed(f"sf_as_{kind}") for name, kind in (("AS_CHAR", "varchar"), ("AS_REAL", "double"))},
    "IS_CHAR": renamed("sf_is_varchar"),
    "IS_REAL": renamed("sf_is_double"),
    "AS_NUMBER": renamed("sf_as_integer"),
}
RULES = {exp.JSONExtract: extracted, exp.Bracket: subscripted, exp.Array: array, exp.Struct: struct}
