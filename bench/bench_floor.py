"""Measures how long the floor takes to decide, and how much memory a waiting caller costs.

A busy centre: everybody talks, callers wait in ten queues, agents have one to three of
eight skills. Each round ends a talk and the after-call work (an offer follows), the caller is
connected, and a new one enters; every event is timed by itself. A tenth of the agents are free
but can serve none of those who wait; they must not slow down the others.
"""

import gc
import json
import random
import tracemalloc
from time import perf_counter_ns

from acd.commands import Announce, Command, Offer
from acd.events import (
    CallGone,
    CallLeft,
    CallQueued,
    Connected,
    Disconnected,
    FloorEvent,
    LogIn,
    Ready,
    StationChanged,
)
from acd.floor import Floor
from domain.centre import Queue
from domain.identity import AgentCode, CallId, ProjectName, QueueName, SkillName, StationName
from domain.stations import StationState

SIZES = ((50, 200), (350, 1_000))
ROUNDS = 2_000
CALLERS_FOR_MEMORY = 1_000

_SKILLS = [SkillName(f"skill{number}") for number in range(8)]
_IDLE_SKILL = SkillName("nobody calls for it")
_QUEUES = [
    Queue(QueueName(f"queue{number}"), ProjectName("bench"), skill, priority=number // 8)
    for number, skill in enumerate([*_SKILLS, *_SKILLS[:2]])
]


def measure() -> dict[str, object]:
    """The figures for both sizes in microseconds, and the memory of a waiting caller in bytes."""
    return {
        **{f"{agents}_agents_{callers}_waiting": decisions(agents, callers)
           for agents, callers in SIZES},
        "memory": memory(),
    }  # fmt: skip


class _Timed:
    """A floor whose events are timed, by kind."""

    def __init__(self) -> None:
        self.floor = Floor(_QUEUES)
        self.now = 1_000.0
        self.taken: dict[str, list[int]] = {}

    def tell(self, what: str, event: FloorEvent) -> list[Command]:
        self.now += 0.001
        began = perf_counter_ns()
        out = self.floor.handle(event, self.now)
        self.taken.setdefault(what, []).append(perf_counter_ns() - began)
        return out


def decisions(agents: int, callers: int, rounds: int = ROUNDS) -> dict[str, object]:
    """For each kind of event: the count, and the mean, p99 and longest time in microseconds."""
    rng = random.Random(7)
    timed = _Timed()
    talks: list[tuple[CallId, AgentCode]] = []
    calls = 0

    def enter() -> list[Command]:
        nonlocal calls
        calls += 1
        event = CallQueued(CallId(f"pbx1-{calls}"), rng.choice(_QUEUES).name, timed.now)
        return timed.tell("a caller enters, nobody is free", event)

    def connect(out: list[Command]) -> None:
        for offer in [command for command in out if isinstance(command, Offer)]:
            timed.tell("phone rings", StationChanged(offer.station, StationState.RINGING))
            timed.tell("talk begins", Connected(offer.call, offer.agent))
            timed.tell("phone is busy", StationChanged(offer.station, StationState.BUSY))
            talks.append((offer.call, offer.agent))

    for number in range(agents):
        code = AgentCode(str(1_000 + number))
        idle = number % 10 == 0
        skills = [_IDLE_SKILL] if idle else rng.sample(_SKILLS, rng.randint(1, 3))
        station = StationName(f"st{code}")
        timed.tell("log in", LogIn(code, station, dict.fromkeys(skills, 1)))
        timed.tell("log in", Ready(code))
    while len(talks) < agents * 9 // 10 or len(timed.floor.waiting) < callers:
        connect(enter())
    timed.taken.clear()

    matched = 0
    for _ in range(rounds):
        call, code = talks.pop(rng.randrange(len(talks)))
        station = StationName(f"st{code}")
        timed.tell("talk ends", Disconnected(call, code))
        timed.tell("talk ends", CallGone(call))
        timed.tell("phone is idle", StationChanged(station, StationState.IDLE))
        out = timed.tell("an agent is free, an offer follows", Ready(code))
        matched += any(isinstance(command, Offer) for command in out)
        connect(out)
        left = rng.choice(timed.floor.waiting).call if len(timed.floor.waiting) > callers else None
        if left:
            timed.tell("a caller leaves", CallLeft(left))
        connect(enter())

    announced = 0
    at = timed.floor.next_deadline()
    assert at is not None
    timed.now = max(timed.now, at) + 5.0  # all first announcements at once, which is the worst case
    began = perf_counter_ns()
    announced = sum(isinstance(said, Announce) for said in timed.floor.tick(timed.now))
    tick_us = (perf_counter_ns() - began) / 1_000
    return {
        **{what: _figures(taken) for what, taken in sorted(timed.taken.items())},
        "offers": matched,
        "a tick that announces to all": {"announced": announced, "us": round(tick_us, 1)},
    }


def memory() -> dict[str, float]:
    """Bytes that a waiting caller costs the floor, and those that remain after they have left."""
    floor = Floor(_QUEUES)
    floor.handle(LogIn(AgentCode("1"), StationName("st1"), dict.fromkeys(_SKILLS, 1)), 0.0)
    now = 0.0
    sizes = []
    gc.collect()
    tracemalloc.start()
    try:
        for shift in range(5):
            before = tracemalloc.get_traced_memory()[0]
            for number in range(CALLERS_FOR_MEMORY):
                call = CallId(f"pbx1-{shift}-{number}")
                floor.handle(CallQueued(call, _QUEUES[number % 10].name, now), now)
            gc.collect()
            full = tracemalloc.get_traced_memory()[0]
            for number in range(CALLERS_FOR_MEMORY):
                floor.handle(CallGone(CallId(f"pbx1-{shift}-{number}")), now)
            now += 100.0
            floor.tick(now)
            gc.collect()
            sizes.append((full - before, tracemalloc.get_traced_memory()[0]))
    finally:
        tracemalloc.stop()
    return {
        "bytes_per_waiting_caller": round(sizes[-1][0] / CALLERS_FOR_MEMORY),
        "bytes_left_after_first_shift": sizes[0][1],
        "bytes_left_after_last_shift": sizes[-1][1],
        "growth_bytes": sizes[-1][1] - sizes[0][1],
    }


def _figures(taken: list[int]) -> dict[str, float]:
    ordered = sorted(taken)
    return {
        "n": len(ordered),
        "mean_us": round(sum(ordered) / len(ordered) / 1_000, 1),
        "p99_us": round(ordered[int(len(ordered) * 0.99)] / 1_000, 1),
        "max_us": round(ordered[-1] / 1_000, 1),
    }


if __name__ == "__main__":
    print(json.dumps(measure(), indent=2))
