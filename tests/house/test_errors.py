"""The tree of exceptions in domain/errors.py is that of the classes."""

import importlib
import re
from collections.abc import Iterator

import domain.errors
from domain.errors import OffhookError
from tests.house.test_contracts import ROOMS, ROOT

_BRANCH = re.compile(r"^((?:[│ ]   )*)(?:├── |└── )(\w+)(?: +(\S+))?", re.MULTILINE)


def drawn() -> list[tuple[int, str]]:
    """Depth and name of each class below the root, as the docstring has them."""
    return [(len(m[1]) // 4, m[2]) for m in _BRANCH.finditer(domain.errors.__doc__ or "")]


def below(root: type[BaseException], depth: int = 0) -> Iterator[tuple[int, str]]:
    for child in sorted(root.__subclasses__(), key=lambda kind: kind.__name__):
        if not child.__module__.startswith("tests."):
            yield depth, child.__name__
            yield from below(child, depth + 1)


def named_modules() -> list[str]:
    """The module of each class, as the docstring has it; this one needs no name."""
    return [m[3] or domain.errors.__name__ for m in _BRANCH.finditer(domain.errors.__doc__ or "")]


def modules_below(root: type[BaseException]) -> Iterator[str]:
    for child in sorted(root.__subclasses__(), key=lambda kind: kind.__name__):
        if not child.__module__.startswith("tests."):
            yield child.__module__
            yield from modules_below(child)


def import_all() -> None:
    for room in ROOMS:
        for file in room.rglob("*.py"):
            if file.stem != "__main__":
                parts = file.relative_to(ROOT).with_suffix("").parts
                importlib.import_module(".".join(parts).removesuffix(".__init__"))


def test_the_tree_is_drawn_as_it_is() -> None:
    import_all()
    assert drawn() == list(below(OffhookError))
    assert named_modules() == list(modules_below(OffhookError))


def test_every_exception_is_in_the_tree() -> None:
    import_all()
    rooms = {room.name for room in ROOMS}
    outside = {
        kind.__name__
        for kind in _all_below(BaseException)
        if kind.__module__.partition(".")[0] in rooms
        and not issubclass(kind, OffhookError)
        and not kind.__name__.startswith("_")  # caught in the module that raises it
    }
    assert outside == set()


def _all_below(root: type[BaseException]) -> Iterator[type[BaseException]]:
    for child in root.__subclasses__():
        yield child
        yield from _all_below(child)
