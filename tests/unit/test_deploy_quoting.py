"""No name or value reaches SQL but through the one module that quotes: read off the source of deploy/ itself."""

import ast
import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DEPLOY = sorted((ROOT / "deploy").rglob("*.py"))
CONFIGURATION = [ROOT / "src/ml_pipeline/config.py", ROOT / "src/ml_pipeline/settings.py"]
SQL = re.compile(
    r"\s*(SELECT|SHOW|CREATE|ALTER|DROP|INSERT|UPDATE|MERGE|DELETE|EXECUTE|LIST|PUT|GET|REMOVE|CALL|DECLARE|BEGIN)\s"
)
QUOTING = {"identifier", "qualified", "literal", "keyword", "like"}
NUMBERS = {"int", "float", "bool", "list[int]", "Whole", "Count", "Candidates"}
# Parameters that are whole statements.
STATEMENTS = {"sql", "reads", "body"}
# What hands on what it is given.
PASSING = {"join", "values", "items", "upper", "str", "enumerate", "map"}
COUNTING = {"int", "len", "range", "round"}


@dataclass
class Source:
    """The files of deploy/, asked which expressions can only be constants, numbers or quoted text."""

    paths: list[Path]
    trees: dict[Path, ast.Module] = field(init=False)

    def __post_init__(self):
        self.trees = {path: ast.parse(path.read_text()) for path in self.paths}
        nodes = [node for tree in self.trees.values() for node in ast.walk(tree)]
        self.parents = {child: node for node in nodes for child in ast.iter_child_nodes(node)}
        self.functions = [node for node in nodes if isinstance(node, ast.FunctionDef)]
        self.fields = {}
        for node in nodes:
            if isinstance(node, ast.AnnAssign):
                self.fields.setdefault(_id(node.target) or _attr(node.target), set()).add(ast.unparse(node.annotation))
        self.calls = [node for node in nodes if isinstance(node, ast.Call)]

    def sql_texts(self, module):
        """The f-strings that begin as SQL does."""
        for node in ast.walk(self.trees[module]):
            if isinstance(node, ast.JoinedStr) and SQL.match(_opening(node)):
                yield node

    def unquoted(self, module):
        """What these f-strings put in without quoting it: line and expression."""
        for text in self.sql_texts(module):
            for part in text.values:
                if isinstance(part, ast.FormattedValue) and not self.safe(part.value):
                    yield f"line {part.lineno}: {ast.unparse(part.value)}"

    def safe(self, node, seen=frozenset()):
        """Whether the expression can hold nothing that is not quoted; what is being asked already is taken to be."""
        if node in seen:
            return True
        seen |= {node}
        match node:
            case ast.Constant():
                return True
            case ast.Name(id=name) | ast.Attribute(attr=name) if name.lstrip("_").isupper():
                return True
            case ast.Name():
                return self._variable(node, seen)
            case ast.Attribute(attr=name):
                return self.fields.get(name, {""}) <= NUMBERS or self._returns(node, name, seen)
            case ast.Call():
                return self._call(node, seen)
            case ast.GeneratorExp(elt=part) | ast.ListComp(elt=part) | ast.DictComp(value=part):
                return self.safe(part, seen)
            case ast.Subscript(value=part) | ast.FormattedValue(value=part) | ast.Starred(value=part):
                return self.safe(part, seen)
        return self._all(node, seen)

    def _all(self, node, seen):
        match node:
            case ast.JoinedStr(values=parts) | ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Dict(values=parts):
                return all(self.safe(part, seen) for part in parts)
            case ast.BinOp(left=one, right=other) | ast.IfExp(body=one, orelse=other):
                return self.safe(one, seen) and self.safe(other, seen)
        return False

    def _call(self, node, seen):
        match node.func:
            case ast.Name(id=name) if name in QUOTING | COUNTING:
                return True
            case ast.Name(id="map"):
                return _id(node.args[0]) in QUOTING
            case ast.Attribute(value=ast.Name(id="names")):
                return True
            case ast.Attribute(attr=name, value=value) if name in PASSING:
                return all(self.safe(part, seen) for part in [value, *node.args])
            case ast.Name(id=name) if name in PASSING:
                return all(self.safe(part, seen) for part in node.args)
            case ast.Name(id=name) | ast.Attribute(attr=name):
                return self._returns(node, name, seen)
        return False

    def _returns(self, node, name, seen):
        """Whether what is called so in this file, or else in any, returns only such text."""
        home = self._up(node, ast.Module)
        functions = [f for f in self.functions if f.name == name]
        near = [f for f in functions if self._up(f, ast.Module) is home]
        returned = [r.value for f in near or functions for r in ast.walk(f) if isinstance(r, ast.Return)]
        return bool(returned) and all(self.safe(value, seen) for value in returned)

    def _variable(self, node, seen):
        name, function = node.id, self._up(node, ast.FunctionDef | ast.Module)
        arguments = getattr(function, "args", None)
        for argument in [*arguments.args, *arguments.kwonlyargs] if arguments else ():
            if argument.arg == name:
                return self._parameter(function, argument, seen)
        values = [value for a in ast.walk(function) if isinstance(a, ast.Assign) for value in _assigned(a, name)]
        values += [n.value for n in ast.walk(function) if isinstance(n, ast.NamedExpr) and n.target.id == name]
        loops = (each for each in ast.walk(function) if isinstance(each, ast.comprehension | ast.For))
        values += [loop.iter for loop in loops if _binds([loop.target], name)]
        return bool(values) and all(self.safe(value, seen) for value in values)

    def _parameter(self, function, argument, seen):
        """Whether it is a number or a whole statement, or is given only such text wherever the function is called."""
        if argument.arg in STATEMENTS or _id(argument.annotation) in NUMBERS:
            return True
        names = [each.arg for each in function.args.args]
        if argument.arg not in names:
            return False
        place = names.index(argument.arg)
        bound = names[0] == "self"
        called = [call for call in self.calls if function.name in (_id(call.func), _attr(call.func))]
        given = [value for call in called for value in _given(call, place - bound, argument.arg)]
        return bool(given) and all(self.safe(value, seen) for value in given)

    def _up(self, node, kind):
        while not isinstance(node, kind):
            node = self.parents[node]
        return node


