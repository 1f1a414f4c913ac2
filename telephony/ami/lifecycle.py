"""The stages of an AMI connection's life: greeting, login, boot, name, pings."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from domain.errors import OffhookError
from domain.identity import NodeName
from telephony.ami.protocol import AmiProtocol, Listener, OutcomeUnknown
from telephony.variables import GlobalVariable


class AmiLoginRefused(OffhookError):  # noqa: N818 - what happened
    """Asterisk does not let us in as configured; trying again at once would not help."""


async def connect(listener: Listener, host: str, port: int, timeout: float) -> AmiProtocol:
    """Connect and wait for AMI's greeting, ``timeout`` seconds at most. Raises OSError."""
    protocol: AmiProtocol | None = None
    try:
        async with asyncio.timeout(timeout):
            _, protocol = await asyncio.get_running_loop().create_connection(
                lambda: AmiProtocol(listener), host, port
            )
            await protocol.greeted
    except TimeoutError as error:
        if protocol is None:
            raise ConnectionError(f"no connection in {timeout:g} s") from error
        protocol.close()
        raise ConnectionError(f"connected, but no AMI greeting in {timeout:g} s") from error
    except BaseException:  # also when cancelled: leave no connection behind
        if protocol is not None and not protocol.closed:
            protocol.close()
        raise
    return protocol


async def log_in(protocol: AmiProtocol, username: str, secret: str, timeout: float) -> None:
    """Log in, for all events the user may see. Raises AmiLoginRefused, LinkDown, OutcomeUnknown."""
    login = {"Username": username, "Secret": secret, "Events": "on"}
    reply = await protocol.ask("Login", login, timeout)
    if not reply.succeeded:
        raise AmiLoginRefused(
            f"Asterisk refuses AMI user {username!r}: {reply.get('Message')}; compare the user"
            " and secret with manager.conf"
        )


async def booted(protocol: AmiProtocol, seen: asyncio.Event, timeout: float) -> bool:
    """Wait until Asterisk has loaded all modules: it logs clients in earlier, with lists too short.

    Returns whether FullyBooted was ``seen`` in ``timeout`` seconds. Raises ConnectionError if the
    connection is lost.
    """
    waits = [asyncio.create_task(event.wait()) for event in (seen, protocol.ended)]
    try:
        await asyncio.wait(waits, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
    if protocol.closed:
        raise ConnectionError(protocol.reason)
    return seen.is_set()


async def check_name(protocol: AmiProtocol, node: NodeName, timeout: float) -> None:
    """Raise AmiLoginRefused if this Asterisk calls itself by another node's name.

    Its calls would go by one name, and their sessions and recordings by another.
    """
    reply = await protocol.ask("Getvar", {"Variable": GlobalVariable.NODE}, timeout)
    name = reply.get("Value")
    if reply.succeeded and name and name != node:
        raise AmiLoginRefused(
            f"this Asterisk calls itself {name!r}, and Offhook's configuration calls it"
            f" {node!r}; change node back, or rewrite Asterisk's configuration (restart"
            " Offhook, or `offhook asterisk-conf`) and restart Asterisk"
        )


async def keep_alive(
    protocol: AmiProtocol, every: float, pong: float, also: Callable[[AmiProtocol], Awaitable[None]]
) -> None:
    """Ping until the connection ends, and end it if it is dead; call ``also`` before each ping.
    If what ``also`` asks is not answered, that means the same as an unanswered ping.

    Always raises: ConnectionError, or what ``also`` raises.
    """
    try:
        while True:
            await also(protocol)
            with suppress(TimeoutError):
                async with asyncio.timeout(every):
                    await protocol.ended.wait()
            if protocol.closed:
                raise ConnectionError(protocol.reason)
            await protocol.ask("Ping", {}, pong)
    except OutcomeUnknown as silent:
        if not protocol.closed:
            protocol.fail(f"Asterisk did not answer a ping in {pong:g} s")
        raise ConnectionError(protocol.reason) from silent
