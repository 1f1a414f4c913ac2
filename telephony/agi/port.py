"""The port of FastAGI, kept for our own user while no controller listens.

Asterisk does what is said to it on that port. Between one controller and the next another user of
the machine could listen there, and would have every call.
"""

import asyncio
import socket
from contextlib import ExitStack
from errno import EADDRNOTAVAIL, EAFNOSUPPORT

_ANSWERS_WITHIN_S = 1.0
_NOT_HERE = (EADDRNOTAVAIL, EAFNOSUPPORT)
"""Of a name's addresses some may be another machine's, or IPv6 be switched off."""


def reserve(host: str, port: int) -> ExitStack:
    """Keep the port, at each of the host's addresses that this machine has, until the stack is
    closed; whoever connects meanwhile is refused at once.

    The system lets sockets with SO_REUSEPORT share a port with those of the same user only. Not
    SO_REUSEADDR, which shares with everybody as long as nobody listens. OSError if it is taken.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
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
    """Whether our own user keeps the port or nobody has it; and nobody listens."""
    try:
        reserve(host, port).close()
    except OSError:
        return False
    return not await is_served(host, port)


async def is_served(host: str, port: int) -> bool:
    """Whether somebody listens, and the port is not merely reserved."""
    try:
        async with asyncio.timeout(_ANSWERS_WITHIN_S):
            _, writer = await asyncio.open_connection(host, port)
    except TimeoutError:
        return True
    except OSError:
        return False
    writer.transport.abort()
    return True
