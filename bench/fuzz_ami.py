"""Sends hostile AMI to the real link, the fold of calls and the engine, over a real connection.

``./run bench fuzz_ami`` sends it for OFFHOOK_FUZZ_S seconds (120); the tests send some thousand
events. The far side plays Asterisk: it logs the controller in, lists channels (with some garbage),
and sends recorded events with every kind of damage. Now and then the connection is cut.
"""

import asyncio
import contextlib
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil

from bench.fuzz_watch import must, watching
from bench.fuzzed_server import HOTLINE, LINE, NODE, small_centre
from engine.engine import Engine
from storage.outbox import Outbox
from telephony.ami.ami_wire import Framer, Message
from telephony.ami.link import Link
from telephony.ami.state import Timing

CORPUS = Path(__file__).resolve().parent.parent / "tests" / "telephony/calls/recorded"
CUT_AFTER = 4000
"""Events on one connection."""

_VALUES = (
    b"", b"0", b"-1", b"9" * 30, b"9" * 5000, b"nan", "\u0663".encode(), "\u00b2".encode(),
    b"\xff\xfe", b"\0", b"PJSIP/", b"PJSIP/1001", b"PJSIP/1001-0;2", b"PJSIP/carrier-", b"<MASQ>",
    b"Local/x@y;1", b"AsyncGoto/PJSIP/carrier-00000001<ZOMBIE>", b"a\rb", b"A" * 70_000, b"%s",
    b"1795314191.0", b"5", b"6", b"Success", b"Fail", b"PJSIP/carrier-00000000", b"INUSE",
)  # fmt: skip
_NAMES = (
    b"Rename", b"BridgeEnter", b"BridgeLeave", b"Hangup", b"Newchannel", b"BlindTransfer",
    b"AttendedTransfer", b"Hold", b"Unhold", b"DialEnd", b"BridgeDestroy", b"DeviceStateChange",
    b"UserEvent", b"HangupRequest", b"SoftHangupRequest", b"FullyBooted", b"CoreShowChannel",
)  # fmt: skip
_GOOD = 3
"""How many good channels each list has."""


def corpus() -> list[bytes]:
    """Recorded events, with the names of our small centre."""
    files = sorted(CORPUS.glob("*.ami"))
    assert files, f"no recorded events in {CORPUS}"
    return [
        raw.replace(b"PJSIP/line1-", b"PJSIP/carrier-")
        for file in files
        for raw in Framer().feed(file.read_bytes())
    ]


