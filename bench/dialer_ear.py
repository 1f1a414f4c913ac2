"""Measures how long after their answer a customer is heard by an agent whose phone is nailed up.

Customers whom a campaign calls and customers whom plain dialplan brings to such a phone take turns,
in batches, on the same Asterisk: the dialplan records them and puts them into a room of the same
kind, and asks nobody. The difference is what Offhook adds: a FastAGI session, the floor's decision,
the beep. What both have in common (sound that comes in packets, two Asterisks and this process, all
on one machine) is not in it.

Times are the far end's: from the step in which the customer's voice begins, right after their
answer, to the arrival of its first packet at the agent's phone (``farend.ears``). The customer's
call by its stages is from the facts that Offhook writes down.
"""

import asyncio
import itertools
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from bench import rig
from bench.dialled_centre import (
    CAMPAIGN,
    CARRIER,
    QUEUE,
    DialledCentre,
    dialled_centre,
    two_blocks,
    until,
)
from campaigns.campaign import CampaignSettings, CampaignState, Mode
from domain.identity import StationName
from farend.ami_client import Remote
from farend.called_customers import key_of
from farend.compared_books import to_ear
from farend.outreach import VOICES
from telephony.ami.originate import Application, Extension, Originate

AGENTS, CALLS, BATCH = 20, 500, 50
PER_S = 3.0
"""Calls a second: more than ten times what agents of that number have in a day's work."""
RING_S, SPEAK_S = (0.3, 1.0), 2.5
WITHIN_S = 60.0
ADDED_MS, TARGET_MS = 20.0, 100.0
OFFHOOK, PLAIN = "offhook", "plain_dialplan"

SETTINGS = CampaignSettings(
    title="To the ear",
    mode=Mode.PROGRESSIVE,
    queue=QUEUE,
    line=CARRIER,
    lines=200,
    rules="us",
    calls_per_second=PER_S,
    ring_s=20,
    most_attempts=1,
    message={"en": "Sorry, nobody is free."},
)

_STAGES = """
select a.number, f.kind, min(extract(epoch from f.at))::float8 as at,
  min(f.detail ->> 'station') filter (where f.kind = 'connected') as station
from attempts a join call_facts f on f.call = a.attempt
where a.campaign = $1 and f.kind in ('answered', 'queued', 'offered', 'connected')
group by a.number, f.kind
"""


@dataclass(frozen=True, slots=True)
class Measure:
    """How much is measured."""

    agents: int = AGENTS
    calls: int = CALLS
    batch: int = BATCH
    per_s: float = PER_S
    rtp: int = 1_000
    """Ports for sound of each of the two Asterisks."""
    first_port: int = rig.FIRST_PORT


@dataclass(frozen=True, slots=True)
class ToEarTimes:
    """What one way was measured to take: milliseconds to the ear, and who was not heard at all."""

    calls: int
    heard_ms: Sequence[float]
    stages_ms: Mapping[str, Sequence[float]]


def measure(wanted: Measure = Measure()) -> dict[str, Any]:
    """Both ways' percentiles in milliseconds, and their difference; JSON-able."""
    return asyncio.run(_measure(wanted))


async def _measure(wanted: Measure) -> dict[str, Any]:
    plain = [StationName(str(3000 + n)) for n in range(wanted.agents)]
    load = os.getloadavg()[0]
    blocks = two_blocks(wanted.rtp, wanted.first_port)
    async with dialled_centre(wanted.agents, blocks, more_phones=plain, wrap_up_s=1) as centre:
        await centre.begin_work(ears=True)
        watch = Remote()
        instance = centre.stack.instance
        await watch.connect(*instance.ami, instance.ami_user, instance.secrets.ami)
        ways = _Ways(centre, watch, plain, wanted)
        await ways.begin()
        used = rig.used(centre.stack)
        began_at = asyncio.get_running_loop().time()
        for number, size in enumerate(_batches(wanted)):
            for way in (ways.plain, ways.offhook) if number % 2 else (ways.offhook, ways.plain):
                await way(size)
            _tell(f"  to the ear: {min(wanted.calls, (number + 1) * wanted.batch)} calls each way")
        lasted = asyncio.get_running_loop().time() - began_at
        used = rig.used(centre.stack) - used
        await asyncio.sleep(1.0)  # the ears look at half a second at a time
        offhook, plain_times = await ways.times()
        await watch.close()
    return {
        **figures(offhook, plain_times),
        "agents": wanted.agents,
        "calls_per_s": wanted.per_s,
        "cpu": {
            "asterisk": round(used.asterisk / lasted, 2),
            "controller": round(used.controller / lasted, 2),
            "postgres": round(used.postgres / lasted, 2),
        },
        "load_before": round(load, 2),
        "processors": os.cpu_count(),
    }


