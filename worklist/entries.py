"""What an entry of the worklist is, and who may see which."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from domain.errors import OffhookError
from domain.identity import AgentCode, CallId, LineName, ProjectName, QueueName


class WorkKind(StrEnum):
    """What a caller has left. The values are stored."""

    VOICEMAIL = "voicemail"
    CALLBACK = "callback"
    MISSED = "missed"


class WorkPlace(StrEnum):
    """How far a missed call had come, or a callback has."""

    MENU = "menu"  # the caller hung up in the menus
    END = "end"  # the flow had nothing more for them
    ABANDONED = "abandoned"  # hung up in a queue
    UNSERVED = "unserved"  # the queue gave up
    LOST = "lost"  # the system ended it
    CLOSED = "closed"  # heard that the hotline is closed
    BOOKED = "booked"
    TRIED = "tried"  # called back in vain
    IN_CALL = "in_call"  # being called now
    PAUSED = "paused"  # the list of callers, or this one, is paused


class WorkRefusal(StrEnum):
    """Why nothing was done with an entry."""

    NO_SUCH = "no_such"  # it is gone, or not theirs to see
    TAKEN = "taken"  # somebody else has it in hand
    DONE = "done"  # somebody else has done it meanwhile
    OPEN = "open"  # it is open already
    IN_CALL = "in_call"  # the dialer is calling them at this moment
    CHANGED = "changed"  # the callback has been moved, or called, since
    TOO_LONG = "too_long"  # the note


class WorkRefused(OffhookError):  # noqa: N818
    """Nothing was done; ``by`` is who has it, where somebody has."""

    def __init__(self, why: WorkRefusal, by: str = "") -> None:
        super().__init__(why)
        self.why = why
        self.by = by


@dataclass(frozen=True, slots=True)
class WorkScope:
    """Whose entries somebody may see, and work off."""

    user: str
    projects: frozenset[ProjectName] | None
    """None: all."""
    queues: frozenset[QueueName] | None = None
    """Those of these queues, and those of none; None: of all."""
    overrides: bool = False
    """Whether they may take from others what those have in hand."""


@dataclass(frozen=True, slots=True)
class WorkEntry:
    """Something to be worked off, or that has been."""

    kind: WorkKind
    ref: str
    project: ProjectName
    queue: QueueName | None
    at: datetime
    """When the caller was on the line."""
    call: CallId | None
    caller: str | None
    """The number; None: withheld."""
    caller_name: str | None
    line: LineName | None
    seconds: float | None
    """How long the message is, or the wait was."""
    file: str | None
    """Of a voicemail, relative to the root of all recordings."""
    place: WorkPlace | None
    due_at: datetime | None
    """When a callback is called, if an agent is free."""
    agent: AgentCode | None
    """Who has promised it; None: the team."""
    claimed_by: str | None
    claimed_until: datetime | None
    done_at: datetime | None
    done_by: str | None
    note: str
    answered_in: CallId | None
    """The caller's later call in which somebody talked with them: it is done by itself."""
    answered_at: datetime | None
    missed: int = 1
    """How often the caller was missed in a row."""
    short: bool = False
    """Whether some of a voicemail is missing, because the disk was full."""

    def in_hand_of(self, now: datetime) -> str | None:
        """The user who has it now."""
        until = self.claimed_until
        return self.claimed_by if until is not None and until > now else None


def entry_of(row: Mapping[str, Any]) -> WorkEntry:
    """The entry of a row."""
    place, queue, call, line = row["place"], row["queue"], row["call"], row["line"]
    return WorkEntry(
        WorkKind(row["kind"]),
        row["ref"],
        ProjectName(row["project"]),
        None if queue is None else QueueName(queue),
        row["at"],
        None if call is None else CallId(call),
        row["caller"],
        row["caller_name"],
        None if line is None else LineName(line),
        row["seconds"],
        row["file"],
        None if place is None else WorkPlace(place),
        row["due_at"],
        None if row["agent"] is None else AgentCode(row["agent"]),
        row["claimed_by"],
        row["claimed_until"],
        row["done_at"],
        row["done_by"],
        row["note"],
        None if row["answered_in"] is None else CallId(row["answered_in"]),
        row["answered_at"],
        short=bool(row.get("short")),
    )
