"""Builds MixMonitor's arguments for a call, and finds the call that a raw file belongs to.

Each call has one raw file, begun once, before the first Dial, and never again: MixMonitor stays on
the caller's channel over holds, transfers and further agents, and with ``b`` it writes only
while the caller is bridged. So the file is as long as the call's bridged time, in order.
docs/decisions/0006-recording.md says what was tried and what Asterisk's side must provide.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime

from domain.identity import CallId

RATE = 8000
"""Samples a second of the raw file, of each channel."""
CHANNELS = 2
"""Left is the caller, right is whoever speaks to them."""
FRAME_BYTES = 2 * CHANNELS
"""Bytes of one instant: a signed 16-bit little-endian sample of each channel."""

_SUFFIX = ".raw"  # MixMonitor's option D writes garbage under any other suffix
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,199}")
_BEGAN = re.compile(r"-(\d{9,11})\.\d+$")


@dataclass(frozen=True, slots=True)
class Capture:
    """MixMonitor's arguments for one call."""

    file: str
    """Relative to Asterisk's ``spool/monitor``; the channel keeps it as OFFHOOK_RECORDING."""
    options: str = "bD"
    """b: only while bridged; D: caller left, agent right, in one raw file."""


def capture(call: CallId) -> Capture:
    """How ``call`` is recorded. Raises ValueError if its name can't be a file's."""
    if not _SAFE.fullmatch(call):
        raise ValueError(f"{call!r} can't name a recording: letters, digits, '-', '_', '.' only")
    return Capture(f"{call}{_SUFFIX}")


def call_of(file_name: str) -> CallId | None:
    """The call a raw file belongs to, or None if the name isn't one that ``capture`` gives."""
    call = file_name.removesuffix(_SUFFIX)
    if call == file_name or not _SAFE.fullmatch(call):
        return None
    return CallId(call)


def began_at(call: CallId) -> int | None:
    """When the call began, in epoch seconds, from its channel's uniqueid; None if it has none."""
    began = _BEGAN.search(call)
    return int(began[1]) if began else None


def day_of(call: CallId) -> date | None:
    """The UTC day on which the call began; None if its name doesn't hold it."""
    began = began_at(call)
    return None if began is None else datetime.fromtimestamp(began, UTC).date()
