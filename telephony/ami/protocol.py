"""panoramisk's AMI protocol with its byte handling, replies and ending replaced.

It stays a ``panoramisk.ami_protocol.AMIProtocol``: the transport, the version, the factory that
is told of events (``dispatch``) and of the end (``connection_lost``) are panoramisk's. Replaced,
because in panoramisk 1.4:

- each read is decoded by itself, which loses characters split over two; bytes are framed first;
- a header may carry CR LF and so a second action; it is refused;
- replies have no deadline; here a lost one is OutcomeUnknown;
- after a reconnection unanswered actions are sent again, an Originate too; here nothing ever is;
- events with an action's id reach nobody but its caller; here only a list's own items do.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Protocol as Interface

from panoramisk import utils
from panoramisk.ami_protocol import AMIProtocol

from telephony.ami.wire import Framer, Message, WireError, encode

Headers = Mapping[str, str | Sequence[str]]

MAX_UNSENT = 1 << 20
"""Bytes that may wait for the peer to read before it counts as gone."""

# Asterisk shows an OriginateResponse, with its ActionID, to every AMI client: the id has to
# differ between controllers too. panoramisk's ids carry a UUID of this process.
_action_ids = utils.IdGenerator("offhook")


class ActionFailed(Exception):  # noqa: N818 - what happened, not that it is an error
    """An action was not done, or is not known to be: one of the three below."""


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


class Factory(Interface):
    """Who is told, in the order of the wire. (In panoramisk: its Manager.)"""

    def dispatch(self, event: Message) -> object: ...

    def connection_lost(self, exc: Exception | None) -> None: ...


class _Exchange:
    """An action that waits for its reply, and maybe for a list after it."""

    __slots__ = ("action", "complete", "future", "item", "items")

    def __init__(self, action: str, item: str, complete: str) -> None:
        self.action = action
        self.item = item
        self.complete = complete
        self.items: list[Message] = []
        self.future: asyncio.Future[Message] = asyncio.get_running_loop().create_future()


class Protocol(AMIProtocol):  # type: ignore[misc]  # panoramisk has no types
    """One connection. Events go to ``factory.dispatch`` in order, replies to who asked."""

    transport: asyncio.Transport
    closed: bool
    version: str | None

    def __init__(self, factory: Factory) -> None:
        self._made_for = factory
        self._framer = Framer(greeting=True)
        self._waiting: dict[str, _Exchange] = {}
        self.greeted: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        """The protocol's version, once the far side has said what it is."""
        self.ended = asyncio.Event()
        self.reason = ""
        """Why the connection ended, for people."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.factory = self._made_for
        self.log = logging.getLogger(__name__)

    def data_received(self, data: bytes) -> None:
        try:
            raws = self._framer.feed(data)
        except WireError as error:
            self.fail(str(error))
            return
        if not self.greeted.done() and self._framer.version is not None:
            self.version = self._framer.version
            self.greeted.set_result(self.version)
        waiting = self._waiting
        dispatch = self.factory.dispatch
        for raw in raws:
            # Only while an answer is awaited is an ActionID worth looking for.
            if not waiting and raw.startswith(b"Event: "):
                dispatch(Message(raw))
            else:
                self.handle_message(Message(raw))

    def handle_message(self, message: Message) -> None:
        """One message: an answer to who waits for it, an event to the factory."""
        if not self._answers(message):
            self.factory.dispatch(message)

    def _answers(self, message: Message) -> bool:
        """Whether this was an answer, awaited or not, and no event for the listeners."""
        exchange = self._waiting.get(message.action_id)
        if not message.is_event:
            if exchange is not None and not exchange.future.done():
                if exchange.complete and not message.get("Response"):
                    exchange.items.append(message)  # an entry that has lost its name: no refusal
                elif not exchange.complete or not message.succeeded:
                    exchange.future.set_result(message)
                elif message.get("EventList").lower() != "start":
                    exchange.future.set_result(message)  # an answer without a list after it
            return True
        if exchange is None or not exchange.complete:
            return False  # OriginateResponse, say, carries the ActionID of what caused it
        if message.name == exchange.item:
            exchange.items.append(message)
            return True
        if message.name == exchange.complete:
            if not exchange.future.done():
                exchange.future.set_result(message)
            return True
        return False

    async def ask(self, name: str, headers: Headers, timeout: float) -> Message:
        """Send one action, once; its reply, whether yes or no.

        Raises ValueError (see wire.encode), LinkDown (nothing sent), OutcomeUnknown.
        """
        return await self._exchange(_Exchange(name, "", ""), headers, timeout)

    async def ask_list(
        self, name: str, headers: Headers, item: str, complete: str, timeout: float
    ) -> list[Message]:
        """Send one action that answers with a list of events; the ``item`` events of it.

        Raises what ``ask`` does, and ActionRefused.
        """
        exchange = _Exchange(name, item, complete)
        reply = await self._exchange(exchange, headers, timeout)
        if reply.is_event or reply.succeeded:
            return exchange.items
        # Several list actions say "Error: No ... found" of an empty list.
        if reply.get("Message").startswith("No ") and reply.get("Message").endswith("found"):
            return []
        raise ActionRefused(name, reply)

    async def _exchange(self, exchange: _Exchange, headers: Headers, timeout: float) -> Message:
        action_id = str(_action_ids())
        data = encode(exchange.action, headers, action_id)
        if self.closed or self.transport.is_closing():
            raise LinkDown(f"{exchange.action} not sent: {self.reason or 'the AMI link is down'}")
        if self.transport.get_write_buffer_size() > MAX_UNSENT:
            raise LinkDown(f"{exchange.action} not sent: Asterisk does not read what it is sent")
        self._waiting[action_id] = exchange
        try:
            self.transport.write(data)
            # wait() rather than wait_for(): an answer that came in the same turn of the loop
            # as the deadline is an answer.
            await asyncio.wait((exchange.future,), timeout=timeout)
            if not exchange.future.done():
                raise OutcomeUnknown(exchange.action, f"no answer in {timeout:g} s")
            return exchange.future.result()
        finally:
            del self._waiting[action_id]
            exchange.future.cancel()

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
        for exchange in self._waiting.values():
            if not exchange.future.done():
                exchange.future.set_exception(OutcomeUnknown(exchange.action, self.reason))
                exchange.future.exception()
        self.ended.set()
        self.factory.connection_lost(exc)

    def close(self) -> None:
        """End the connection; panoramisk's own would keep unanswered actions to send them again."""
        self.fail("closed by us")

    def send(self, data: object, as_list: bool = False) -> object:
        """panoramisk's way to send: it has no deadline and sends again. Use ``ask``."""
        raise NotImplementedError("use Protocol.ask or Protocol.ask_list")
