"""Decides which reports about a call are new, whoever makes them. Pure.

Four sources report the talks of a call, its transfers and its end: the session that dialled, AMI's
events, the snapshot after a time in which there were none, and Asterisk's own log. They do so in
any order, more than once, or late. The ledger alone decides which of these are new facts.

- While events come, a phone is in the call or it isn't; whoever reports a change first is right.
- In a gap nobody sees events. What a session or the snapshot after it reports is *supposed*: the
  log may know when it happened, or by whom. Supposed facts wait until the gap is settled.
- ``settle`` compares: what the log has beyond the ledger is new; so are supposed facts that neither
  has. The event for something that the log reported first may come a moment later, and is not new.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from domain.call_facts import CallEnded, ControllerLost, FellBack
from domain.centre import Hotline
from domain.facts import CallFact
from domain.floor_facts import TALKS, TalkBegan, TalkEnded, Transferred, phone_in
from domain.identity import AgentCode, CallId, StationName
from domain.outbound_facts import CustomerAnswered
from domain.reasons import EndReason, Party
from engine.calls.logged import closed, fact_id, missing, not_told
from telephony.logged_call import LoggedCall

_IN_LOG = (*TALKS, Transferred, FellBack)
"""The facts that Asterisk's log has too."""
_SUPPOSABLE = (*TALKS, CustomerAnswered, CallEnded)

_LATEST_EVENT = timedelta(seconds=2)
"""How far apart an entry of Asterisk's log and the event for the same thing may be."""
_LATE = timedelta(seconds=2)
"""How much later than the session AMI may report the same thing."""
_CLOCKS_APART = timedelta(seconds=0.2)
"""How far the clocks of two machines may differ, if NTP sets them."""


