"""Measures a large centre: what open pages and changes cost its calls, how fast its lists are.

Each part is a module of its own, and can be run alone: ``./run bench centre:pages``.
"""

import json
import sys
from collections.abc import Callable, Mapping
from typing import Any

from bench import centre_changes, centre_pages

PARTS: Mapping[str, Callable[[], dict[str, Any]]] = {
    "pages": centre_pages.measure,
    "changes": centre_changes.measure,
}


def measure() -> dict[str, Any]:
    """The figures of all parts, by name."""
    return {name: part() for name, part in PARTS.items()}


if __name__ == "__main__":
    json.dump(measure(), sys.stdout, indent=2)
    print()
