"""Lets agents in rooms ask somebody while their customer waits, and leave the customer with them.

Whoever is asked is in a room of their own: nailed up, or with their phone borrowed for this call. A
local channel, the *link*, joins that room to the agent's; the customer stays in the agent's room,
muted and with music, as on hold. To be passed on, the customer's session takes them from one room
to the other. So nothing is half done if we die: ``seen_in_snapshot`` of the next controller takes
the links down, and the customers are with their agents.
"""

import asyncio
from collections.abc import Set
from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog

from acd.events import KeepAgent, LetAgentGo
from domain.facts import (
    ConsultAnswered,
    ConsultBegan,
    ConsultEnded,
    Transferred,
)
from domain.identity import AgentCode, CallId, ChannelId, NodeName, StationName
from domain.reasons import ConsultEnd, Party, TransferKind
from engine.agents.aside import (
    ASKED_IN,
    CUSTOMER_IN,
    STEPS,
    ConsultStep,
    passes_on_by_hanging_up,
)
from engine.agents.colleagues_at_hand import Colleagues
from engine.agents.live_floor import LiveFloor
from engine.agents.live_talks import LiveTalks
from engine.agents.nailed_up import BORROW_S, NailedUp
from engine.agents.rooms import Rooms
from engine.calls.call import LiveCall, PassedOn
from engine.calls.live_calls import LiveCalls
from engine.changes import Changes
from engine.orders import Orders
from engine.ports import CallStage, CommandOutcome, ConsultStage, ConsultView, Recipient
from telephony.ami.originate import new_channel_id
from telephony.centre_calls import Calls
from telephony.room_names import BEEP, conference

log = structlog.get_logger()

KEPT_FOR = "consultation"
"""What a colleague is kept from the queues for who is asked."""
_ANSWERS_WITHIN_S = BORROW_S + 5.0


@dataclass(slots=True, eq=False)
class _Aside:
    """One consultation."""

    call: LiveCall
    agent: AgentCode
    station: StationName
    """The agent's phone, and room."""
    whom: AgentCode
    room: StationName
    """The phone and room of whom they ask."""
    stage: ConsultStage = ConsultStage.CALLING
    link: ChannelId | None = None
    leaving: bool = False
    """The customer is on the way to whom was asked."""
    since: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def node(self) -> NodeName:
        return self.call.channel.node


