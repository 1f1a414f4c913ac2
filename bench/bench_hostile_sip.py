"""Sends hostile SIP to a real Asterisk: whatever a header holds, none of it may become a line of
AMI, a line of FastAGI's environment, or a row of the event log.

Inputs come from a seeded generator (``bench.hostile_sip``): INVITEs of a line and of a phone,
REGISTERs, REFERs, and what a phone answers when it is called, with line breaks, controls and other
characters, raw and percent-encoded, in each place where a number, a name or a URI can stand. The
tests send some hundreds of them, ``measure`` as many as five minutes allow.
"""

import asyncio
import contextlib
import os
import random
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench import rig
from bench.hostile_sip import MARK, PHONE, answer, headers, hostile, parameter, party, within
from bench.raw_sip import Account, RawSip, SipAnswer, answered
from configuration.secrets import load_or_create
from domain.centre import (
    Centre,
    Hotline,
    Line,
    LineKind,
    Project,
    Station,
    StationKind,
)
from domain.identity import LineName, ProjectName, StationName
from telephony.asterisk.instance import Instance
from telephony.asterisk.provision import find_or_install
from telephony.log_rows import parse

LINE = "carrier"
CALLED = "1002"
"""The attacker's phone, which answers calls."""
SECONDS = float(os.environ.get("OFFHOOK_BENCH_SECONDS", "300"))
AT_ONCE = 8

_LINE = re.compile(rb"[A-Za-z][A-Za-z0-9_-]*(\([^)]*\))?:( .*)?")
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


# ---------------------------------------------------------------------- what Asterisk sent


@dataclass
class Said:
    """What Asterisk sent meanwhile; ``faults`` lists what no honest caller could cause."""

    ami: bytearray = field(default_factory=bytearray)
    environments: list[bytes] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    events: int = 0

    def check(self, cel: Path) -> list[str]:
        """The faults so far."""
        found = list(self.faults)
        whole = bytes(self.ami)
        whole = whole[: whole.rfind(b"\r\n\r\n") + 4]
        for message in whole.split(b"\r\n\r\n"):
            self.events += 1
            for number, line in enumerate(message.split(b"\r\n")):
                if not line:
                    continue
                if not _LINE.fullmatch(line) or _CONTROL.search(line):
                    found.append(f"AMI: {line!r}")
                elif line.startswith(b"Event: ") and (number or MARK in line):
                    found.append(f"AMI, an event within another: {message!r}")
        for environment in self.environments:
            keys = [line.partition(b": ")[0] for line in environment.split(b"\n") if line]
            found += [f"FastAGI: {key!r}" for key in keys if not re.fullmatch(rb"agi_\w+", key)]
            found += [f"FastAGI, twice: {key!r}" for key, n in Counter(keys).items() if n > 1]
            found += [
                f"FastAGI: {line!r}" for line in environment.split(b"\n") if _CONTROL.search(line)
            ]
        for row in cel.read_bytes().split(b"\n"):
            if row and (parse(row.decode("utf-8", "replace")) is None or _CONTROL.search(row)):
                found.append(f"event log: {row!r}")
        return found


@asynccontextmanager
async def listening(one: Instance) -> AsyncIterator[Said]:
    """The controller's AMI log-in and FastAGI port, which only record what comes."""
    said = Said()
    server = await asyncio.start_server(
        lambda reader, writer: _session(said, reader, writer), "127.0.0.1", one.ports.agi
    )
    reader, writer = await asyncio.open_connection(*one.ami)
    await reader.readline()
    writer.write(
        f"Action: Login\r\nUsername: {one.ami_user}\r\nSecret: {one.secrets.ami}\r\n\r\n".encode()
    )
    await reader.readuntil(b"\r\n\r\n")
    reading = asyncio.create_task(_read(said, reader))
    try:
        yield said
    finally:
        reading.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await reading
        writer.close()
        server.close()


async def _read(said: Said, reader: asyncio.StreamReader) -> None:
    while data := await reader.read(1 << 16):
        said.ami += data


