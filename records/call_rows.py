"""Types the rows that the queries about calls return, and the list's calls made from them."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from domain.identity import AgentCode, CallId, LineName, ProjectName, QueueName
from domain.reasons import LossReason, Party, Unlisted
from records.outcomes import Outcome
from storage.fact_codec import code_reader

_party, _loss = code_reader(Party), code_reader(LossReason)


class FactRow(TypedDict):
    """A row of ``call_facts``."""

    id: UUID
    call: str
    at: datetime
    kind: str
    detail: dict[str, object]


class CallColumns(TypedDict):
    """What the list reads of a row of ``calls``."""

    call: CallId
    entered_at: datetime
    outcome: str
    project: ProjectName  # "": none is known
    hotline: str | None
    line: str | None
    caller: str | None
    language: str | None
    queue: QueueName | None
    queues: list[QueueName]
    queued_at: datetime | None
    answered_at: datetime | None
    wait_s: float | None
    ended_at: datetime | None
    ended_by: str | None
    talk_ended_by: str | None
    agents: list[AgentCode]
    talk_s: float
    hold_s: float
    score: int | None
    recording_file: str | None
    recording_lost: str | None
    caller_name: str | None


class FoundColumns(TypedDict):
    """What each row of a search has beside a call's columns, which are all NULL if it has none."""

    hits: int | None
    whole: bool
    call: CallId | None


@dataclass(frozen=True, slots=True)
class CallRow:
    """A call in the list: its record without legs. Lengths are in seconds."""

    call: CallId
    entered_at: datetime
    outcome: Outcome
    project: ProjectName | None
    hotline: str | None
    line: str | None
    caller: str | None
    """The number; None: withheld."""
    language: str | None
    queue: QueueName | None  # the last of ``queues``
    queues: tuple[QueueName, ...]
    queued_at: datetime | None
    answered_at: datetime | None
    wait_s: float | None
    ended_at: datetime | None
    ended_by: Party | Unlisted | None
    talk_ended_by: Party | Unlisted | None
    agents: tuple[AgentCode, ...]
    talk_s: float
    hold_s: float
    score: int | None
    recording_file: str | None
    recording_lost: LossReason | Unlisted | None
    caller_name: str | None = None

    @staticmethod
    def of(row: CallColumns) -> "CallRow":
        """The call of a row."""
        return CallRow(
            call=row["call"],
            entered_at=row["entered_at"],
            outcome=Outcome(row["outcome"]),
            project=row["project"] or None,
            hotline=row["hotline"],
            line=row["line"],
            caller=row["caller"],
            language=row["language"],
            queue=row["queue"],
            queues=tuple(row["queues"]),
            queued_at=row["queued_at"],
            answered_at=row["answered_at"],
            wait_s=row["wait_s"],
            ended_at=row["ended_at"],
            ended_by=_party(row["ended_by"]),
            talk_ended_by=_party(row["talk_ended_by"]),
            agents=tuple(row["agents"]),
            talk_s=row["talk_s"],
            hold_s=row["hold_s"],
            score=row["score"],
            recording_file=row["recording_file"],
            recording_lost=_loss(row["recording_lost"]),
            caller_name=row["caller_name"],
        )


class BlockedCallsRow(TypedDict):
    line: LineName | None
    calls: int
    callers: int


class CallNameRow(TypedDict):
    call: CallId


class NewFactRow(TypedDict):
    """A fact that was not stored before."""

    id: UUID
    call: CallId


class QueueFiguresRow(TypedDict):
    """The figures of one queue."""

    queue: QueueName
    service_level_s: float
    short_abandon_s: float
    offered: int
    answered: int
    answered_within: int
    abandoned: int
    short_abandoned: int
    unserved: int
    lost: int
    waiting: int
    mean_wait_s: float
    mean_answer_s: float


class FiguresRow(TypedDict):
    """What the query of a summary returns."""

    offered: int
    answered: int
    answered_within: int
    abandoned: int
    short_abandoned: int
    unserved: int
    lost: int
    waiting: int
    open: int
    self_service: int
    mean_wait_s: float
    mean_answer_s: float
    recordings: int
    call_records: int
