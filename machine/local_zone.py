"""The time zone of this machine, by name, as PostgreSQL knows it too."""

import contextlib
import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from io import BytesIO
from operator import eq
from pathlib import Path
from zoneinfo import TZPATH, ZoneInfo, available_timezones

import structlog

log = structlog.get_logger()

_LOCALTIME = Path("/etc/localtime")
_NAMED = Path("/etc/timezone")
_FOLDER = "/zoneinfo/"
_USUAL_NAMES = "zone1970.tab"
_SINCE = (2000, 2024)
"""From which year on clocks must agree; if none does from the first on, then from the other: two
editions of the zones may differ about the past."""
_KNOWN_UNTIL = 2038
_UTC = "UTC"
_NOT_NAMES = ("", "localtime", "posixrules", "Factory")
"""They mean something else on another machine, such as the database's."""


def zone_here(name: str | None = None) -> ZoneInfo:
    """The zone of this name. Without one, or if this machine doesn't know it, the machine's: that
    of ``TZ``, or that of ``/etc/localtime``, or UTC if it has none with a name."""
    if name is not None:
        with contextlib.suppress(KeyError, ValueError, OSError):
            return ZoneInfo(name)
    files = tuple((path, _version(path)) for path in (_LOCALTIME, _NAMED))
    return _machines(os.environ.get("TZ", ""), *files)


_Version = tuple[int, int, int] | None


def _version(path: Path) -> _Version:
    """Another one once the machine's zone has been changed; None without a file."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_mtime_ns


@lru_cache(maxsize=8)
def _machines(set_to: str, at: tuple[Path, _Version], written: tuple[Path, _Version]) -> ZoneInfo:
    (localtime, _), (named, _) = at, written
    # TZ first: in a container often nothing else says it.
    name = set_to.removeprefix(":")
    if (found := _zone(name.partition(_FOLDER)[2] or name)) is not None:
        return found
    zones = filter(None, map(_zone, _names(localtime, named)))
    found = next(zones, ZoneInfo(_UTC))
    if set_to:
        log.warning(
            "TZ is not the name of a time zone, such as Asia/Shanghai; the machine's counts",
            TZ=set_to[:80],
            zone=found.key,
        )
    return found


def _zone(name: str) -> ZoneInfo | None:
    # Other folders of the same zones, whose names neither browsers nor each PostgreSQL know. Those
    # of right/ count leap seconds, too, which nothing else does.
    name = name.removeprefix("posix/").removeprefix("right/")
    try:
        return None if name in _NOT_NAMES else ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None


def _names(localtime: Path, named: Path) -> Iterator[str]:
    yield _linked(localtime)
    written = _written(named)
    yield _alike(localtime, (written, _UTC))
    yield written


def _linked(localtime: Path) -> str:
    """The zone whose file it is a link to; "" if it is none."""
    try:
        return str(localtime.resolve()).partition(_FOLDER)[2]
    except OSError:
        return ""


def _written(named: Path) -> str:
    try:
        return named.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _alike(localtime: Path, rather: Iterable[str]) -> str:
    """The zone with the same clock as a file that is no link: a container is often given a copy of
    its host's, while ``/etc/timezone`` is its own. "" if no zone has it."""
    try:
        content = localtime.read_bytes()
        here = ZoneInfo.from_file(BytesIO(content))
    except (OSError, ValueError):
        return ""
    for since in _SINCE:
        shown = tuple(_offsets(here, since))
        names = available_timezones().difference(_NOT_NAMES)
        alike = [name for name in names if _agree(shown, name, since)]
        if alike:
            same = [name for name in alike if _content(name) == content]
            usual = _usual()
            said = (name for name in rather if name in alike)
            return next(said, min(same or alike, key=lambda name: (name not in usual, name)))
    return ""


def _agree(shown: Iterable[timedelta | None], name: str, since: int) -> bool:
    return all(map(eq, shown, _offsets(ZoneInfo(name), since)))


def _offsets(zone: ZoneInfo, since: int) -> Iterator[timedelta | None]:
    """How far it is from UTC in each week since the beginning of a year, the last first: most zones
    differ there already."""
    at, begin = datetime(_KNOWN_UNTIL, 1, 1, tzinfo=UTC), datetime(since, 1, 1, tzinfo=UTC)
    while (at := at - timedelta(weeks=1)) >= begin:
        yield at.astimezone(zone).utcoffset()


def _content(name: str) -> bytes:
    """Of a zone's file; nothing if the system has none."""
    for folder in TZPATH:
        try:
            return (Path(folder) / name).read_bytes()
        except OSError:
            continue
    return b""


def _usual() -> frozenset[str]:
    """The zones that people choose from: ``Asia/Shanghai``, not ``PRC``."""
    lines = _content(_USUAL_NAMES).decode("utf-8", "replace").splitlines()
    return frozenset(line.split("\t")[2] for line in lines if line.count("\t") >= 2)
