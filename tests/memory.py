"""Measures what an object keeps, to show that memory is bounded, wherever it is held."""

import gc
from collections.abc import Iterator
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType

_CODE = (type, ModuleType, FunctionType, MethodType, BuiltinFunctionType)


def kept(*roots: object) -> Iterator[object]:
    """All that can be reached from ``roots``, themselves included, each once; no code."""
    seen: set[int] = set()
    waiting = list(roots)
    while waiting:
        one = waiting.pop()
        if id(one) in seen or isinstance(one, _CODE):
            continue
        seen.add(id(one))
        yield one
        waiting.extend(gc.get_referents(one))


def count_kept(*roots: object) -> int:
    """How many objects ``roots`` keep alive, or share with others."""
    return sum(1 for _ in kept(*roots))
