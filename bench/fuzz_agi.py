"""Sends hostile FastAGI sessions to the real server with the real engine behind it.

``./run bench fuzz_agi`` sends them for OFFHOOK_FUZZ_S seconds (120); the tests send some thousand.
Half of them know the secret, as if a stranger's bytes came in Asterisk's own sessions. One caller
waits all the time and must notice nothing.
"""

import asyncio
import contextlib
import itertools
import json
import logging
import os
import random
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
import structlog

from acd.events import Away, LogIn, Ready
from centre.kinds import Kind
from centre.pins import AgentPins, hash_pin
from configuration.flows import caller_phrases, station_phrases
from domain.centre import (
    Agent,
    Centre,
    Hotline,
    Line,
    LineKind,
    Project,
    Queue,
    Station,
    StationKind,
)
from domain.identity import (
    AgentCode,
    LineName,
    NodeName,
    ProjectName,
    QueueName,
    SkillName,
    StationName,
)
from engine.clock import ReportTiming
from engine.engine import Engine
from engine.flows_in_force import only_these
from engine.inbound.apologies import Apologies
from engine.inbound.entry_choice import EntryChoice
from engine.inbound.flow_means import FlowMeans
from engine.inbound.hotline_call import HotlineCalls
from engine.inbound.look_ups import LookUps
from engine.stations.feature_codes import StationFeatures
from ivr_flows.kind import NameOf
from ivr_flows.loader import load
from ivr_flows.references import Outside
from prompts.sounds import Prompts
from storage.outbox import Outbox
from telephony.agi.agi_wire import token
from telephony.agi.server import AgiServer
from telephony.ami.ami_wire import Message
from telephony.ami.link import Link
from telephony.ami.snapshot import Snapshot

SECRET = "a-secret-of-the-fuzzer"  # noqa: S105
NODE, HOTLINE, LINE = NodeName("pbx1"), "4008001000", LineName("carrier")
VICTIM, FAR_PHONE = "1795000000.1", "phone-of-the-quiet"
PINS = {AgentCode("1001"): "4711", AgentCode("1002"): "0815"}
AT_ONCE = 40

_FLOW = """flow: waits
languages: [en]
start: choose
prompts:
  hello: {en: Hello}
nodes:
  choose:
    kind: menu
    prompts: hello
    keys: {"1": sales, "2": quiet}
    timeout: 1
    tries: 1
    exits: {sales: sales, quiet: quiet, exhausted: quiet}
  sales: {kind: queue, queue: sales, exits: {talked: bye, timeout: bye}}
  quiet: {kind: queue, queue: quiet, exits: {talked: bye, timeout: bye}}
  bye: {kind: hangup}
"""

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


def small_centre() -> Centre:
    """Two queues, two agents; ``quiet``'s is away, at a phone that nothing hits by chance."""
    tea, sales, quiet = ProjectName("tea"), SkillName("sales"), SkillName("quiet")
    queues = tuple(
        Queue(
            QueueName(skill), tea, skill, announce_first_s=0, announce_every_s=0, max_wait_s=86_400
        )
        for skill in (sales, quiet)
    )
    stations = tuple(Station(StationName(n), StationKind.SOFTPHONE) for n in ("1001", FAR_PHONE))
    agents = tuple(
        Agent(AgentCode(code), f"Agent {code}", (tea,), {skill: 3}, StationName(phone))
        for code, phone, skill in (("1001", "1001", sales), ("1002", FAR_PHONE, quiet))
    )
    return Centre(
        projects=(Project(tea, "Tea"),),
        hotlines=(Hotline(HOTLINE, tea, "waits"),),
        queues=queues,
        agents=agents,
        stations=stations,
        lines=(Line(LINE, LineKind.TRUNK, 30),),
    )


class FuzzedServer:
    """A server on a free port, which treats sessions as the controller would."""

    def __init__(self, server: AgiServer, engine: Engine, links: dict[NodeName, Link]) -> None:
        self.server = server
        self.engine = engine
        self.links = links

    async def look(self) -> None:
        """AMI comes up, and Asterisk has only the victim's call."""
        await asyncio.sleep(0.01)
        engine = self.engine
        engine.switches.on_down(NODE, "cut")
        victim = Message.of({"Event": "CoreShowChannel", **_channel(VICTIM)})
        engine.switches.on_snapshot(NODE, Snapshot((victim,)))


def _channel(uniqueid: str) -> dict[str, str | list[str]]:
    return {
        "Channel": f"PJSIP/{LINE}-{uniqueid[-8:]}",
        "ChannelState": "6",
        "CallerIDNum": "13800138000",
        "Uniqueid": uniqueid,
        "Linkedid": uniqueid,
        "ChanVariable": [
            f"OFFHOOK_CALL={NODE}-{uniqueid}",
            f"OFFHOOK_HOTLINE={HOTLINE}",
            f"OFFHOOK_ENTERED_AT={time.time():.3f}",
        ],
    }


