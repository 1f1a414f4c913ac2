"""Folds the facts of a call into its record.

This is the only place that knows how. It is pure and forgiving: facts may come in any order,
twice, or not at all, and any of their fields may be None; the record is then poorer, never
wrong.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from domain.call_facts import (
    CallBlocked,
    CallEnded,
    CallEntered,
    ControllerLost,
    FellBack,
    TurnedAway,
)
from domain.facts import RANK, CallFact
from domain.floor_facts import LeftQueue, Offered, Queued, TalkBegan
from domain.flow_facts import LanguageChosen, Scored
from domain.happening import Happening
from domain.identity import AgentCode, CallId, LineName, ProjectName, QueueName
from domain.outbound_facts import CallPlaced, CustomerAbandoned, CustomerAnswered, MachineFound
from domain.reasons import EndReason, LossReason, NoEntry, Party, Unlisted
from domain.recording_facts import Recorded, RecordingMissing
from records.legs import Leg, LegOutcome, fold_legs
from records.outcomes import Outcome
from records.stays import QueueStay, fold_stays

__all__ = ["CallRecord", "Leg", "LegOutcome", "Outcome", "QueueStay", "RecordingInfo", "fold"]


@dataclass(frozen=True, slots=True)
class RecordingInfo:
    """A stored recording. Lengths are in seconds; ``file`` is relative to the recordings' root."""

    file: str
    sha256: str | None
    duration_s: float | None
    bridged_s: float | None
    whole: bool
    bytes: int | None


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One call. Times are civil, in UTC; lengths are in seconds."""

    call: CallId
    entered_at: datetime
    outcome: Outcome
    project: ProjectName | None = None
    hotline: str | None = None
    line: LineName | None = None
    caller: str | None = None
    """The number; None: withheld."""
    caller_name: str | None = None
    flow: str | None = None
    language: str | None = None
    queue: QueueName | None = None
    """The last queue the caller stood in."""
    queued_at: datetime | None = None
    """When the caller first entered a queue; unchanged by a controller's restart."""
    answered_at: datetime | None = None
    wait_s: float | None = None
    """From entering the first queue to the agent, or to leaving; None if the caller never queued
    or still waits."""
    ended_at: datetime | None = None
    ended_by: Party | Unlisted | None = None
    """Who ended the call; who ended the talk before that is ``talk_ended_by``."""
    cause: int | None = None
    why: EndReason | Unlisted | None = None
    score: int | None = None
    legs: tuple[Leg, ...] = ()
    stays: tuple[QueueStay, ...] = ()
    """The part of each queue; ``wait_s`` and ``outcome`` are the whole call's."""
    recording: RecordingInfo | None = None
    recording_lost: LossReason | Unlisted | None = None
    placed: bool = False
    """Whether we called the customer; None of the queues' figures counts such a call."""
    campaign: str | None = None
    """Of such a call; None: by hand."""
    adopted: bool = False
    """Whether the controller was away during the call, which went on without it."""

    @property
    def agent(self) -> AgentCode | None:
        """Who spoke first with the caller; None if nobody did."""
        return next((leg.agent for leg in self.legs if leg.talked and leg.agent), None)

    @property
    def agents(self) -> tuple[AgentCode, ...]:
        """All agents who spoke with the caller, in order, each once."""
        return tuple(dict.fromkeys(leg.agent for leg in self.legs if leg.talked and leg.agent))

    @property
    def talk_ended_by(self) -> Party | Unlisted | None:
        """Who ended the last talk; None if nobody has talked, or somebody still does."""
        ended = [leg for leg in self.legs if leg.ended_by is not None and leg.ended_at is not None]
        if not ended or any(leg.outcome is LegOutcome.TALKING for leg in self.legs):
            return None
        return max(ended, key=lambda leg: leg.ended_at or self.entered_at).ended_by

    @property
    def queues(self) -> tuple[QueueName, ...]:
        """All queues the caller stood in, in order, each once."""
        return tuple(dict.fromkeys(stay.queue for stay in self.stays if stay.queue))

    @property
    def talk_s(self) -> float:
        """How long all agents talked, without holds."""
        return sum(leg.talk_s for leg in self.legs)

    @property
    def hold_s(self) -> float:
        return sum(leg.hold_s for leg in self.legs)

    @property
    def bridged_s(self) -> float:
        """How long the caller was connected with somebody; two at once count once."""
        total, until = 0.0, None
        spans = sorted(
            (leg.connected_at, leg.ended_at)
            for leg in self.legs
            if leg.connected_at is not None and leg.ended_at is not None
        )
        for start, end in spans:
            begin = start if until is None or start > until else until
            total += max(0.0, (end - begin).total_seconds())
            until = end if until is None else max(until, end)
        return total


