"""Finds the legs of a call: each agent it was offered to, and how that went."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from domain.call_facts import ControllerLost, FellBack
from domain.facts import CallFact
from domain.floor_facts import (
    Held,
    LeftQueue,
    Offered,
    OfferNotTaken,
    Queued,
    Resumed,
    TalkBegan,
    TalkEnded,
    Transferred,
)
from domain.identity import AgentCode, StationName
from domain.reasons import OfferFailure, Party, Unlisted


class LegOutcome(StrEnum):
    """How an agent's leg stands, or ended."""

    OFFERED = "offered"  # the phone rings
    TALKING = "talking"
    TALKED = "talked"
    TRANSFERRED = "transferred"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    REJECTED = "rejected"  # the phone refused the call
    UNREACHABLE = "unreachable"
    FORWARDED = "forwarded"  # the phone tried to send the call elsewhere
    DROPPED = "dropped"  # the phone answered, but no talk began
    WITHDRAWN = "withdrawn"  # the offer was withdrawn
    CALLER_LEFT = "caller_left"  # the caller left while the phone still rang
    FAILED = "failed"  # for another reason


@dataclass(frozen=True, slots=True)
class Leg:
    """One agent's part of a call. ``talk_s`` excludes ``hold_s``; both are set at its end."""

    agent: AgentCode | None
    station: StationName | None
    outcome: LegOutcome
    offered_at: datetime | None = None
    connected_at: datetime | None = None
    ended_at: datetime | None = None
    ended_by: Party | Unlisted | None = None
    """Who ended the talk; None: there was none, or it goes on."""
    talk_s: float = 0.0
    hold_s: float = 0.0

    @property
    def talked(self) -> bool:
        """Whether caller and agent talk or have talked."""
        return self.connected_at is not None and self.outcome is not LegOutcome.DROPPED


@dataclass(slots=True)
class _Open:
    """A leg while the timeline is walked."""

    agent: AgentCode | None
    station: StationName | None
    offered_at: datetime | None = None
    connected_at: datetime | None = None
    ended_at: datetime | None = None
    ended_by: Party | Unlisted | None = None
    held_since: datetime | None = None
    held_by: set[Party | Unlisted | None] = field(default_factory=set)
    hold_s: float = 0.0
    unwatched_since: datetime | None = None
    """Since when, during a hold, its end may have been missed (the controller was away)."""
    transferred_at: datetime | None = None
    failed: LegOutcome | None = None
    supposed: bool = False
    """It can't ring any more, as later facts show; how it ended may still be reported."""

    def is_of(self, agent: AgentCode | None, station: StationName | None) -> bool:
        """Whether a fact that names these is about this leg; either name may be missing."""
        if agent is not None and self.agent is not None:
            return agent == self.agent
        return station is not None and station == self.station

    def hold(self, at: datetime, by: Party | Unlisted | None) -> None:
        if by in self.held_by and self.unwatched_since is not None:
            self._no_longer_held(self.unwatched_since)  # they must have resumed meanwhile
            self.held_by.clear()
        self.held_by.add(by)
        self.held_since = self.held_since or at

    def resume(self, at: datetime, by: Party | Unlisted | None) -> None:
        """One party no longer holds; the other may still do so."""
        if by is None or None in self.held_by:  # nobody knows whose hold it is
            self.held_by.clear()
        self.held_by.discard(by)
        if not self.held_by:
            self._no_longer_held(at)

    def _no_longer_held(self, at: datetime) -> None:
        if self.held_since is not None:
            self.hold_s += max(0.0, (at - self.held_since).total_seconds())
            self.held_since = self.unwatched_since = None

    def end(
        self,
        at: datetime,
        failed: LegOutcome | None = None,
        by: Party | Unlisted | None = None,
    ) -> None:
        self._no_longer_held(self.unwatched_since or at)
        self.ended_at = at
        if self.connected_at is None:
            self.failed = failed or LegOutcome.WITHDRAWN
        else:
            self.ended_by = by or Party.UNKNOWN

    def leg(self) -> Leg:
        talk_s = 0.0
        if self.failed is None and self.connected_at is not None and self.ended_at is not None:
            talk_s = max(0.0, (self.ended_at - self.connected_at).total_seconds() - self.hold_s)
        return Leg(
            agent=self.agent,
            station=self.station,
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
    timeline: Iterable[CallFact],
    ended_at: datetime | None,
    ended_by: Party | Unlisted | None = None,
) -> tuple[Leg, ...]:
    """The legs in the order in which they began. ``timeline`` is sorted and free of duplicates.

    ``ended_at`` and ``ended_by`` are the call's; legs that were still open ended with it.
    """
    legs: list[_Open] = []
    for fact in timeline:
        _step(legs, fact)
    if ended_at is not None:
        for leg in legs:
            if leg.ended_at is None:
                # The first agent of an attended transfer leaves at the transfer, not at the end.
                gone = LegOutcome.CALLER_LEFT if ended_by == Party.CALLER else None
                by = Party.AGENT if leg.transferred_at else ended_by
                leg.end(min(leg.transferred_at or ended_at, ended_at), gone, by)
    return tuple(leg.leg() for leg in legs)