@dataclass(slots=True)
class Ledger:
    """The ledger of one call. Times are civil (UTC)."""

    facts: list[CallFact] = field(default_factory=list)
    """What is recorded about its talks and transfers, and about Asterisk's own queue."""
    phones: set[StationName] = field(default_factory=set)
    """The phones that are in the call now."""
    gapped: bool = False
    """Something happened that nobody saw: its times are in the record, not here."""
    supposed: list[CallFact] = field(default_factory=list)
    """What must have happened in the current gap; not recorded yet."""
    _of_gaps: dict[datetime, list[CallFact]] = field(default_factory=dict)
    """What must have happened in gaps that are over but not settled, by the gaps' ends."""
    _from_log: list[tuple[CallFact, datetime]] = field(default_factory=list)
    """What the log reported while the call went on: its event may still come, until then."""
    _in_vain: dict[StationName, datetime] = field(default_factory=dict)
    """When a phone was found to have answered in vain; late news of its talk doesn't count."""

    # While the call goes on

    def joins(self, phone: StationName, at: datetime) -> bool:
        """Caller and phone can hear each other; returns whether that is news."""
        in_vain = self._in_vain.get(phone)
        if phone in self.phones or (in_vain is not None and at - in_vain < _LATE):
            return False
        self.phones.add(phone)
        return True

    def leaves(self, phone: StationName) -> bool:
        """Caller and phone no longer hear each other; returns whether that is news."""
        if phone not in self.phones:
            return False
        self.phones.discard(phone)
        return True

    def answered_in_vain(self, phone: StationName, at: datetime) -> None:
        """The session says that the phone's answer was not a talk, whatever events say later."""
        self._in_vain[phone] = at

    def offered(self, phone: StationName) -> None:
        """The phone is rung again: what it answers now counts."""
        self._in_vain.pop(phone, None)

    def enter(self, fact: CallFact, *, supposed: bool = False) -> bool:
        """Take note of a fact; returns whether it must be recorded now.

        ``supposed``: nobody saw it happen. A talk, a customer's answer to our call or an end then
        waits until the gap is settled.
        """
        if supposed and isinstance(fact.what, _SUPPOSABLE):
            self.gapped = True
            self.supposed.append(fact)
            return False
        if isinstance(fact.what, _IN_LOG):
            if self._told_by_log(fact):
                return False
            self.facts.append(fact)
        return True

    def knew(self, timeline: tuple[CallFact, ...]) -> None:
        """Take over what an earlier controller has recorded."""
        have = {fact.id for fact in self.facts}
        self.facts += [
            fact for fact in timeline if isinstance(fact.what, _IN_LOG) and fact.id not in have
        ]

    # After a gap

    def gap_over(self, until: datetime) -> None:
        """The snapshot after a gap has been reported; ``until`` is the gap's end, and its name."""
        self._of_gaps[until], self.supposed = self.supposed, []

    def settle(
        self,
        until: datetime,
        events_from: datetime,
        logged: LoggedCall | None,
        agents: Mapping[StationName, AgentCode],
        offered_at: datetime | None = None,
    ) -> list[CallFact]:
        """The facts of the gap that ended at ``until`` that must be recorded, given Asterisk's log.

        Events since ``events_from`` come after it, though the snapshot may show what they bring.
        ``agents`` says who sat where, ``offered_at`` when the caller was last offered to an agent.
        """
        supposed = self._of_gaps.get(until, [])
        if logged is not None and logged.died:
            logged = replace(logged, died=False, ended_at=None)  # we saw when the link was lost
        told = [] if logged is None else missing(logged, self.facts, agents)
        seen = next((fact.what for fact in supposed if isinstance(fact.what, CallEnded)), None)
        if seen is None:  # it goes on, and its end will be reported live
            told = [fact for fact in told if not isinstance(fact.what, CallEnded)]
        told = [_as_seen(fact, seen) for fact in told]
        new = told + not_told(supposed, self.facts, told, until - events_from)
        # The caller may have been offered at the very moment when they hung up.
        new = _end_last(new, self.facts, offered_at)
        self.facts += [fact for fact in new if not isinstance(fact.what, CallEnded)]
        for fact in self._to_come(told, events_from - _CLOCKS_APART):
            self._from_log.append((fact, max(until, fact.at) + _LATEST_EVENT))
        # Only now that all has gone well: otherwise the gap is settled as supposed.
        self._of_gaps.pop(until, None)
        return new

    def settle_as_supposed(self, until: datetime) -> list[CallFact]:
        """The same, if no log is available."""
        supposed = self._of_gaps.pop(until, [])
        self.facts += [fact for fact in supposed if isinstance(fact.what, TALKS)]
        return supposed

    def settle_unseen(
        self,
        call: CallId,
        logged: LoggedCall | None,
        agents: Mapping[StationName, AgentCode],
        log_until: datetime,
        hotline: Hotline | None = None,
    ) -> list[CallFact]:
        """The facts that must be recorded of a call that is over and whose end nobody saw.

        ``logged`` is None if Asterisk's log doesn't have the call; ``log_until`` is the time of the
        log's last row. ``hotline`` is given for a call about which nothing is recorded yet.
        """
        if logged is None:
            return closed(call, self.facts, self.facts[-1].at, EndReason.CONTROLLER_AWAY)
        new = _end_last(missing(logged, self.facts, agents, hotline), self.facts)
        if logged.ended_at is None:
            # Asterisk doesn't have it and the log has no end: Asterisk was killed, and nobody has
            # called since.
            new += closed(call, [*self.facts, *new], log_until, EndReason.ASTERISK_ENDED)
        if logged.blocked:
            return new  # the dialplan refuses it with or without us
        alone = ControllerLost()
        at = min(fact.at for fact in new)
        return [CallFact(fact_id(call, f"{alone.kind} log"), call, at, alone), *new]

    # Looking back

    def talks(self) -> list[CallFact]:
        """The beginnings and ends of the call's talks, in order."""
        return sorted(
            (fact for fact in self.facts if isinstance(fact.what, TALKS)),
            key=lambda fact: fact.at,
        )

    def talked_since(self, phone: StationName, at: datetime) -> bool:
        """Whether a talk with this phone that began at ``at`` or later is recorded."""
        return any(
            isinstance(fact.what, TalkBegan) and fact.what.station == phone and fact.at >= at
            for fact in self.facts
        )

    def _to_come(self, told: Iterable[CallFact], events_from: datetime) -> list[CallFact]:
        """The facts from the log whose event is still to come.

        Anything older than ``events_from`` was in the snapshot, or no event will report it;
        anything younger may have been in it too. The events of a phone lead from where it is now
        to where the log has it in the end, so the first of them changes something.
        """
        to_come: list[CallFact] = []
        talks: dict[StationName, list[CallFact]] = {}
        for fact in told:
            match fact.what:
                case TalkBegan(station=str(phone)) | TalkEnded(station=str(phone)):
                    talks.setdefault(phone, []).append(fact)
                case CallEnded():
                    pass
                case _ if fact.at >= events_from:
                    to_come.append(fact)
        for phone, of_phone in talks.items():
            nothing_new = TalkBegan if phone in self.phones else TalkEnded
            young = [fact for fact in of_phone if fact.at >= events_from] or of_phone[-1:]
            if isinstance(young[0].what, nothing_new):
                del young[0]
            to_come += young
        return to_come

    def _told_by_log(self, fact: CallFact) -> bool:
        """Whether the fact is recorded already: the log was read just before the event came."""
        for told, latest in self._from_log:
            if (
                type(told.what) is type(fact.what)
                and phone_in(told.what) == phone_in(fact.what)
                and told.at - _LATEST_EVENT <= fact.at <= latest
            ):
                self._from_log.remove((told, latest))
                return True
        return False


def _as_seen(fact: CallFact, seen: CallEnded | None) -> CallFact:
    """A call's end as the log has it, with what we know better; other facts unchanged."""
    if not isinstance(logged := fact.what, CallEnded):
        return fact
    # The log knows when a flow hung up, but not that it was the flow.
    if seen is not None and seen.by is Party.FLOW and logged.by in (Party.SYSTEM, Party.AGENT):
        return replace(fact, what=replace(seen, cause=logged.cause))
    return fact


def _end_last(
    new: Sequence[CallFact], known: Sequence[CallFact], at_least: datetime | None = None
) -> list[CallFact]:
    """The same facts, with the end of the call after everything else that is known of it.

    The log dates a thing when it happened, and an event is dated when we learn of it. So by the
    log a caller may have hung up before the event that ended the talk. Recordings don't count:
    they are stored after the call.
    """
    times = [fact.at for fact in known if isinstance(fact.what, _IN_LOG)]
    times += [fact.at for fact in new]
    if at_least is not None:
        times.append(at_least)
    return [
        replace(fact, at=max(times)) if isinstance(fact.what, CallEnded) else fact for fact in new
    ]
