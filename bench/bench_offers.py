"""Measures the time from a free agent, or a caller who joins a queue, to the INVITE at the phone.

50 agents are at SIP phones; SIPp makes real calls on a real Asterisk. The INVITE's time is the
kernel's stamp at the phone's socket; the other time is the controller's in the record (of the end
of a talk, or the entry into the queue). Both come from this machine's civil clock.

- agent free: 200 callers wait all the time, every agent talks for 6 to 18 s and has no
  after-call work, so each end of a talk is an offer. Callers hear their position now
  and then; those who were hearing it have figures of their own as well.
- caller enters: agents wait for calls.
"""

import asyncio
import json
import sys
from typing import Any

from bench import rig, sipp
from bench.offer_times import log_in_all, quantiles, settled
from bench.phones import Phones
from telephony.asterisk.generated_files import Ports

AGENTS, WAITING = 50, 200
TALK_S, BUSY_S = 12.0, 72.0
ENTERING, ENTERING_PER_S = 300, 8.0
ENTERING_TALK_S = 2.0
"""Phones talk for at least half of it: after less than 0.8 s the agent is paused as dropped."""
ANNOUNCE_EVERY_S = 30.0  # the default of queues
TARGET_MS = 20.0

FLOW = """flow: to_queue
languages: [en]
start: wait
prompts:
  next: {en: You are next. Please stay on the line.}
  place: {en: "You are number {position} in the queue."}
announcements: {next: next, position: place}
nodes:
  wait:
    kind: queue
    queue: bench
    exits: {talked: bye, timeout: bye, nobody: bye, failed: bye}
  bye: {kind: hangup}
"""


def measure() -> dict[str, Any]:
    """p50 and p99 of both, in milliseconds; JSON-able."""
    return asyncio.run(_measure())


async def _measure() -> dict[str, Any]:
    ports = rig.free_ports(6, rtp=1_400)
    phones_port, callers_port = ports.rtp_end + 1, ports.rtp_end + 4
    configuration = rig.centre(
        flow="to_queue",
        agents=AGENTS,
        callers_from=f"127.0.0.2:{callers_port}",
        channels=1_000,
        wrap_up_s=0,
        announce_first_s=2,
        announce_every_s=ANNOUNCE_EVERY_S,
        max_wait_s=3_600,
    )
    async with rig.stack(configuration, {"to_queue": FLOW}, ports) as stack:
        phones = Phones(
            ("127.0.0.1", phones_port),
            ("127.0.0.1", ports.sip),
            {s.name: stack.secrets.sip[s.name] for s in stack.centre.stations},
        )
        await phones.start()
        try:
            await log_in_all(stack, AGENTS)
            phones.talk_s = ENTERING_TALK_S
            await _calls(ports, callers_port, ENTERING, ENTERING_PER_S, AGENTS)
            entering = await settled(stack, phones)
            phones.invited.clear()
            phones.talk_s = TALK_S
            calls = WAITING + AGENTS + int(BUSY_S / TALK_S) * AGENTS
            before = rig.used(stack)
            await _calls(ports, callers_port, calls, 50.0, WAITING + AGENTS)
            used = rig.used(stack) - before
            freed = await settled(stack, phones)
        finally:
            phones.close()
    enters = [found["entered"] for found in entering if found["entered"] is not None]
    # At the beginning all agents are free, and at the end nobody waits any more.
    middle = freed[AGENTS:-WAITING]
    frees = [found for found in middle if found["freed"] is not None]
    spoken_to = [found["freed"] for found in frees if found["announcing"]]
    free = quantiles([found["freed"] for found in frees])
    enter = quantiles(enters)
    return {
        "agent_free_to_invite_ms": free,
        "agent_free_while_caller_is_spoken_to_ms": quantiles(spoken_to),
        "caller_queued_to_invite_ms": enter,
        "agent_free_to_offer_ms": quantiles([found["freed"] - found["decided"] for found in frees]),
        "offered_to_invite_ms": quantiles([found["decided"] for found in [*entering, *middle]]),
        "agents": AGENTS,
        "waiting": WAITING,
        "announced_every_s": ANNOUNCE_EVERY_S,
        "cpu_s": {"asterisk": round(used.asterisk, 1), "controller": round(used.controller, 1)},
        "from": "the controller's record of the talk's end, or of the entry into the queue",
        "to": "the kernel's time stamp of the INVITE at the phone's socket",
        "target_p99_ms": TARGET_MS,
        "met": max(free["p99"], enter["p99"]) <= TARGET_MS,
    }


async def _calls(ports: Ports, port: int, calls: int, rate: float, at_once: int) -> None:
    outcome = await sipp.run(
        sipp.CALLER,
        ("127.0.0.1", ports.sip),
        source=("127.0.0.2", port),
        service=rig.HOTLINE,
        calls=calls,
        rate=rate,
        at_once=at_once,
        media_port=port + 1,
        timeout_s=300,
    )
    if outcome.failed:
        raise sipp.SippFailed(f"{outcome.failed} of {calls} calls failed")


if __name__ == "__main__":
    json.dump(measure(), sys.stdout, indent=2)
    print()
