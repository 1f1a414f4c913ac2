"""Measures campaigns on the phones. Each part is a module of its own, and can be run alone:
``./run bench dialer:ear``.

- ear: from a customer's answer to the agent's ear, against plain dialplan.
"""

import json
import sys
from collections.abc import Callable, Mapping
from typing import Any

from bench import dialer_ear

PARTS: Mapping[str, Callable[[], dict[str, Any]]] = {"ear": dialer_ear.measure}


def measure() -> dict[str, Any]:
    """The figures of all parts, by name."""
    return {name: part() for name, part in PARTS.items()}


if __name__ == "__main__":
    json.dump(measure(), sys.stdout, indent=2)
    print()
