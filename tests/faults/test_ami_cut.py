"""The AMI connection is cut again and again, at any byte, while calls come and go."""

import asyncio
import csv
import random
from collections import Counter

import pytest

from records.call_queries import StoredCall
from tests.conftest import PortBlocks
from tests.cutting_proxy import DOWN, UP, CuttingProxy
from tests.faults.conftest import SceneFactory
from tests.faults.scene import Scene, assert_right, counted, story
from tests.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.long]

CUTS = 100
CALLS_AT_ONCE = 16
"""Twice as many as there are agents: somebody always waits. Without a bound, callers would pile up
on a slow machine, and each new connection would begin with all of them."""


async def test_a_hundred_cuts_under_load_leave_nothing_wrong(
    scene: SceneFactory, ports: PortBlocks
) -> None:
    rng = random.Random(11)
    block = ports()
    async with CuttingProxy("127.0.0.1", block.ami) as proxy:
        one = await scene(agents=8, block=block, ami_port=proxy.port, wrap_up_s=0)
        await one.phones("answer-0.3,speak-1,hangup", [f"{1001 + n}" for n in range(4)])
        await one.phones("answer-0,speak-2,hangup", [f"{1005 + n}" for n in range(4)])
        callers: list[str] = []
        ends: list[asyncio.Task[int]] = []
        enough = False
        room = asyncio.Semaphore(CALLS_AT_ONCE)

        async def end_of(call: str) -> int:
            try:
                return await one.far.ended(call, timeout=120)
            finally:
                room.release()

        async def load() -> None:
            while not enough:
                await room.acquire()
                steps = rng.choice(("speak-60", "speak-60", "speak-1,hangup", "speak-0.2,hangup"))
                callers.append(f"138{len(callers):08}")
                call = await one.customer(steps, callers[-1])
                ends.append(asyncio.create_task(end_of(call)))
                await asyncio.sleep(rng.uniform(0, 0.5))

        loading = asyncio.create_task(load())
        # Some connections don't get through their beginning.
        proxy.each_connection = lambda: (rng.randrange(6_000), DOWN) if rng.random() < 0.1 else None
        while proxy.cuts < CUTS:
            assert not loading.done(), loading.exception()
            await until(lambda: proxy.open, 120, "the link to be up again")
            way = UP if rng.random() < 0.2 else DOWN
            proxy.cut_after(rng.randrange(1, 400 if way is UP else 12_000), way)
            await proxy.cut_within(0.5)
        proxy.each_connection = None
        enough = True
        await loading  # not cancelled: each caller in the list has really called
        await asyncio.gather(*ends)

        await one.until_quiet()
        board = await one.until(
            lambda b: (
                not b["calls"]
                and counted(b["agents"], "state") == {"ready": 8}
                and counted(b["agents"], "station_state") == {"idle": 8}
            ),
            20,
            "nobody is on the line, nobody is stuck",
        )
        assert not any(agent["reason"] for agent in board["agents"])
        stored = await one.all_ended(callers)
        for call in stored:
            assert_right(call)
        assert_as_asterisk_has_it(one, stored)
        outcomes = Counter(str(call.record.outcome) for call in stored)
        print(f"\n{proxy.cuts} cuts, {len(stored)} calls: {dict(outcomes)}")
        assert outcomes["answered"] > 20
        assert proxy.seen[UP].count(b"Action: Originate") == 0
        await one.until_recorded(
            [c.record.caller or "" for c in stored if c.record.outcome == "answered"]
        )


def assert_as_asterisk_has_it(one: Scene, stored: list[StoredCall]) -> None:
    """Legs and ends are those of Asterisk's own log; a phone was rung once for each offer."""
    rung: Counter[str] = Counter()
    bridged: Counter[str] = Counter()
    ended: dict[str, float] = {}
    with one.stack.instance.cel.open() as log:
        for at, event, _, uniqueid, linkedid, channel, *_rest in csv.reader(log):
            phone = channel.startswith("PJSIP/1")
            rung[linkedid] += phone and event == "CHAN_START"
            bridged[linkedid] += phone and event == "BRIDGE_ENTER"
            if event == "HANGUP" and not phone:
                ended[uniqueid] = float(at)
    for call in stored:
        record, text = call.record, story(call)
        uniqueid = record.call.rpartition("-")[2]
        assert record.ended_at is not None
        assert abs(record.ended_at.timestamp() - ended[uniqueid]) < 1.5, text
        assert sum(leg.connected_at is not None for leg in record.legs) == bridged[uniqueid], text
        offered = sum(leg.offered_at is not None for leg in record.legs)
        assert rung[uniqueid] <= offered, text
