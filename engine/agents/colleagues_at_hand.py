"""Finds the colleague whom an agent wants to ask about a customer, or to send them to."""

from collections.abc import Set

from acd.seat import SeatView
from domain.agent_facts import AgentState
from domain.centre import Queue
from domain.identity import AgentCode, StationName
from domain.stations import StationState
from engine.agents.live_floor import LiveFloor
from engine.calls.call import LiveCall
from engine.calls.live_calls import LiveCalls
from engine.centre_ports import CommandOutcome, Recipient
from telephony.centre_calls import Calls


class Colleagues:
    """Those who can be reached, as the floor and their phones are now."""

    def __init__(self, calls: LiveCalls, floor: LiveFloor, channels: Calls) -> None:
        self._calls = calls
        self._floor = floor
        self._channels = channels

    def reached(
        self, call: LiveCall, agent: AgentCode, to: Recipient, taken: Set[StationName]
    ) -> tuple[AgentCode, StationName] | CommandOutcome:
        """Who it is, and at which phone; or why nobody is.

        They serve the customer's project, whose customers are no one else's business. A queue is
        whoever has been ready there for longest. ``taken`` are phones on which somebody is asked.
        """
        if to.queue is not None:
            queue = self.queue(call, to)
            if queue is None:
                return CommandOutcome.NO_SUCH_TARGET
            return self._ready(call, agent, queue, taken) or CommandOutcome.NOBODY_FREE
        known = None if to.agent is None else self._calls.in_force.agents.get(to.agent)
        if known is None or known.code == agent or call.project not in known.projects:
            return CommandOutcome.NO_SUCH_TARGET
        seat = self._floor.core.agent(known.code)
        if seat is None or seat.station is None:
            return CommandOutcome.NOT_LOGGED_IN
        busy = seat.state in (AgentState.TALKING, AgentState.OFFERED) or seat.kept is not None
        if busy or not self._is_free(call, seat.station, taken):
            return CommandOutcome.COLLEAGUE_NOT_FREE
        return known.code, seat.station

    def queue(self, call: LiveCall, to: Recipient) -> Queue | None:
        """The queue, if it is of the customer's project."""
        queue = None if to.queue is None else self._calls.in_force.queues.get(to.queue)
        return queue if queue is not None and queue.project == call.project else None

    def _ready(
        self, call: LiveCall, agent: AgentCode, queue: Queue, taken: Set[StationName]
    ) -> tuple[AgentCode, StationName] | None:
        """Who has been ready for longest among those who serve the queue."""
        agents = self._calls.in_force.agents

        def fits(seat: SeatView) -> bool:
            known = agents.get(seat.code)
            return (
                seat.state is AgentState.READY
                and seat.kept is None
                and seat.code != agent
                and known is not None
                and queue.skill in known.skills
                and seat.station is not None
                and self._is_free(call, seat.station, taken)
            )

        ready = filter(fits, self._floor.core.agents)
        first = min(ready, key=lambda seat: seat.since, default=None)
        return None if first is None or first.station is None else (first.code, first.station)

    def _is_free(self, call: LiveCall, station: StationName, taken: Set[StationName]) -> bool:
        """Whether the phone is idle, and at the customer's Asterisk: rooms don't reach further."""
        leg = self._channels.leg(station)
        home = self._channels.home(station) if leg is None else leg.node
        idle = self._channels.station_state(station) is StationState.IDLE
        return idle and home == call.channel.node and station not in taken