def figures(offhook: ToEarTimes, plain: ToEarTimes) -> dict[str, Any]:
    """The figures of both ways, and whether the targets are met; JSON-able."""
    ours, theirs = percentiles(offhook.heard_ms), percentiles(plain.heard_ms)
    added = {name: round(ours[name] - theirs[name], 1) for name in ("p50", "p95", "p99", "max")}
    return {
        "to_ear_ms": {OFFHOOK: ours, PLAIN: theirs, "added": added},
        "calls": {OFFHOOK: offhook.calls, PLAIN: plain.calls},
        "not_heard": {
            OFFHOOK: offhook.calls - len(offhook.heard_ms),
            PLAIN: plain.calls - len(plain.heard_ms),
        },
        "stages_ms": {name: percentiles(times) for name, times in offhook.stages_ms.items()},
        "target_added_p99_ms": ADDED_MS,
        "target_p99_ms": TARGET_MS,
        "met": added["p99"] <= ADDED_MS
        and ours["p99"] <= TARGET_MS
        and len(offhook.heard_ms) == offhook.calls,
    }


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """p50, p95, p99 and the most, in the values' unit; infinite if there are none."""
    if not values:
        return {"n": 0} | dict.fromkeys(("p50", "p95", "p99", "max"), float("inf"))
    shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
    return {"n": len(values)} | {
        name: round(rig.percentile(values, share), 1) for name, share in shares.items()
    }


def _batches(wanted: Measure) -> Iterable[int]:
    for first in range(0, wanted.calls, wanted.batch):
        yield min(wanted.batch, wanted.calls - first)