def _step(legs: list[_Open], fact: CallFact) -> None:
    match fact.what:
        case Queued() | FellBack() | LeftQueue():
            _rings_no_more(legs, fact.at)
        case Offered(agent, station):
            _rings_no_more(legs, fact.at)
            legs.append(_Open(agent, station, offered_at=fact.at))
        case OfferNotTaken(agent, station, why):
            failed = _FAILURES.get(why, LegOutcome.FAILED)
            leg = _find(legs, agent, station, connected=False) or _supposed(legs, agent, station)
            if leg is not None:
                leg.end(fact.at, failed)
                leg.supposed = False
            elif failed is LegOutcome.DROPPED:
                # Asterisk had already shown a talk of less than a second.
                leg = _find(legs, agent, station, connected=True)
                leg = leg or _last_that_talked(legs, agent, station)
                if leg is not None:
                    leg.end(leg.ended_at or fact.at)
                    leg.failed = failed
        case TalkBegan(agent, station):
            if _find(legs, agent, station, connected=True) is not None:
                return
            if (leg := _find(legs, agent, station, connected=False)) is None:
                leg = _Open(agent, station)
                legs.append(leg)
            _rings_no_more(legs, fact.at, but=leg)
            leg.connected_at = fact.at
            leg.station = station or leg.station
        case TalkEnded(agent, station, by):
            if (leg := _find(legs, agent, station, connected=True)) is not None:
                leg.end(fact.at, by=by)
        case Held(agent, station, by):
            if (leg := _talking(legs, agent, station)) is not None:
                leg.hold(fact.at, by)
        case Resumed(agent, station, by):
            if (leg := _talking(legs, agent, station)) is not None:
                leg.resume(fact.at, by)
        case ControllerLost():
            for leg in legs:
                if leg.held_since is not None:
                    leg.unwatched_since = leg.unwatched_since or fact.at
        case Transferred(from_agent, station):
            # Asterisk may report it a moment after the legs have parted.
            leg = _talking(legs, from_agent, station)
            leg = leg or _last_that_talked(legs, from_agent, station)
            if leg is not None:
                leg.transferred_at = fact.at


def _rings_no_more(legs: list[_Open], at: datetime, but: _Open | None = None) -> None:
    """Ends earlier offers, whose end was missed while the controller was away: a caller is
    offered to one agent at a time."""
    for leg in legs:
        if leg is not but and leg.connected_at is None and leg.ended_at is None:
            leg.end(at)
            leg.supposed = True


def _supposed(
    legs: list[_Open], agent: AgentCode | None, station: StationName | None
) -> _Open | None:
    last = next((leg for leg in reversed(legs) if leg.is_of(agent, station)), None)
    return last if last is not None and last.supposed else None


def _find(
    legs: list[_Open], agent: AgentCode | None, station: StationName | None, *, connected: bool
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


def _talking(
    legs: list[_Open], agent: AgentCode | None, station: StationName | None
) -> _Open | None:
    """The leg that the fact is about; if it names nobody, the only leg that talks."""
    if agent is not None or station is not None:
        return _find(legs, agent, station, connected=True)
    talking = [leg for leg in legs if leg.connected_at is not None and leg.ended_at is None]
    return talking[0] if len(talking) == 1 else None


def _last_that_talked(
    legs: list[_Open], agent: AgentCode | None, station: StationName | None
) -> _Open | None:
    ended = [leg for leg in legs if leg.connected_at is not None and leg.ended_at is not None]
    return next((leg for leg in reversed(ended) if leg.is_of(agent, station)), None)


_FAILURES: Mapping[OfferFailure | Unlisted | None, LegOutcome] = {
    OfferFailure.NO_ANSWER: LegOutcome.NO_ANSWER,
    OfferFailure.BUSY: LegOutcome.BUSY,
    OfferFailure.REJECTED: LegOutcome.REJECTED,
    OfferFailure.UNREACHABLE: LegOutcome.UNREACHABLE,
    OfferFailure.FORWARDED: LegOutcome.FORWARDED,
    OfferFailure.DROPPED: LegOutcome.DROPPED,
    OfferFailure.WITHDRAWN: LegOutcome.WITHDRAWN,
    OfferFailure.CALLER_LEFT: LegOutcome.CALLER_LEFT,
}
