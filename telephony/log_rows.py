"""The rows of Asterisk's own log of channel events (cel_custom). No I/O.

The columns are those of asterisk-conf/cel_custom.conf.
"""

import csv
import json
import re
from dataclasses import dataclass

from telephony.caller import number_of

FALLBACK = "OFFHOOK_FALLBACK"
"""The dialplan's own event: Asterisk's queue takes the caller."""
CALLER = "OFFHOOK_CALLER"
"""The dialplan's own event: the caller's name, percent-encoded."""
NOBODY_FREE = "OFFHOOK_NOBODY_FREE"
"""The dialplan's own event: no agent was free in time for a customer whom we called."""
MESSAGE_PLAYED = "OFFHOOK_MESSAGE_PLAYED"
"""The dialplan's own event: such a customer heard the message, with 1 if they heard all of it."""
LISTENS = "OFFHOOK_LISTENS"
"""The dialplan's own event: machine detection listens to such a customer."""
PERSON = "OFFHOOK_PERSON"
"""The dialplan's own event: machine detection takes them for a person."""
MACHINE = "OFFHOOK_MACHINE"
"""The dialplan's own event: machine detection takes them for a machine."""
OPTED_OUT = "OFFHOOK_OPTED_OUT"
"""The dialplan's own event: such a customer asked not to be called again."""
LINE_FULL = "OFFHOOK_LINE_FULL"
"""The dialplan's own event: the line is full, and this call is refused."""

_COLUMNS = 12
_BEGINNING = re.compile(r'(?="[0-9]{9,11}\.[0-9]{6}","[A-Z_]+",")')
"""How a row begins. A quote within a field is doubled, so no field can hold this."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True, order=True)
class LogPlace:
    """Where a row is: in which of the log's files, counted as they rotate, and at which byte."""

    file: int
    offset: int


@dataclass(frozen=True, slots=True)
class LogRow:
    """One event of the log. ``at`` is in epoch seconds."""

    at: float
    event: str
    user_event: str
    uniqueid: str
    channel: str
    exten: str
    caller: str | None
    call: str
    """The call's name, if this is a caller in a hotline (the channel's userfield)."""
    extra: dict[str, object]


def parse(line: str) -> LogRow | None:
    """A row; None if the line isn't one (torn, cut short, in another format).

    If Asterisk was killed while it wrote a row, the next row is on the same line; that one counts.
    """
    beginnings = [found.start() for found in _BEGINNING.finditer(line)]
    return _row(line[beginnings[-1] :]) if beginnings else None


def _row(line: str) -> LogRow | None:
    line = line.removesuffix("\r")
    if _CONTROL.search(line):
        return None
    try:
        fields = next(csv.reader([line], strict=True), [])
        if len(fields) != _COLUMNS:
            return None
        extra = json.loads(fields[11]) if fields[11] else {}
        return LogRow(
            at=float(fields[0]),
            event=fields[1],
            user_event=fields[2],
            uniqueid=fields[3],
            channel=fields[5],
            exten=fields[7],
            caller=number_of(fields[8]),
            call=fields[9],
            extra=extra if isinstance(extra, dict) else {},
        )
    except (csv.Error, ValueError, RecursionError):
        return None
