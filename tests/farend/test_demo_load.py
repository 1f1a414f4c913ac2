"""A demo that is left alone does not fill its queues: eight hours of it, under a virtual clock."""

import heapq
import random
from collections.abc import Callable
from functools import partial

from acd.commands import Command, Offer
from acd.events import (
    CallGone,
    CallQueued,
    Connected,
    Disconnected,
    FloorEvent,
    LogIn,
    Ready,
    StationChanged,
)
from acd.floor import Floor
from centre.running import centre_of
from configuration.centre_file import DEMO_CENTRE, load
from domain.identity import CallId, QueueName
from domain.stations import StationState
from farend.customers import ANSWERS_AFTER_S, TALKS_S, Customer, customer, until_the_next

HOURS, IN_THE_MENU_S = 8, 12.0
QUEUES = {"1": QueueName("sales"), "2": QueueName("service"), "0": QueueName("operator")}


class Day:
    """The demo's centre, customers and phones, with the floor that decides on real calls."""

    def __init__(self, seed: int) -> None:
        sections = load(DEMO_CENTRE).sections
        assert sections is not None
        centre = centre_of(sections)
        self.floor = Floor(centre.queues)
        self.now = 0.0
        self.waits: list[tuple[float, float]] = []
        """Of each caller: when they left the queue, and how long they were in it."""
        self._rng = random.Random(seed)
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0
        self._waiting: dict[CallId, float] = {}
        for agent in centre.agents:
            assert agent.station is not None
            self._feed(StationChanged(agent.station, StationState.IDLE))
            self._feed(LogIn(agent.code, agent.station, agent.skills))
            self._feed(Ready(agent.code))

    def play(self) -> None:
        self._later(0.0, self._comes)
        while self.now < HOURS * 3600:
            at = self.floor.next_deadline()
            if at is not None and at <= self._due[0][0]:
                self.now = max(self.now, at)
                self._carry_out(self.floor.tick(self.now))
            else:
                self.now, _, do = heapq.heappop(self._due)
                do()

    def _later(self, seconds: float, do: Callable[[], None]) -> None:
        self._count += 1
        heapq.heappush(self._due, (self.now + seconds, self._count, do))

    def _feed(self, event: FloorEvent) -> None:
        self._carry_out(self.floor.handle(event, self.now))

    def _carry_out(self, commands: list[Command]) -> None:
        for command in commands:
            if isinstance(command, Offer):
                self._later(ANSWERS_AFTER_S, partial(self._answers, command))

    def _comes(self) -> None:
        self._count += 1
        who, call = customer(self._count, self._rng), CallId(f"pbx1-{self._count}")
        self._later(IN_THE_MENU_S, lambda: self._enters(call, who))
        self._later(until_the_next(self._rng), self._comes)

    def _enters(self, call: CallId, who: Customer) -> None:
        self._waiting[call] = self.now
        self._feed(CallQueued(call, QUEUES[who.menu_key], self.now))
        if who.patience_s is not None:
            self._later(who.patience_s, lambda: self._hangs_up(call))

    def _hangs_up(self, call: CallId) -> None:
        if call in self._waiting:
            self._leaves(call)
            self._feed(CallGone(call))

    def _leaves(self, call: CallId) -> None:
        self.waits.append((self.now, self.now - self._waiting.pop(call)))

    def _answers(self, offer: Offer) -> None:
        if offer.call not in self._waiting:
            return
        self._leaves(offer.call)
        self._feed(Connected(offer.call, offer.agent))
        self._feed(StationChanged(offer.station, StationState.BUSY))

        def over() -> None:
            self._feed(Disconnected(offer.call, offer.agent))
            self._feed(CallGone(offer.call))
            self._feed(StationChanged(offer.station, StationState.IDLE))

        self._later(TALKS_S, over)


def test_the_last_hour_is_no_worse_than_the_first() -> None:
    for seed in range(3):
        day = Day(seed)
        day.play()
        hours: list[list[float]] = [[] for _ in range(HOURS)]
        for at, wait in day.waits:
            hours[min(HOURS - 1, int(at // 3600))].append(wait)
        in_time = [sum(wait <= 20 for wait in hour) / len(hour) for hour in hours]
        mean = [sum(hour) / len(hour) for hour in hours]
        print(
            [
                f"{100 * level:.1f} %, {wait:.1f} s"
                for level, wait in zip(in_time, mean, strict=True)
            ]
        )
        assert min(in_time) > 0.9 and max(mean) < 8.0
        assert len(day.floor.waiting) < 8
