"""The consultations under way: what each consists of, and what happens to it until it is over.

Whoever is asked is in a room of their own: nailed up, with their phone borrowed for this call, or
outside (``outside_calls``). A local channel, the *link*, joins that room to the agent's; the
customer stays in the agent's room, muted and with music, as on hold. So nothing is half done if we
die: ``seen_in_snapshot`` of the next controller takes the links down, and the customers are with
their agents. What agents may wish is in ``consultations``.
"""

import asyncio
from collections.abc import Set
from datetime import UTC, datetime

from acd.commands import AgentChanged
from acd.events import KeepAgent, LetAgentGo
from domain.agent_facts import AgentState
from domain.floor_facts import ConsultAnswered, ConsultBegan, ConsultEnded, Transferred
from domain.identity import AgentCode, CallId, ChannelId, NodeName, StationName
from domain.reasons import Cause, ConsultEnd, Party, TransferKind
from engine.agents.agent_news import AgentNews
from engine.agents.aside import ASKED_IN, CUSTOMER_IN
from engine.agents.live_floor import LiveFloor
from engine.agents.live_talks import LiveTalks
from engine.agents.nailed_up import BORROW_S, NailedUp
from engine.agents.one_aside import Aside
from engine.agents.outside_calls import RING_S, NotCalled, OutsideCalls, is_outside
from engine.agents.room_links import RoomLinks
from engine.agents.rooms import Rooms
from engine.board_ports import CallStage, ConsultStage, ConsultView, UnreachedView
from engine.calls.call import LiveCall, PassedOn
from engine.calls.live_calls import LiveCalls
from engine.changes import Changes
from engine.orders import Orders
from telephony.centre_calls import Calls
from telephony.room_names import BEEP

KEPT_FOR = "consultation"
"""What a colleague is kept from the queues for who is asked."""
_LATE_S = 5.0
"""Somebody whose ringing has not ended so long after it should have has no channel."""


