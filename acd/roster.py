"""All agents: where each sits, and every change of their states, by the table."""

from collections.abc import Iterator, Mapping

from acd.agent_states import Trigger, after
from acd.commands import Command
from acd.expected_wait import HandlingTimes
from acd.match import Pool
from acd.seat import AT_WORK, Seat
from acd.timers import Timers
from acd.waiting import WaitingRoom
from domain.agent_facts import AgentState
from domain.identity import AgentCode, CallId, QueueName, SkillName, StationName
from domain.stations import StationState

HUNG_UP_GRACE_S = 10.0
"""If a talking agent's phone is idle for this long, the end of the talk must have been lost."""

_BUSY_WITH_A_CALL = frozenset({AgentState.TALKING, AgentState.WRAP_UP})

_SAYS_NOTHING = frozenset({Trigger.OFFER, Trigger.LET_RING, Trigger.WITHDRAW})
"""Moves that don't show whether an agent is there: missed calls go on being counted."""


class Roster:
    """Keeps the pool, the timers and each queue's staff in step with the agents."""

    def __init__(self, pool: Pool, timers: Timers[object], room: WaitingRoom) -> None:
        self._pool = pool
        self._timers = timers
        self._room = room
        self._seats: dict[AgentCode, Seat] = {}
        self._sitting: dict[StationName, Seat] = {}
        self._phones: dict[StationName, StationState] = {}
        self.handling = HandlingTimes()

    def __iter__(self) -> Iterator[Seat]:
        return iter(self._seats.values())

    def get(self, agent: AgentCode) -> Seat | None:
        """The agent, if they were ever heard of."""
        return self._seats.get(agent)

    def logged_in(self, agent: AgentCode) -> Seat | None:
        """The agent, if they are logged in."""
        seat = self._seats.get(agent)
        return seat if seat and seat.state is not AgentState.LOGGED_OUT else None

    def of(self, agent: AgentCode, now: float) -> Seat:
        """The agent, from now on known, though logged out at first."""
        return self._seats.setdefault(agent, Seat(agent, since=now))

    def at(self, station: StationName) -> Seat | None:
        """Who sits there."""
        return self._sitting.get(station)

    def talking_to(self, call: CallId) -> list[Seat]:
        """The agents who talk to this caller (two for a moment in a transfer)."""
        return [seat for seat in self._seats.values() if call in seat.calls]

    def at_work(self, queue: QueueName) -> int:
        """Agents who can serve the queue and are not paused."""
        return sum(seat.state in AT_WORK and queue in seat.serves for seat in self)

    def move(
        self,
        seat: Seat,
        trigger: Trigger,
        now: float,
        out: list[Command],
        *,
        reason: str | None = None,
        since: float | None = None,
    ) -> None:
        """One step of the table; ``since`` if the state is not a new one."""
        before, seat.state = seat.state, after(seat.state, trigger)
        seat.reason = reason
        seat.since = now if since is None else since
        # An offer that came to nothing costs no place, unless they let it ring.
        if seat.state is AgentState.READY and (
            before not in (AgentState.OFFERED, AgentState.READY) or trigger is Trigger.LET_RING
        ):
            seat.idle_since = now
        if trigger not in _SAYS_NOTHING:
            seat.missed = 0
        if seat.state is not AgentState.READY:
            seat.rests_until = None
        if seat.state not in _BUSY_WITH_A_CALL:
            self.handled(seat, now)
        if seat.state is not AgentState.TALKING:
            seat.hung_up_at = None
        if seat.state is AgentState.LOGGED_OUT:
            seat.dismissed, seat.left, seat.kept = False, False, None
            self._stand(seat)
            self.qualify(seat, {}, now)
        self.refresh(seat)
        out.append(seat.changed())

    def restore(
        self,
        seat: Seat,
        state: AgentState,
        reason: str | None,
        since: float,
        now: float,
        out: list[Command],
    ) -> None:
        """After a restart: not a move but where somebody is found."""
        seat.state, seat.reason, seat.since, seat.idle_since = state, reason, since, since
        self.watch_for_hang_up(seat, now)
        self.refresh(seat)
        out.append(seat.changed())

    def refresh(self, seat: Seat) -> None:
        """Call after each change of a seat: the pool and the timers follow."""
        if seat.free:
            self._pool.add_agent(seat.code, seat.serves, seat.idle_since)
        else:
            self._pool.remove_agent(seat.code)
        self._timers.set(seat, seat.due)

    def sit(self, seat: Seat, station: StationName) -> None:
        """The agent sits there now and nowhere else; nobody else may sit there."""
        self._stand(seat)
        seat.station = station
        seat.phone = self._phones.get(station)
        self._sitting[station] = seat

    def sit_again(self, seat: Seat) -> None:
        """Back at the station, as if never gone, unless somebody else took it meanwhile."""
        if seat.last_station and seat.last_station not in self._sitting:
            self.sit(seat, seat.last_station)

    def _stand(self, seat: Seat) -> None:
        if seat.station:
            del self._sitting[seat.station]
            seat.last_station, seat.station, seat.phone = seat.station, None, None

    def qualify(self, seat: Seat, skills: Mapping[SkillName, int], now: float) -> None:
        """An agent's skills while logged in; the staff of queues is counted by them."""
        before = seat.serves
        seat.skills = dict(skills)
        seat.serves = self._pool.serves(skills)
        for queue in seat.serves:
            self._room.staff(queue, 1, now)
        for queue in before:
            self._room.staff(queue, -1, now)

    def phone_changed(self, station: StationName, state: StationState, now: float) -> None:
        """Asterisk's word on a phone; an agent is offered nothing while it isn't idle."""
        self._phones[station] = state
        seat = self._sitting.get(station)
        if seat is None:
            return
        seat.phone = state
        self.watch_for_hang_up(seat, now)
        self.refresh(seat)

    def watch_for_hang_up(self, seat: Seat, now: float) -> None:
        """Nobody may be left talking for ever because the news of the end was lost."""
        idle = seat.state is AgentState.TALKING and seat.phone is StationState.IDLE
        seat.hung_up_at = now + HUNG_UP_GRACE_S if idle else None

    def handled(self, seat: Seat, now: float) -> None:
        """Add what the agent's last call took, talk and after-call work, to the mean."""
        if seat.handling:
            queue, began = seat.handling
            self.handling.add(queue, now - began)
            seat.handling = None
