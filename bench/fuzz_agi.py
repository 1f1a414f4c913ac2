"""Sends hostile FastAGI sessions to the real server with the real engine behind it.

``./run bench fuzz_agi`` sends them for OFFHOOK_FUZZ_S seconds (120); the tests send some thousand.
Half of them know the secret, as if a stranger's bytes came in Asterisk's own sessions. One caller
waits all the time and must notice nothing.
"""

import asyncio
import contextlib
import json
import logging
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil

from bench.agi_requests import address, caller, environment
from bench.fuzz_watch import must, until, watching
from bench.fuzzed_server import HOTLINE, LINE, NODE, SECRET, VICTIM, door
from domain.identity import AgentCode

AT_ONCE = 40
_FACED = (
    "nan", "inf", "-inf", "1e308", "-1", "0", "9" * 400, "", "\0", "%s%n", "../../x", "a\rb",
    "a\nb", "1e999", "\u0663", "0x10", "1_0", "x" * 5000, "\u2028", "pbx1-2", "pbx9", "1001", "*11",
    "*10", "queue", "talked", "sales", "nosuch", HOTLINE, LINE, VICTIM, "PJSIP/1001-00000001",
)  # fmt: skip
_REPLIES = (
    b"200 result=0\n", b"200 result=-1\n", b"511 Command Not Permitted\n", b"HANGUP\n",
    b"520-x\n520 End\n", b"520-never ends\n", b"200 result=1 (x)\n", b"200 result=1 (open\nHANG",
    b"UP\n", b"close)\n", b"\xff\xfe\n", b"100 Trying\n", b"200 result=" + b"9" * 30 + b"\n",
    b"\n\n\n", b"200 result=nan endpos=99999999999999999999\n", b"200 result=1 (ANSWER)\n",
    b"x" * 9000, b"200 result=49 endpos=0\n",
)  # fmt: skip
_VICTIMS_MS = int(time.time() * 1000) + 86_400_000


def _stolen(uniqueid: str, route: str) -> dict[str, str]:
    """Only Asterisk has later tokens of the caller who waits; others have the one it used."""
    if uniqueid != VICTIM:
        return {}
    return {"agi_network_script": address(SECRET, VICTIM, route, _VICTIMS_MS)}


class Fuzzer:
    """Hostile sessions from a seed: the same each time, in whatever order the loop takes them."""

    def __init__(self, port: int, seed: int) -> None:
        self._port = port
        self._rng = random.Random(seed)
        self.sent: Counter[str] = Counter()

    async def run(self, *, sessions: int | None = None, seconds: float = 1e9) -> None:
        """Run this many sessions, or for this long, ``AT_ONCE`` at a time."""
        end, left = time.monotonic() + seconds, [sessions or sys.maxsize]

        async def work() -> None:
            while left[0] > 0 and time.monotonic() < end:
                left[0] -= 1
                with contextlib.suppress(OSError):
                    await self._one()

        await asyncio.gather(*(work() for _ in range(AT_ONCE)))

    async def _one(self) -> None:
        rng = self._rng
        said, talks = self._said(), rng.choices((0, 3, 12), (6, 3, 1))[0]
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            cut = rng.randrange(len(said) + 1) if rng.random() < 0.2 else len(said)
            writer.write(said[:cut])
            if cut < len(said):
                await asyncio.sleep(0)
                writer.write(said[cut:])
            for _ in range(talks):
                if rng.random() < 0.5:
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(reader.read(4096), 0.02)
                writer.write(rng.choice(_REPLIES))
        finally:
            writer.transport.abort()

    def _said(self) -> bytes:
        rng, chance = self._rng, self._rng.random()
        if chance < 0.1:
            self.sent["noise"] += 1
            return rng.randbytes(rng.randrange(300))
        uniqueid = rng.choice((VICTIM, f"1795{rng.randrange(10**6):06}.{rng.randrange(99)}"))
        if chance < 0.45:
            self.sent["hostile values"] += 1
            return self._hostile(uniqueid)
        stolen = _stolen(uniqueid, "call")
        good = caller(uniqueid, **stolen) if rng.random() < 0.6 else self._phone(uniqueid)
        if chance < 0.6:
            self.sent["well formed"] += 1
            return good
        self.sent["damaged"] += 1
        return self._damaged(good)

    def _phone(self, uniqueid: str) -> bytes:
        station = self._rng.choice(("1001", "1003"))
        code = self._rng.choice(("*10", "*11", "*12", "*13", "*14", "*15", "*99"))
        stolen = _stolen(uniqueid, "agent")
        return environment("agent", uniqueid, (station, code, ""), **stolen)

    def _hostile(self, uniqueid: str) -> bytes:
        """Values that no dialplan writes, with the right token all the same."""
        rng = self._rng
        now = f"{time.time():.3f}"
        given = [HOTLINE, LINE, now, "queue", "sales", "bye", "en", now, "a.raw"]
        for _ in range(rng.randrange(1, 4)):
            given[rng.randrange(len(given))] = rng.choice(_FACED)
        given = given[: rng.randrange(1, 12)] + [rng.choice(_FACED)] * rng.choice((0, 0, 0, 1, 3))
        changes = {}
        if rng.random() < 0.3:
            changes[rng.choice(("agi_callerid", "agi_channel", "agi_x"))] = rng.choice(_FACED)
        if rng.random() < 0.2:
            uniqueid = rng.choice(_FACED)
        route = "call" if rng.random() < 0.7 else "agent"
        return environment(route, uniqueid, tuple(given), **changes, **_stolen(uniqueid, route))

    def _damaged(self, good: bytes) -> bytes:
        rng = self._rng
        if rng.random() < 0.5:
            lines = good.split(b"\n")
            for _ in range(rng.randrange(1, 4)):
                at = rng.randrange(len(lines))
                what = rng.random()
                if what < 0.4:
                    lines.insert(at, rng.choice(lines))
                elif what < 0.7:
                    del lines[at]
                else:
                    lines[at] = lines[at].partition(b":")[0] + b": " + rng.choice(_FACED).encode()
                lines = lines or [b""]
            return b"\n".join(lines) + rng.choice((b"", b"\n\n"))
        data = bytearray(good)
        for _ in range(rng.randrange(1, 8)):
            at = rng.randrange(len(data))
            if rng.random() < 0.5:
                data[at] = rng.randrange(256)
            else:
                data[at:at] = rng.randbytes(rng.randrange(1, 5))
        return bytes(data)


