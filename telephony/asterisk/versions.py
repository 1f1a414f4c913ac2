"""Knows the versions of Asterisk that break something Offhook does or is about to do.

Whoever starts Offhook with such a version is warned once, with the cure. Only those without which
Offhook can't work (``OLDEST``) are not used at all: calls come first, and most of a centre works.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

Version = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class KnownFault:
    """What is wrong in the versions from ``first`` to ``last``, both included."""

    first: Version
    last: Version
    what: str
    source: str
    cure: str


OLDEST = "20.11, 21.6 or 22.1"

_LACKS = (
    "it can't keep an event from AMI by its name, so that a phone that forwards can forge any"
    " other, and it does not record in stereo",
    "https://github.com/asterisk/asterisk/blob/22/ChangeLogs/ChangeLog-22.1.0.md",
    "use 22.10",
)
_TOO_OLD = (
    KnownFault((0, 0, 0), (20, 10, 999), *_LACKS),
    KnownFault((21, 0, 0), (21, 5, 999), *_LACKS),
    KnownFault((22, 0, 0), (22, 0, 999), *_LACKS),
)

KNOWN = (
    *_TOO_OLD,
    KnownFault(
        (22, 11, 0),
        (22, 11, 0),
        "a channel that was listened to can't be bridged again, and whispering spins a processor",
        "https://github.com/asterisk/asterisk/issues/2134",
        "use 22.10, or a version after 22.11.0",
    ),
    KnownFault(
        (22, 3, 0),
        (22, 3, 0),
        "recording a conference crashes it or leaves an empty file",
        "https://github.com/asterisk/asterisk/issues/1190",
        "use 22.3.1 or newer",
    ),
)


def faults_of(version: str) -> Iterator[str]:
    """One line for each fault of a version, named as by ``asterisk -V`` or AMI's CoreSettings."""
    number = _number(version)
    for fault in KNOWN:
        if number is not None and fault.first <= number <= fault.last:
            yield f"Asterisk {version}: {fault.what} ({fault.source}); {fault.cure}"


def is_new_enough(version: str) -> bool:
    """Whether it can do all that Offhook depends on: its branch's ``OLDEST`` or newer."""
    number = _number(version)
    return number is not None and not any(f.first <= number <= f.last for f in _TOO_OLD)


def _number(version: str) -> Version | None:
    """``22.10.1~dfsg+~cs6.17-1``, ``Asterisk 22.11.0``: the first three numbers."""
    found = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", version)
    return (int(found[1]), int(found[2]), int(found[3] or 0)) if found else None
