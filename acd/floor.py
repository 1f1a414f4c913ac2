"""The floor: callers who wait, agents who work, and which of them are brought together.

Pure: it is given what happens and the time, and returns commands. One object for
the whole centre. It trusts no order of events: each may come late or twice, and no agent and
no caller may ever be stuck for it.
"""

from collections.abc import Iterable, Mapping
from typing import assert_never

from acd.agent_states import Trigger
from acd.commands import Announce, Command, GiveUp
from acd.events import (
    Away,
    CallGone,
    CallLeft,
    CallQueued,
    Connected,
    Disconnected,
    ExtendWrapUp,
    FloorEvent,
    KeepAgent,
    LetAgentGo,
    LogIn,
    LogOut,
    OfferFailed,
    Ready,
    Reconfigure,
    Restore,
    StationChanged,
)
from acd.expected_wait import expected_wait
from acd.match import Pool
from acd.offers import Offers
from acd.roster import Roster
from acd.seat import Seat, SeatView
from acd.talks import Talks
from acd.timers import Timers
from acd.waiting import Waiter, WaitingRoom, WaitingView
from acd.wishes import Wishes
from domain.agent_facts import AgentState
from domain.centre import Queue
from domain.identity import AgentCode, CallId, QueueName, SkillName
from domain.reasons import GiveUpReason

GONE_MEMORY_S = 60.0
"""How long late events of a call that is gone are recognised."""