@asynccontextmanager
async def door(folder: Path, **timing: float) -> AsyncIterator[FuzzedServer]:
    """The controller's sessions, without AMI and without a database; ``timing``: ReportTiming."""
    outbox = Outbox(folder / "outbox.jsonl")
    prompts = Prompts(folder / "prompts")
    links = {NODE: Link(NODE, "127.0.0.1", 1, "x", "y")}
    engine = Engine(small_centre(), outbox, links, timing=ReportTiming(**timing))
    for agent in engine.centre.agents:
        assert agent.station is not None
        engine.floor.feed(LogIn(agent.code, agent.station, agent.skills))
        engine.floor.feed(Ready(agent.code))
    engine.floor.feed(Away(AgentCode("1002"), "lunch"))
    hashed = {(Kind.AGENT, str(code)): hash_pin(pin) for code, pin in PINS.items()}
    pins = AgentPins(lambda: hashed)
    flow = load(_FLOW, "waits.yaml", Outside({NameOf.QUEUE: {"sales", "quiet"}}))
    flows = only_these({"waits": flow})
    means = FlowMeans(
        engine.sessions,
        engine.queued,
        prompts,
        LookUps(lambda _project, _name: None),
        Apologies(caller_phrases()),
        engine.passes,
    )
    server = AgiServer(
        "127.0.0.1",
        0,
        {
            "call": HotlineCalls(
                means, flows, EntryChoice(engine.calls, engine.floor, means.hours)
            ).serve,
            "agent": StationFeatures(engine, pins, station_phrases(), prompts).serve,
        },
        SECRET,
        request_timeout=2.0,
    )
    await server.start()
    try:
        yield FuzzedServer(server, engine, links)
    finally:
        await server.close()
        await prompts.close()
        outbox.close()


_made = itertools.count(1)
_VICTIMS_MS = int(time.time() * 1000) + 86_400_000


def address(
    secret: str, uniqueid: str, route: str, made_ms: int | None = None, node: str = NODE
) -> str:
    """The path the dialplan requests, with the right token: a new one, or one made at ``made``."""
    made = str(int(time.time() * 1000) + next(_made) if made_ms is None else made_ms)
    return f"{token(secret, node, uniqueid, made, route)}/{node}/{made}/{route}"


def environment(
    route: str, uniqueid: str, arguments: tuple[str, ...], node: str = NODE, **changes: str
) -> bytes:
    """The environment that Asterisk sends, with the right token."""
    lines = {
        "agi_network": "yes",
        "agi_network_script": address(SECRET, uniqueid, route, node=node),
        "agi_request": f"agi://127.0.0.1/x/{route}",
        "agi_channel": "PJSIP/carrier-00000001",
        "agi_language": "en",
        "agi_type": "PJSIP",
        "agi_uniqueid": uniqueid,
        "agi_version": "22.10.0",
        "agi_callerid": "13800138000",
        "agi_calleridname": "x",
        "agi_extension": HOTLINE,
        **{f"agi_arg_{number + 1}": value for number, value in enumerate(arguments)},
        **changes,
    }
    text = "".join(f"{name}: {value}\n" for name, value in lines.items())
    return text.encode("utf-8", "surrogateescape") + b"\n"


def caller(uniqueid: str, *more: str, at: str | None = None, **changes: str) -> bytes:
    """A caller's session; ``more`` from the stage on."""
    given = (HOTLINE, LINE, at or f"{time.time():.3f}", *more)
    return environment("call", uniqueid, given, **changes)


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
        until, left = time.monotonic() + seconds, [sessions or sys.maxsize]

        async def work() -> None:
            while left[0] > 0 and time.monotonic() < until:
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
    escaped: list[str] = []
    logged: Counter[str] = Counter()

    def count(_: Any, level: str, event: MutableMapping[str, Any]) -> str:
        logged[event["event"]] += 1
        if level in ("error", "exception") and event.get("exc_info"):
            escaped.append(f"{event['event']}: {traceback.format_exc(limit=-3)}")
        raise structlog.DropEvent

    loop = asyncio.get_running_loop()
    before, processors = loop.get_exception_handler(), structlog.get_config()["processors"]
    loop.set_exception_handler(lambda _, context: escaped.append(repr(context)))
    structlog.configure(processors=[count])
    try:
        async with door(folder) as here:
            calls = here.engine.calls.by_id
            victim = await Victim.call(here.server.port)
            name = f"{NODE}-{VICTIM}"
            await _until(lambda: any("StartMusicOnHold" in said for said in victim.told))
            told = list(victim.told)
            fuzzer = Fuzzer(here.server.port, seed)
            process = psutil.Process()
            await fuzzer.run(sessions=sessions and sessions // 4, seconds=seconds / 4)
            await here.look()
            began, rss = time.monotonic(), process.memory_info().rss
            await fuzzer.run(sessions=sessions, seconds=seconds)
            took = time.monotonic() - began
            # Sessions of callers who hung up are over; AMI comes up and knows one call.
            await _until(lambda: here.server.sessions == 1)
            await here.look()
            grown = process.memory_info().rss - rss
            waiting = [view.call for view in here.engine.floor.core.waiting]
            _must(not escaped, f"exceptions escaped: {escaped[:3]}")
            _must(victim.on_the_line, "the caller who waits has lost the session")
            _must(victim.told == told, f"the caller who waits was told {victim.told}")
            _must(list(calls) == [name], f"ghosts: {list(calls)[:5]}")
            _must(waiting == [name], f"waiting: {waiting[:5]}")
            _must(here.engine.floor.core.agent(AgentCode("1002")) is not None, "the agent is gone")
            victim.close()
        total = sum(fuzzer.sent.values())
        return {
            "seed": seed,
            "sessions": total,
            "kinds": dict(fuzzer.sent),
            "per_s": round(total / max(took, 0.001)),
            "grown_mb": round(grown / 1e6, 1),
            "logged": dict(logged),
        }
    finally:
        loop.set_exception_handler(before)
        structlog.configure(processors=processors)


async def _until(true: Any, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        _must(time.monotonic() < deadline, f"not so after {seconds:g} s")
        await asyncio.sleep(0.02)


def _must(so: bool, text: str) -> None:
    if not so:
        raise AssertionError(text)


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
