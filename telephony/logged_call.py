"""A call, its talks and transfers as Asterisk's own log has them. No I/O."""

from dataclasses import dataclass, field

from domain.identity import CallId, LineName, StationName
from domain.reasons import Party, TransferKind
from telephony.call_changes import REBRIDGED_WITHIN_S
from telephony.caller import name_of
from telephony.log_rows import (
    CALLER,
    FALLBACK,
    LINE_FULL,
    LISTENS,
    MACHINE,
    MESSAGE_PLAYED,
    NOBODY_FREE,
    OPTED_OUT,
    PERSON,
    LogPlace,
    LogRow,
)


@dataclass(slots=True)
class LoggedTalk:
    """Caller and phone were in one bridge."""

    station: StationName
    connected_at: float
    disconnected_at: float | None = None
    by: Party = Party.UNKNOWN
    left_by: str = ""
    """Uniqueid of the channel that left first; empty while nobody has."""
    in_room: bool = False
    """The phone was nailed up: the caller came into its room."""


@dataclass(slots=True)
class LoggedTransfer:
    """A phone passed the caller on. ``to`` is a station, or what was dialled."""

    station: StationName
    to: str
    kind: TransferKind
    at: float


@dataclass(slots=True)
class LoggedCall:
    """A hotline call as the log has it. Times are in epoch seconds."""

    call: CallId
    line: LineName
    number: str
    caller: str | None
    entered_at: float | None
    """None if the log begins in mid-call."""
    place: LogPlace
    """Its first row."""
    talks: list[LoggedTalk] = field(default_factory=list)
    transfers: list[LoggedTransfer] = field(default_factory=list)
    caller_name: str | None = None
    blocked: bool = False
    """Refused because the line was full."""
    fallback_at: float | None = None
    fallback_queue: str = ""
    placed: bool = False
    """We called the customer, who is the caller here; the following is about such calls."""
    answered_at: float | None = None
    listens_at: float | None = None
    """Since when machine detection listened."""
    person_at: float | None = None
    machine_at: float | None = None
    nobody_free_at: float | None = None
    message_at: float | None = None
    message_whole: bool = False
    opted_out_at: float | None = None
    opted_out_of: str = ""
    """The project by which they are not to be called again; "": by nobody in the centre."""
    ended_at: float | None = None
    by: Party = Party.UNKNOWN
    cause: int = 0
    died: bool = False
    """Asterisk ended in mid-call: ``ended_at`` is its last row, and talks may have no end."""

    def dialplan_says(self, row: LogRow) -> None:
        """Take a row of the caller's channel: it may be one of the dialplan's own events."""
        said = str(row.extra.get("extra", ""))
        if row.user_event == FALLBACK and self.fallback_at is None:
            self.fallback_at, self.fallback_queue = row.at, said
        elif row.user_event == CALLER:
            self.caller_name = name_of(said, self.caller)
        elif row.user_event == LINE_FULL:
            self.blocked = True
        if self.placed:
            self._of_placed(row, said)

    def _of_placed(self, row: LogRow, said: str) -> None:
        if row.event == "ANSWER" and self.answered_at is None:
            self.answered_at = row.at
        elif row.user_event == LISTENS and self.listens_at is None:
            self.listens_at = row.at
        elif row.user_event == PERSON and self.person_at is None:
            self.person_at = row.at
        elif row.user_event == MACHINE and self.machine_at is None:
            self.machine_at = row.at
        elif row.user_event == NOBODY_FREE and self.nobody_free_at is None:
            self.nobody_free_at = row.at
        elif row.user_event == MESSAGE_PLAYED and self.message_at is None:
            self.message_at = row.at
            self.message_whole = said == "1"
        elif row.user_event == OPTED_OUT:
            self.opted_out_at, self.opted_out_of = row.at, said

    def open_talk(self, station: str) -> LoggedTalk | None:
        """The talk with this phone that goes on."""
        found = (t for t in self.talks if t.station == station and t.disconnected_at is None)
        return next(found, None)

    def interrupted_talk(self, station: str, at: float) -> LoggedTalk | None:
        """The talk with this phone, if it has only moved to another bridge."""
        talk = next((t for t in reversed(self.talks) if t.station == station), None)
        if talk is None or talk.by is not Party.UNKNOWN:
            return None
        return talk if at - (talk.disconnected_at or at) <= REBRIDGED_WITHIN_S else None