class Consultations:
    """All consultations, by the call that each is about."""

    def __init__(
        self,
        changes: Changes,
        calls: LiveCalls,
        floor: LiveFloor,
        talks: LiveTalks,
        nailed_up: NailedUp,
        rooms: Rooms,
        orders: Orders,
        channels: Calls,
    ) -> None:
        self._changes = changes
        self._calls = calls
        self._floor = floor
        self._talks = talks
        self._nailed_up = nailed_up
        self._rooms = rooms
        self._orders = orders
        self._channels = channels
        self._colleagues = Colleagues(calls, floor, channels)
        self._asides: dict[CallId, _Aside] = {}

    # --- what is there

    def views(self) -> dict[AgentCode, ConsultView]:
        """Each agent who asks or is asked, and how far that has come."""
        found: dict[AgentCode, ConsultView] = {}
        for aside in self._asides.values():
            caller, stage = aside.call.caller, aside.stage
            found[aside.whom] = ConsultView(stage, aside.agent, aside.since, False, caller)
            found[aside.agent] = ConsultView(stage, aside.whom, aside.since, True, caller)
        return found

    def about(self, call: CallId) -> bool:
        """Whether the agent of this call asks somebody."""
        return call in self._asides

    # --- wishes

    async def consult(self, agent: AgentCode, to: Recipient) -> CommandOutcome:
        """Put the customer on hold and ask somebody; returns before they answer."""
        found = self._customer_of(agent)
        if isinstance(found, CommandOutcome):
            return found
        call, station = found
        asked = self._colleagues.reached(call, agent, to, self._rooms_taken())
        if isinstance(asked, CommandOutcome):
            return asked
        whom, room = asked
        aside = self._asides[call.id] = _Aside(call, agent, station, whom, room)
        self._floor.feed(KeepAgent(whom, KEPT_FOR))
        self._calls.note(call, ConsultBegan(agent, station, whom))
        self._rooms.put_on_hold(call, agent, station, True)
        loop = asyncio.get_running_loop()
        loop.call_later(_ANSWERS_WITHIN_S, self._overdue, aside)
        if self._nailed_up.is_open(room):
            self._rooms.press(room, BEEP)
            self._link(aside)
        elif not await self._nailed_up.borrow(room, station):
            self._over(aside, ConsultEnd.NOT_REACHED)
            return CommandOutcome.PHONE_NOT_FREE
        self._changes.touch()
        return CommandOutcome.DONE

    def step(self, agent: AgentCode, step: ConsultStep) -> CommandOutcome:
        """Go on to another stage, or end it."""
        aside = self._of(agent)
        if aside is None or aside.leaving:
            return CommandOutcome.NOT_CONSULTING
        if step not in STEPS[aside.stage]:
            return CommandOutcome.NOT_ANSWERED_YET
        if (stage := STEPS[aside.stage][step]) is not None:
            self._move(aside, stage)
        elif step is ConsultStep.COMPLETE:
            call = aside.call
            call.passed = self._leave(aside)
            self._orders.kick(aside.node, call.channel_name, conference(aside.station))
        else:
            self._over(aside, ConsultEnd.CANCELLED)
        return CommandOutcome.DONE

    def pass_on(self, agent: AgentCode, to: Recipient) -> CommandOutcome:
        """Send the customer on without asking: to an agent, or into a queue."""
        found = self._customer_of(agent)
        if isinstance(found, CommandOutcome):
            return found
        call, station = found
        if to.queue is not None:
            queue = self._colleagues.queue(call, to)
            if queue is None:
                return CommandOutcome.NO_SUCH_TARGET
            call.passed, name = PassedOn(queue=queue.name), str(queue.name)
        else:
            asked = self._colleagues.reached(call, agent, to, self._rooms_taken())
            if isinstance(asked, CommandOutcome):
                return asked
            call.passed, name = PassedOn(*asked), asked[1]
        self._calls.note(call, Transferred(agent, station, name, TransferKind.BLIND))
        self._orders.kick(call.channel.node, call.channel_name, conference(station))
        return CommandOutcome.DONE

    def end(self, agent: AgentCode) -> CommandOutcome:
        """End what the agent is in: the consultation, or else the talk."""
        if self._of(agent) is not None:
            return self.step(agent, ConsultStep.CANCEL)
        return self._rooms.end_talk(agent)

    def end_talk(self, agent: AgentCode) -> CommandOutcome:
        """End the talk, and the consultation in it: the customer leaves the room."""
        aside = self._of(agent)
        outcome = self._rooms.end_talk(agent)
        if aside is not None and not aside.leaving and outcome is CommandOutcome.DONE:
            self._over(aside, ConsultEnd.CANCELLED, back=False)
        return outcome

    def hold(self, agent: AgentCode, on: bool) -> CommandOutcome:
        """Hold the customer, or talk to them again; not in a consultation, which has its steps."""
        if self._of(agent) is not None:
            return CommandOutcome.CONSULTING
        return self._rooms.hold(agent, on)

    # --- what the customer's session asks

    def onward(self, call: LiveCall, *, phone_gone: bool) -> PassedOn | None:
        """Where the customer goes who has just left a room; None: nowhere, the talk is over.

        ``phone_gone``: they left it because the agent's phone did.
        """
        passed, call.passed = call.passed, None
        aside = self._asides.get(call.id)
        if passed is not None or aside is None or aside.leaving:
            return passed
        if phone_gone and passes_on_by_hanging_up(aside.stage):
            return self._leave(aside)
        # Whoever hears music while a colleague's phone rings has not been served.
        call.passed_in_vain = aside.stage is ConsultStage.CALLING
        self._over(aside, ConsultEnd.CANCELLED, back=False)
        return None

    def in_vain(self, call: LiveCall) -> None:
        """The customer was not taken where they were passed on to."""
        call.passed_in_vain = True
        if (aside := self._asides.get(call.id)) is not None:
            self._over(aside, ConsultEnd.LEFT, back=False)

    # --- what happens

    def opened(self, station: StationName) -> None:
        """A phone is in its room: perhaps one that was borrowed for this."""
        for aside in self._asides.values():
            if aside.room == station and aside.link is None:
                self._link(aside)

    def entered(self, channel: ChannelId) -> None:
        """A channel has come into a bridge: perhaps a link."""
        aside = self._linked(channel)
        if aside is not None and aside.stage is ConsultStage.CALLING:
            aside.stage = ConsultStage.PRIVATE
            self._calls.note(aside.call, ConsultAnswered(aside.agent, aside.station, aside.whom))
            self._changes.touch()

    def ended(self, channel: ChannelId) -> None:
        """A channel is gone: perhaps a link, because whoever was asked has left."""
        aside = self._linked(channel)
        if aside is None or aside.leaving or self._channels.leg_ends(aside.station):
            return  # the customer's session says what comes now
        called = aside.stage is ConsultStage.CALLING
        self._over(aside, ConsultEnd.NOT_REACHED if called else ConsultEnd.LEFT)

    def phone_ended(self, station: StationName) -> None:
        """A phone that was rung to be borrowed has not answered."""
        for aside in [a for a in self._asides.values() if a.room == station and a.link is None]:
            if not self._nailed_up.is_being_called(station):
                self._over(aside, ConsultEnd.NOT_REACHED)

    def met(self, call: LiveCall, station: StationName) -> None:
        """The customer is with this phone: perhaps passed on to it, so that the link can go."""
        aside = self._asides.get(call.id)
        if aside is not None and aside.leaving and aside.room == station:
            call.agent = self._floor.at_station.get(station)
            self._calls.stage(call, CallStage.TALKING)
            self._note_end(aside, ConsultEnd.PASSED_ON)
            self._take_down(aside)

    def parted(self, station: StationName) -> None:
        """A customer has left this phone, which may have been borrowed for them."""
        if not any(station == aside.room for aside in self._asides.values()):
            self._nailed_up.let_go(station)

    def customer_gone(self, call: CallId) -> None:
        """The call is over."""
        if (aside := self._asides.get(call)) is not None:
            self._note_end(aside, ConsultEnd.CUSTOMER_LEFT)
            self._take_down(aside)
            self._nailed_up.let_go(aside.room)

    def seen_in_snapshot(
        self, node: NodeName, there: Set[str], kept: Set[StationName] = frozenset()
    ) -> None:
        """After a login: take down what an earlier controller left, and what has ended meanwhile.

        ``there`` are the uniqueids of all channels, ``kept`` the phones whose agents are kept for a
        customer.
        """
        for aside in [a for a in self._asides.values() if a.node == node]:
            if aside.call.id not in self._calls.by_id:
                self.customer_gone(aside.call.id)
            elif aside.link is not None and aside.link.uniqueid not in there:
                self.ended(aside.link)
        known = {aside.link for aside in self._asides.values()}
        for link in self._channels.links(node):
            if link not in known:
                self._orders.hang_up(link)
        talking = {phone for call in self._calls.by_id.values() for phone in call.ledger.phones}
        for station in self._nailed_up.left_over() - talking - kept:
            self._nailed_up.let_go(station)

    # --- how

    def _rooms_taken(self) -> set[StationName]:
        return {aside.room for aside in self._asides.values()}

    def _of(self, agent: AgentCode) -> _Aside | None:
        return next((a for a in self._asides.values() if a.agent == agent), None)

    def _linked(self, channel: ChannelId) -> _Aside | None:
        return next((a for a in self._asides.values() if a.link == channel), None)

    def _customer_of(self, agent: AgentCode) -> tuple[LiveCall, StationName] | CommandOutcome:
        """The customer whom the agent may hold or send on, and the agent's room."""
        seat = self._floor.core.agent(agent)
        if seat is None or seat.station is None or self._channels.leg(seat.station) is None:
            return CommandOutcome.NOT_CONNECTED
        call = self._rooms.customer(seat.station, seat.call)
        if call is None:
            return CommandOutcome.NOT_TALKING
        if not call.attached:
            return CommandOutcome.CONTROLLER_CHANGED
        if call.id in self._asides or call.passed is not None:
            return CommandOutcome.CONSULTING
        return call, seat.station

    def _link(self, aside: _Aside) -> None:
        aside.link = ChannelId(aside.node, new_channel_id())
        self._orders.link(aside.link, aside.station, aside.room)

    def _move(self, aside: _Aside, stage: ConsultStage) -> None:
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

    def _hold_link(self, aside: _Aside, on: bool) -> None:
        link = None if aside.link is None else self._channels.channel(aside.link)
        if link is not None:
            self._orders.mute(aside.node, link.name, conference(aside.station), on)
            other_half = link.name.removesuffix("1") + "2"
            self._orders.mute(aside.node, other_half, conference(aside.room), on)

    def _leave(self, aside: _Aside) -> PassedOn:
        """The agent leaves, and the customer is on the way to whom was asked."""
        aside.leaving = True
        passed = Transferred(aside.agent, aside.station, aside.room, TransferKind.ATTENDED)
        self._calls.note(aside.call, passed)
        self._changes.touch()
        return PassedOn(aside.whom, aside.room, asked=True)

    def _overdue(self, aside: _Aside) -> None:
        if self._asides.get(aside.call.id) is aside and aside.stage is ConsultStage.CALLING:
            self._over(aside, ConsultEnd.NOT_REACHED)

    def _over(self, aside: _Aside, how: ConsultEnd, *, back: bool = True) -> None:
        """End it; ``back``: the customer is with the agent again."""
        self._note_end(aside, how)
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
        self._nailed_up.let_go(aside.room)

    def _note_end(self, aside: _Aside, how: ConsultEnd) -> None:
        self._calls.note(aside.call, ConsultEnded(aside.agent, aside.station, aside.whom, how))

    def _take_down(self, aside: _Aside) -> None:
        """Forget it, and end the link."""
        self._asides.pop(aside.call.id, None)
        self._floor.feed(LetAgentGo(aside.whom, KEPT_FOR))
        if aside.link is not None and self._channels.channel(aside.link) is not None:
            self._orders.hang_up(aside.link)
        self._changes.touch()
