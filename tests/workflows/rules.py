"""What no checker knows: the rules of our workflow files, by name."""

from collections.abc import Callable, Iterator
from types import ModuleType

from tests.workflows import access, flow, form
from tests.workflows.reading import Workflows

Rule = Callable[[Workflows], Iterator[str]]


def _rules(module: ModuleType) -> dict[str, Rule]:
    own = {name: value for name, value in vars(module).items() if getattr(value, "__module__", "") == module.__name__}
    return {name: value for name, value in own.items() if not name.startswith("_") and name != "script"}


RULES = _rules(access) | _rules(flow) | _rules(form)
