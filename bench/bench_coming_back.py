"""Measures how long 200 waiting callers are without a controller after it is killed or hangs.

SIPp makes real calls on a real Asterisk. All wait in one queue, with music and nobody logged in.
The controller is killed (kill -9), or stopped (SIGSTOP) so that it accepts connections and answers
none; ``up`` starts it again. The time ends when all are in the queue again, in their old order.
"""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Mapping
from typing import Any

import aiohttp

from bench import rig, sipp
from bench.bench_waiting import FLOW, centre
from farend.console_client import ConsoleClient, ConsoleRefused
from supervision.controller_process import HUNG_AFTER_S

CALLERS = 200
ROUNDS = 3
RATE = 40.0
STAY_S = 240.0
QUIET_S = 12.0
"""The pause before the next kill: the spare is ready by then, and the dialplan takes it for a new
absence."""
WITHIN_S = 3.0
"""What README.md promises after a kill, and what a busy machine may add."""


def measure() -> dict[str, Any]:
    """Seconds until all are back, after each kill and after a hang; JSON-able."""
    return asyncio.run(_measure())


async def _measure() -> dict[str, Any]:
    ports = rig.free_ports(2, rtp=800)
    source = ("127.0.0.2", ports.rtp_end + 1)
    async with rig.stack(centre(source, CALLERS), {"to_queue": FLOW}, ports) as stack:
        stack.keep()
        password = stack.secrets.admin
        async with ConsoleClient(stack.console_url, "admin", password) as console:
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
                    timeout_s=600,
                    patience_s=STAY_S,
                )
            )
            try:
                order, _ = await _until_all_wait(console)
                killed = [
                    await _without(stack.controller.pid, signal.SIGKILL, console, order)
                    for _ in range(ROUNDS)
                ]
                hung = await _without(stack.controller.pid, signal.SIGSTOP, console, order)
            finally:
                calls.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await calls
    return {
        "waiting": CALLERS,
        "all_back_after_kill_s": rig.spread(killed, 2),
        "all_back_after_hang_s": round(hung, 2),
        "a_hang_is_noticed_after_s": HUNG_AFTER_S,
        "load": "sipp, real calls on a real Asterisk",
        "met": max(killed) <= WITHIN_S,
    }


async def _without(
    pid: int | None, by: signal.Signals, console: ConsoleClient, order: list[str]
) -> float:
    """Seconds from the signal until all wait again."""
    assert pid is not None
    await asyncio.sleep(QUIET_S)
    clock = asyncio.get_running_loop().time
    began = clock()
    os.kill(pid, by)
    if by == signal.SIGSTOP:
        await asyncio.sleep(1.0)  # the old controller's board is no longer read
    again, at = await _until_all_wait(console)
    assert again == order, "the order has changed"
    return at - began


async def _until_all_wait(console: ConsoleClient) -> tuple[list[str], float]:
    """The callers in order, and when all of them were there."""
    clock = asyncio.get_running_loop().time
    deadline = clock() + 120
    seen = 0
    while clock() < deadline:
        with contextlib.suppress(aiohttp.ClientError, ConsoleRefused, TimeoutError):
            async with asyncio.timeout(1.0):
                board: Mapping[str, Any] = await console.board()
            places = {c["id"]: c["position"] for c in board["calls"] if c["stage"] == "queue"}
            seen = len(places)
            if seen == CALLERS:
                return sorted(places, key=lambda call: places[call]), clock()
        await asyncio.sleep(0.05)
    raise AssertionError(f"only {seen} of {CALLERS} wait")


if __name__ == "__main__":
    json.dump(measure(), sys.stdout, indent=2)
    print()
