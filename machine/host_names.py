"""Resolves names of hosts in threads of its own, so that a name server that hangs holds up nobody
else.

The system's resolver blocks, can't be stopped, and may take half a minute to give up. In a pool
that others use, a few such names would hold up files and recordings, and a pool's threads are
waited for at the end of the process. These here are few, are not waited for, and each name has one
at most, however many ask for it.
"""

import asyncio
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from socket import AddressFamily

MOST = 64
"""Names that are being resolved at the same time. Beyond them a name isn't looked for at all."""
WITHIN_S = 20.0
"""So long one waits for an answer: longer than any look-up, for others may be waiting, too."""

HostAddresses = tuple[tuple[AddressFamily, str], ...]
"""The addresses of a name, each with its family, as the system's resolver orders them."""


def find_addresses(host: str, family: AddressFamily) -> HostAddresses:
    """Ask the system's resolver. Blocking; raises OSError, and UnicodeError for what is no name."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, family=family)
    return tuple((one[0], str(one[4][0])) for one in found)


class HostNames:
    """Resolves names; ``find`` is what blocks."""

    def __init__(
        self,
        find: Callable[[str, AddressFamily], HostAddresses] = find_addresses,
        *,
        most: int = MOST,
        within_s: float = WITHIN_S,
    ) -> None:
        self._find = find
        self._most = most
        self._within_s = within_s
        self._under_way: dict[tuple[str, AddressFamily], asyncio.Future[HostAddresses]] = {}

    @property
    def under_way(self) -> int:
        """How many names are being resolved, those included that nobody waits for any more."""
        return len(self._under_way)

    async def addresses(self, host: str, family: AddressFamily = socket.AF_UNSPEC) -> HostAddresses:
        """The addresses of a name. Raises OSError if there are none, none come in time, or too many
        names are being resolved, and UnicodeError for what is no name."""
        answer = self._under_way.get((host, family))
        if answer is None:
            if len(self._under_way) >= self._most:
                raise OSError(f"{host}: {self._most} names are being resolved; try again later")
            answer = self._begun(host, family)
        try:
            async with asyncio.timeout(self._within_s):
                return await asyncio.shield(answer)  # others may be waiting for it
        except TimeoutError:
            raise OSError(f"{host}: no name server has answered for {self._within_s} s") from None

    def _begun(self, host: str, family: AddressFamily) -> asyncio.Future[HostAddresses]:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[HostAddresses] = loop.create_future()

        def settle(found: HostAddresses | Exception) -> None:
            self._under_way.pop((host, family), None)
            if isinstance(found, Exception):
                answer.set_exception(found)
                answer.exception()  # perhaps nobody waits for it any more, and that is no fault
            else:
                answer.set_result(found)

        def run() -> None:
            found: HostAddresses | Exception
            try:
                found = self._find(host, family)
            except Exception as error:
                found = error
            with suppress(RuntimeError):  # the loop is closed: nobody asks any more
                loop.call_soon_threadsafe(settle, found)

        try:
            threading.Thread(target=run, name="host-name", daemon=True).start()
        except RuntimeError as error:
            raise OSError(f"{host}: {error}") from error
        self._under_way[host, family] = answer
        return answer
