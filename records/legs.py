"""The legs of a call: each agent it was offered to, and what each of them did with it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from domain.facts import CallFact, CallFactKind
from domain.identity import AgentCode, StationName


class LegOutcome(StrEnum):
    """Where an agent's leg stands, or how it ended."""

    OFFERED = "offered"  # it rings
    TALKING = "talking"
    TALKED = "talked"
    TRANSFERRED = "transferred"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    REJECTED = "rejected"  # the phone refused the call
    UNREACHABLE = "unreachable"
    FORWARDED = "forwarded"  # the phone wanted to send the call elsewhere
    DROPPED = "dropped"  # the phone answered, and there was no talk
    WITHDRAWN = "withdrawn"  # the offer was taken back
    CALLER_LEFT = "caller_left"  # the caller was gone while the phone still rang
    FAILED = "failed"  # for a reason that is not in this list


@dataclass(frozen=True, slots=True)
class Leg:
    """One agent's part. ``talk_s`` does not include ``hold_s``; both grow only when it ends."""

    agent: AgentCode | None
    station: StationName | None
    outcome: LegOutcome
    offered_at: datetime | None = None
    connected_at: datetime | None = None
    ended_at: datetime | None = None
    ended_by: str | None = None
    """Who ended the talk, as in an ``ended`` fact; None: there was none, or it goes on."""
    talk_s: float = 0.0
    hold_s: float = 0.0

    @property
    def talked(self) -> bool:
        """Whether caller and agent have been, or are, in a talk worth the name."""
        return self.connected_at is not None and self.outcome is not LegOutcome.DROPPED


@dataclass(slots=True)
class _Open:
    """A leg while the timeline is walked."""

    agent: str | None
    station: str | None
    offered_at: datetime | None = None
    connected_at: datetime | None = None
    ended_at: datetime | None = None
    ended_by: str | None = None
    held_since: datetime | None = None
    held_by: set[str | None] = field(default_factory=set)
    hold_s: float = 0.0
    unwatched_since: datetime | None = None
    """Since when, during a hold, its end may have been missed (the controller was away)."""
    transferred_at: datetime | None = None
    failed: LegOutcome | None = None
    supposed: bool = False
    """That it rings no more is known from what came after; how it ended may yet be told."""

    def is_of(self, agent: str | None, station: str | None) -> bool:
        """Whether a fact that names these is about this leg; either name may be missing."""
        if agent is not None and self.agent is not None:
            return agent == self.agent
        return station is not None and station == self.station

    def hold(self, at: datetime, by: str | None) -> None:
        if by in self.held_by and self.unwatched_since is not None:
            self._no_longer_held(self.unwatched_since)  # they must have resumed meanwhile
            self.held_by.clear()
        self.held_by.add(by)
        self.held_since = self.held_since or at

    def resume(self, at: datetime, by: str | None) -> None:
        """One party no longer holds; the other one may still."""
        if by is None or None in self.held_by:  # nobody knows whose
            self.held_by.clear()
        self.held_by.discard(by)
        if not self.held_by:
            self._no_longer_held(at)

    def _no_longer_held(self, at: datetime) -> None:
        if self.held_since is not None:
            self.hold_s += max(0.0, (at - self.held_since).total_seconds())
            self.held_since = self.unwatched_since = None

    def end(self, at: datetime, failed: LegOutcome | None = None, by: str | None = None) -> None:
        self._no_longer_held(self.unwatched_since or at)
        self.ended_at = at
        if self.connected_at is None:
            self.failed = failed or LegOutcome.WITHDRAWN
        else:
            self.ended_by = by or "unknown"

    def leg(self) -> Leg:
        talk_s = 0.0
        if self.failed is None and self.connected_at is not None and self.ended_at is not None:
            talk_s = max(0.0, (self.ended_at - self.connected_at).total_seconds() - self.hold_s)
        return Leg(
            agent=None if self.agent is None else AgentCode(self.agent),
            station=None if self.station is None else StationName(self.station),
            outcome=self._outcome(),
            offered_at=self.offered_at,
            connected_at=self.connected_at,
            ended_at=self.ended_at,
            ended_by=self.ended_by if self.failed is None else None,
            talk_s=talk_s,
            hold_s=self.hold_s,
        )

    def _outcome(self) -> LegOutcome:
        if self.failed is not None:
            return self.failed
        if self.connected_at is None:
            return LegOutcome.OFFERED
        if self.ended_at is None:
            return LegOutcome.TALKING
        return LegOutcome.TALKED if self.transferred_at is None else LegOutcome.TRANSFERRED