class Asides:
    """All consultations, by the call that each is about."""

    def __init__(
        self,
        changes: Changes,
        calls: LiveCalls,
        floor: LiveFloor,
        talks: LiveTalks,
        nailed_up: NailedUp,
        outside: OutsideCalls,
        rooms: Rooms,
        orders: Orders,
        channels: Calls,
        news: AgentNews,
    ) -> None:
        self._changes = changes
        self._calls = calls
        self._floor = floor
        self._talks = talks
        self._nailed_up = nailed_up
        self._outside = outside
        self._rooms = rooms
        self._orders = orders
        self._channels = channels
        self._by_call: dict[CallId, Aside] = {}
        self._unreached: dict[AgentCode, tuple[CallId, UnreachedView]] = {}
        """Whom each agent has asked for in vain last, about this call."""
        self._links = RoomLinks(orders, channels)
        news.listen(self._agent_changed)
        outside.listen(self.opened, self._not_called)

    # --- what is there

    def views(self) -> dict[AgentCode, ConsultView]:
        """Each agent who asks or is asked, and how far that has come."""
        found: dict[AgentCode, ConsultView] = {}
        for aside in self._by_call.values():
            found |= aside.views()
        return found

    def unreached(self) -> dict[AgentCode, UnreachedView]:
        """Whom agents have asked for in vain, until they ask again or the call is over."""
        return {agent: view for agent, (_, view) in self._unreached.items()}

    def about(self, call: CallId) -> Aside | None:
        """The consultation about this call."""
        return self._by_call.get(call)

    def of(self, agent: AgentCode) -> Aside | None:
        """The consultation in which this agent asks somebody."""
        return next((a for a in self._by_call.values() if a.agent == agent), None)

    def rooms(self) -> set[StationName]:
        """The rooms of all who are asked."""
        return {aside.room for aside in self._by_call.values()}

    # --- from the beginning to the end

    async def begin(self, aside: Aside) -> bool:
        """Put the customer on hold, and fetch whom the agent asks; False if they can't be."""
        call = aside.call
        self._by_call[call.id] = aside
        self._unreached.pop(aside.agent, None)
        if aside.whom is not None:
            self._floor.feed(KeepAgent(aside.whom, KEPT_FOR))
        self._calls.note(call, ConsultBegan(aside.agent, aside.station, aside.name))
        self._rooms.put_on_hold(call, aside.agent, aside.station, True)
        if not await self._fetch(aside):
            self.over(aside, ConsultEnd.NOT_REACHED)
            return False
        self._changes.touch()
        return True

    def move(self, aside: Aside, stage: ConsultStage) -> None:
        """Let those hear each other who do at this stage."""
        before, aside.stage = aside.stage, stage
        if before is ConsultStage.CONFERENCE:
            self._talks.disconnected(aside.call, aside.room, Party.AGENT, datetime.now(UTC))
        held = stage not in CUSTOMER_IN
        self._rooms.put_on_hold(aside.call, aside.agent, aside.station, held)
        if (before in ASKED_IN) is not (stage in ASKED_IN):
            self._hold_link(aside, stage not in ASKED_IN)
        if stage is ConsultStage.CONFERENCE:
            self._talks.connected(aside.call, aside.room, datetime.now(UTC))
            aside.call.agent = aside.agent  # it stays theirs until they leave
        self._changes.touch()

    def leave(self, aside: Aside) -> PassedOn:
        """The agent leaves, and the customer is on the way to whom was asked."""
        aside.leaving = True
        passed = Transferred(aside.agent, aside.station, aside.room, TransferKind.ATTENDED)
        self._calls.note(aside.call, passed)
        if aside.outside is not None:
            self._outside.expects(aside.call, aside.outside)
        if aside.outside is not None and aside.stage is ConsultStage.CUSTOMER:
            self._outside_music(aside, False)
        self._changes.touch()
        return PassedOn(aside.whom, aside.room, asked=True)

    def over(
        self, aside: Aside, how: ConsultEnd, *, back: bool = True, cause: Cause | None = None
    ) -> None:
        """End it, unless it has ended; ``back``: the customer is with the agent again."""
        if self._by_call.get(aside.call.id) is not aside:
            return  # two have wished for it at the same moment
        self._note_end(aside, how, cause)
        if how is ConsultEnd.NOT_REACHED:
            outside = aside.outside
            who = aside.whom if outside is None else outside.number
            title = "" if outside is None else outside.title
            vain = UnreachedView(who or "", title, cause, datetime.now(UTC))
            self._unreached[aside.agent] = aside.call.id, vain
        self._take_down(aside)
        call = aside.call
        if aside.stage is ConsultStage.CONFERENCE or aside.leaving:
            view = self._channels.view(call.id)
            if view is None or aside.room not in view.connected:
                self._talks.disconnected(call, aside.room, Party.AGENT, datetime.now(UTC))
        if back and aside.station in call.ledger.phones:
            self._rooms.put_on_hold(call, aside.agent, aside.station, False)
            self._calls.stage(call, CallStage.TALKING)
            call.agent = aside.agent
            if how is not ConsultEnd.CANCELLED:
                self._rooms.press(aside.station, BEEP)
        self._let_go(aside.room)

    # --- what happens

    def opened(self, station: StationName) -> None:
        """A phone is in its room: perhaps one that was fetched for this."""
        for aside in self._by_call.values():
            if aside.room == station and aside.link is None:
                aside.link = self._links.join(aside.node, aside.station, aside.room)

    def arrived(self, channel: ChannelId) -> None:
        """A channel is new: perhaps a link that nobody wants any more."""
        self._links.arrived(channel)

    def entered(self, channel: ChannelId) -> None:
        """A channel has come into a bridge: perhaps a link."""
        aside = self._linked(channel)
        if aside is not None and aside.stage is ConsultStage.CALLING:
            aside.stage = ConsultStage.PRIVATE
            self._calls.note(aside.call, ConsultAnswered(aside.agent, aside.station, aside.name))
            self._changes.touch()

    def ended(self, channel: ChannelId) -> None:
        """A channel is gone: perhaps a link, because whoever was asked has left."""
        self._links.ended(channel)
        aside = self._linked(channel)
        if aside is None or aside.leaving or self._channels.leg_ends(aside.station):
            return  # the customer's session says what comes now
        called = aside.stage is ConsultStage.CALLING
        self.over(aside, ConsultEnd.NOT_REACHED if called else ConsultEnd.LEFT)

    def phone_ended(self, station: StationName) -> None:
        """A phone that was rung to be borrowed has not answered."""
        for aside in [a for a in self._by_call.values() if a.room == station and a.link is None]:
            if not self._nailed_up.is_being_called(station):
                self.over(aside, ConsultEnd.NOT_REACHED)

    def met(self, call: LiveCall, station: StationName) -> None:
        """The customer is with this phone: perhaps passed on to it, so that the link can go."""
        aside = self._by_call.get(call.id)
        if aside is not None and aside.leaving and aside.room == station:
            call.agent = self._floor.at_station.get(station)
            self._calls.stage(call, CallStage.TALKING)
            self._note_end(aside, ConsultEnd.PASSED_ON)
            self._take_down(aside)

    def parted(self, call: LiveCall, station: StationName) -> None:
        """A customer has left this phone, which may have been fetched for them."""
        if station not in self.rooms():
            self._let_go(station)
            if is_outside(station):
                self._outside.parted(call)

    def customer_gone(self, call: CallId) -> None:
        """The call is over."""
        for agent, (about, _) in tuple(self._unreached.items()):
            if about == call:
                del self._unreached[agent]
        if (aside := self._by_call.get(call)) is not None:
            self._note_end(aside, ConsultEnd.CUSTOMER_LEFT)
            self._take_down(aside)
            self._let_go(aside.room)

    def seen_in_snapshot(
        self, node: NodeName, there: Set[str], kept: Set[StationName] = frozenset()
    ) -> None:
        """After a login: take down what an earlier controller left, and what has ended meanwhile.

        ``there`` are the uniqueids of all channels, ``kept`` the phones whose agents are kept for a
        customer.
        """
        for aside in [a for a in self._by_call.values() if a.node == node]:
            if aside.call.id not in self._calls.by_id:
                self.customer_gone(aside.call.id)
            elif aside.link is not None and aside.link.uniqueid not in there:
                self.ended(aside.link)
        self._links.end_all_but({aside.link for aside in self._by_call.values()}, node)
        talking = {phone for call in self._calls.by_id.values() for phone in call.ledger.phones}
        for station in self._nailed_up.left_over() - talking - kept:
            self._nailed_up.let_go(station)

    # --- how

    async def _fetch(self, aside: Aside) -> bool:
        """Bring whom the agent asks into their room, or begin to; False if they can't be."""
        loop = asyncio.get_running_loop()
        if aside.outside is not None:
            loop.call_later(RING_S + _LATE_S, self._overdue, aside)
            return await self._outside.call(aside.outside, aside.room, aside.node)
        loop.call_later(BORROW_S + _LATE_S, self._overdue, aside)
        if self._nailed_up.is_open(aside.room):
            self._rooms.press(aside.room, BEEP)
            aside.link = self._links.join(aside.node, aside.station, aside.room)
            return True
        return await self._nailed_up.borrow(aside.room, aside.station)

    def _let_go(self, room: StationName) -> None:
        if is_outside(room):
            self._outside.let_go(room)
        else:
            self._nailed_up.let_go(room)

    def _linked(self, channel: ChannelId) -> Aside | None:
        return next((a for a in self._by_call.values() if a.link == channel), None)

    def _hold_link(self, aside: Aside, on: bool) -> None:
        if aside.link is not None:
            self._links.mute(aside.link, aside.station, aside.room, on)
        if aside.outside is not None:
            self._outside_music(aside, on)

    def _outside_music(self, aside: Aside, on: bool) -> None:
        """Somebody outside who waits hears music: they would take silence for the end."""
        leg = self._channels.leg(aside.room)
        view = None if leg is None else self._channels.channel(leg)
        if view is not None:
            self._orders.music_at(aside.node, view.name, on)

    def _agent_changed(self, change: AgentChanged) -> None:
        """A colleague who logs out while their phone rings can't be asked."""
        if change.state is AgentState.LOGGED_OUT:
            for aside in [a for a in self._by_call.values() if a.whom == change.agent]:
                if aside.stage is ConsultStage.CALLING and aside.link is None:
                    self.over(aside, ConsultEnd.NOT_REACHED)

    def _not_called(self, failed: NotCalled) -> None:
        """Somebody outside has not answered."""
        for aside in [a for a in self._by_call.values() if a.room == failed.room]:
            self.over(aside, ConsultEnd.NOT_REACHED, cause=failed.cause)

    def _overdue(self, aside: Aside) -> None:
        if aside.stage is ConsultStage.CALLING:
            self.over(aside, ConsultEnd.NOT_REACHED)

    def _note_end(self, aside: Aside, how: ConsultEnd, cause: Cause | None = None) -> None:
        ended = ConsultEnded(aside.agent, aside.station, aside.name, how, cause)
        self._calls.note(aside.call, ended)

    def _take_down(self, aside: Aside) -> None:
        """Forget it, and end the link."""
        self._by_call.pop(aside.call.id, None)
        if aside.whom is not None:
            self._floor.feed(LetAgentGo(aside.whom, KEPT_FOR))
        if aside.link is not None:
            self._links.take_down(aside.link)
        self._changes.touch()
