"""Hundreds of callers at once who press a key after each prompt: how soon does the next one begin?

SIPp does the signalling, with the addresses of the sockets here for the sound. A prompt's first
packet has RTP's marker bit (RFC 3550), because there was silence before it, and the kernel drops
all others (a socket filter), so that 25,000 packets a second are nobody's work. It also says when
each came. Keys are sent as RFC 4733 has it.
"""

import asyncio
import contextlib
import ctypes
import random
import socket
import struct
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench import sipp
from bench.tones import SILENCE

KEY_S = 0.1
"""How long a key is held: below 0.08 s Asterisk would make it longer."""
AFTER_S = (0.3, 0.7)
"""How long after a prompt's end a caller presses, at random."""
SO_ATTACH_FILTER, SO_TIMESTAMPNS = 26, 35
_EVENT = 101  # the payload type of keys, as the scenario's SDP says

_PORTS = range(20_000, 32_000, 2)
"""Even ones: RTCP, which nobody here is to take for sound, goes to the next odd one."""

SCENARIO = sipp.CALLER.replace("[media_port]", "[field1]").replace(
    "RTP/AVP 8\na=rtpmap:8 PCMA/8000",
    f"RTP/AVP 8 {_EVENT}\na=rtpmap:8 PCMA/8000\na=rtpmap:{_EVENT} telephone-event/8000\n"
    f"a=fmtp:{_EVENT} 0-15",
)


_INSTRUCTIONS = ctypes.create_string_buffer(
    struct.pack("HBBI", 0x30, 0, 0, 9)  # load the second byte after the UDP header: marker, type
    + struct.pack("HBBI", 0x15, 0, 1, 0x88)  # is it PCMA's, with the marker?
    + struct.pack("HBBI", 0x06, 0, 0, 0xFFFF)  # then take the packet
    + struct.pack("HBBI", 0x06, 0, 0, 0)  # else drop it
)
_ONLY_FIRST_PACKETS = struct.pack("HP", 4, ctypes.addressof(_INSTRUCTIONS))
"""Linux's sock_fprog: a classic BPF program of four instructions."""


@dataclass(frozen=True, slots=True)
class NextPrompt:
    """A prompt that began after a key: seconds from the key's end, and how many were calling."""

    after_s: float
    callers: int


class _Presser:
    """One call's sound."""

    def __init__(self, all: "KeyPressers", address: str, ports: Iterator[int]) -> None:
        self._all = all
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        _bind(self.socket, address, ports)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.prompts = 0
        self._source = random.getrandbits(32)
        self._sequence = random.getrandbits(15)
        self._pressed_at = 0.0

    @property
    def port(self) -> int:
        return int(self.socket.getsockname()[1])

    def readable(self) -> None:
        try:
            _, control, _, there = self.socket.recvmsg(2048, 64)
        except OSError:
            return
        if not self.prompts:  # no silence was before the first one, so it has no marker
            self.socket.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, _ONLY_FIRST_PACKETS)
            with contextlib.suppress(BlockingIOError):
                while self.socket.recv(2048):
                    pass
        seconds, nanoseconds = struct.unpack("qq", control[0][2][:16])
        came_at = seconds + nanoseconds / 1e9
        self.prompts += 1
        if self._pressed_at:
            self._all.began(NextPrompt(came_at - self._pressed_at, self._all.callers))
            self._pressed_at = 0.0
        asyncio.get_running_loop().create_task(self._press(there))

    async def _press(self, there: tuple[str, int]) -> None:
        if self.prompts == 1:
            self._all.entered()
        if self.prompts > self._all.menus:
            self._all.callers -= 1
            return
        presses_at = time.time() + self._all.prompt_s + random.uniform(*AFTER_S)
        if self.prompts == 1:
            await self._be_silent(there)
        await asyncio.sleep(presses_at - time.time())
        began = time.time()
        stamp = self._stamp(began)
        for tick in range(5):
            self._send(there, stamp, int(8000 * KEY_S * (tick + 1) / 5), first=tick == 0)
            await asyncio.sleep(max(0.0, began + KEY_S * (tick + 1) / 5 - time.time()))
        self._pressed_at = time.time()
        for _ in range(3):
            self._send(there, stamp, int(8000 * KEY_S), end=True)

    async def _be_silent(self, there: tuple[str, int]) -> None:
        """Send sound for a moment: Asterisk takes keys from nobody whose sound it doesn't know."""
        began = time.time()
        for tick in range(25):
            self._sequence = (self._sequence + 1) & 0xFFFF
            stamp = self._stamp(began) + 160 * tick
            header = struct.pack("!BBHII", 0x80, 8, self._sequence, stamp, self._source)
            self.socket.sendto(header + SILENCE, there)
            await asyncio.sleep(0.02)

    def _stamp(self, at: float) -> int:
        """The time in samples: a key whose time isn't later than the last one's is taken for it."""
        return int(8000 * (at - self._all.began_at))

    def _send(
        self,
        there: tuple[str, int],
        stamp: int,
        length: int,
        *,
        first: bool = False,
        end: bool = False,
    ) -> None:
        self._sequence = (self._sequence + 1) & 0xFFFF
        kind = _EVENT | (0x80 if first else 0)
        header = struct.pack("!BBHII", 0x80, kind, self._sequence, stamp, self._source)
        self.socket.sendto(
            header + struct.pack("!BBH", 1, (0x80 if end else 0) | 10, length), there
        )


def _bind(one: socket.socket, address: str, ports: Iterator[int]) -> None:
    """Give it the next of these ports that is free."""
    for port in ports:
        with contextlib.suppress(OSError):
            one.bind((address, port))
            return
    raise OSError(f"not enough ports from {_PORTS.start} on are free at {address}")


class KeyPressers:
    """So many calls in all, each through ``menus`` prompts of ``prompt_s`` seconds and one more."""

    def __init__(
        self, calls: int, address: str, *, menus: int, prompt_s: float, at_once: int
    ) -> None:
        self.menus, self.prompt_s, self._at_once = menus, prompt_s, at_once
        self.are_there = asyncio.Event()
        """Set once ``at_once`` of them are in a menu."""
        self.began_at = time.time()
        self.callers = 0
        """How many are in a menu now."""
        self.next_prompts: list[NextPrompt] = []
        ports = iter(_PORTS)
        self._pressers = [_Presser(self, address, ports) for _ in range(calls)]

    def entered(self) -> None:
        """Another caller hears the first prompt."""
        self.callers += 1
        if self.callers >= self._at_once:
            self.are_there.set()

    def began(self, next: NextPrompt) -> None:
        """A prompt has begun after a key."""
        self.next_prompts.append(next)

    async def call(
        self, target: tuple[str, int], source: tuple[str, int], number: str, *, rate: float
    ) -> sipp.SippCounts:
        """Make all calls, so many a second; returns when they are over."""
        loop = asyncio.get_running_loop()
        for one in self._pressers:
            loop.add_reader(one.socket, one.readable)
        try:
            return await sipp.run(
                SCENARIO,
                target,
                source=source,
                service=number,
                calls=len(self._pressers),
                rate=rate,
                at_once=len(self._pressers),
                media_port=source[1] + 2,
                timeout_s=300,
                rows=[(number, str(one.port)) for one in self._pressers],
            )
        finally:
            for one in self._pressers:
                loop.remove_reader(one.socket)
                one.socket.close()

    @property
    def prompts(self) -> Sequence[int]:
        """How many prompts each caller has heard the beginning of."""
        return [one.prompts for one in self._pressers]
