"""A SIP phone for trials and tests that plans every RTP packet, and may leave any out.

Unlike a real softphone, it can send *nothing* (silence suppression), reports at which instant
each tone left, and can hold, blind-transfer and transfer with consultation. G.711
A-law only, UDP only, no authentication: loopback and tests. ``tests.phones.bent`` adds passwords
and phones that behave badly.
"""

import asyncio
import contextlib
import os
import random
import re
import socket
import time
import uuid
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.tones import SILENCE, tone_frame

PACKET_S = 0.02
CRLF = "\r\n"


@dataclass(frozen=True, slots=True)
class Tone:
    """A beep of ``hertz`` from ``start`` to ``end`` seconds after the plan's zero."""

    start: float
    end: float
    hertz: int


@dataclass(frozen=True, slots=True)
class SoundPlan:
    """What a phone sends: tones, with silence between them, and nothing in the ``mute`` spans."""

    tones: Sequence[Tone] = ()
    mute: Sequence[tuple[float, float]] = ()
    before: bool = True  # send silence before the plan's zero?

    def at(self, t: float) -> int | None:
        """Hertz of the packet due at ``t``; 0 is silence, None is no packet."""
        for tone in self.tones:
            if tone.start <= t < tone.end:
                return tone.hertz
        if t < 0:
            return 0 if self.before else None
        return None if any(start <= t < end for start, end in self.mute) else 0


@dataclass(eq=False)
class PhoneLeg:
    """One dialog with its media."""

    call_id: str
    local_uri: str
    remote_uri: str
    local_tag: str
    rtp: socket.socket
    user: str = "phone"
    """The user of its own Contact."""
    remote_tag: str = ""
    target: str = ""
    cseq: int = 0
    branch: str = ""
    """The branch of the last INVITE; a refusal is acknowledged under the same one."""
    remote_rtp: tuple[str, int] | None = None
    direction: str = "sendrecv"
    plan: SoundPlan = field(default_factory=lambda: SoundPlan(before=False))
    zero: float | None = None
    """Wall clock of the plan's zero, in seconds."""
    sent: list[tuple[float, int]] = field(default_factory=list)
    """When each tone really began: (wall clock, hertz)."""
    heard: list[tuple[float, bytes]] = field(default_factory=list)
    """When each packet arrived, and its A-law payload."""
    early_tag: str = ""
    """The callee's, before the call is answered."""
    ringing: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the called phone rings."""
    up: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    failed: int = 0
    acked: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when our 200 is acknowledged."""
    notifies: list[str] = field(default_factory=list)
    """What the centre reported about a transfer (NOTIFY), as it came."""
    begun: float = field(default_factory=time.time)
    _sequence: int = field(default_factory=lambda: random.getrandbits(16))  # as RTP requires
    _last: int | None = None
    ssrc: int = field(default_factory=lambda: random.getrandbits(32))

    def play(self, plan: SoundPlan, zero: float) -> None:
        """Send ``plan`` from the wall clock ``zero`` on."""
        self.plan, self.zero = plan, zero

    def send_packet(self, now: float) -> None:
        """Send the packet due at ``now``, if the plan has one."""
        if self.remote_rtp is None or self.over.is_set() or self.direction != "sendrecv":
            self._last = None
            return
        due = self.plan.at(now - self.zero if self.zero is not None else -1.0)
        if due is None:
            self._last = None
            return
        if due and due != self._last:
            self.sent.append((now, due))
        marker = 0x80 if self._last is None else 0
        self._last = due
        self._sequence = (self._sequence + 1) & 0xFFFF
        stamp = round((now - self.begun) / PACKET_S) * 160 & 0xFFFFFFFF
        head = bytes((0x80, marker | 8)) + self._sequence.to_bytes(2, "big")
        head += stamp.to_bytes(4, "big") + self.ssrc.to_bytes(4, "big")
        self.rtp.sendto(head + (tone_frame(due) if due else SILENCE), self.remote_rtp)


