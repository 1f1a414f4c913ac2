"""One name, one meaning: in the whole house a name says what it is without its import."""

import ast
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from tests.house.test_contracts import ROOMS, ROOT

CUSTOMARY = {"numpy": "np"}
"""Renamed imports that every reader knows."""


STANDARD = {"__init__", "__main__", "pages", "routes", "words"}
"""Modules that a package or a feature of the console has by custom, each its own."""


@cache
def modules() -> Sequence[tuple[str, ast.Module]]:
    """Each module of the product with its path."""
    return [
        (str(file.relative_to(ROOT)), ast.parse(file.read_text("utf-8")))
        for room in ROOMS
        for file in sorted(room.rglob("*.py"))
    ]


def types_of(module: ast.Module) -> Iterator[str]:
    """The classes and type aliases that a module has for others; what begins with _ is its own."""
    for node in module.body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield node.name
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            if name[0].isupper() and not name.isupper():
                yield name


def test_no_two_types_share_a_name() -> None:
    places: defaultdict[str, list[str]] = defaultdict(list)
    for path, module in modules():
        for name in types_of(module):
            places[name].append(path)
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def test_no_two_modules_share_a_name() -> None:
    places: defaultdict[str, list[str]] = defaultdict(list)
    for path, _ in modules():
        if (name := Path(path).stem) not in STANDARD:
            places[name].append(path)
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def test_no_import_is_renamed() -> None:
    renamed = [
        f"{path}:{node.lineno} {name.name} as {name.asname}"
        for path, module in modules()
        for node in ast.walk(module)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
        if name.asname not in (None, CUSTOMARY.get(name.name))
    ]
    assert renamed == []
