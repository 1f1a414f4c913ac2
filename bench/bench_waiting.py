"""Measures what a thousand waiting callers cost the controller: memory, all of it freed afterwards.

SIPp makes real calls on a real Asterisk. All wait in one queue, with music, no announcements and
nobody logged in. There are three rounds: the first fills what Python and its libraries keep for
good; after the later ones the controller must be no larger than before.
"""

import asyncio
import json
import sys
from typing import Any

import asyncpg
import psutil

from bench import rig, sipp
from engine.reconcile.absence import KEPT_S
from offhook.stack import Stack

CALLERS = 1_000
ROUNDS = 3
RATE = 60.0
STAY_S = 45.0
"""Longer than it takes until all callers are there."""
SETTLE_S = 8.0
MOST_GROWTH_BYTES = 2_000
"""The most bytes per caller that may stay, from the first round's end to the last's. For KEPT_S,
longer than three rounds take, the controller remembers an ended call's log: about 1 kB."""

FLOW = """flow: to_queue
languages: [en]
start: wait
nodes:
  wait:
    kind: queue
    queue: bench
    exits: {talked: bye, timeout: bye, nobody: bye, failed: bye}
  bye: {kind: hangup}
"""


def measure() -> dict[str, Any]:
    """Bytes per waiting caller, and what is left after each round; JSON-able."""
    return asyncio.run(_measure())


def centre(source: tuple[str, int], callers: int) -> dict[str, Any]:
    """A centre where this many callers wait in vain, with music and without announcements."""
    return rig.centre(
        flow="to_queue",
        agents=1,
        callers_from=f"{source[0]}:{source[1]}",
        channels=callers,
        announce_first_s=0,
        announce_every_s=0,
        nobody_grace_s=600,
        max_wait_s=3_600,
    )


async def _measure() -> dict[str, Any]:
    # Two ports for sound per call, and some to spare, as others may be taken.
    ports = rig.free_ports(2, rtp=2_400)
    source = ("127.0.0.2", ports.rtp_end + 1)
    async with rig.stack(centre(source, CALLERS), {"to_queue": FLOW}, ports) as stack:
        await asyncio.sleep(SETTLE_S)  # prompts are being spoken
        before = [_rss(stack)]
        during, waited = [], []
        for _ in range(ROUNDS):
            calls = asyncio.create_task(
                sipp.run(
                    sipp.IMPATIENT_CALLER,
                    ("127.0.0.1", ports.sip),
                    source=source,
                    service=rig.HOTLINE,
                    calls=CALLERS,
                    rate=RATE,
                    at_once=CALLERS,
                    media_port=ports.rtp_end + 2,
                    timeout_s=300,
                    patience_s=STAY_S,
                )
            )
            at_once = 0
            rss = before[-1]
            while not calls.done():
                now = await _sessions(stack)
                if now >= at_once:
                    at_once, rss = now, _rss(stack)
                await asyncio.sleep(0.5)
            outcome = await calls
            if outcome.failed:
                raise sipp.SippFailed(f"{outcome.failed} of {CALLERS} calls failed")
            during.append(rss)
            waited.append(at_once)
            await asyncio.sleep(SETTLE_S)
            before.append(_rss(stack))
        missing = await _without_end(stack)
    each = [(rss - base) / n for rss, base, n in zip(during, before, waited, strict=False)]
    growth = (before[-1] - before[1]) / (CALLERS * (ROUNDS - 1))
    return {
        "waiting_at_once": waited,
        "bytes_per_waiting_caller": [round(one) for one in each],
        "rss_mib_before_and_after_each_round": [round(rss / 2**20, 2) for rss in before],
        "rss_mib_while_all_wait": [round(rss / 2**20, 2) for rss in during],
        "growth_bytes_per_caller_who_left": round(growth),
        "an_ended_call_is_remembered_for_s": KEPT_S,
        "calls_without_an_end": missing,
        "load": "sipp, real calls on a real Asterisk",
        "met": growth <= MOST_GROWTH_BYTES and min(waited) >= CALLERS and missing == 0,
    }


def _rss(stack: Stack) -> int:
    return int(psutil.Process(stack.controller.pid).memory_info().rss)


async def _sessions(stack: Stack) -> int:
    """How many FastAGI connections the controller has open."""
    process = psutil.Process(stack.controller.pid)
    port = stack.ports.agi
    return sum(
        c.laddr.port == port and c.status == psutil.CONN_ESTABLISHED
        for c in await asyncio.to_thread(process.net_connections, "tcp")
    )


async def _without_end(stack: Stack) -> int:
    database = await asyncpg.connect(stack.dsn)
    try:
        ended = await database.fetchval("select count(*) from calls where ended_at is not null")
    finally:
        await database.close()
    return CALLERS * ROUNDS - int(ended)


if __name__ == "__main__":
    json.dump(measure(), sys.stdout, indent=2)
    print()