def _opening(text):
    first = text.values[0]
    return first.value if isinstance(first, ast.Constant) else ""


def _id(node):
    return getattr(node, "id", "")


def _attr(node):
    return getattr(node, "attr", "")


def _given(call, place, name):
    """What a call passes for a parameter."""
    return [*call.args[place : place + 1], *(keyword.value for keyword in call.keywords if keyword.arg == name)]


def _assigned(node, name):
    """What an assignment gives to this name: of `a, b = c, d` its own part."""
    for target in node.targets:
        if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            yield from (value for part, value in zip(target.elts, node.value.elts, strict=True) if _id(part) == name)
        elif _binds([target], name):
            yield node.value


def _binds(targets, name):
    return any(isinstance(part, ast.Name) and part.id == name for target in targets for part in ast.walk(target))


@pytest.fixture(scope="module")
def source():
    return Source([*DEPLOY, *CONFIGURATION])


def test_nothing_is_put_into_sql_unquoted(source):
    found = {module: list(source.unquoted(module)) for module in source.trees}
    assert {module: lines for module, lines in found.items() if lines} == {}


def test_most_of_the_deployers_sql_is_read(source):
    assert sum(len(list(source.sql_texts(module))) for module in source.trees) > 20


@pytest.mark.parametrize(
    "body",
    [
        'return f"DROP SCHEMA {environment.snowflake.schema}"',
        'name = environment.name\n    return f"DROP SCHEMA {name}"',
        'name, other = environment.name, "x"\n    return f"DROP SCHEMA {name}"',
        'for name in environment.parts:\n        return f"DROP SCHEMA {name}"',
        'return f"DROP SCHEMA {name}" if (name := environment.name) else ""',
        'return f"DROP SCHEMA {helped(environment.name)}"\n\n\ndef helped(name):\n    return f"x.{name}"',
        "return f\"DROP SCHEMA {'.'.join(part for part in environment.parts)}\"",
    ],
)
def test_a_name_that_is_not_quoted_is_seen(body, tmp_path):
    path = tmp_path / "bad.py"
    path.write_text(f"def drop(environment):\n    {body}\n")
    assert len(list(Source([path]).unquoted(path))) == 1