def in_order(facts: Iterable[CallFact]) -> list[CallFact]:
    """The facts of a call in the order of its timeline."""
    return sorted(facts, key=lambda fact: (fact.at, RANK[type(fact.what)], fact.id))


def fold(facts: Iterable[CallFact]) -> CallRecord:
    """The record of one call.

    Raises ValueError if there are no facts, or facts of several calls.
    """
    unique = {fact.id: fact for fact in facts}
    timeline = in_order(unique.values())
    if not timeline:
        raise ValueError("a call without facts has no record")
    call = timeline[0].call
    if any(fact.call != call for fact in timeline):
        raise ValueError(f"facts of several calls cannot make one record (one is {call})")
    entered_at, came = _entrance(timeline)
    end = _end(timeline)
    legs = fold_legs(timeline, end.at, end.by)
    wait = _wait(timeline, legs, end.at)
    went = _placed(timeline)
    said = _said(timeline)
    # Created once and complete: creating a record costs as much as the rest of the fold.
    return CallRecord(
        call=call,
        entered_at=entered_at,
        outcome=_outcome(timeline, end, wait),
        project=came.project,
        hotline=came.hotline,
        line=came.line,
        caller=None if came.caller in _WITHHELD else came.caller,
        caller_name=came.caller_name,
        flow=came.flow,
        language=said.language,
        queue=wait.queue,
        queued_at=wait.since,
        answered_at=wait.answered_at,
        wait_s=wait.lasted_s,
        ended_at=end.at,
        ended_by=end.by,
        cause=end.cause,
        why=end.why,
        score=said.score,
        legs=legs,
        stays=fold_stays(timeline, legs, end.at, end.by if went is None else None),
        recording=said.recording,
        recording_lost=said.recording_lost,
        placed=went is not None,
        campaign=None if went is None else went.campaign,
        adopted=said.adopted,
    )


_WITHHELD = ("unknown", "<unknown>", "anonymous", "Anonymous")
"""Asterisk's words for a withheld number, which older facts hold."""

_UNSEEN = CallEntered(None, None, None, None, None, None)


def _placed(timeline: list[CallFact]) -> CallPlaced | None:
    """Why we placed the call; None if it came in."""
    found = _first(timeline, CallPlaced)
    return found.what if found is not None and isinstance(found.what, CallPlaced) else None


def _entrance(timeline: list[CallFact]) -> tuple[datetime, CallEntered]:
    """When the call came in, and what was known of it then."""
    for fact in timeline:
        if isinstance(fact.what, CallEntered):
            return fact.at, fact.what
        if isinstance(fact.what, CallPlaced):
            went = fact.what
            return fact.at, CallEntered(None, went.project, went.line, went.number, None, None)
    return timeline[0].at, _UNSEEN


def _first(timeline: Iterable[CallFact], *kinds: type[Happening]) -> CallFact | None:
    """The earliest fact of these kinds."""
    return next((fact for fact in timeline if isinstance(fact.what, kinds)), None)


class _End(NamedTuple):
    """How a call ended; all None while it has not."""

    at: datetime | None = None
    by: Party | Unlisted | None = None
    cause: int | None = None
    why: EndReason | Unlisted | None = None


def _end(timeline: list[CallFact]) -> _End:
    ends = [(fact.at, fact.what) for fact in timeline if isinstance(fact.what, CallEnded)]
    if not ends:
        return _End()
    at, end = ends[0]
    # After a restart the end may be recorded twice; prefer the fact that knows who hung up.
    end = next((end for _, end in ends if end.by not in (None, Party.UNKNOWN)), end)
    return _End(at, end.by or Party.UNKNOWN, end.cause, end.why)


_ENTERS_QUEUE = (Queued, FellBack)


class _Wait(NamedTuple):
    """The sum of a caller's stays in queues; all None if there were none."""

    queue: QueueName | None = None
    since: datetime | None = None
    answered_at: datetime | None = None
    lasted_s: float | None = None