class Damage:
    """Makes events and lists of channels that no Asterisk would send, from a seed."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)
        self._corpus = corpus()
        self.sent: Counter[str] = Counter()

    def event(self) -> bytes:
        rng = self._rng
        raw = rng.choice(self._corpus)
        if rng.random() < 0.3:
            self.sent["whole"] += 1
            return raw + b"\r\n\r\n"
        self.sent["damaged"] += 1
        lines = raw.split(b"\r\n")
        for _ in range(rng.randrange(1, 4)):
            self._damage(lines)
            lines = lines or [b"Event: x"]
        return b"\r\n".join(lines) + b"\r\n\r\n"

    def _damage(self, lines: list[bytes]) -> None:
        rng = self._rng
        at, what = rng.randrange(len(lines)), rng.random()
        if what < 0.35:
            lines[at] = lines[at].split(b":")[0] + b": " + rng.choice(_VALUES)
        elif what < 0.5:
            del lines[at]
        elif what < 0.6:
            lines.insert(at, rng.choice(lines))
        elif what < 0.7:
            lines[0:1] = [b"Event: " + rng.choice(_NAMES)]
        elif what < 0.8:
            other = rng.choice(self._corpus).split(b"\r\n")
            lines.insert(rng.randrange(len(lines) + 1), rng.choice(other))
        elif what < 0.9:
            line = bytearray(lines[at])
            if line:
                line[rng.randrange(len(line))] = rng.randrange(256)
            lines[at] = bytes(line)
        else:
            variable = rng.choice(
                (b"OFFHOOK_CALL=pbx1-", b"OFFHOOK_ENTERED_AT=", b"OFFHOOK_QUEUE=")
            )
            lines.insert(at, b"ChanVariable: " + variable + rng.choice(_VALUES))

    def channels(self, connection: int) -> list[bytes]:
        """A list of good channels with garbage among them."""
        rng = self._rng
        good = [good_channel(connection, number) for number in range(_GOOD)]
        bad = []
        for _ in range(rng.randrange(1, 5)):
            self.sent["list entries"] += 1
            entry = good_channel(900_000 + rng.randrange(9), rng.randrange(9))
            lines = entry.split(b"\r\n")
            kind = rng.randrange(4)
            if kind == 0:
                lines = [line for line in lines if not line.startswith(b"Uniqueid")]
            elif kind == 1:
                lines = rng.choice(good).split(b"\r\n")  # twice the same
            elif kind == 2:
                lines = [line.partition(b": ")[0] + b": " for line in lines[:1]] + lines[1:3]
                lines[0] = b"Event: CoreShowChannel"
            else:
                lines.append(b"ChanVariable: OFFHOOK_ENTERED_AT=" + rng.choice(_VALUES[:12]))
                lines = [line for line in lines if b"OFFHOOK_ENTERED_AT=17" not in line]
            bad.append(b"\r\n".join(lines))
        return [*bad, *good]


def good_channel(connection: int, number: int) -> bytes:
    """A good channel: a caller in the hotline."""
    uniqueid = f"1795{connection:06}.{number}"
    return (
        f"Event: CoreShowChannel\r\nChannel: PJSIP/{LINE}-{connection:06x}{number:02x}\r\n"
        f"ChannelState: 6\r\nCallerIDNum: 1380013800{number}\r\nExten: {HOTLINE}\r\n"
        f"Uniqueid: {uniqueid}\r\nLinkedid: {uniqueid}\r\n"
        f"ChanVariable: OFFHOOK_CALL={NODE}-{uniqueid}\r\n"
        f"ChanVariable: OFFHOOK_HOTLINE={HOTLINE}\r\n"
        f"ChanVariable: OFFHOOK_ENTERED_AT={time.time():.3f}"
    ).encode()


class FakeAsterisk:
    """Answers as Asterisk's manager does, and sends ``damage`` after the list."""

    def __init__(self, damage: Damage) -> None:
        self._damage = damage
        self.connections = 0
        self.events = 0
        self.quiet = False
        """Stop sending damage; the next list has only good channels."""
        self._writers: set[asyncio.StreamWriter] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        writer.write(b"Asterisk Call Manager/11.0.0\r\n")
        sending: asyncio.Task[None] | None = None
        try:
            while True:
                raw = await reader.readuntil(b"\r\n\r\n")
                asked = Message(raw[:-4])
                self._answer(asked, writer)
                if asked.get("Action") == "CoreShowChannels" and not self.quiet:
                    sending = asyncio.ensure_future(self._send(writer))
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            if sending is not None:
                sending.cancel()
            self._writers.discard(writer)
            writer.transport.abort()

    def _answer(self, asked: Message, writer: asyncio.StreamWriter) -> None:
        mine = f"ActionID: {asked.action_id}\r\n".encode()

        def say(head: bytes, rest: bytes = b"") -> None:
            writer.write(head + b"\r\n" + mine + rest + b"\r\n")

        match asked.get("Action"):
            case "Login":
                say(b"Response: Success")
                writer.write(b"Event: FullyBooted\r\nPrivilege: system,all\r\n\r\n")
            case "CoreStatus":
                say(
                    b"Response: Success",
                    b"CoreStartupDate: 2026-11-25\r\nCoreStartupTime: 01:02:03\r\n",
                )
            case "CoreShowChannels":
                say(b"Response: Success", b"EventList: start\r\n")
                for raw in self._listed():
                    head, _, rest = raw.partition(b"\r\n")
                    say(head, rest + b"\r\n")
                say(b"Event: CoreShowChannelsComplete", b"EventList: Complete\r\n")
            case "DeviceStateList" | "PJSIPShowEndpoints" | "BridgeList":
                say(b"Response: Error", b"Message: no such list\r\n")
            case "UserEvent":
                say(b"Response: Success")
                echo = asked.get("Echo").encode()
                say(b"Event: UserEvent", b"UserEvent: OffhookEcho\r\nEcho: " + echo + b"\r\n")
            case "Getvar":
                say(b"Response: Success", b"Variable: OFFHOOK_NODE\r\nValue: pbx1\r\n")
            case _:
                say(b"Response: Success")

    def _listed(self) -> Sequence[bytes]:
        if self.quiet:
            return [good_channel(self.connections, number) for number in range(_GOOD)]
        return self._damage.channels(self.connections)

    async def _send(self, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            for _ in range(CUT_AFTER):
                if self.quiet:
                    break
                writer.write(self._damage.event())
                self.events += 1
                if self.events % 50 == 0:
                    await writer.drain()
                    await asyncio.sleep(0)
            await writer.drain()
        self.cut()

    def cut(self) -> None:
        for writer in tuple(self._writers):
            writer.close()


async def fuzz(
    folder: Path, seed: int, *, events: int = sys.maxsize, seconds: float = 1e9
) -> dict[str, Any]:
    """Send this many events, or for this long. Raises AssertionError if anything goes wrong."""
    with watching(_is_harm) as seen:
        damage = Damage(seed)
        far = FakeAsterisk(damage)
        server = await asyncio.start_server(far.serve, "127.0.0.1", 0)
        outbox = Outbox(folder / "outbox.jsonl")
        link = Link(
            NODE, "127.0.0.1", server.sockets[0].getsockname()[1], "u", "s",
            timing=Timing(retry_first=0.01, retry_most=0.05, ping_every=0.5),
        )  # fmt: skip
        engine = Engine(small_centre(), outbox, {NODE: link})
        running = asyncio.create_task(link.run(engine.switches))
        process, began, rss = psutil.Process(), time.monotonic(), 0
        try:
            while far.events < events and time.monotonic() - began < seconds:
                await asyncio.sleep(0.05)
                if not rss and (far.events > events / 4 or time.monotonic() - began > seconds / 4):
                    rss = process.memory_info().rss
            took = time.monotonic() - began
            grown = process.memory_info().rss - rss
            far.quiet = True
            at = far.connections
            far.cut()
            deadline = time.monotonic() + 30
            while not (link.up and far.connections > at and not link.backlog):
                must(time.monotonic() < deadline, f"the link does not come up: {link.state}")
                await asyncio.sleep(0.05)
            await asyncio.sleep(0.2)
            expected = sorted(
                f"{NODE}-1795{far.connections:06}.{number}" for number in range(_GOOD)
            )
            must(not seen.escaped, f"exceptions escaped: {seen.escaped[:3]}")
            must(sorted(engine.calls.by_id) == expected, f"calls: {sorted(engine.calls.by_id)[:9]}")
            views = sorted(view.call for view in engine.channels.open_calls())
            must(views == expected, f"the fold has {views[:9]}")
            return {
                "seed": seed,
                "events": far.events,
                "connections": far.connections,
                "kinds": dict(damage.sent),
                "events_refused": link.failures,
                "per_s": round(far.events / took),
                "grown_mb": round(grown / 1e6, 1),
                "logged": dict(seen.logged),
            }
        finally:
            await link.close()
            running.cancel()
            server.close()
            outbox.close()


def _is_harm(_level: str, event: Mapping[str, Any]) -> bool:
    return bool(event.get("exc_info")) or "of a call could not be handled" in event["event"]


def measure() -> dict[str, Any]:
    """Sends hostile events for a while. Returns JSON-able figures; raises AssertionError if one
    did any harm."""
    with tempfile.TemporaryDirectory(prefix="offhook-fuzz-") as folder:
        seconds = float(os.environ.get("OFFHOOK_FUZZ_S", "120"))
        return asyncio.run(fuzz(Path(folder), int(time.time()), seconds=seconds))


if __name__ == "__main__":
    json.dump(measure(), sys.stdout, indent=2)
    print()
