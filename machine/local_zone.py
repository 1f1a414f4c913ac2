"""The time zone of this machine, by name, as PostgreSQL knows it too."""

import os
from pathlib import Path
from zoneinfo import ZoneInfo

_LOCALTIME = Path("/etc/localtime")
_NAMED = Path("/etc/timezone")


def zone_here(known: ZoneInfo | None = None) -> ZoneInfo:
    """``known``, or else this machine's zone; UTC if it has none with a name."""
    if known is not None:
        return known
    for name in (_set(), _linked(), _written()):
        try:
            if name:
                return ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            continue
    return ZoneInfo("UTC")


def _set() -> str:
    """The zone that this process was started with: in a container often the only one."""
    return os.environ.get("TZ", "").removeprefix(":")


def _linked() -> str:
    """The zone whose file ``/etc/localtime`` is a link to; "" if it is none."""
    try:
        return str(_LOCALTIME.resolve()).partition("/zoneinfo/")[2]
    except OSError:
        return ""


def _written() -> str:
    try:
        return _NAMED.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""