def _wait(timeline: list[CallFact], legs: tuple[Leg, ...], ended_at: datetime | None) -> _Wait:
    # A caller who was offered to an agent stood in a queue, even if that fact was lost.
    start = _first(timeline, *_ENTERS_QUEUE) or _first(timeline, Offered, TalkBegan)
    if start is None:
        return _Wait()
    named = (
        fact.what.queue
        for fact in reversed(timeline)
        if isinstance(fact.what, Queued | FellBack | Offered)
    )
    queue = next((queue for queue in named if queue), None)
    answered_at = min(
        (leg.connected_at for leg in legs if leg.connected_at and leg.talked), default=None
    )
    stop = answered_at or _gave_up(timeline) or ended_at
    return _Wait(
        queue=queue,
        since=start.at,
        answered_at=answered_at,
        lasted_s=None if stop is None else max(0.0, (stop - start.at).total_seconds()),
    )


def _gave_up(timeline: list[CallFact]) -> datetime | None:
    """When the caller left the last queue without an agent; None if they didn't."""
    for fact in reversed(timeline):
        match fact.what:
            case LeftQueue():
                return fact.at
            # A caller who is offered to an agent has come back, even if that fact was lost.
            case Queued() | FellBack() | Offered() | TalkBegan():
                return None
    return None


_UNKNOWN_LOSS = Unlisted("unknown")


class _Said(NamedTuple):
    """The outcome, from the call's last facts."""

    language: str | None
    score: int | None
    recording: RecordingInfo | None
    recording_lost: LossReason | Unlisted | None
    adopted: bool


def _said(timeline: list[CallFact]) -> _Said:
    language = score = recording = None
    lost: LossReason | Unlisted | None = None
    adopted = False
    for fact in timeline:
        match fact.what:
            case LanguageChosen():
                language = fact.what.language
            case Scored() if fact.what.score in range(1, 6):
                score = fact.what.score
            case Recorded():
                recording, lost = _better(recording, _recording(fact.what)), None
            case RecordingMissing() if recording is None:
                lost = fact.what.why or _UNKNOWN_LOSS
            case ControllerLost():
                adopted = True
    return _Said(language, score, recording, lost, adopted)


def _better(one: RecordingInfo | None, other: RecordingInfo | None) -> RecordingInfo | None:
    """Of several recordings, the whole one or the longest; the others stay in the timeline."""
    if one is None or other is None:
        return one or other
    if one.whole != other.whole:
        return one if one.whole else other
    return other if (other.duration_s or 0.0) > (one.duration_s or 0.0) else one


def _recording(stored: Recorded) -> RecordingInfo | None:
    if stored.file is None:
        return None
    return RecordingInfo(
        file=stored.file,
        sha256=stored.sha256,
        duration_s=stored.duration_s,
        bridged_s=stored.bridged_s,
        whole=stored.whole is True,
        bytes=stored.bytes,
    )


_NO_ENTRY: Mapping[str, Outcome] = {
    NoEntry.CALLER_BLOCKED: Outcome.REFUSED,
    NoEntry.CLOSED: Outcome.CLOSED,
    NoEntry.EMERGENCY: Outcome.EMERGENCY,
}


def _outcome_of_placed(timeline: list[CallFact]) -> Outcome:
    """Of a call that we placed, that is over, and that was in no queue."""
    if _first(timeline, CustomerAbandoned) is not None:
        return Outcome.ABANDONED
    if _first(timeline, MachineFound) is not None:
        return Outcome.MACHINE
    answered = _first(timeline, CustomerAnswered) is not None
    return Outcome.SELF_SERVICE if answered else Outcome.NOT_REACHED


def _outcome(timeline: list[CallFact], end: _End, wait: _Wait) -> Outcome:
    if wait.answered_at is not None:
        return Outcome.ANSWERED if end.at else Outcome.OPEN
    if end.at is None:
        return Outcome.OPEN
    placed = _placed(timeline) is not None
    if placed and wait.since is None:
        return _outcome_of_placed(timeline)
    if wait.since is None and _first(timeline, CallBlocked) is not None:
        return Outcome.BLOCKED
    if wait.since is None and (turned := _first(timeline, TurnedAway)) is not None:
        assert isinstance(turned.what, TurnedAway)  # noqa: S101 - looked for
        if (outcome := _NO_ENTRY.get(turned.what.why or "")) is not None:
            return outcome
    if wait.since is not None and _gave_up(timeline) is not None:
        return Outcome.UNSERVED
    if end.by == Party.SYSTEM and not placed:  # we let them go if nobody is free in time
        return Outcome.LOST
    return Outcome.SELF_SERVICE if wait.since is None else Outcome.ABANDONED
