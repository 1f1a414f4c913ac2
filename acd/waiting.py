"""The callers who wait: their lines, their places in them, and when each is due for something."""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from acd.events import CallQueued
from acd.match import CallerKey, Pool
from acd.timers import Timers
from domain.centre import Queue
from domain.identity import AgentCode, CallId, QueueName, StationName
from domain.reasons import GiveUpReason


@dataclass(frozen=True, slots=True)
class WaitingView:
    """A waiting caller, for the board. ``since`` is in monotonic seconds."""

    call: CallId
    queue: QueueName
    since: float
    waiting_since: float
    """``since``, plus the time in between that was spent talking instead of waiting."""
    position: int
    offered_to: AgentCode | None


@dataclass(frozen=True, slots=True)
class OpenOffer:
    """An offer that is out."""

    agent: AgentCode
    station: StationName
    until: float
    """Later than any phone rings: an offer nobody has answered for by then has failed."""


@dataclass(slots=True, eq=False)
class QueueLine:
    """One queue's callers, those who raise its priority most first, then the longest waiting."""

    queue: Queue
    nobody_since: float | None = float("-inf")
    """Since when nobody who could serve it has been logged in; None: somebody is."""
    staff: int = 0
    places: list[CallerKey] = field(default_factory=list)
    removed: bool = False


@dataclass(slots=True, eq=False)
class Waiter:
    """One waiting caller."""

    call: CallId
    line: QueueLine
    since: float
    order: int
    entered: float
    waiting_since: float
    """``since``, plus the time in between that was spent talking instead of waiting."""
    announce_at: float | None
    raised: int = 0
    """How much they raise the queue's priority."""
    only: AgentCode | None = None
    """Who is kept for them."""
    alone: bool = False
    """Nobody else may ever have them."""
    longest_s: float | None = None
    """How long they wait at most, whatever the queue says."""
    offer: OpenOffer | None = None
    settling: tuple[AgentCode, float] | None = None
    """An offer was withdrawn; the call can't dial again until OfferFailed or this time."""
    talking: bool = False
    """Sent back to a queue by an agent who hasn't let go of them yet."""

    @property
    def key(self) -> CallerKey:
        """Their place among the callers of their queue."""
        return (-self.raised, self.since, self.order, self.call)

    @property
    def free(self) -> bool:
        """Whether they may be offered to an agent now."""
        return self.offer is None and self.settling is None and not self.talking

    @property
    def too_long_at(self) -> float | None:
        """When they have waited as long as the queue and their own limit let them; None: neither
        sets one."""
        longest_s = self.line.queue.max_wait_s or self.longest_s
        if longest_s is None:
            return None
        if self.longest_s is not None:
            longest_s = min(longest_s, self.longest_s)
        return self.waiting_since + longest_s

    @property
    def give_up_at(self) -> float | None:
        """When they have waited too long, or too long without an agent of the skill logged in."""
        queue, nobody_since, at = self.line.queue, self.line.nobody_since, self.too_long_at
        if nobody_since is not None:
            nobody_at = max(nobody_since, self.entered) + queue.nobody_grace_s
            at = nobody_at if at is None else min(at, nobody_at)
        return at

    def gives_up(self, now: float) -> GiveUpReason | None:
        """Why they are to leave the queue now; None: they may wait on."""
        at = self.give_up_at
        if at is None or at > now:
            return None
        late = self.too_long_at is not None and self.too_long_at <= now
        return GiveUpReason.TIMEOUT if late else GiveUpReason.NOBODY_LOGGED_IN

    @property
    def due(self) -> float | None:
        """When time alone will change something for them; None: never."""
        if self.offer:
            return self.offer.until
        if self.settling:
            return self.settling[1]
        if self.talking:
            return None
        give_up_at = self.give_up_at
        if self.announce_at is None or give_up_at is None:
            return self.announce_at if give_up_at is None else give_up_at
        return min(self.announce_at, give_up_at)