class Floor:
    """``handle`` each event, ``tick`` at each ``next_deadline``; do the commands in order."""

    def __init__(self, queues: Iterable[Queue]) -> None:
        queues = list(queues)
        self._timers: Timers[object] = Timers()
        self._pool = Pool(queues)
        self._room = WaitingRoom(queues, self._pool, self._timers)
        self._roster = Roster(self._pool, self._timers, self._room)
        self._offers = Offers(self._pool, self._room, self._roster)
        self._talks = Talks(self._room, self._roster, self._offers)
        self._wishes = Wishes(self._roster, self._offers)
        self._gone: dict[CallId, float] = {}

    # What the board sees

    @property
    def agents(self) -> tuple[SeatView, ...]:
        """All agents ever heard of, the logged-out ones too."""
        return tuple(seat.view() for seat in self._roster)

    def agent(self, code: AgentCode) -> SeatView | None:
        """One agent, None if never heard of."""
        seat = self._roster.get(code)
        return seat.view() if seat else None

    @property
    def waiting(self) -> tuple[WaitingView, ...]:
        """All waiting callers, queue by queue in the order of their places."""
        return tuple(self._room.views())

    @property
    def queues(self) -> tuple[Queue, ...]:
        """The queues in force, and the removed ones in which somebody waits still."""
        return tuple(self._room.queues)

    def length(self, queue: QueueName) -> int:
        """How many callers wait in a queue."""
        line = self._room.line(queue)
        return 0 if line is None else len(line.places)

    def expected_wait(self, queue: QueueName, position: int) -> float | None:
        """Seconds that a caller at this position may have to wait, None if not known."""
        return expected_wait(
            position, self._roster.at_work(queue), self._roster.handling.mean(queue)
        )

    # The machine

    def handle(self, event: FloorEvent, now: float) -> list[Command]:
        """Take in one event."""
        out: list[Command] = []
        self._forget(now)
        match event:
            case StationChanged():
                self._roster.phone_changed(event.station, event.state, now)
            case CallQueued():
                self._queued(event, now, out)
            case CallLeft():
                self._left(event.call, now, out)
            case OfferFailed():
                self._offers.failed(event, now, out)
            case Connected():
                if event.call not in self._gone:
                    seat = self._roster.get(event.agent) if event.agent else None
                    self._talks.connected(event.call, seat, now, out)
            case Disconnected():
                if seat := self._roster.get(event.agent):
                    self._talks.disconnected(event.call, seat, now, out)
            case CallGone():
                self._call_gone(event.call, now, out)
            case LogIn():
                self._wishes.log_in(event, now, out)
            case LogOut() | Ready() | Away() | ExtendWrapUp():
                self._wishes.wish(event, now, out)
            case KeepAgent() | LetAgentGo():
                self._keep(event)
            case Restore():
                self._restore(event, now, out)
            case Reconfigure():
                self._reconfigure(event, now, out)
            case _:
                assert_never(event)
        self._offers.make(now, out)
        return out

    def next_deadline(self) -> float | None:
        """When ``tick`` must be called at the latest; None: only after the next event."""
        return self._timers.next()

    def tick(self, now: float) -> list[Command]:
        """Do what is due. Free callers and agents meet before anything is announced."""
        out: list[Command] = []
        self._forget(now)
        spoken_to: list[Waiter] = []
        while (due := self._timers.pop(now)) is not None:
            if isinstance(due, Seat):
                self._seat_due(due, now, out)
            elif isinstance(due, Waiter):
                if due.offer:
                    self._offers.expire(due, now, out)
                elif due.settling:
                    due.settling = None
                    self._room.refresh(due)
                else:
                    spoken_to.append(due)
        self._offers.make(now, out)
        expected: dict[QueueName, float | None] = {}
        for waiter in spoken_to:
            if waiter.free:
                self._speak(waiter, now, expected, out)
        return out

    def _seat_due(self, seat: Seat, now: float, out: list[Command]) -> None:
        if seat.settling and seat.settling[1] <= now:
            seat.settling = None
        if seat.rests_until is not None and seat.rests_until <= now:
            seat.rests_until = None
        if seat.state is AgentState.WRAP_UP and seat.wrap_until <= now:
            self._roster.move(seat, Trigger.TIME_UP, now, out)
        elif seat.hung_up_at is not None and seat.hung_up_at <= now:
            self._talks.all_over(seat, now, out)
        self._roster.refresh(seat)

    def _speak(
        self,
        waiter: Waiter,
        now: float,
        expected: dict[QueueName, float | None],
        out: list[Command],
    ) -> None:
        queue = waiter.line.queue
        if why := waiter.gives_up(now):
            self._room.leave(waiter)
            out.append(GiveUp(waiter.call, why))
            return
        every = queue.announce_every_s
        if every <= 0:
            waiter.announce_at = None  # no longer
        if waiter.announce_at is not None and waiter.announce_at <= now:
            if queue.name not in expected:  # of the first; the others' are multiples of it
                expected[queue.name] = self.expected_wait(queue.name, 1)
            position, first = self._room.position(waiter), expected[queue.name]
            wait_s = None if first is None else first * position
            out.append(Announce(waiter.call, position, wait_s))
            waiter.announce_at = now + every
        self._room.refresh(waiter)

    def _queued(self, event: CallQueued, now: float, out: list[Command]) -> None:
        if event.call in self._gone:
            return
        waiter = self._room.get(event.call)
        if waiter and waiter.line.queue.name == event.queue:
            return
        self._left(event.call, now, out)
        line = self._room.line(event.queue)
        if line is None or line.removed:
            out.append(GiveUp(event.call, GiveUpReason.UNKNOWN_QUEUE))
            return
        talking = bool(self._roster.talking_to(event.call))
        self._room.enter(event, line, talking, now)

    def _left(self, call: CallId, now: float, out: list[Command]) -> None:
        waiter = self._room.get(call)
        if waiter is None:
            return
        if waiter.offer:
            seat = self._offers.withdraw(waiter, now, out)
            self._roster.move(seat, Trigger.WITHDRAW, now, out)
        self._room.leave(waiter)

    def _call_gone(self, call: CallId, now: float, out: list[Command]) -> None:
        self._gone.pop(call, None)
        self._gone[call] = now + GONE_MEMORY_S
        self._left(call, now, out)
        for seat in self._roster:
            if seat.settling and seat.settling[0] == call:
                seat.settling = None  # with its channel all ringing has ended
                self._roster.refresh(seat)
        self._talks.gone(call, now, out)

    def _keep(self, event: KeepAgent | LetAgentGo) -> None:
        seat = self._roster.logged_in(event.agent)
        if seat is None:
            return
        if isinstance(event, KeepAgent):
            seat.kept = event.by
        elif seat.kept == event.by:
            seat.kept = None
        self._roster.refresh(seat)

    def _forget(self, now: float) -> None:
        while self._gone:
            call = next(iter(self._gone))
            if self._gone[call] > now:
                return
            del self._gone[call]

    # After a restart, and when ops have changed the queues

    def _restore(self, event: Restore, now: float, out: list[Command]) -> None:
        if self._roster.logged_in(event.agent):
            return  # the agent was quicker
        seat = self._roster.of(event.agent, now)
        if event.state is AgentState.LOGGED_OUT:
            seat.since = event.since
            out.append(seat.changed())
            return
        if refused := self._wishes.taken(event.agent, event.station, Restore.__name__):
            out.append(refused)
            return
        self._roster.sit(seat, event.station)
        seat.own_wrap_up_s, seat.missed_before_away = event.wrap_up_s, event.missed_before_away
        self._roster.qualify(seat, event.skills, now)
        state, since = event.state, event.since
        if state is AgentState.TALKING and event.call and event.call not in self._gone:
            self._talks.adopt(seat, event.call, now, out)
        elif state is AgentState.TALKING:  # it ended while nobody looked
            state, since = AgentState.WRAP_UP, now
        elif state is AgentState.OFFERED:  # the caller who rang there is in the queue again
            state = AgentState.READY
        seat.wrap_until = since + self._talks.wrap_up_s(seat, None)
        self._roster.restore(seat, state, event.reason, since, now, out)

    def _reconfigure(self, event: Reconfigure, now: float, out: list[Command]) -> None:
        skills: dict[Seat, Mapping[SkillName, int]] = {}
        for seat in self._roster:
            skills[seat] = self._now_able(seat, event)
            self._roster.qualify(seat, {}, now)
        self._pool.reset(self._room.reconfigure(event.queues, now))
        for seat, able in skills.items():
            self._roster.qualify(seat, able, now)
            self._roster.refresh(seat)
        for waiter in self._room:
            self._room.refresh(waiter)
        for seat in skills:
            if seat.dismissed:
                self._wishes.dismiss(seat, now, out)

    def _now_able(self, seat: Seat, event: Reconfigure) -> Mapping[SkillName, int]:
        """What the agent can do from now on; notes what else has changed for them."""
        if event.agents is None or seat.station is None:
            return seat.skills
        agent = event.agents.get(seat.code)
        seat.dismissed = agent is None or seat.station not in event.stations
        if agent is None or seat.dismissed:
            return {}  # nobody is to wait for them
        seat.own_wrap_up_s = agent.wrap_up_s
        seat.missed_before_away = agent.missed_before_away
        return agent.skills
