"""Speaks AMI on one connection: passes events on in order, and each reply to whoever asked.

Bytes are framed before they are decoded (``ami_wire``), a header can't carry a second action, an
action whose reply misses its deadline has an unknown outcome, and nothing is ever sent twice.
Events with an action's id are ordinary events, unless they are items of a list that the action
asked for.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Protocol, cast

from domain.errors import OffhookError
from telephony.ami.ami_wire import Framer, Message, WireError, encode
from telephony.panoramisk_adapter import PendingAction

Headers = Mapping[str, str | Sequence[str]]

MAX_UNSENT = 1 << 20
"""Bytes that may wait for the peer to read before it counts as gone."""


class ActionFailed(OffhookError):  # noqa: N818 - what happened, not that it is an error
    """An action was not done, or may not have been: one of the three below."""


class ActionRefused(ActionFailed):
    """Asterisk's answer is no; ``reply`` says why."""

    def __init__(self, action: str, reply: Message) -> None:
        super().__init__(f"Asterisk refused {action}: {reply.get('Message') or reply!r}")
        self.action = action
        self.reply = reply


class LinkDown(ActionFailed):
    """There is no connection; nothing was sent."""


class OutcomeUnknown(ActionFailed):
    """The action was sent and its answer is lost. It may have been done: never send it again."""

    def __init__(self, action: str, why: str) -> None:
        super().__init__(f"outcome of {action} is unknown: {why}")
        self.action = action
        self.why = why


class Listener(Protocol):
    """Receives the events of a connection, in the order of the wire."""

    def dispatch(self, event: Message) -> object: ...

    def connection_lost(self, exc: Exception | None) -> None: ...


class AmiProtocol(asyncio.Protocol):
    """One connection. Events go to ``listener.dispatch`` in order, replies to who asked."""

    def __init__(self, listener: Listener) -> None:
        self.transport: asyncio.Transport
        self.closed = False
        self._listener = listener
        self._framer = Framer(greeting=True)
        self._waiting: dict[str, PendingAction[Message]] = {}
        self.greeted: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        """AMI's version, once the greeting has come."""
        self.ended = asyncio.Event()
        self.reason = ""
        """Why the connection ended, for people."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # A cast, because uvloop's transports are not subclasses of asyncio's.
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        try:
            raws = self._framer.feed(data)
        except WireError as error:
            self.fail(str(error))
            return
        if not self.greeted.done() and self._framer.version is not None:
            self.greeted.set_result(self._framer.version)
        waiting = self._waiting
        dispatch = self._listener.dispatch
        for raw in raws:
            # An ActionID is worth looking for only while an answer is awaited.
            if not waiting and raw.startswith(b"Event: "):
                dispatch(Message(raw))
            else:
                message = Message(raw)
                if not self._answers(message):
                    dispatch(message)

    def _answers(self, message: Message) -> bool:
        """Whether this was an answer, awaited or not, rather than an event for the listener."""
        action = self._waiting.get(message.action_id)
        if not message.is_event:
            if action is not None and not action.future.done():
                if action.complete and not message.get("Response"):
                    action.received.append(message)  # a nameless entry, not a refusal
                elif not action.complete or not message.succeeded:
                    action.future.set_result(message)
                elif message.get("EventList").lower() != "start":
                    action.future.set_result(message)  # an answer without a list after it
            return True
        if action is None or not action.complete:
            return False  # OriginateResponse, say, carries the ActionID of what caused it
        if message.name == action.item:
            action.received.append(message)
            return True
        if message.name == action.complete:
            if not action.future.done():
                action.future.set_result(message)
            return True
        return False

    async def ask(self, name: str, headers: Headers, timeout: float) -> Message:
        """Send one action, once, and return its reply, whether yes or no.

        Raises ValueError (see ami_wire.encode), LinkDown (nothing sent), OutcomeUnknown.
        """
        return await self._send(PendingAction(name), headers, timeout)

    async def ask_list(
        self, name: str, headers: Headers, item: str, complete: str, timeout: float
    ) -> list[Message]:
        """Send one action that is answered with a list of events; returns its ``item`` events.

        Raises what ``ask`` does, and ActionRefused.
        """
        action = PendingAction[Message](name, item=item, complete=complete)
        reply = await self._send(action, headers, timeout)
        if reply.is_event or reply.succeeded:
            return action.received
        # Several list actions say "Error: No ... found" of an empty list.
        if reply.get("Message").startswith("No ") and reply.get("Message").endswith("found"):
            return []
        raise ActionRefused(name, reply)

    async def _send(
        self, action: PendingAction[Message], headers: Headers, timeout: float
    ) -> Message:
        data = encode(action.name, headers, action.id)
        if not self.sends:
            raise LinkDown(f"{action.name} not sent: {self.reason or 'the AMI link is down'}")
        if self.transport.get_write_buffer_size() > MAX_UNSENT:
            raise LinkDown(f"{action.name} not sent: Asterisk does not read what it is sent")
        self._waiting[action.id] = action
        try:
            self.transport.write(data)
            # wait() rather than wait_for(): an answer that came in the same turn of the loop
            # as the deadline is an answer.
            await asyncio.wait((action.future,), timeout=timeout)
            if not action.future.done():
                raise OutcomeUnknown(action.name, f"no answer in {timeout:g} s")
            return action.future.result()
        finally:
            del self._waiting[action.id]
            action.future.cancel()

    @property
    def sends(self) -> bool:
        """Whether actions can be sent: the connection has not ended, and is not being ended."""
        return not (self.closed or self.transport.is_closing())

    def fail(self, reason: str) -> None:
        """End the connection now, without waiting for what is unsent."""
        if not self.reason:
            self.reason = reason
        self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.closed:
            return
        self.closed = True
        if not self.reason:
            self.reason = f"connection lost: {exc}" if exc else "Asterisk closed the connection"
        if not self.greeted.done():
            self.greeted.set_exception(ConnectionError(self.reason))
            self.greeted.exception()  # nobody may be waiting for it any more
        for action in self._waiting.values():
            if not action.future.done():
                action.future.set_exception(OutcomeUnknown(action.name, self.reason))
                action.future.exception()
        self.ended.set()
        self._listener.connection_lost(exc)

    def close(self) -> None:
        """End the connection; whoever still waits for a reply gets OutcomeUnknown."""
        self.fail("closed by us")
