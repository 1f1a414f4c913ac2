"""Records talks between callers and agents and the ends of calls, whoever reports them.

The session that dialled reports a talk, and so does AMI; either may be the only one to do so.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from acd.commands import Offer
from acd.events import CallGone, Connected, Disconnected
from dialer.causes import cause_of
from domain.agent_facts import AgentState
from domain.call_facts import CallEnded
from domain.facts import CallFact
from domain.floor_facts import TalkBegan, TalkEnded
from domain.identity import AgentCode, CallId, ChannelId, NodeName, StationName
from domain.outbound_facts import FateUnknown, NotReached
from domain.reasons import Cause, EndReason, Party, Unlisted
from engine.agents.live_floor import LiveFloor
from engine.board_ports import CallStage
from engine.calls.call import LiveCall
from engine.calls.gap import Gap, moment
from engine.calls.live_calls import LiveCalls
from telephony.ami.link import Link

HARDLY_S = 0.8
"""Anything shorter is not a talk: no word fits in. [dial-over] in extensions.conf has the same."""


def is_talk(together_ms: int) -> bool:
    """Whether this time together, by Asterisk's clock, makes a talk.

    A negative time only says that the clock was set back meanwhile. It counts as a talk, because
    letting a served caller go is better than bringing them back, and phones that answer in vain are
    rare.
    """
    return not 0 <= together_ms < HARDLY_S * 1000


class LiveTalks:
    """Connects and separates callers and agents, in the record and on the floor."""

    def __init__(
        self,
        calls: LiveCalls,
        floor: LiveFloor,
        links: Mapping[NodeName, Link],
        on_call_over: Callable[[LiveCall], None],
    ) -> None:
        self.on_call_over = on_call_over
        """Called with each call that has ended, once all of it is recorded."""
        self._calls = calls
        self._floor = floor
        self._links = links

    def connected(
        self,
        call: LiveCall,
        station: StationName,
        at: datetime,
        *,
        supposed: bool = False,
        late_s: float = 0.0,
    ) -> None:
        """Caller and agent can hear each other. ``supposed``: they must, though nobody saw it.

        They have for ``late_s`` seconds already. Facts bear the time at which we learn of things,
        so that they are in order; a recording is compared with how long the talk really was.
        """
        if not call.ledger.joins(station, at):
            return
        call.phone_lost = None
        call.held_at_desk = False
        call.bridged_at = call.bridged_at or at - timedelta(seconds=late_s)
        agent = self._floor.at_station.get(station)
        self._calls.note(call, TalkBegan(agent, station), at=at, supposed=supposed)
        call.agent = agent
        self._calls.stage(call, CallStage.TALKING)
        self._floor.feed(Connected(call.id, agent))
        if call.follower is not None:
            call.follower.talks(agent)

    def disconnected(
        self,
        call: LiveCall,
        station: StationName,
        by: Party,
        at: datetime,
        *,
        supposed: bool = False,
        late_s: float = 0.0,
    ) -> None:
        """Caller and agent no longer hear each other. The others are as in ``connected``."""
        if not call.ledger.leaves(station):
            return
        if not call.ledger.phones and call.bridged_at is not None:
            # Asterisk's clock may have been set back meanwhile.
            together_s = (at - call.bridged_at).total_seconds() - late_s
            call.bridged_s += max(0.0, together_s)
            call.bridged_at = None
        call.held_at_desk = False
        agent = self._floor.at_station.get(station)
        why = None
        if call.phone_lost == station:
            by, why = Party.SYSTEM, EndReason.PHONE_GONE
        self._calls.note(call, TalkEnded(agent, station, by, why), at=at, supposed=supposed)
        if agent is not None:
            self._floor.feed(Disconnected(call.id, agent))

    def seen_by_session(
        self, call: LiveCall, offer: Offer, dialled_at: datetime, ended_at: datetime
    ) -> None:
        """The session has seen a talk: report it, in case AMI hasn't."""
        agent = self._floor.core.agent(offer.agent)
        if agent is None or agent.call != call.id:
            return
        if self._links[call.channel.node].up:
            if agent.state is AgentState.OFFERED:
                if call.ledger.talked_since(offer.station, dialled_at):  # by Asterisk's log
                    self._floor.feed(Connected(call.id, offer.agent))
                    self._floor.feed(Disconnected(call.id, offer.agent))
                    return
                self.connected(call, offer.station, dialled_at)
                self.disconnected(call, offer.station, Party.UNKNOWN, ended_at)
            return
        self.connected(call, offer.station, dialled_at, supposed=True)
        self.disconnected(call, offer.station, Party.UNKNOWN, ended_at, supposed=True)

    def must_have_begun(self, call: LiveCall, offer: Offer) -> None:
        """The phone can't be ringing any more and the caller is not back, so they talk.

        While AMI is down nobody else says so, and the floor would go on offering the caller to one
        agent after another. Only the floor is told; the record waits for somebody who knows more.
        """
        if not self._links[call.channel.node].up and not call.ledger.phones:
            call.agent = offer.agent
            self._calls.stage(call, CallStage.TALKING)
            self._floor.feed(Connected(call.id, offer.agent))

    def must_have_ended(self, call: LiveCall) -> None:
        """The caller has left the talk that their session dialled. Again only the floor is told."""
        if not self._links[call.channel.node].up:
            for view in self._floor.core.agents:
                if view.state is AgentState.TALKING and view.call == call.id:
                    self._floor.feed(Disconnected(call.id, view.code))

    def seen_in_snapshot(self, node: NodeName) -> None:
        """Correct what the floor was fed meanwhile: a snapshot knows who talks."""
        talks: set[tuple[AgentCode, CallId]] = set()
        for call in self._calls.by_id.values():
            for station in call.ledger.phones if call.channel.node == node else ():
                if agent := self._floor.at_station.get(station):
                    talks.add((agent, call.id))
                    self._floor.feed(Connected(call.id, agent))
        for view in self._floor.core.agents:
            if view.state is not AgentState.TALKING or view.call is None:
                continue
            if ChannelId.of(view.call).node == node and (view.code, view.call) not in talks:
                self._floor.feed(Disconnected(view.call, view.code))

    def gone(
        self,
        call: LiveCall,
        by: Party,
        cause: int,
        gap: Gap | None = None,
        *,
        lost: bool = False,
        sip: int = 0,
        late_s: float = 0.0,
    ) -> None:
        """The customer's channel is gone: close the record, and separate the agents from it.

        ``lost``: nobody hung up, but the caller's line has stopped answering.

        ``gap`` is the one whose snapshot shows it; the call is then not over until the gap is
        closed.
        """
        if not self._calls.end(call):
            return
        now = moment(gap)
        why: EndReason | Unlisted | None = call.flow_ended
        unreached = None
        if call.placed is not None and not call.picked_up:
            if gap is None:
                unreached = Cause.CUT if call.cut else cause_of(cause or None, sip or None)
                self._calls.note(call, NotReached(unreached, cause or None, sip or None), at=now)
            else:  # they may have answered while nobody looked
                self._calls.note(call, FateUnknown(), at=now)
        for station in list(call.ledger.phones):
            self.disconnected(call, station, by, now, supposed=gap is not None, late_s=late_s)
        self._floor.call_over(call.id)
        if gap is None:  # otherwise its way is over when Asterisk's log says that the call was
            self._calls.way_over(call, now)
        if gap is not None and gap.restarted:
            by, why = Party.SYSTEM, EndReason.ASTERISK_ENDED
        elif lost:
            why = EndReason.LINE_GONE
        elif call.refused is not None and by is not Party.CALLER:
            by, why = Party.SYSTEM, call.refused
        elif call.flow_ended is not None and by is not Party.CALLER:
            by = Party.FLOW  # who ended the talk before that is recorded with the talk
        elif by in (Party.SYSTEM, Party.UNKNOWN) and _agent_hung_up(call):
            by = Party.AGENT
        self._calls.note(call, CallEnded(by, cause, why), at=now, supposed=gap is not None)
        self._floor.feed(CallGone(call.id))
        if call.follower is not None:
            call.follower.over(unreached)
        if gap is None:
            self.on_call_over(call)
        else:
            gap.over.append(call)