class Victim:
    """A caller who waits in the queue ``quiet`` while strangers do their worst."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.told: list[str] = []
        self._task = asyncio.get_running_loop().create_task(self._obey())

    @classmethod
    async def call(cls, port: int) -> "Victim":
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        given = ("queue", "quiet", "bye", "en", f"{time.time():.3f}")
        writer.write(caller(VICTIM, *given, **_stolen(VICTIM, "call")))
        return cls(reader, writer)

    async def _obey(self) -> None:
        while line := await self._reader.readline():
            self.told.append(line.decode().strip())
            self._writer.write(b"200 result=0\n")

    @property
    def on_the_line(self) -> bool:
        return not self._task.done()

    def close(self) -> None:
        self._task.cancel()
        self._writer.transport.abort()


async def fuzz(
    folder: Path, seed: int, *, sessions: int | None = None, seconds: float = 1e9
) -> dict[str, Any]:
    """Send them all. Raises AssertionError if they did any harm; the figures are JSON-able."""
    with watching(_is_harm) as seen:
        async with door(folder) as here:
            calls = here.engine.calls.by_id
            victim = await Victim.call(here.server.port)
            name = f"{NODE}-{VICTIM}"
            await until(lambda: any("StartMusicOnHold" in said for said in victim.told))
            told = list(victim.told)
            fuzzer = Fuzzer(here.server.port, seed)
            process = psutil.Process()
            await fuzzer.run(sessions=sessions and sessions // 4, seconds=seconds / 4)
            await here.look()
            began, rss = time.monotonic(), process.memory_info().rss
            await fuzzer.run(sessions=sessions, seconds=seconds)
            took = time.monotonic() - began
            # Sessions of callers who hung up are over; AMI comes up and knows one call.
            await until(lambda: here.server.sessions == 1)
            await here.look()
            grown = process.memory_info().rss - rss
            waiting = [view.call for view in here.engine.floor.core.waiting]
            must(not seen.escaped, f"exceptions escaped: {seen.escaped[:3]}")
            must(victim.on_the_line, "the caller who waits has lost the session")
            must(victim.told == told, f"the caller who waits was told {victim.told}")
            must(list(calls) == [name], f"ghosts: {list(calls)[:5]}")
            must(waiting == [name], f"waiting: {waiting[:5]}")
            must(here.engine.floor.core.agent(AgentCode("1002")) is not None, "the agent is gone")
            victim.close()
        total = sum(fuzzer.sent.values())
        return {
            "seed": seed,
            "sessions": total,
            "kinds": dict(fuzzer.sent),
            "per_s": round(total / max(took, 0.001)),
            "grown_mb": round(grown / 1e6, 1),
            "logged": dict(seen.logged),
        }


def _is_harm(level: str, event: Mapping[str, Any]) -> bool:
    return level in ("error", "exception") and bool(event.get("exc_info"))


def measure() -> dict[str, Any]:
    """Sends hostile sessions for a while. Returns JSON-able figures; raises AssertionError if one
    did any harm."""
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # logs that a peer was cut off
    with tempfile.TemporaryDirectory(prefix="offhook-fuzz-") as folder:
        seconds = float(os.environ.get("OFFHOOK_FUZZ_S", "120"))
        return asyncio.run(fuzz(Path(folder), int(time.time()), seconds=seconds))


if __name__ == "__main__":
    json.dump(measure(), sys.stdout, indent=2)
    print()
