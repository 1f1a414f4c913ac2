"""Agents and callers who talk: how a talk begins, in whatever way, and what comes after it."""

from acd.agent_states import Trigger
from acd.commands import Command
from acd.offers import Offers
from acd.roster import Roster
from acd.seat import AUTOMATIC_PAUSES, Seat
from acd.waiting import WaitingRoom
from domain.agent_facts import AgentState
from domain.centre import Queue
from domain.identity import CallId


class Talks:
    """Asterisk is the truth about who talks to whom; this only follows it."""

    def __init__(self, room: WaitingRoom, roster: Roster, offers: Offers) -> None:
        self._room = room
        self._roster = roster
        self._offers = offers
        self._queues: dict[CallId, Queue] = {}  # where the callers who met an agent came from

    def connected(self, call: CallId, seat: Seat | None, now: float, out: list[Command]) -> None:
        """The caller talks to this agent, or to somebody who isn't one (None)."""
        if seat and call in seat.calls:
            return
        self._no_longer_waits(call, seat, now, out)
        if seat:
            self._offers.withdraw_from(seat, now, out)
            self._begin(seat, call, now, out)

    def _no_longer_waits(
        self, call: CallId, seat: Seat | None, now: float, out: list[Command]
    ) -> None:
        waiter = self._room.get(call)
        if waiter is None:
            return
        self._queues[call] = waiter.line.queue
        if waiter.offer and seat and waiter.offer.agent == seat.code:
            self._offers.end(waiter)
        elif waiter.offer:
            other = self._offers.withdraw(waiter, now, out)
            self._roster.move(other, Trigger.WITHDRAW, now, out)
        self._room.leave(waiter)

    def _begin(self, seat: Seat, call: CallId, now: float, out: list[Command]) -> None:
        queue = self._queues.get(call)
        if seat.state is AgentState.TALKING:
            seat.calls[call] = queue
            seat.hung_up_at = None
            self._roster.move(seat, Trigger.CONNECT, now, out, since=seat.since)
            return
        if seat.state is AgentState.LOGGED_OUT:
            self._roster.sit_again(seat)
            seat.then, seat.left = (Trigger.LOG_OUT, None), True
        elif seat.state is AgentState.PAUSED and seat.reason not in AUTOMATIC_PAUSES:
            seat.then = (Trigger.AWAY, seat.reason)
        if seat.settling and seat.settling[0] == call:
            seat.settling = None
        self._roster.handled(seat, now)
        seat.calls[call] = queue
        seat.handling = (queue.name, now) if queue else None
        self._roster.move(seat, Trigger.CONNECT, now, out)

    def disconnected(self, call: CallId, seat: Seat, now: float, out: list[Command]) -> None:
        """This agent no longer talks to the caller; does nothing if they didn't."""
        if call not in seat.calls:
            return
        newest = seat.call
        queue = seat.calls.pop(call)
        if seat.calls:
            if seat.call != newest:  # otherwise there is nothing to report
                self._roster.move(seat, Trigger.DISCONNECT, now, out, since=seat.since)
        else:
            self._after_last(seat, queue, now, out)
        waiter = self._room.get(call)
        if waiter and waiter.talking and not self._roster.talking_to(call):
            waiter.talking = False
            waiter.waiting_since += now - waiter.entered
            self._room.refresh(waiter)

    def _after_last(self, seat: Seat, queue: Queue | None, now: float, out: list[Command]) -> None:
        then, seat.then = seat.after_talk, None
        wrap_up_s = self.wrap_up_s(seat, queue)
        if then:
            self._roster.move(seat, then[0], now, out, reason=then[1])
        elif wrap_up_s > 0:
            seat.wrap_until = now + wrap_up_s
            self._roster.move(seat, Trigger.CALL_OVER, now, out)
        else:
            self._roster.move(seat, Trigger.READY, now, out)

    def wrap_up_s(self, seat: Seat, queue: Queue | None) -> float:
        """After-call time: the agent's own, or the queue's as it is now, or was when it was
        removed; of a call from no known queue the longest of all that the agent serves."""
        if seat.own_wrap_up_s is not None:
            return seat.own_wrap_up_s
        if queue:
            line = self._room.line(queue.name)
            return line.queue.wrap_up_s if line else queue.wrap_up_s
        lines = [line for name in seat.serves if (line := self._room.line(name))]
        return max((line.queue.wrap_up_s for line in lines), default=0.0)

    def adopt(self, seat: Seat, call: CallId, now: float, out: list[Command]) -> None:
        """After a restart: they have been talking all the while. The roster says the rest."""
        self._no_longer_waits(call, seat, now, out)
        seat.calls[call] = self._queues.get(call)

    def all_over(self, seat: Seat, now: float, out: list[Command]) -> None:
        """The agent's phone is idle: any talk they were thought to be in is over."""
        for call in list(seat.calls):
            self.disconnected(call, seat, now, out)

    def gone(self, call: CallId, now: float, out: list[Command]) -> None:
        """The caller's channel is gone."""
        self._queues.pop(call, None)
        for seat in self._roster.talking_to(call):
            self.disconnected(call, seat, now, out)
