"""What agents in rooms may wish: to ask somebody while their customer waits, and to send them on.

How it is carried out, and what happens to it, is in ``asides``; the table of the stages in
``aside``. To be passed on, the customer's session takes them from one room to the other, and asks
here where they go.
"""

from domain.centre import OutsideNumber
from domain.floor_facts import Transferred
from domain.identity import AgentCode, StationName
from domain.reasons import ConsultEnd, TransferKind
from engine.agents.aside import ASKED_IN, STEPS, ConsultStep, passes_on_by_hanging_up
from engine.agents.asides import Asides
from engine.agents.colleagues_at_hand import Colleagues
from engine.agents.live_floor import LiveFloor
from engine.agents.one_aside import Aside
from engine.agents.outside_calls import OutsideCalls, new_room
from engine.agents.passes_outside import PassesOutside
from engine.agents.rooms import Rooms
from engine.board_ports import CallStage, ConsultStage
from engine.calls.call import LiveCall, PassedOn
from engine.calls.live_calls import LiveCalls
from engine.centre_ports import CommandOutcome, Recipient
from engine.orders import Orders
from telephony.centre_calls import Calls
from telephony.room_names import conference


class Consultations:
    """Carries out what agents wish about their customers, and answers customers' sessions."""

    def __init__(
        self,
        calls: LiveCalls,
        floor: LiveFloor,
        asides: Asides,
        outside: OutsideCalls,
        passes: PassesOutside,
        rooms: Rooms,
        orders: Orders,
        channels: Calls,
    ) -> None:
        self._calls = calls
        self._floor = floor
        self._asides = asides
        self._outside = outside
        self._passes = passes
        self._rooms = rooms
        self._orders = orders
        self._channels = channels
        self._colleagues = Colleagues(calls, floor, channels)

    # --- wishes

    async def consult(self, agent: AgentCode, to: Recipient) -> CommandOutcome:
        """Put the customer on hold and ask somebody; returns before they answer."""
        found = self._customer_of(agent)
        if isinstance(found, CommandOutcome):
            return found
        call, station = found
        aside = self._asked(call, agent, station, to)
        if isinstance(aside, CommandOutcome):
            return aside
        if await self._asides.begin(aside):
            return CommandOutcome.DONE
        outside = aside.outside is not None
        return CommandOutcome.LINE_NOT_FREE if outside else CommandOutcome.PHONE_NOT_FREE

    def step(self, agent: AgentCode, step: ConsultStep) -> CommandOutcome:
        """Go on to another stage, or end it."""
        aside = self._asides.of(agent)
        if aside is None or aside.leaving:
            return CommandOutcome.NOT_CONSULTING
        if step not in STEPS[aside.stage]:
            return CommandOutcome.NOT_ANSWERED_YET
        if (stage := STEPS[aside.stage][step]) is not None:
            self._asides.move(aside, stage)
        elif step is ConsultStep.COMPLETE:
            call = aside.call
            call.passed = self._asides.leave(aside)
            self._orders.kick(aside.node, call.channel_name, conference(aside.station))
        else:
            self._asides.over(aside, ConsultEnd.CANCELLED)
        return CommandOutcome.DONE

    async def pass_on(self, agent: AgentCode, to: Recipient) -> CommandOutcome:
        """Send the customer on without asking: to an agent, outside, or into a queue."""
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
            aside = self._asked(call, agent, station, to)
            if isinstance(aside, CommandOutcome):
                return aside
            if aside.outside is not None:
                return await self._pass_outside(aside, aside.outside)
            call.passed, name = PassedOn(aside.whom, aside.room), aside.room
        self._calls.note(call, Transferred(agent, station, name, TransferKind.BLIND))
        self._orders.kick(call.channel.node, call.channel_name, conference(station))
        return CommandOutcome.DONE

    def end(self, agent: AgentCode) -> CommandOutcome:
        """End what the agent is in: the consultation, or else the talk."""
        if self._asides.of(agent) is not None:
            return self.step(agent, ConsultStep.CANCEL)
        return self._rooms.end_talk(agent)

    def end_talk(self, agent: AgentCode) -> CommandOutcome:
        """End the talk, and the consultation in it: the customer leaves the room."""
        aside = self._asides.of(agent)
        outcome = self._rooms.end_talk(agent)
        if aside is not None and not aside.leaving and outcome is CommandOutcome.DONE:
            self._asides.over(aside, ConsultEnd.CANCELLED, back=False)
        return outcome

    def hold(self, agent: AgentCode, on: bool) -> CommandOutcome:
        """Hold the customer, or talk to them again; not in a consultation, which has its steps."""
        if self._asides.of(agent) is not None:
            return CommandOutcome.CONSULTING
        return self._rooms.hold(agent, on)

    def pass_key(self, agent: AgentCode, key: str) -> None:
        """Press a key for a menu that has answered outside, if the agent talks to it."""
        aside = self._asides.of(agent)
        if aside is not None and aside.outside is not None and aside.stage in ASKED_IN:
            leg = self._channels.leg(aside.room)
            if leg is not None:
                self._orders.press_beyond(leg, key)

    # --- what the customer's session asks

    def onward(self, call: LiveCall, *, phone_gone: bool) -> PassedOn | None:
        """Where the customer goes who has just left a room; None: nowhere, the talk is over.

        ``phone_gone``: they left it because the agent's phone did.
        """
        passed, call.passed = call.passed, None
        aside = self._asides.about(call.id)
        if passed is not None or aside is None or aside.leaving:
            return passed
        if phone_gone and passes_on_by_hanging_up(aside.stage):
            return self._asides.leave(aside)
        # Whoever hears music while a colleague's phone rings has not been served.
        call.passed_in_vain = aside.stage is ConsultStage.CALLING
        self._asides.over(aside, ConsultEnd.CANCELLED, back=False)
        return None

    async def somebody_comes(self, call: LiveCall) -> bool:
        """Wait for somebody outside to whom the customer is passed on; whether they have come."""
        call.agent = None
        self._calls.stage(call, CallStage.RINGING)
        return await self._passes.comes(call.id)

    def in_vain(self, call: LiveCall) -> None:
        """The customer was not taken where they were passed on to."""
        call.passed_in_vain = True
        self._outside.parted(call)
        if (aside := self._asides.about(call.id)) is not None:
            self._asides.over(aside, ConsultEnd.LEFT, back=False)

    # --- how

    async def _pass_outside(self, aside: Aside, who: OutsideNumber) -> CommandOutcome:
        call, station = aside.call, aside.station
        if not await self._passes.begin(call, who, aside.room):
            return CommandOutcome.LINE_NOT_FREE
        if self._rooms.customer(station, call.id) is None or not self._passes.about(call.id):
            self._passes.drop(call.id)
            return CommandOutcome.NOT_TALKING  # the talk has ended meanwhile
        call.passed = PassedOn(None, aside.room)
        self._outside.expects(call, who)
        self._calls.note(call, Transferred(aside.agent, station, aside.room, TransferKind.BLIND))
        self._orders.kick(aside.node, call.channel_name, conference(station))
        return CommandOutcome.DONE

    def _asked(
        self, call: LiveCall, agent: AgentCode, station: StationName, to: Recipient
    ) -> Aside | CommandOutcome:
        """Whom the agent means, and in which room they are or will be; or why nobody is."""
        if to.outside is None:
            reached = self._colleagues.reached(call, agent, to, self._asides.rooms())
            if isinstance(reached, CommandOutcome):
                return reached
            return Aside(call, agent, station, *reached)
        known = self._calls.in_force.centre.outside.get(to.outside)
        if known is None or not known.serves(call.project):
            return CommandOutcome.NO_SUCH_TARGET
        if not self._outside.may_call(known, call.channel.node):
            return CommandOutcome.LINE_NOT_FREE
        return Aside(call, agent, station, None, new_room(known.number), known)

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
        sent_on = call.passed is not None or self._passes.about(call.id)
        if sent_on or self._asides.about(call.id) is not None:
            return CommandOutcome.CONSULTING
        return call, seat.station
