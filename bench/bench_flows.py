"""Call flows: what a step costs the interpreter, and 500 callers who walk through menus at once.

Each caller hears a prompt of PROMPT_S seconds, presses a key a moment after it, and hears the next
one. Measured is the time from the key's end, as it left the caller, to the first packet of the next
prompt, as the caller's machine received it: Asterisk, FastAGI, the interpreter and Asterisk again.
"""

import argparse
import asyncio
import json
import resource
import sys
import time
from collections.abc import Callable, Mapping
from statistics import median
from typing import Any

import psutil

from bench import rig
from bench.key_pressers import AFTER_S, KEY_S, KeyPressers
from configuration.flows import LIBRARY
from ivr_flows.flow import Flow
from ivr_flows.interpreter import Conversation
from ivr_flows.loader import load
from ivr_flows.steps import Collect, Digits, Done, Enqueue, Left, QueueExit, Step, StepOutcome
from ivr_flows.walkable import FlowContext
from offhook.stack import Stack

AT_ONCE = 500
MENUS = 7
PROMPT_S = 2.0
CALL_S = MENUS * (PROMPT_S + sum(AFTER_S) / 2 + KEY_S)
"""How long a caller is in the menus, about."""
STEADY_S = 40.0
WALKS = 2_000
TARGET_STEP_US, TARGET_START_MS = 50.0, 100.0


def _flow() -> str:
    names = [f"m{number}" for number in range(MENUS)]
    prompts = "".join(f"  {name}: {{en: 'This is menu {name}.'}}\n" for name in [*names, "last"])
    nodes = "".join(
        f"  {name}: {{kind: menu, prompts: {name}, keys: {{'1': next}}, timeout: 9,"
        f" exits: {{next: {after}, exhausted: bye}}}}\n"
        for name, after in zip(names, [*names[1:], "last"], strict=True)
    )
    return (
        f"flow: menus\nlanguages: [en]\nstart: m0\nprompts:\n{prompts}nodes:\n{nodes}"
        "  last: {kind: say, prompts: last, exits: {next: bye}}\n  bye: {kind: hangup}\n"
    )


def measure() -> dict[str, Any]:
    """A step's cost in microseconds, and the sessions' figures; JSON-able."""
    return {"step": step_cost(), "sessions": sessions()}


def step_cost() -> dict[str, Any]:
    """What the interpreter takes for a step of the hotline: microseconds."""
    file = LIBRARY / "hotline.yaml"
    flow = load(file.read_bytes(), str(file))
    took: list[int] = []
    for _ in range(WALKS):
        _walk(flow, took)
    microseconds = [one / 1000 for one in took]
    return {
        "steps": len(took),
        "us_median": round(median(microseconds), 2),
        "us_p99": round(rig.percentile(microseconds, 0.99), 2),
        "target_us": TARGET_STEP_US,
        "met": median(microseconds) <= TARGET_STEP_US,
    }


def _walk(flow: Flow, took: list[int]) -> None:
    def timed(do: Callable[[], Step | None]) -> Step | None:
        began = time.perf_counter_ns()
        step = do()
        took.append(time.perf_counter_ns() - began)
        return step

    talk = Conversation(flow, FlowContext())
    step = timed(talk.begin)
    while step is not None:
        outcome: StepOutcome = Done()
        if isinstance(step, Collect):
            outcome = Digits("2")
        elif isinstance(step, Enqueue):
            outcome = Left(QueueExit.TALKED)
        step = timed(lambda done=outcome: talk.go_on(done))  # type: ignore[misc]


def sessions(*arguments: str) -> dict[str, Any]:
    """Many callers in menus: how soon prompts begin, and both sides' CPU."""
    parser = argparse.ArgumentParser("./run bench flows:sessions")
    parser.add_argument("--at-once", type=int, default=AT_ONCE, help="callers (%(default)s)")
    return asyncio.run(_sessions(parser.parse_args(arguments).at_once))


async def _sessions(at_once: int) -> dict[str, Any]:
    rate = 1.05 * at_once / CALL_S
    calls = int(rate * (2 * CALL_S + STEADY_S))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, calls + 1_000)), hard))
    ports = rig.free_ports(2, rtp=3_000)
    source = ("127.0.0.2", ports.rtp_end + 1)
    configuration = rig.centre(
        flow="menus", agents=1, callers_from=f"{source[0]}:{source[1]}", channels=2 * at_once
    )
    async with rig.stack(configuration, {"menus": _flow()}, ports) as stack:
        for name in [*(f"m{number}" for number in range(MENUS)), "last"]:
            rig.upload_tone(stack.state, name, PROMPT_S)
        callers = KeyPressers(calls, source[0], menus=MENUS, prompt_s=PROMPT_S, at_once=at_once)
        target = ("127.0.0.1", ports.sip)
        calling = asyncio.create_task(callers.call(target, source, rig.HOTLINE, rate=rate))
        steady = await _steady(stack, callers, calling)
        outcome = await calling
    begun = [one for one in callers.next_prompts if one.callers >= at_once]
    late = sorted(1000 * one.after_s for one in begun)
    heard = callers.prompts
    lost = [one for one in heard if one != MENUS + 1]
    p99 = rig.percentile(late, 0.99) if late else None
    return {
        "calls": calls,
        "at_once": max((one.callers for one in callers.next_prompts), default=0),
        "failed_calls": outcome.failed,
        "callers_who_did_not_hear_every_prompt_once": len(lost),
        "prompts_measured": len(late),
        "key_to_prompt_ms": {
            name: round(rig.percentile(late, share), 1) if late else None
            for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("max", 1.0))
        },
        **steady,
        "target_ms": TARGET_START_MS,
        "met": not outcome.failed and not lost and p99 is not None and p99 <= TARGET_START_MS,
    }


async def _steady(
    stack: Stack, callers: KeyPressers, calling: "asyncio.Task[Any]"
) -> dict[str, Any]:
    """What is used while all are there, in processors."""
    there = asyncio.create_task(callers.are_there.wait())
    await asyncio.wait((calling, there), return_when=asyncio.FIRST_COMPLETED)
    there.cancel()
    psutil.cpu_percent()
    before, began = rig.used(stack), time.monotonic()
    own = time.process_time()
    await asyncio.wait((calling,), timeout=STEADY_S)
    took = time.monotonic() - began
    busy = psutil.cpu_percent()
    used = rig.used(stack) - before
    return {
        "processors": psutil.cpu_count(),
        "processors_busy_percent": round(busy, 1),
        "used_processors": {
            "asterisk": round(used.asterisk / took, 3),
            "controller": round(used.controller / took, 3),
            "postgres": round(used.postgres / took, 3),
            "callers": round((time.process_time() - own) / took, 3),
        },
    }


PARTS: Mapping[str, Callable[..., dict[str, Any]]] = {"step": step_cost, "sessions": sessions}
WITH_OPTIONS = ("sessions",)


if __name__ == "__main__":
    json.dump(measure(), sys.stdout, indent=2)
    print()