class WaitingRoom:
    """All waiting callers. Keeps the pool and the timers in step with them."""

    def __init__(self, queues: Iterable[Queue], pool: Pool, timers: Timers[object]) -> None:
        self._pool = pool
        self._timers = timers
        self._lines = {queue.name: QueueLine(queue) for queue in queues}
        self._waiters: dict[CallId, Waiter] = {}
        self._personal: dict[CallId, Waiter] = {}
        """Those for whom an agent is kept."""
        self._order = 0

    def __iter__(self) -> Iterator[Waiter]:
        return iter(self._waiters.values())

    def __len__(self) -> int:
        return len(self._waiters)

    def get(self, call: CallId) -> Waiter | None:
        """The caller, if they are waiting."""
        return self._waiters.get(call)

    def line(self, queue: QueueName) -> QueueLine | None:
        """The queue's line, if there is such a queue."""
        return self._lines.get(queue)

    def enter(self, event: CallQueued, line: QueueLine, talking: bool, now: float) -> None:
        """A new caller, who stands where ``raised`` and ``since`` put them."""
        call, since = event.call, event.since
        queue = line.queue
        announce_at = now + queue.announce_first_s if queue.announce_every_s > 0 else None
        self._order += 1
        waiter = Waiter(
            call=call,
            line=line,
            since=since,
            order=self._order,
            entered=now,
            waiting_since=since if event.waited_s is None else now - event.waited_s,
            announce_at=announce_at if event.announce else None,
            raised=event.raised,
            only=event.only,
            alone=event.alone,
            longest_s=event.longest_s,
            talking=talking,
        )
        self._waiters[call] = waiter
        if waiter.only is not None:
            self._personal[call] = waiter
        insort(line.places, waiter.key)
        self.refresh(waiter)

    def leave(self, waiter: Waiter) -> None:
        """They wait no longer, whatever became of them."""
        del self._waiters[waiter.call]
        self._personal.pop(waiter.call, None)
        line = waiter.line
        del line.places[bisect_left(line.places, waiter.key)]
        self._pool.remove_caller(waiter.call)
        self._timers.set(waiter, None)
        if line.removed and not line.places:
            del self._lines[line.queue.name]

    def refresh(self, waiter: Waiter) -> None:
        """Call after each change of a waiter: the pool and the timers follow."""
        if waiter.free and waiter.only is None:
            self._pool.add_caller(waiter.line.queue.name, waiter.key)
        else:
            self._pool.remove_caller(waiter.call)
        self._timers.set(waiter, waiter.due)

    def personal(self) -> list[Waiter]:
        """Those for whom an agent is kept, and to whom nobody is being offered."""
        return [waiter for waiter in self._personal.values() if waiter.free]

    def open_to_all(self, waiter: Waiter) -> None:
        """Nobody is kept for them any more."""
        waiter.only = None
        self._personal.pop(waiter.call, None)
        self.refresh(waiter)

    def position(self, waiter: Waiter) -> int:
        """Their place in their own queue, from 1; callers just being offered count too."""
        return bisect_left(waiter.line.places, waiter.key) + 1

    def staff(self, queue: QueueName, change: int, now: float) -> None:
        """An agent who can serve the queue has logged in (1) or out (-1)."""
        line = self._lines.get(queue)
        if line is None:
            return
        line.staff += change
        if (line.staff == 0) == (line.nobody_since is None):
            line.nobody_since = now if line.staff == 0 else None
            for *_, call in line.places:
                waiter = self._waiters[call]
                self._timers.set(waiter, waiter.due)

    @property
    def queues(self) -> list[Queue]:
        """The queues in force, and the removed ones in which somebody waits still."""
        return [line.queue for line in self._lines.values()]

    def reconfigure(self, queues: Iterable[Queue], now: float) -> list[Queue]:
        """Takes new definitions; returns all that are in force, with those of removed queues
        in which somebody waits still. The caller must rebuild the pool with them, then staff."""
        wanted = {queue.name: queue for queue in queues}
        for name, line in list(self._lines.items()):
            if name not in wanted:
                line.removed = True
                if not line.places:
                    del self._lines[name]
        for name, queue in wanted.items():
            line = self._lines.setdefault(name, QueueLine(queue))
            if line.queue.announce_every_s <= 0 < queue.announce_every_s:
                for *_, call in line.places:
                    self._waiters[call].announce_at = now + queue.announce_every_s
            line.queue, line.removed = queue, False
        return self.queues

    def views(self) -> list[WaitingView]:
        """All callers, queue by queue in the order of their places."""
        views = []
        for name, line in self._lines.items():
            for position, (*_, call) in enumerate(line.places, 1):
                waiter = self._waiters[call]
                offered_to = waiter.offer.agent if waiter.offer else None
                views.append(
                    WaitingView(
                        call, name, waiter.since, waiter.waiting_since, position, offered_to
                    )
                )
        return views
