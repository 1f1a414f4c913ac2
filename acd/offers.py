"""An offer ties one caller to one agent while the agent's phone rings: made, failed, taken back.

Its two ends, ``Waiter.offer`` and ``Seat.offered``, are only ever set and cleared together.
"""

from acd.agent_states import Trigger
from acd.commands import Command, Offer, Withdraw
from acd.events import OfferFailed
from acd.match import Match, Pool
from acd.roster import Roster
from acd.seat import Seat
from acd.waiting import OpenOffer, Waiter, WaitingRoom
from domain.agent_facts import AgentState
from domain.reasons import OfferFailure

OFFER_GRACE_S = 5.0
"""How long after its ringing time an offer that nobody has answered counts as failed."""

REST_S = 10.0
"""How long an agent who has let a call ring, and isn't paused for it, is offered nothing. The
caller goes to others meanwhile, and comes back to the same agent only if there is nobody else."""

SETTLE_S = 1.0
"""A withdrawn offer is over by then, even if nobody says so."""

_PAUSE_AFTER = {
    OfferFailure.NO_ANSWER: "missed",
    OfferFailure.BUSY: "busy",
    OfferFailure.REJECTED: "rejected",
    OfferFailure.UNREACHABLE: "unreachable",
    OfferFailure.FORWARDED: "forwarded",
    OfferFailure.DROPPED: "dropped",
}


class Offers:
    """Makes offers and ends them."""

    def __init__(self, pool: Pool, room: WaitingRoom, roster: Roster) -> None:
        self._pool = pool
        self._room = room
        self._roster = roster

    def make(self, now: float, out: list[Command]) -> None:
        """Bring together all who can be."""
        for waiter in self._room.personal():
            self._bring_to_kept(waiter, now, out)
        while found := self._pool.take(now):
            self._ring(found, now, out)

    def _bring_to_kept(self, waiter: Waiter, now: float, out: list[Command]) -> None:
        """Offer a caller to the agent who is kept for them; if that agent can't take them any more,
        anybody may, unless they wait for this one alone."""
        seat = self._roster.get(waiter.only) if waiter.only else None
        queue, waited_s = waiter.line.queue.name, now - waiter.since
        if (
            seat is None
            or seat.state not in (AgentState.READY, AgentState.OFFERED)
            or queue not in seat.serves
        ):
            if not waiter.alone:
                self._room.open_to_all(waiter)
        elif seat.at_hand and (seat.kept is None or not waiter.alone):
            found = Match(waiter.call, queue, seat.code, waited_s, now - seat.idle_since)
            self._ring(found, now, out)

    def _ring(self, found: Match, now: float, out: list[Command]) -> None:
        waiter, seat = self._room.get(found.call), self._roster.get(found.agent)
        assert waiter and seat and seat.station  # noqa: S101 - the pool holds no others
        ring_s = waiter.line.queue.ring_s
        waiter.offer = OpenOffer(seat.code, seat.station, now + ring_s + OFFER_GRACE_S)
        seat.offered = waiter.call
        self._room.refresh(waiter)
        out.append(Offer(waiter.call, found.queue, seat.code, seat.station, ring_s))
        self._roster.move(seat, Trigger.OFFER, now, out)

    def withdraw(self, waiter: Waiter, now: float, out: list[Command]) -> Seat:
        """Take an offer back, ringing as it may; the agent returned must be moved on.

        Neither end is offered anew before OfferFailed says that the phone is silent.
        """
        offer = waiter.offer
        assert offer  # noqa: S101 - the callers have looked
        out.append(Withdraw(waiter.call, offer.agent, offer.station))
        seat = self.end(waiter)
        self._settle(waiter, seat, now)
        return seat

    def withdraw_from(self, seat: Seat, now: float, out: list[Command]) -> None:
        """The same from the agent's end, if an offer is out; the agent must be moved on."""
        if seat.offered and (waiter := self._room.get(seat.offered)):
            self.withdraw(waiter, now, out)

    def end(self, waiter: Waiter) -> Seat:
        """The offer is over, whatever became of it; the agent must be moved on."""
        seat = self._roster.get(waiter.offer.agent) if waiter.offer else None
        assert seat and seat.offered == waiter.call  # noqa: S101 - an offer has two ends
        waiter.offer = seat.offered = None
        self._room.refresh(waiter)
        return seat

    def expire(self, waiter: Waiter, now: float, out: list[Command]) -> None:
        """Nobody has said what became of the offer: the phone is as good as unanswered."""
        seat = self.withdraw(waiter, now, out)
        self._missed(seat, now, out)

    def failed(self, event: OfferFailed, now: float, out: list[Command]) -> None:
        """The phone has stopped ringing. Late and doubled news only ends the settling."""
        waiter, seat = self._room.get(event.call), self._roster.get(event.agent)
        if seat and seat.settling and seat.settling[0] == event.call:
            seat.settling = None
            self._roster.refresh(seat)
        if waiter and waiter.settling and waiter.settling[0] == event.agent:
            waiter.settling = None
            self._room.refresh(waiter)
        if not waiter or not waiter.offer or waiter.offer.agent != event.agent:
            if seat and event.why is OfferFailure.DROPPED:
                self._no_talk(seat, now, out)
            return
        seat = self.end(waiter)
        if event.why is OfferFailure.NO_ANSWER:
            self._missed(seat, now, out)
        elif pause := _PAUSE_AFTER.get(event.why):
            self._roster.move(seat, Trigger.MISS, now, out, reason=pause)
        else:
            # Nobody here asked for it, so it may fail again at once: rest a little, don't spin.
            self._settle(waiter, seat, now)
            self._roster.move(seat, Trigger.WITHDRAW, now, out)

    def _missed(self, seat: Seat, now: float, out: list[Command]) -> None:
        """They let it ring: too often in a row, and they are taken to be away."""
        seat.missed += 1
        if seat.missed >= seat.missed_before_away:
            reason = _PAUSE_AFTER[OfferFailure.NO_ANSWER]
            self._roster.move(seat, Trigger.MISS, now, out, reason=reason)
        else:
            seat.rests_until = now + REST_S
            self._roster.move(seat, Trigger.LET_RING, now, out)

    def _no_talk(self, seat: Seat, now: float, out: list[Command]) -> None:
        """What was taken for a talk with this agent was none: by now it may be over, or not yet."""
        away = (Trigger.AWAY, _PAUSE_AFTER[OfferFailure.DROPPED])
        if seat.state is AgentState.TALKING:
            seat.then = seat.then or away
        elif seat.state in (AgentState.READY, AgentState.OFFERED, AgentState.WRAP_UP):
            self.withdraw_from(seat, now, out)
            self._roster.move(seat, away[0], now, out, reason=away[1])

    def _settle(self, waiter: Waiter, seat: Seat, now: float) -> None:
        until = now + SETTLE_S
        waiter.settling, seat.settling = (seat.code, until), (waiter.call, until)
        self._room.refresh(waiter)
