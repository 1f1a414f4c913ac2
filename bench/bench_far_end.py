"""Measures what the far end itself carries, so that a benchmark of the dialler isn't one of it.

Two Asterisks on one machine: the centre's, driven by AMI alone, calls the far end's customers and
nails up its phones. There is no controller and no database.

- calls: customers who answer at once, speak for a second and hang up, at rising rates. A rate is
  carried if all of them were answered and over, at the centre and in the far end's log.
- nailed: 200 phones that are up and send their voice; what that costs with ears and without.
- ear: from a customer's answer to an agent's ear through a room (ConfBridge), while 20 phones
  are up. The phones' own share of the time is in it: a packet, 20 ms, and how soon it is read.
"""

import asyncio
import json
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil

from bench import rig
from configuration.secrets import load_or_create
from domain.centre import Centre, Line, LineKind, Station, StationKind
from domain.identity import LineName, StationName
from farend.ami_client import Remote
from farend.called_customers import key_of
from farend.compared_books import to_ear
from farend.network import FarEnd
from telephony.ami.originate import Application, Originate
from telephony.asterisk.instance import Instance, Ports
from telephony.asterisk.provision import find_or_install

PHONES = 200
RATES = (20, 40, 80, 120)
RATE_S = 8.0
CPU_S = 8.0
TRIES = 3
"""A phone whose OPTIONS a busy machine has answered late isn't rung until the next ones."""
HEARD, HEARD_PER_S = 40, 4.0
CARRIER = LineName("carrier")
ROOM_OF = StationName("2000")
FEW = 20
"""Phones that are up while times to the ear are measured. 200 rooms keep two cores so busy that
customers of a fifth of a second are not heard at all."""


def measure() -> dict[str, Any]:
    """Calls per second, CPU seconds per second, milliseconds to the ear; JSON-able."""
    return asyncio.run(_measure())


async def _measure() -> dict[str, Any]:
    stations = tuple(StationName(str(2000 + n)) for n in range(PHONES))
    began_at = time.monotonic()
    async with _both(stations) as (pbx, far):
        registered_s = time.monotonic() - began_at
        watch = Remote()
        await watch.connect(*pbx.ami, pbx.ami_user, pbx.secrets.ami)
        rates = [await _carried(watch, far, rate) for rate in RATES]
        nailed: dict[str, Any] = {}
        for name, ears in (("without_ears", False), ("with_ears", True)):
            began_at = time.monotonic()
            again = await _nail(watch, far, stations, ears=ears)
            up_s = time.monotonic() - began_at
            nailed[name] = {
                "up": sum(_is_up(far, station) for station in stations),
                "up_after_s": round(up_s, 1),
                "called_again": again,
                **await _cpu(far, pbx),
            }
            await _free(watch, far)
        await _nail(watch, far, stations[:FEW], ears=True)
        to_ear_ms = await _to_ear(watch, far)
        await watch.close()
    return {
        "phones": PHONES,
        "started_and_registered_s": round(registered_s, 1),
        "calls": rates,
        "carried_per_s": max((each["per_s"] for each in rates if each["carried"]), default=0),
        "nailed": nailed,
        "to_ear_ms": to_ear_ms,
        "met": all(each["carried"] for each in rates if each["per_s"] <= 20)
        and all(nailed[name]["up"] == PHONES for name in ("without_ears", "with_ears")),
    }


@asynccontextmanager
async def _both(stations: tuple[StationName, ...]) -> AsyncIterator[tuple[Instance, FarEnd]]:
    folder = Path(tempfile.mkdtemp(prefix="offhook-bench-"))
    install = find_or_install()
    centre = Centre(
        (), (), (), (),
        tuple(Station(name, StationKind.SOFTPHONE) for name in stations),
        (Line(CARRIER, LineKind.TRUNK, 1_000),),
    )  # fmt: skip
    secrets = load_or_create(folder / "state", phones=[*stations, CARRIER], agents=[])
    rtp = 5 * PHONES
    # One block for both: sound's ports are not checked, and two blocks might overlap.
    first = rig.free_ports(0, rtp=2 * rtp + 20).sip
    ports, outside = Ports.block(first, rtp=rtp), Ports.block(first + 20 + rtp, rtp=rtp)
    pbx = Instance(folder / "i", ports, centre, secrets.for_asterisk(centre), install)
    try:
        await pbx.start()
        far = FarEnd(folder / "f", outside, install, pbx, secrets.sip)
        try:
            await far.start(timeout=60)
            yield pbx, far
        finally:
            await far.stop()
    finally:
        await pbx.stop()
        shutil.rmtree(folder, ignore_errors=True)