async def _session(said: Said, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        said.environments.append(await reader.readuntil(b"\n\n"))
        environment = said.environments[-1]
        writer.write(b"SET VARIABLE OFFHOOK_DONE 1\n")
        await reader.readline()
        if re.search(rb"^agi_network_script: \S*/agent$", environment, re.M):  # it is answered
            writer.write(b"ANSWER\nWAIT FOR DIGIT 2000\n")
            for _ in ("ANSWER", "WAIT FOR DIGIT"):
                await reader.readline()
    except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
        said.faults.append(f"FastAGI: {error!r}")
    finally:
        writer.close()


@dataclass
class Attack:
    """One attacker on a line, one at a phone, and one whose phone is called, and how many inputs
    they have sent."""

    one: Instance
    passwords: Mapping[str, str]
    line: RawSip
    phone: RawSip
    called: RawSip
    rng: random.Random
    sent: Counter[str] = field(default_factory=Counter)
    answers: Counter[int] = field(default_factory=Counter)

    async def send(self) -> None:
        """Sends one input and waits for its final answer."""
        rng = self.rng
        password = self.passwords[PHONE]
        phone = Account(PHONE, password)
        kinds = ("line", "phone", "register", "refer", "answer")
        kind = rng.choices(kinds, (6, 2, 2, 1, 2))[0]
        self.sent[kind] += 1
        if kind == "line":
            number = "4008001000" if rng.random() < 0.6 else ""
            uri = self.line.uri(number) if number else self._uri(self.line, rng)
            line = Account(LINE)
            answer = await self.line.invite(uri, line, headers(rng, of_phone=False))
        elif kind == "phone":
            uri = self._uri(self.phone, rng) if rng.random() < 0.3 else self.phone.uri("*12")
            more = [(rng.choice(("UPDATE", "INVITE", "REFER", "INFO")), within(rng)) for _ in "12"]
            answer = await self.phone.invite(uri, phone, headers(rng, of_phone=True), more)
        elif kind == "register":
            contact = b"<sip:%s@127.0.0.1:%d>" % (hostile(rng), self.phone.address[1])
            if rng.random() < 0.5:
                contact = self.phone.at_home(PHONE)[:-1] + parameter(rng) + b">"
            home = b"<sip:%s@127.0.0.1>" % (PHONE.encode() if rng.random() < 0.7 else hostile(rng))
            given = [(b"To", home), (b"Contact", contact), (b"User-Agent", hostile(rng))]
            answer = await self.phone.request("REGISTER", b"sip:127.0.0.1", phone, given)
        elif kind == "answer":
            answer = await self.phone.invite(self.phone.uri(CALLED), phone)
        else:
            given = [(b"Refer-To", party(rng)), (b"Referred-By", party(rng))]
            answer = await self.phone.request("REFER", self.phone.uri("1001"), phone, given)
        self.answers[answer.status] += 1

    async def be_called(self) -> None:
        """Makes ``CALLED`` ring here from now on, with answers that nobody should give."""
        account = Account(CALLED, self.passwords[CALLED])
        home = [(b"To", b"<sip:%s@127.0.0.1>" % CALLED.encode()), (b"Expires", b"3600")]
        told = await self.called.request("REGISTER", b"sip:127.0.0.1", account, home)
        assert told.status == 200, told
        seen: set[str] = set()

        def say(request: str) -> bytes:
            if not request.startswith("INVITE "):
                return answered(request, b"200 OK", ())
            if (call := request.partition("Call-ID:")[2].partition("\r")[0]) in seen:
                return answered(request, b"486 Busy Here", ())  # Asterisk took it for no answer
            seen.add(call)
            return answer(self.rng, request)

        self.called.answer = say

    def _uri(self, peer: RawSip, rng: random.Random) -> bytes:
        user = re.sub(rb"[\x00-\x20@<>]", b"", hostile(rng))
        return b"sip:%s@%s:%d" % (user, peer.server[0].encode(), peer.server[1])

    async def honest(self) -> SipAnswer:
        """A well-formed call from the line."""
        caller = b'"Li" <sip:13800138000@127.0.0.1>;tag=%d' % self.rng.randrange(10**9)
        self.line.patient = True
        uri = self.line.uri("4008001000")
        return await self.line.invite(uri, Account(LINE), [(b"From", caller)])


@asynccontextmanager
async def attack(one: Instance, passwords: Mapping[str, str], seed: int) -> AsyncIterator[Attack]:
    """The attackers' sockets. Asterisk knows the line by its address, the phone by its password."""
    server = (one.addresses.sip, one.ports.sip)
    line = await RawSip(server).open("127.0.0.2")
    phone, called = await RawSip(server).open(), await RawSip(server).open()
    line.patient = phone.patient = False  # much of it isn't SIP and is dropped
    attackers = Attack(one, passwords, line, phone, called, random.Random(seed))
    try:
        await attackers.be_called()
        yield attackers
    finally:
        for peer in (line, phone, called):
            peer.close()


def centre() -> Centre:
    """One line that is known by its address, two phones, one hotline."""
    tea = ProjectName("tea")
    return Centre(
        projects=(Project(tea, "Tea"),),
        hotlines=(Hotline("4008001000", tea, "hotline"),),
        queues=(),
        agents=(),
        stations=tuple(Station(StationName(n), StationKind.SOFTPHONE) for n in (PHONE, CALLED)),
        lines=(Line(LineName(LINE), LineKind.TRUNK, 30, "127.0.0.2"),),
    )


async def run(under: Attack, inputs: int | None, seconds: float) -> None:
    """Send this many inputs, or as many as there is time for, several at a time."""
    until = time.monotonic() + seconds
    left = inputs if inputs is not None else 1 << 60

    async def one_after_another() -> None:
        nonlocal left
        while left > 0 and time.monotonic() < until:
            left -= 1
            await under.send()

    await asyncio.gather(*(one_after_another() for _ in range(AT_ONCE)))


# ---------------------------------------------------------------------- as a benchmark


def measure() -> dict[str, Any]:
    """How many inputs Asterisk saw, and with what results; raises if anything was forged."""
    return asyncio.run(_measure())


async def _measure() -> dict[str, Any]:
    with TemporaryDirectory(prefix="offhook-bench-") as folder:
        state, here = Path(folder), centre()
        secrets = load_or_create(state, phones=(PHONE, CALLED))
        one = Instance(
            state / "i", rig.free_ports(0, rtp=400), here, secrets.for_asterisk(here),
            find_or_install(),
        )  # fmt: skip
        await one.start()
        try:
            seed = int(time.time())
            async with listening(one) as said, attack(one, secrets.sip, seed) as attackers:
                await run(attackers, None, SECONDS)
                answer = await attackers.honest()
                faults = said.check(one.cel)
        finally:
            await one.stop()
    if faults:
        raise AssertionError(f"seed {seed}: {len(faults)} forged, as {faults[:5]}")
    return {
        "inputs": sum(attackers.sent.values()),
        "by_kind": dict(attackers.sent),
        "by_answer": {str(status): n for status, n in sorted(attackers.answers.items())},
        "seconds": SECONDS,
        "seed": seed,
        "ami_messages": said.events,
        "sessions": len(said.environments),
        "honest_call_afterwards": answer.status,
    }


def first(faults: Sequence[str], count: int = 5) -> str:
    """The first few faults, for a message."""
    return "\n".join([f"{len(faults)} forged", *faults[:count]])