def fold_legs(
    timeline: Iterable[CallFact], ended_at: datetime | None, ended_by: str | None = None
) -> tuple[Leg, ...]:
    """The legs in the order they began. ``timeline`` is sorted and free of duplicates.

    ``ended_at`` and ``ended_by`` are the call's; what was still open ended with it.
    """
    legs: list[_Open] = []
    for fact in timeline:
        _step(legs, fact)
    if ended_at is not None:
        for leg in legs:
            if leg.ended_at is None:
                # An attended transfer's first agent is gone at the transfer, not at the end.
                gone = LegOutcome.CALLER_LEFT if ended_by == "caller" else None
                by = "agent" if leg.transferred_at else ended_by
                leg.end(min(leg.transferred_at or ended_at, ended_at), gone, by)
    return tuple(leg.leg() for leg in legs)


def _step(legs: list[_Open], fact: CallFact) -> None:
    agent, station = _name(fact, "agent"), _name(fact, "station")
    match fact.kind:
        case CallFactKind.QUEUED | CallFactKind.FALLBACK | CallFactKind.LEFT_QUEUE:
            _rings_no_more(legs, fact.at)
        case CallFactKind.OFFERED:
            _rings_no_more(legs, fact.at)
            legs.append(_Open(agent, station, offered_at=fact.at))
        case CallFactKind.OFFER_FAILED:
            why = _failure(fact.detail.get("why"))
            leg = _find(legs, agent, station, connected=False) or _supposed(legs, agent, station)
            if leg is not None:
                leg.end(fact.at, why)
                leg.supposed = False
            elif why is LegOutcome.DROPPED:
                # Asterisk had shown a talk, of less than a second.
                leg = _find(legs, agent, station, connected=True)
                leg = leg or _last_that_talked(legs, agent, station)
                if leg is not None:
                    leg.end(leg.ended_at or fact.at)
                    leg.failed = why
        case CallFactKind.CONNECTED:
            if _find(legs, agent, station, connected=True) is not None:
                return
            if (leg := _find(legs, agent, station, connected=False)) is None:
                leg = _Open(agent, station)
                legs.append(leg)
            _rings_no_more(legs, fact.at, but=leg)
            leg.connected_at = fact.at
            leg.station = station or leg.station
        case CallFactKind.DISCONNECTED:
            if (leg := _find(legs, agent, station, connected=True)) is not None:
                leg.end(fact.at, by=_name(fact, "by"))
        case CallFactKind.HELD:
            if (leg := _talking(legs, agent, station)) is not None:
                leg.hold(fact.at, _name(fact, "by"))
        case CallFactKind.RESUMED:
            if (leg := _talking(legs, agent, station)) is not None:
                leg.resume(fact.at, _name(fact, "by"))
        case CallFactKind.CONTROLLER_LOST:
            for leg in legs:
                if leg.held_since is not None:
                    leg.unwatched_since = leg.unwatched_since or fact.at
        case CallFactKind.TRANSFERRED:
            by = _name(fact, "from_agent")
            # Asterisk may tell it a moment after the legs have been parted.
            leg = _talking(legs, by, station) or _last_that_talked(legs, by, station)
            if leg is not None:
                leg.transferred_at = fact.at


def _rings_no_more(legs: list[_Open], at: datetime, but: _Open | None = None) -> None:
    """A caller is offered to one agent at a time: the end of an earlier offer was not seen (the
    controller was away)."""
    for leg in legs:
        if leg is not but and leg.connected_at is None and leg.ended_at is None:
            leg.end(at)
            leg.supposed = True


def _supposed(legs: list[_Open], agent: str | None, station: str | None) -> _Open | None:
    last = next((leg for leg in reversed(legs) if leg.is_of(agent, station)), None)
    return last if last is not None and last.supposed else None


def _find(
    legs: list[_Open], agent: str | None, station: str | None, *, connected: bool
) -> _Open | None:
    return next(
        (
            leg
            for leg in reversed(legs)
            if leg.ended_at is None
            and (leg.connected_at is not None) is connected
            and leg.is_of(agent, station)
        ),
        None,
    )


def _talking(legs: list[_Open], agent: str | None, station: str | None) -> _Open | None:
    """The leg that is meant; if the fact names nobody, the only one that talks."""
    if agent is not None or station is not None:
        return _find(legs, agent, station, connected=True)
    talking = [leg for leg in legs if leg.connected_at is not None and leg.ended_at is None]
    return talking[0] if len(talking) == 1 else None


def _last_that_talked(legs: list[_Open], agent: str | None, station: str | None) -> _Open | None:
    ended = [leg for leg in legs if leg.connected_at is not None and leg.ended_at is not None]
    return next((leg for leg in reversed(ended) if leg.is_of(agent, station)), None)


def _failure(why: Any) -> LegOutcome:
    known = (
        LegOutcome.NO_ANSWER,
        LegOutcome.BUSY,
        LegOutcome.REJECTED,
        LegOutcome.UNREACHABLE,
        LegOutcome.FORWARDED,
        LegOutcome.DROPPED,
        LegOutcome.WITHDRAWN,
        LegOutcome.CALLER_LEFT,
    )
    return next((outcome for outcome in known if outcome == why), LegOutcome.FAILED)


def _name(fact: CallFact, key: str) -> str | None:
    value = fact.detail.get(key)
    return value if isinstance(value, str) and value else None
