"""A gate in a SIP peer's way: while it is shut, nothing gets through, as if the peer were gone.

An Asterisk answers everything it gets (100 Trying at least), so a peer that is silent, or a phone
that has lost its power, needs something in front of it that loses packets.
"""

import asyncio
import re
from collections.abc import Callable

SocketAddress = tuple[str, int]

_ASKS = re.compile(rb"(?:INVITE|CANCEL|ACK|BYE) sips?:(\+?[0-9]+)[@;]")


class _Side(asyncio.DatagramProtocol):
    """One of the gate's two sockets."""

    def __init__(self, came: Callable[[bytes], None]) -> None:
        self._came = came

    def datagram_received(self, data: bytes, addr: SocketAddress) -> None:  # noqa: ARG002
        self._came(data)

    def error_received(self, exc: Exception) -> None:
        """Nobody listens on the other side (yet): the packet is lost, as on a network."""


class Gate:
    """Passes datagrams between the centre and one peer of the far end, both ways.

    The centre knows the peer as ``outer``; the far end knows the centre as ``inner``.
    """

    def __init__(
        self,
        outer: SocketAddress,
        inner: SocketAddress,
        *,
        centre: SocketAddress,
        peer: SocketAddress,
    ) -> None:
        self.is_open = True
        self.silent_numbers: set[str] = set()
        """Requests to these numbers, as they are dialled, are lost though the gate is open."""
        self.lost = 0
        """How many packets it has not let through."""
        self._outer, self._inner = outer, inner
        self._centre, self._peer = centre, peer
        self._outside: asyncio.DatagramTransport | None = None
        self._inside: asyncio.DatagramTransport | None = None

    async def start(self) -> None:
        """Open both sockets. Raises OSError if a port is taken."""
        loop = asyncio.get_running_loop()
        self._outside, _ = await loop.create_datagram_endpoint(
            lambda: _Side(self._from_centre), local_addr=self._outer
        )
        self._inside, _ = await loop.create_datagram_endpoint(
            lambda: _Side(self._from_peer), local_addr=self._inner
        )

    def stop(self) -> None:
        for transport in (self._outside, self._inside):
            if transport is not None:
                transport.close()

    def _from_centre(self, data: bytes) -> None:
        asked = _ASKS.match(data) if self.silent_numbers else None
        if asked is not None and asked[1].decode() in self.silent_numbers:
            self.lost += 1
        else:
            self._pass(data, self._inside, self._peer)

    def _from_peer(self, data: bytes) -> None:
        self._pass(data, self._outside, self._centre)

    def _pass(self, data: bytes, by: asyncio.DatagramTransport | None, to: SocketAddress) -> None:
        if self.is_open and by is not None:
            by.sendto(data, to)
        else:
            self.lost += 1