@contextlib.contextmanager
def punctual() -> Iterator[None]:
    """Give this thread, which plays the phones, priority over others: a phone is never late.

    What a late phone makes up for at once makes a recording longer (docs/decisions/0006).
    Without the rights for it the phones are as late as the machine is busy.
    """
    policy, parameters = os.sched_getscheduler(0), os.sched_getparam(0)
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(5))
    try:
        yield
    finally:
        os.sched_setscheduler(0, policy, parameters)


class Phone(asyncio.DatagramProtocol):
    """Many accounts on one UDP port; a called one answers as ``on_call`` says."""

    def __init__(self, port: int, centre: tuple[str, int]) -> None:
        self.port, self.centre = port, centre
        self.legs: dict[str, PhoneLeg] = {}
        self.on_call: Callable[[str, PhoneLeg], float | None] = lambda _user, _leg: 0.0
        """Given the user called: seconds to ring before answering, None to leave it ringing."""
        self._replies: dict[str, asyncio.Future[tuple[int, str]]] = {}
        self._invites: dict[str, str] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._transport: asyncio.DatagramTransport | None = None

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(
            lambda: self, local_addr=("127.0.0.1", self.port)
        )
        self.spawn(self._pace())

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        for leg in self.legs.values():
            leg.rtp.close()
        if self._transport:
            self._transport.close()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Do ``work`` until the phone is closed."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _pace(self) -> None:
        due = time.time()
        while True:
            for leg in list(self.legs.values()):
                leg.send_packet(due)
                try:
                    while True:
                        leg.heard.append((time.time(), leg.rtp.recv(2048)[12:]))
                except (BlockingIOError, OSError):
                    pass
            due += PACKET_S
            await asyncio.sleep(max(0.0, due - time.time()))

    # -- calls out, as the agent or the caller -------------------------------------------
    async def call(self, user: str, number: str) -> PhoneLeg:
        """Call ``number`` as ``user``; returns when it was answered."""
        leg = self.outgoing(user, number)
        await self._invite(leg)
        return leg

    def outgoing(self, user: str, number: str) -> PhoneLeg:
        host, port = self.centre
        return self._leg(
            uuid.uuid4().hex,
            f"<sip:{user}@127.0.0.1:{self.port}>",
            f"<sip:{number}@{host}:{port}>",
            f"sip:{number}@{host}:{port}",
        )

    async def _invite(self, leg: PhoneLeg) -> None:
        status, text = await self.request(leg, "INVITE", body=self.sdp(leg))
        if status >= 300:
            leg.failed = status
            leg.over.set()
            return
        self._established(leg, text, "To")
        self.ack(leg)
        leg.up.set()

    async def hang_up(self, leg: PhoneLeg) -> None:
        if not leg.over.is_set():
            leg.over.set()
            await self.request(leg, "BYE")

    async def hold(self, leg: PhoneLeg, on: bool) -> None:
        """Put the far side on hold by a re-INVITE, as a softphone's hold key does."""
        leg.direction = "sendonly" if on else "sendrecv"
        status, _ = await self.request(leg, "INVITE", body=self.sdp(leg))
        if status < 300:
            self.ack(leg)

    async def refer(self, leg: PhoneLeg, to: str, consultation: PhoneLeg | None = None) -> int:
        """Transfer ``leg`` to ``to`` (an extension, or a whole URI), blind, or attended by
        replacing ``consultation``; returns the status of the answer."""
        host, port = self.centre
        uri = f"sip:{to}@{host}:{port}" if ":" not in to else to
        if consultation is not None:
            other = consultation
            uri += (
                f"?Replaces={other.call_id}%3Bto-tag%3D{other.remote_tag or other.early_tag}"
                f"%3Bfrom-tag%3D{other.local_tag}"
            )
        status, _ = await self.request(leg, "REFER", extra=f"Refer-To: <{uri}>\r\n")
        return status

    # -- the wire ------------------------------------------------------------------------
    def _leg(self, call_id: str, local: str, remote: str, target: str) -> PhoneLeg:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind(("127.0.0.1", 0))
        sock.setblocking(False)
        leg = PhoneLeg(call_id, local, remote, uuid.uuid4().hex[:10], sock, target=target)
        self.legs[call_id] = leg
        return leg

    def sdp(self, leg: PhoneLeg) -> str:
        return (
            f"v=0\r\no=- 1 {leg.cseq + 1} IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\n"
            f"t=0 0\r\nm=audio {leg.rtp.getsockname()[1]} RTP/AVP 8\r\n"
            f"a=rtpmap:8 PCMA/8000\r\na={leg.direction}\r\n"
        )

    def _send(self, text: str) -> None:
        assert self._transport is not None
        self._transport.sendto(text.encode(), self.centre)

    def _headers(self, leg: PhoneLeg, method: str, number: int, branch: str = "") -> str:
        tag = f";tag={leg.remote_tag}" if leg.remote_tag else ""
        branch = branch or f"z9hG4bK{uuid.uuid4().hex[:12]}"
        if method == "INVITE":
            leg.branch = branch
        return (
            f"Via: SIP/2.0/UDP 127.0.0.1:{self.port};branch={branch}\r\n"
            f"From: {leg.local_uri};tag={leg.local_tag}\r\nTo: {leg.remote_uri}{tag}\r\n"
            f"Call-ID: {leg.call_id}\r\nCSeq: {number} {method}\r\nMax-Forwards: 70\r\n"
            f"Contact: <sip:{leg.user}@127.0.0.1:{self.port}>\r\n"
        )

    async def request(
        self,
        leg: PhoneLeg,
        method: str,
        *,
        extra: str = "",
        body: str = "",
        kind: str = "application/sdp",
    ) -> tuple[int, str]:
        leg.cseq += 1
        number = leg.cseq
        content = f"Content-Type: {kind}\r\n" if body else ""
        text = (
            f"{method} {leg.target} SIP/2.0\r\n{self._headers(leg, method, number)}"
            f"{extra}{content}Content-Length: {len(body)}\r\n\r\n{body}"
        )
        reply = asyncio.get_running_loop().create_future()
        self._replies[f"{leg.call_id} {number} {method}"] = reply
        for wait in (1.0, 2.0, 30.0):
            self._send(text)
            try:
                async with asyncio.timeout(wait):
                    return await asyncio.shield(reply)
            except TimeoutError:
                continue
        return 408, ""

    def ack(self, leg: PhoneLeg) -> None:
        self._send(
            f"ACK {leg.target} SIP/2.0\r\n{self._headers(leg, 'ACK', leg.cseq)}"
            "Content-Length: 0\r\n\r\n"
        )

    def _ack_refusal(self, leg: PhoneLeg, text: str) -> None:
        """Acknowledges a refused INVITE within its transaction, to whoever refused it."""
        number = int(header(text, "CSeq").split()[0])
        head = self._headers(leg, "ACK", number, leg.branch)
        head = re.sub(r"^To: .*?\r\n", lambda _: f"To: {header(text, 'To')}\r\n", head, flags=re.M)
        self._send(f"ACK {leg.target} SIP/2.0\r\n{head}Content-Length: 0\r\n\r\n")

    def _established(self, leg: PhoneLeg, text: str, remote_header: str) -> None:
        if tag := re.search(rf"^{remote_header}:.*?;tag=([^;\r\n]+)", text, re.M):
            leg.remote_tag = tag[1]
        if contact := re.search(r"^Contact:\s*<([^>]+)>", text, re.M):
            leg.target = contact[1]
        self._media(leg, text)

    @staticmethod
    def _media(leg: PhoneLeg, text: str) -> None:
        if port := re.search(r"^m=audio (\d+)", text, re.M):
            leg.remote_rtp = ("127.0.0.1", int(port[1]))

    def datagram_received(self, data: bytes, _addr: tuple[str, int]) -> None:
        text = data.decode(errors="replace")
        call_id = header(text, "Call-ID")
        cseq = header(text, "CSeq")
        if text.startswith("SIP/2.0"):
            status = int(text[8:11])
            key = f"{call_id} {cseq}"
            reply = self._replies.get(key)
            if status >= 200 and reply is not None and not reply.done():
                reply.set_result((status, text))
            leg = self.legs.get(call_id)
            if cseq.endswith("INVITE") and leg is not None:
                if status >= 300:
                    self._ack_refusal(leg, text)
                elif 100 < status < 200 and not leg.up.is_set():
                    self._early(leg, text)
            return
        method = text.split(" ", 1)[0]
        leg = self.legs.get(call_id)
        if method == "INVITE":
            self._invited(text, call_id, leg)
        elif method == "ACK":
            if leg is not None:
                leg.acked.set()
        elif method == "BYE" and leg is not None:
            self.respond(text, 200, "OK", leg)
            leg.over.set()
        elif method == "CANCEL" and leg is not None:
            self.respond(text, 200, "OK", leg)
            if not leg.up.is_set() and not leg.over.is_set():
                leg.over.set()
                self.respond(self._invites[call_id], 487, "Request Terminated", leg)
        else:
            if method == "NOTIFY" and leg is not None:
                leg.notifies.append(text)
            self.respond(text, 200, "OK", leg)

    def _early(self, leg: PhoneLeg, text: str) -> None:
        """Somebody rings; a transfer may already name who it is."""
        if tag := re.search(r"^To:.*?;tag=([^;\r\n]+)", text, re.M):
            leg.early_tag = tag[1]
        leg.ringing.set()

    def respond(
        self,
        text: str,
        status: int,
        words: str,
        leg: PhoneLeg | None,
        body: str = "",
        extra: str = "",
    ) -> str:
        vias = "".join(f"{line}\r\n" for line in text.split("\r\n") if line.startswith("Via:"))
        to = header(text, "To")
        if leg is not None and ";tag=" not in to:
            to += f";tag={leg.local_tag}"
        kind = "Content-Type: application/sdp\r\n" if body else ""
        reply = (
            f"SIP/2.0 {status} {words}\r\n{vias}From: {header(text, 'From')}\r\nTo: {to}\r\n"
            f"Call-ID: {header(text, 'Call-ID')}\r\nCSeq: {header(text, 'CSeq')}\r\n"
            f"{extra or f'Contact: <sip:phone@127.0.0.1:{self.port}>{CRLF}'}"
            f"{kind}Content-Length: {len(body)}\r\n\r\n{body}"
        )
        self._send(reply)
        return reply

    def _invited(self, text: str, call_id: str, leg: PhoneLeg | None) -> None:
        if leg is not None:
            if leg.up.is_set():  # a re-INVITE from the centre
                self._media(leg, text)
                self.respond(text, 200, "OK", leg, self.sdp(leg))
            return
        user = re.search(r"^INVITE sip:([^@]+)@", text)
        leg = self._leg(call_id, header(text, "To"), "", "")
        remote = header(text, "From")
        leg.remote_uri = remote.split(";tag=")[0]
        self._established(leg, text, "From")
        self._invites[call_id] = text
        ring = self.on_call(user[1] if user else "", leg)
        if leg.plan.before:  # early media: it can be heard before it answers
            self.respond(text, 183, "Session Progress", leg, self.sdp(leg))
        else:
            self.respond(text, 180, "Ringing", leg)
        if ring is not None:
            self.spawn(self._answer(text, leg, ring))

    async def _answer(self, text: str, leg: PhoneLeg, ring: float) -> None:
        await asyncio.sleep(ring)
        if not leg.over.is_set():
            self.respond(text, 200, "OK", leg, self.sdp(leg))
            leg.up.set()


def header(text: str, name: str) -> str:
    found = re.search(rf"^{name}:\s*(.*?)\r?$", text, re.M | re.I)
    return found[1] if found else ""