def must_wait_again(call: LiveCall) -> bool:
    """Whether the last talk ended because the other side was gone, not because it was finished."""
    return call.phone_lost is not None or call.passed_in_vain or passed_on_in_vain(call)


def has_talked(call: LiveCall) -> bool:
    """Whether somebody talks with the customer, or has done so for long enough."""
    began: dict[StationName | None, datetime] = {}
    for fact in call.ledger.talks():
        match fact.what:
            case TalkBegan(station=phone):
                began[phone] = fact.at
            case TalkEnded(station=phone) if phone in began:
                if fact.at - began.pop(phone) >= timedelta(seconds=HARDLY_S):
                    return True
    return bool(began)


def passed_on_in_vain(call: LiveCall) -> bool:
    """Whether the colleague left at the very moment when the caller was passed on to them.

    The dialplan measures the time since the colleague answered, which was talk with the agent. This
    no longer holds once the caller waits again: AMI may not report the next talk.
    """
    match call.ledger.talks()[-4:]:
        case [  # the agent's talk, and the colleague's
            _,
            _,
            CallFact(what=TalkBegan(station=came_at)) as came,
            CallFact(what=TalkEnded(station=left_at)) as left,
        ]:
            return (
                came_at == left_at
                and left.at - came.at < timedelta(seconds=HARDLY_S)
                and not any(returned >= left.at for returned in call.returns)
            )
    return False


def _agent_hung_up(call: LiveCall) -> bool:
    """Whether an agent ended the last talk while nobody looked (otherwise the fold knows)."""
    talks = call.ledger.talks()
    if not (call.adopted or call.ledger.gapped) or not talks:
        return False
    last = talks[-1].what
    return isinstance(last, TalkEnded) and last.by == Party.AGENT
