"""Hears what calls of the far end are sent: which tone, from when to when.

The dialplan's step ``ears`` hands a call's sound over by AudioSocket, each packet as it arrives.
A packet (20 ms, 160 samples) has a spectrum in steps of 50 Hz, so voices that are multiples of 50
Hz are told apart exactly.
"""

import asyncio
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

HZ, PACKET = 8000, 160
PACKET_S = PACKET / HZ
_AT_ONCE = 25
"""Packets looked at together, half a second of them: that costs a tenth of one by one."""
_QUIET = 300.0
"""A packet whose loudest sample is below this is silence, of 32767."""
_PURE = 0.7
"""What share of a packet's energy must be in one step of 50 Hz, and beside it, to be a tone."""
_SOUND, _UUID, _OVER = 0x10, 0x01, 0x00

OTHER = 0
"""The frequency given for sound that is not a tone: speech, music, two tones at once."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A tone, or other sound, without a pause or change."""

    hz: int
    began_at: float  # seconds since 1970
    ended_at: float

    @property
    def seconds(self) -> float:
        return self.ended_at - self.began_at


class Ear:
    """What one call hears; fed packets with the time of their arrival. Pure."""

    def __init__(self) -> None:
        self._heard: list[Heard] = []
        self._packets: list[bytes] = []
        self._arrivals: list[float] = []

    def take(self, sound: bytes, arrived_at: float) -> None:
        """A packet: 16 bit, little endian, 8 kHz."""
        self._packets.append(sound[: 2 * PACKET].ljust(2 * PACKET, b"\0"))
        self._arrivals.append(arrived_at)
        if len(self._packets) == _AT_ONCE:
            self.look()

    def heard(self) -> tuple[Heard, ...]:
        """All that was heard until now."""
        self.look()
        found = list(self._heard)
        # The packet in which a tone ends has the edge's spectrum too, and isn't a sound of its own.
        for place in range(len(found) - 1, 0, -1):
            before, edge = found[place - 1], found[place]
            if edge.seconds <= PACKET_S and edge.began_at - before.ended_at < PACKET_S:
                found[place - 1] = replace(before, ended_at=edge.ended_at)
                del found[place]
        return tuple(found)

    def look(self) -> None:
        """Look at the packets that have come since the last time."""
        if not self._packets:
            return
        samples = np.frombuffer(b"".join(self._packets), "<i2").reshape(-1, PACKET)
        samples = samples.astype(np.float32)
        loud = np.abs(samples) > _QUIET
        spectrum = np.abs(np.fft.rfft(samples, axis=1)) ** 2
        spectrum[:, 0] = 0.0
        best = spectrum.argmax(axis=1)
        whole = spectrum.sum(axis=1)
        for row, arrived_at in enumerate(self._arrivals):
            if not loud[row].any():
                continue
            peak = int(best[row])
            near = float(spectrum[row, max(1, peak - 1) : peak + 2].sum())
            hz = peak * HZ // PACKET if near >= _PURE * float(whole[row]) else OTHER
            first = int(loud[row].argmax())
            last = PACKET - int(loud[row][::-1].argmax())
            starts = arrived_at - PACKET_S
            self._add(hz, starts + first / HZ, starts + last / HZ)
        self._packets.clear()
        self._arrivals.clear()

    def _add(self, hz: int, began_at: float, ended_at: float) -> None:
        if self._heard:
            before = self._heard[-1]
            gap = began_at - before.ended_at
            if before.hz == hz and gap < 3 * PACKET_S:
                self._heard[-1] = replace(before, ended_at=ended_at)
                return
            # So has the one in which it begins.
            if before.seconds <= PACKET_S and gap < PACKET_S:
                self._heard[-1] = Heard(hz, before.began_at, ended_at)
                return
        self._heard.append(Heard(hz, began_at, ended_at))


class Ears:
    """The server that calls with the step ``ears`` are connected to."""

    def __init__(self, tell: Callable[[str, tuple[Heard, ...]], None]) -> None:
        """``tell`` is given an ear's name and what it heard, when it has closed."""
        self._tell = tell
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()
        self._ears: dict[str, Ear] = {}

    async def start(self, host: str, port: int) -> None:
        """Listen. Raises OSError if the port is taken."""
        self._server = await asyncio.start_server(self._serve, host, port, limit=2**16)

    async def stop(self) -> None:
        """Close all ears; what they heard is told."""
        if self._server is not None:
            self._server.close()
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    def so_far(self, ear: str) -> tuple[Heard, ...]:
        """What an open ear has heard until now; empty if there is none of this name."""
        return self._ears[ear].heard() if ear in self._ears else ()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if (task := asyncio.current_task()) is not None:
            self._open.add(task)
        name, ear = "", Ear()
        try:
            while True:
                head = await reader.readexactly(3)
                body = await reader.readexactly(int.from_bytes(head[1:], "big"))
                if head[0] == _SOUND:
                    ear.take(body, time.time())
                elif head[0] == _UUID and len(body) == 16:
                    name = str(uuid.UUID(bytes=body))
                    self._ears[name] = ear
                    if seconds := _seconds(name):
                        # Kind 0: the call goes on in the dialplan, which closes the connection.
                        asyncio.get_running_loop().call_later(seconds, writer.write, bytes(3))
                elif head[0] == _OVER:
                    return
        except (asyncio.IncompleteReadError, OSError):
            return  # the call is over
        finally:
            self._ears.pop(name, None)
            writer.close()
            if task is not None:
                self._open.discard(task)
            self._tell(name, ear.heard())


def _seconds(name: str) -> float:
    """How long an ear stays open; 0: as long as the call. The dialplan hides it in the name."""
    return int(name[-12:]) / 1000 if name[-12:].isdigit() else 0.0