class _Ways:
    """The two ways to the ear, and what was heard of each."""

    def __init__(
        self,
        centre: DialledCentre,
        watch: Remote,
        phones: Sequence[StationName],
        wanted: Measure,
    ) -> None:
        self._centre = centre
        self._watch = watch
        self._phones = phones
        self._wanted = wanted
        self._rng = Random(12)
        self._voices = itertools.cycle(VOICES)
        self._number = itertools.count(1)
        self._list = 0
        self._called: list[str] = []
        self._by_plain: dict[str, StationName] = {}

    async def begin(self) -> None:
        """Put the plain dialplan's phones into rooms, and make the campaign, which is paused."""
        centre = self._centre
        await centre.far.nail_up(self._phones)
        for phone in self._phones:
            room = Application("ConfBridge", f"plain-{phone},room,agent,agent-keys")
            await self._watch.action("Originate", Originate(f"PJSIP/{phone}", room).headers())
        console = centre.stack.instance.process.console
        # The arguments have commas, which the command would take for its own.
        for place, step in enumerate(("MixMonitor(${BENCH_FILE})", "ConfBridge(${BENCH_ROOM})"), 1):
            await console(f"dialplan add extension s,{place},{step} into bench-plain")
        self._list = await centre.make_campaign(SETTINGS)
        await centre.move(CampaignState.RUNNING)
        up = "the phones of plain dialplan are in their rooms"
        await until(lambda: all(self._is_up(phone) for phone in self._phones), 30, up)

    def _is_up(self, phone: StationName) -> bool:
        call = self._centre.far.at_phone(phone)
        return call is not None and call.answered_at is not None

    async def offhook(self, count: int) -> None:
        """The campaign calls so many customers, and is over with them."""
        numbers = await self._plan(count)
        centre = self._centre
        await centre.add_leads(self._list, numbers)
        await centre.move(CampaignState.PAUSED)
        await centre.move(CampaignState.RUNNING)  # it looks for leads at once
        self._called += numbers
        await centre.all_over(len(self._called), WITHIN_S)

    async def plain(self, count: int) -> None:
        """Plain dialplan brings so many customers to its phones, one phone after the other."""
        loop = asyncio.get_running_loop()
        began_at = loop.time()
        numbers = await self._plan(count)
        for place, number in enumerate(numbers):
            await asyncio.sleep(max(0.0, began_at + place / self._wanted.per_s - loop.time()))
            phone = self._phones[len(self._by_plain) % len(self._phones)]
            self._by_plain[number] = phone
            call = Originate(
                f"PJSIP/{number}@{CARRIER}",
                Extension("bench-plain", "s"),
                variables={
                    "BENCH_FILE": f"plain-{number[1:]}.raw,D",
                    "BENCH_ROOM": f"plain-{phone},room,customer,customer-keys",
                },
            )
            await self._watch.action("Originate", call.headers())
        over = f"{len(numbers)} calls of plain dialplan are over"
        await until(lambda: all(self._is_over(number) for number in numbers), WITHIN_S, over)

    def _is_over(self, number: str) -> bool:
        calls = self._centre.far.seen.to(key_of(number))
        return bool(calls) and all(call.over_at is not None for call in calls)

    async def _plan(self, count: int) -> list[str]:
        numbers = [f"+86137{next(self._number):08}" for _ in range(count)]
        for number in numbers:
            ring = self._rng.uniform(*RING_S)
            steps = f"answer-{ring:.2f},speak-{SPEAK_S},hangup"
            await self._centre.far.plan(number, steps, tone=next(self._voices))
        return numbers

    async def times(self) -> tuple[ToEarTimes, ToEarTimes]:
        """What both took: Offhook's way, and plain dialplan."""
        facts: dict[str, dict[str, float]] = {}
        at_phone: dict[str, StationName] = {}
        for row in await self._centre.pool.fetch(_STAGES, CAMPAIGN):
            facts.setdefault(row["number"], {})[row["kind"]] = row["at"]
            if row["station"] is not None:
                at_phone[row["number"]] = StationName(row["station"])
        heard = self._heard(at_phone)
        stages: dict[str, list[float]] = {}
        for number, at in facts.items():
            for name, seconds in self._stages(number, at, heard.get(number)):
                stages.setdefault(name, []).append(1000 * seconds)
        plain = self._heard(self._by_plain)
        return (
            ToEarTimes(len(self._called), _ms(heard.values()), stages),
            ToEarTimes(len(self._by_plain), _ms(plain.values()), {}),
        )

    def _heard(self, at_phone: Mapping[str, StationName]) -> dict[str, float]:
        """Seconds from each customer's answer to the ear at their phone; without those whom it
        didn't hear."""
        far, found = self._centre.far, {}
        phones = {
            phone: [replace(call, heard=far.hears(call.call)) for call in far.seen.at(phone)]
            for phone in set(at_phone.values())
        }
        for number, phone in at_phone.items():
            for customer in far.seen.to(key_of(number))[:1]:
                if (ear := to_ear(customer, phones[phone])) is not None:
                    found[number] = ear.seconds
        return found

    def _stages(
        self, number: str, at: Mapping[str, float], ear_s: float | None
    ) -> Iterable[tuple[str, float]]:
        """From each stage of a call to the next, in seconds."""
        calls = self._centre.far.seen.to(key_of(number))
        spoke = calls[0].spoke if calls else ()
        if not spoke:
            return
        times = {"spoke": spoke[0].began_at, **at}
        if ear_s is not None:
            times["heard"] = spoke[0].began_at + ear_s
        order = ("spoke", "answered", "queued", "offered", "connected", "heard")
        for before, after in itertools.pairwise(name for name in order if name in times):
            yield f"{before}_to_{after}", times[after] - times[before]


def _ms(seconds: Iterable[float]) -> list[float]:
    return [1000 * each for each in seconds]


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