async def _carried(watch: Remote, far: FarEnd, rate: int) -> dict[str, Any]:
    """Calls at a rate for ``RATE_S``; how many were answered and are over at both ends."""
    count = int(rate * RATE_S)
    numbers = [f"+861370{rate:03}{n:04}" for n in range(count)]
    for number in numbers:
        await far.plan(number, "pick,speak-1,hangup")
    watch.events.clear()
    used = psutil.Process(far.process.pid).cpu_times()
    loop = asyncio.get_running_loop()
    began_at = loop.time()
    for place, number in enumerate(numbers):
        await asyncio.sleep(max(0.0, began_at + place / rate - loop.time()))
        await watch.action(
            "Originate",
            Originate(f"PJSIP/{number}@{CARRIER}", Application("Wait", "30")).headers(),
        )
    placed_s = loop.time() - began_at
    await _until(lambda: len(_ended(watch)) >= count, 15)
    after = psutil.Process(far.process.pid).cpu_times()
    seen = [far.seen.to(key_of(number)) for number in numbers]
    answered = sum(len(each) == 1 and each[0].answered_at is not None for each in seen)
    over = sum(len(each) == 1 and each[0].over_at is not None for each in seen)
    spans = [
        each[0].over_at - each[0].answered_at
        for each in seen
        if each and each[0].over_at and each[0].answered_at
    ]
    cpu = after.user + after.system - used.user - used.system
    far.seen.clear()
    return {
        "per_s": rate,
        "placed_per_s": round(count / placed_s, 1),
        "calls": count,
        "answered": answered,
        "over": over,
        "longest_talk_s": round(max(spans, default=0.0), 2),
        "far_end_cpu": round(cpu / placed_s, 2),
        "carried": answered == over == count == len(_ended(watch)) and placed_s < RATE_S * 1.05,
    }


def _ended(watch: Remote) -> list[str]:
    """The channels that are over at the centre after a normal end."""
    return [
        event["Uniqueid"]
        for event in watch.events
        if event.get("Event") == "Hangup" and event.get("Cause") == "16"
    ]


async def _nail(
    watch: Remote, far: FarEnd, stations: tuple[StationName, ...], *, ears: bool
) -> int:
    """Put all phones into their rooms; returns how many had to be called again."""
    await far.nail_up(stations, ears=ears)
    again = 0
    for _ in range(TRIES):
        missing = [station for station in stations if not _is_up(far, station)]
        again += len(missing)
        for station in missing:
            room = Application("ConfBridge", f"agent-{station},,agent")
            await watch.action("Originate", Originate(f"PJSIP/{station}", room).headers())
        await _until(lambda: all(_is_up(far, station) for station in stations), 20)
    return again - len(stations)


def _is_up(far: FarEnd, station: StationName) -> bool:
    call = far.at_phone(station)
    return call is not None and call.answered_at is not None


async def _free(watch: Remote, far: FarEnd) -> None:
    """End all calls."""
    await watch.action("Hangup", {"Channel": "/^PJSIP/"})
    await _until(lambda: all(each.over_at is not None for each in far.seen.calls.values()), 30)
    far.seen.clear()


async def _cpu(far: FarEnd, pbx: Instance) -> dict[str, float]:
    """Cores in use by the far end, by whoever drives it (the ears) and by the centre."""
    processes = {
        "far_end_cpu": psutil.Process(far.process.pid),
        "driver_cpu": psutil.Process(),
        "centre_asterisk_cpu": psutil.Process(pbx.process.pid),
    }
    before = {name: process.cpu_times() for name, process in processes.items()}
    began_at = time.monotonic()
    await asyncio.sleep(CPU_S)
    lasted = time.monotonic() - began_at
    found = {}
    for name, process in processes.items():
        now = process.cpu_times()
        used = now.user + now.system - before[name].user - before[name].system
        found[name] = round(used / lasted, 2)
    return found


async def _to_ear(watch: Remote, far: FarEnd) -> dict[str, float]:
    """Customers are brought to one room, one after the other, at the moment they answer."""
    phone = far.at_phone(ROOM_OF)
    if phone is None:
        return {}
    times = []
    for place in range(HEARD):
        number = f"+861380000{place:04}"
        await far.plan(number, "answer-0.1,speak-0.2,hangup", tone=700 + 50 * (place % 2))
        room = Application("ConfBridge", f"agent-{ROOM_OF},,customer")
        await watch.action("Originate", Originate(f"PJSIP/{number}@{CARRIER}", room).headers())
        await asyncio.sleep(0.1 + 1 / HEARD_PER_S + 0.2)
    ear = far.seen.ear_of(phone.call)
    await asyncio.sleep(0.5)
    heard = far.ears.so_far(ear)
    for place in range(HEARD):
        for customer in far.seen.to(key_of(f"+861380000{place:04}")):
            found = to_ear(customer, [replace(phone, heard=heard)])
            if found is not None:
                times.append(found.seconds * 1000)
    if not times:
        return {"customers": HEARD, "heard": 0}
    return {
        "customers": HEARD,
        "heard": len(times),
        "p50": round(rig.percentile(times, 0.5), 1),
        "max": round(max(times), 1),
    }


async def _until(reached: Callable[[], bool], timeout: float) -> None:
    """Wait until it is so, or give up: what is missing shows in the figures."""
    for _ in range(round(timeout / 0.1)):
        if reached():
            return
        await asyncio.sleep(0.1)


if __name__ == "__main__":
    json.dump(measure(), sys.stdout, indent=2)
    print()
