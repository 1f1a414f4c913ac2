"""Queues AMI events between the socket and their consumer, and keeps their order.

The socket is always read, however slow the consumer is, because Asterisk cuts off a client that
stops reading (``writetimeout``). The consumer gets a slice of the loop's time, then others do.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from time import monotonic

from telephony.ami.ami_wire import Message
from telephony.complaints import Complaints, shown, where

SLICE_S = 0.005
"""How long events are delivered before the loop gets to do other things."""


class Delivery:
    """Delivers events in order, one at a time; an exception in the consumer loses only one."""

    def __init__(self, consumer: Callable[[Message], object], node: str) -> None:
        self._consumer = consumer
        self._node = node
        self._queue: deque[Message] = deque()
        self._held = True
        self._scheduled = False
        self._empty = asyncio.Event()
        self._empty.set()
        self._complain = Complaints()
        self.failures = 0

    def put(self, message: Message) -> None:
        self._queue.append(message)
        if not self._scheduled and not self._held:
            self._schedule()

    def __len__(self) -> int:
        return len(self._queue)

    def hold(self) -> None:
        """Hold back what comes from now on, until ``release``."""
        self._held = True

    def release(self) -> None:
        self._held = False
        if self._queue and not self._scheduled:
            self._schedule()

    def clear(self) -> None:
        """Drop what was held: a later snapshot makes up for it."""
        self._queue.clear()

    async def drained(self) -> None:
        """Wait until everything has been delivered; returns at once while held."""
        if self._queue and not self._held:
            self._empty.clear()
            await self._empty.wait()

    def _schedule(self) -> None:
        self._scheduled = True
        asyncio.get_running_loop().call_soon(self._deliver)

    def _deliver(self) -> None:
        self._scheduled = False
        queue, consumer = self._queue, self._consumer
        stop_at = monotonic() + SLICE_S
        while queue and not self._held:
            message = queue.popleft()
            try:
                consumer(message)
            except Exception as error:
                self._failed(message, error)
            if monotonic() > stop_at:
                break
        if queue:
            if not self._held:
                self._schedule()
        else:
            self._empty.set()

    def _failed(self, message: Message, error: Exception) -> None:
        # A consumer that fails at every event of a busy centre would fill the disk.
        self.failures += 1
        self._complain(
            "an AMI event could not be handled; going on with the next one",
            kind=type(error).__name__,
            level="error",
            node=self._node,
            event_name=shown(message.name),
            why=shown(str(error) or type(error).__name__),
            where=where(error),
            headers=shown(message.raw),
        )
