"""Calls per second through Offhook, and through plain dialplan with the same steps: answer, play
a prompt of 0.2 s, hang up. Both use the same Asterisk and far end (SIPp), in turns.

They run twice: with CALLERS who call again at once after each call, which leaves the machine idle
time, and with enough of them to fill its processors. The first shows what Offhook adds to a call's
duration, the second what it adds to a call's work: the controller and PostgreSQL then take
processors that Asterisk could use for more calls.

In the plain rounds the controller stays connected and listens to AMI. SIPp places the calls, not a
second Asterisk: it uses less than a tenth of Asterisk's CPU time.
"""

import asyncio
import json
import os
import sys
from dataclasses import dataclass
from statistics import median
from typing import Any

import asyncpg

from bench import rig, sipp
from offhook.stack import Stack
from telephony.asterisk.generated_files import Ports

CALLERS, MANY_CALLERS = 50, 250
CALLS, MANY_CALLS = 600, 2_000
ROUNDS = 7
PROMPT_S = 0.2
PLAIN = "9999"
TARGET_RATIO, TARGET_CPU = 0.9, 0.25

FLOW = """flow: one_prompt
languages: [en]
start: hello
prompts:
  hello:
    en: Hello.
nodes:
  hello: {kind: say, prompts: hello, exits: {next: bye}}
  bye: {kind: hangup}
"""


@dataclass(frozen=True, slots=True)
class _Round:
    """One round's calls and what they cost."""

    calls: sipp.SippCounts
    used: rig.Used

    @property
    def count(self) -> int:
        return self.calls.succeeded + self.calls.failed


def measure() -> dict[str, Any]:
    """Both loads' figures, failed calls, and the controller's share of the CPU; JSON-able."""
    return asyncio.run(_measure())


async def _measure() -> dict[str, Any]:
    ports = rig.free_ports(2, rtp=1_200)
    source = ("127.0.0.2", ports.rtp_end + 1)
    configuration = rig.centre(
        flow="one_prompt", agents=1, callers_from=f"{source[0]}:{source[1]}", channels=1_000
    )
    async with rig.stack(configuration, {"one_prompt": FLOW}, ports) as stack:
        sound = rig.upload_tone(stack.state, "hello", PROMPT_S)
        for priority, step in enumerate(("Answer()", f"Playback({sound})", "Hangup()"), 1):
            await stack.instance.process.console(
                f"dialplan add extension {PLAIN},{priority},{step} into from-line"
            )
        for number in (PLAIN, rig.HOTLINE):
            await _round(stack, ports, source, number, CALLERS, CALLERS)  # warm
        steady = await _rounds(stack, ports, source, CALLS, CALLERS)
        full = await _rounds(stack, ports, source, MANY_CALLS, MANY_CALLERS)
        missing = await _missing(stack, CALLERS + ROUNDS * (CALLS + MANY_CALLS))
    offhook = steady[rig.HOTLINE] + full[rig.HOTLINE]
    every = [*offhook, *steady[PLAIN], *full[PLAIN]]
    failed = sum(one.calls.failed for one in every)
    share = sum(r.used.controller for r in offhook) / sum(r.used.asterisk for r in offhook)
    figures = _figures(steady, CALLERS)
    return {
        **figures,
        "processors_full": _figures(full, MANY_CALLERS),
        "failed_calls": failed,
        "calls_without_a_record": missing,
        "controller_cpu_of_asterisk": round(share, 3),
        "rounds": ROUNDS,
        "prompt_s": PROMPT_S,
        "processors": os.cpu_count(),
        "load": "sipp",
        "target_ratio": TARGET_RATIO,
        "target_controller_cpu_of_asterisk": TARGET_CPU,
        "met": figures["ratio"]["median"] >= TARGET_RATIO
        and failed == missing == 0
        and share <= TARGET_CPU,
    }


async def _rounds(
    stack: Stack, ports: Ports, source: tuple[str, int], calls: int, callers: int
) -> dict[str, list[_Round]]:
    """The rounds of both, in turns; they take turns to begin, so that a drift hits both."""
    found: dict[str, list[_Round]] = {PLAIN: [], rig.HOTLINE: []}
    for number in range(ROUNDS):
        order = (PLAIN, rig.HOTLINE) if number % 2 else (rig.HOTLINE, PLAIN)
        for each in order:
            found[each].append(await _round(stack, ports, source, each, calls, callers))
    return found


async def _round(
    stack: Stack, ports: Ports, source: tuple[str, int], number: str, calls: int, callers: int
) -> _Round:
    before = rig.used(stack)
    outcome = await sipp.run(
        sipp.CALLER,
        ("127.0.0.1", ports.sip),
        source=source,
        service=number,
        calls=calls,
        rate=1_000,
        at_once=callers,
        media_port=ports.rtp_end + 2,
        timeout_s=120,
    )
    await asyncio.sleep(1.0)  # records are written after the calls, and are part of their cost
    return _Round(outcome, rig.used(stack) - before)


def _figures(rounds: dict[str, list[_Round]], callers: int) -> dict[str, Any]:
    plain, offhook = rounds[PLAIN], rounds[rig.HOTLINE]
    ratios = [
        mine.calls.per_second / theirs.calls.per_second
        for mine, theirs in zip(offhook, plain, strict=True)
    ]
    return {
        "callers_at_once": callers,
        "plain_calls_per_s": rig.spread([one.calls.per_second for one in plain]),
        "offhook_calls_per_s": rig.spread([one.calls.per_second for one in offhook]),
        "ratio": rig.spread(ratios, 3),
        "cpu_ms_per_call": {"plain": _cost(plain), "offhook": _cost(offhook)},
    }


def _cost(rounds: list[_Round]) -> dict[str, float]:
    def of(seconds: list[float]) -> float:
        shares = (s / one.count for s, one in zip(seconds, rounds, strict=True))
        return round(1000 * median(shares), 2)

    return {
        "asterisk": of([one.used.asterisk for one in rounds]),
        "controller": of([one.used.controller for one in rounds]),
        "postgres": of([one.used.postgres for one in rounds]),
        "sipp": of([one.calls.cpu_s for one in rounds]),
    }


async def _missing(stack: Stack, calls: int) -> int:
    """How many calls have no record that their flow came to its end."""
    database = await asyncpg.connect(stack.dsn)
    try:
        for _ in range(100):
            complete = int(await database.fetchval("select count(*) from calls where why = 'done'"))
            if complete >= calls:
                break
            await asyncio.sleep(0.1)
    finally:
        await database.close()
    return calls - complete


if __name__ == "__main__":
    json.dump(measure(), sys.stdout, indent=2)
    print()
