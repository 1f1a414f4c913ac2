"""Keeps FastAGI's port for our own user while no controller listens on it.

Asterisk obeys whoever listens there. Between one controller and the next, another user of the
machine could take the port, and with it every call.
"""

import asyncio
import socket
from collections.abc import Sequence
from contextlib import ExitStack
from errno import EADDRNOTAVAIL, EAFNOSUPPORT
from typing import Any

_ANSWERS_WITHIN_S = 1.0
_NOT_HERE = (EADDRNOTAVAIL, EAFNOSUPPORT)
"""Some of a name's addresses may belong to another machine, or IPv6 may be switched off."""


Found = tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[Any, ...]]
"""An address of a name, as ``getaddrinfo`` returns it."""


def reserve(host: str, port: int) -> ExitStack:
    """Keep the port, on each of the host's addresses that this machine has, until the stack is
    closed; meanwhile connections are refused at once.

    With SO_REUSEPORT the system shares a port among sockets of the same user only; with
    SO_REUSEADDR it would share with everybody as long as nobody listens. Raises OSError if the port
    is taken.
    """
    return reserve_each(
        socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    )


def reserve_each(found: Sequence[Found]) -> ExitStack:
    """Keep each of these addresses, as ``reserve`` does."""
    missing: list[OSError] = []
    with ExitStack() as kept:
        for family, kind, protocol, _, address in found:
            try:
                one = kept.enter_context(socket.socket(family, kind, protocol))
                one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
                one.bind(address)
            except OSError as error:
                if error.errno not in _NOT_HERE:
                    raise
                missing.append(error)
        if len(missing) == len(found):
            raise missing[0]
        return kept.pop_all()


async def is_ours(host: str, port: int) -> bool:
    """Whether nobody listens on the port, and either our own user keeps it or it is free."""
    try:
        reserve(host, port).close()
    except OSError:
        return False
    return not await is_served(host, port)


async def is_served(host: str, port: int) -> bool:
    """Whether somebody listens on the port, rather than merely keeping it."""
    try:
        async with asyncio.timeout(_ANSWERS_WITHIN_S):
            _, writer = await asyncio.open_connection(host, port)
    except TimeoutError:
        return True
    except OSError:
        return False
    writer.transport.abort()
    return True
