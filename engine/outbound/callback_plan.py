"""Chooses who calls back whom, and when an agent may begin. Pure.

An agent is planned with as soon as a callback is due that they can call: campaigns dial nobody for
them any more, and once those are over who were already being called for them, they call back.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from acd.match import able
from acd.seat import SeatView
from acd.waiting import WaitingView
from campaigns.callback_claims import DueCallback
from domain.agent_facts import AgentState
from domain.centre import Queue
from domain.identity import AgentCode, QueueName
from domain.stations import StationState

_ORDER = (AgentState.READY, AgentState.WRAP_UP, AgentState.OFFERED, AgentState.TALKING)
"""Whom to plan with: who is free, or else will be soonest."""


@dataclass(frozen=True, slots=True)
class Booking:
    """An agent who is to call back next; ``since`` is in monotonic seconds."""

    callback: DueCallback
    agent: AgentCode
    since: float


def is_free(seat: SeatView) -> bool:
    """Whether the agent may call back now."""
    idle = seat.phone in (None, StationState.IDLE)
    return seat.state is AgentState.READY and seat.kept is None and idle


def plan(
    due: Iterable[DueCallback],
    seats: Iterable[SeatView],
    queues: Mapping[QueueName, Queue],
    before: Mapping[int, Booking],
    resting: Collection[AgentCode],
    now: float,
    civil: datetime,
) -> dict[int, Booking]:
    """Who calls back whom next, by lead; each agent once, the longest due first.

    An agent's own callback is for them, and after its time for anybody of the queue, but for them
    rather than for others who are as free. ``before`` is the last plan; ``resting`` are not planned
    with.
    """
    at_work = {
        seat.code: seat
        for seat in seats
        if seat.state in _ORDER and seat.kept is None and seat.code not in resting
    }
    booked: dict[int, Booking] = {}
    for one in due:
        queue = queues.get(QueueName(one.terms.settings.queue or ""))
        theirs = one.agent is not None and civil < one.team_at
        found = [
            seat
            for seat in at_work.values()
            if queue is not None
            and able(seat.skills, queue)
            and (not theirs or seat.code == one.agent)
        ]
        if not found:
            continue
        last = before.get(one.lead)
        chosen = min(found, key=lambda seat: _rank(seat, one, last)).code
        del at_work[chosen]
        since = last.since if last is not None and last.agent == chosen else now
        booked[one.lead] = Booking(one, chosen, since)
    return booked


def _rank(
    seat: SeatView, callback: DueCallback, last: Booking | None
) -> tuple[int, bool, bool, float, AgentCode]:
    free = _ORDER.index(seat.state) if is_free(seat) or seat.state is not AgentState.READY else 3
    other = last is None or last.agent != seat.code
    return free, seat.code != callback.agent, other, seat.since, seat.code


def a_caller_waits(
    seat: SeatView, waiting: Iterable[WaitingView], queues: Mapping[QueueName, Queue]
) -> bool:
    """Whether somebody waits whom the agent could serve: they go first."""
    return any(
        view.offered_to is None
        and (queue := queues.get(view.queue)) is not None
        and able(seat.skills, queue)
        for view in waiting
    )
