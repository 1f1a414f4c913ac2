"""A small AMI client for driving the far end; the product's own is telephony/ami."""

import asyncio
import contextlib
import itertools
from collections import deque
from collections.abc import Callable, Mapping, Sequence

from domain.errors import OffhookError

Event = dict[str, str]


class FarEndError(OffhookError):
    """The far end refused a command or could not carry it out; the text says which."""


class Remote:
    """One AMI connection: matches replies to actions, and keeps the events that matter in order."""

    def __init__(self) -> None:
        self.events: deque[Event] = deque(maxlen=20_000)
        self._counter = itertools.count(1)
        self._waiting: dict[str, asyncio.Future[Event]] = {}
        self._lists: dict[str, list[Event]] = {}
        self._watchers: list[tuple[Callable[[Event], bool], asyncio.Future[Event]]] = []
        self._told: list[Callable[[Event], None]] = []
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None

    async def connect(self, host: str, port: int, user: str, secret: str) -> None:
        """Log in. Raises FarEndError if refused."""
        reader, self._writer = await asyncio.open_connection(host, port)
        await reader.readline()
        self._reading = asyncio.create_task(self._read(reader))
        await self.action("Login", {"Username": user, "Secret": secret})

    async def close(self) -> None:
        """Disconnect; calls that still wait raise FarEndError."""
        if self._reading is not None:
            self._reading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reading
        if self._writer is not None:
            self._writer.close()
        self._fail()

    async def action(
        self,
        name: str,
        headers: Mapping[str, str | Sequence[str]] | None = None,
        *,
        identity: str | None = None,
    ) -> Event:
        """Send an action and return its reply. Raises FarEndError if refused or after 10 s."""
        if self._writer is None or self._writer.is_closing():
            raise FarEndError("not connected to the far end")
        identity = identity or str(next(self._counter))
        lines = [f"Action: {name}", f"ActionID: {identity}"]
        for key, value in (headers or {}).items():
            lines += [f"{key}: {one}" for one in ([value] if isinstance(value, str) else value)]
        if any("\n" in line or "\r" in line for line in lines):
            raise FarEndError(f"a line break in the arguments of {name}")
        reply: asyncio.Future[Event] = asyncio.get_running_loop().create_future()
        self._waiting[identity] = reply
        self._writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        try:
            async with asyncio.timeout(10):
                answer = await reply
        except TimeoutError:
            raise FarEndError(f"the far end did not answer {name} within 10 s") from None
        finally:
            self._waiting.pop(identity, None)
        if answer.get("Response") == "Error":
            raise FarEndError(f"the far end refused {name}: {answer.get('Message', '')}")
        return answer

    async def listing(self, name: str, complete: str) -> list[Event]:
        """The items of a list action, which ends with the event ``complete``."""
        identity = str(next(self._counter))
        items: list[Event] = []
        self._lists[identity] = items
        done = self.watch(lambda e: e.get("Event") == complete and e.get("ActionID") == identity)
        await self.action(name, identity=identity)
        async with asyncio.timeout(10):
            await done
        self._lists.pop(identity, None)
        return [item for item in items if item.get("Event") != complete]

    def watch(self, wanted: Callable[[Event], bool]) -> asyncio.Future[Event]:
        """A future for the next event that is ``wanted``."""
        future: asyncio.Future[Event] = asyncio.get_running_loop().create_future()
        self._watchers.append((wanted, future))
        return future

    def tell(self, told: Callable[[Event], None]) -> None:
        """Have ``told`` called with each event, in order."""
        self._told.append(told)

    async def _read(self, reader: asyncio.StreamReader) -> None:
        event: Event = {}
        with contextlib.suppress(OSError):
            while line := await reader.readline():
                text = line.decode("utf-8", "replace").rstrip("\r\n")
                if text:
                    key, _, value = text.partition(":")
                    event[key] = value.strip()
                elif event:
                    self._take(event)
                    event = {}
        self._fail()

    def _take(self, event: Event) -> None:
        identity = event.get("ActionID", "")
        if "Event" not in event:
            future = self._waiting.get(identity)
            if future is not None and not future.done():
                future.set_result(event)
            return
        if identity in self._lists:
            self._lists[identity].append(event)
        self.events.append(event)
        for told in self._told:
            told(event)
        for wanted, watcher in list(self._watchers):
            if watcher.done():
                self._watchers.remove((wanted, watcher))
            elif wanted(event):
                watcher.set_result(event)
                self._watchers.remove((wanted, watcher))

    def _fail(self) -> None:
        for future in [*self._waiting.values(), *(f for _, f in self._watchers)]:
            if not future.done():
                future.set_exception(FarEndError("the connection to the far end is gone"))
                future.exception()  # perhaps nobody waits for it
        self._watchers.clear()
