"""Nothing is wired by assigning to another object: who is called is said when it is made."""

import ast
from collections.abc import Iterator, Mapping

import pytest

from tests.house.test_names import modules

OURSELVES = ("self", "cls")
FOREIGN = {"console/kit/rendering.py"}
"""What gives a library its functions in the library's own way: Jinja its filters."""


def functions(module: ast.Module) -> Iterator[str]:
    """The names of what can be called in a module, but for properties."""
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            decorators = {ast.unparse(decorator) for decorator in node.decorator_list}
            if not decorators & {"property", "cached_property"}:
                yield node.name


def fields(module: ast.Module) -> Iterator[str]:
    """The names under which objects of a module keep something, properties too."""
    for node in ast.walk(module):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id
        elif isinstance(node, ast.FunctionDef) and node.decorator_list:
            yield node.name


def wired(module: ast.Module, called: frozenset[str]) -> Iterator[str]:
    """Its assignments of something that is called to another object.

    So they look: a name that begins with ``on_``, a lambda, or one of the names ``called``.
    """
    here = {
        node.id if isinstance(node, ast.Name) else node.arg
        for node in ast.walk(module)
        if isinstance(node, ast.arg) or (isinstance(node, ast.Name) and _is_stored(node))
    }
    for node in ast.walk(module):
        targets: list[ast.expr]
        match node:
            case ast.Assign(targets=targets, value=value):
                pass
            case ast.AnnAssign(target=only, value=ast.expr() as value):
                targets = [only]
            case _:
                continue
        for target in targets:
            if not _is_anothers(target):
                continue
            name = target.attr if isinstance(target, ast.Attribute) else ""
            if name.startswith("on_") or _is_called(value, called, here):
                yield f"{node.lineno} {ast.unparse(node)}"


def _is_anothers(target: ast.expr) -> bool:
    """Whether it is an attribute of another object, or lies in one."""
    while isinstance(target, ast.Subscript):
        target = target.value
    match target:
        case ast.Attribute(value=ast.Name(id=name)):
            return name not in OURSELVES
        case ast.Attribute():
            return True
    return False


def _is_stored(name: ast.Name) -> bool:
    return isinstance(name.ctx, ast.Store)


def _is_called(value: ast.expr, called: frozenset[str], variables: set[str]) -> bool:
    match value:
        case ast.Lambda():
            return True
        case ast.Call(func=ast.Name(id="partial") | ast.Attribute(attr="partial")):
            return True
        case ast.Attribute(attr=name):
            return name in called
        case ast.Name(id=name):
            return name in called and name not in variables
    return False


@pytest.fixture(scope="module")
def house() -> Mapping[str, ast.Module]:
    return dict(modules())


@pytest.fixture(scope="module")
def called(house: Mapping[str, ast.Module]) -> frozenset[str]:
    """What is called by name in the house, and never a thing that is kept."""
    every = house.values()
    kept = {name for module in every for name in fields(module)}
    return frozenset(name for module in every for name in functions(module)) - kept


def test_nothing_is_wired_by_an_assignment(
    house: Mapping[str, ast.Module], called: frozenset[str]
) -> None:
    """Not in ``bench``, which takes parts out of their places to measure them."""
    found = {
        path: lines
        for path, module in house.items()
        if path not in FOREIGN
        and not path.startswith("bench/")
        and (lines := list(wired(module, called)))
    }
    assert found == {}


@pytest.mark.parametrize(
    "line",
    [
        "engine.talks.on_call_over = recorder.call_over",
        "engine.talks.over = recorder.call_over",
        "self.talks.over = lambda call: None",
        "talks.over = self.call_over",
        "talks.over: Callable[[LiveCall], None] = close_gap",
        "engine.switches.on_gap = gaps",
        "engine.receivers['node'] = partial(look, 1)",
    ],
)
def test_such_an_assignment_is_found(line: str, called: frozenset[str]) -> None:
    assert {"call_over", "close_gap"} <= called
    assert list(wired(ast.parse(line), called)) != []


@pytest.mark.parametrize(
    "line", ["self.on_call_over = on_call_over", "call.agent = offer.agent", "over = recorder.over"]
)
def test_what_is_no_wiring_is_left_alone(line: str, called: frozenset[str]) -> None:
    assert list(wired(ast.parse(line), called)) == []
