"""The time zone of this machine."""

from pathlib import Path
from zoneinfo import ZoneInfo

_LOCALTIME = Path("/etc/localtime")


def zone_here(known: ZoneInfo | None = None) -> ZoneInfo:
    """``known``, or else this machine's zone; UTC if it has none."""
    if known is not None:
        return known
    try:
        with _LOCALTIME.open("rb") as file:
            return ZoneInfo.from_file(file, "localtime")
    except (OSError, ValueError):
        return ZoneInfo("UTC")
