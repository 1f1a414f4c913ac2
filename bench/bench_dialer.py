"""Measures campaigns on the phones. Each part is a module of its own, and can be run alone:
``./run bench dialer:ear``.

- ear: from a customer's answer to the agent's ear, against plain dialplan.
- live: hours on the phones against simulated ones; takes an hour, and runs only when named.
  ``./run bench dialer:live --help`` lists its options.
- rate: how many calls one controller places a second, and how soon their requests are out.
"""

import json
import sys
from collections.abc import Callable, Mapping
from typing import Any

from bench import dialer_ear, dialer_live, dialer_rate

PARTS: Mapping[str, Callable[..., dict[str, Any]]] = {
    "ear": dialer_ear.measure,
    "live": dialer_live.measure,
    "rate": dialer_rate.measure,
}
WITH_OPTIONS = ("live",)
ON_DEMAND = ("live",)


def measure() -> dict[str, Any]:
    """The figures of all parts that don't have to be named, by name."""
    return {name: part() for name, part in PARTS.items() if name not in ON_DEMAND}


if __name__ == "__main__":
    json.dump(measure(), sys.stdout, indent=2)
    print()
