"""A centre on a real Asterisk with the far end around it, folded by ``Calls`` over a real link.

Its controller is the smallest possible: it answers, rings the given stations, and says goodbye.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from domain.identity import LineName, NodeName, StationName
from farend.network import FarEnd
from telephony.agi.server import AgiServer
from telephony.agi.session import Session
from telephony.ami.ami_wire import Message
from telephony.ami.link import Link
from telephony.ami.snapshot import Snapshot
from telephony.ami.state import Timing
from telephony.asterisk.instance import Instance
from telephony.centre_calls import CallerGone, CallEvent, Calls, CallSeen, TransferRefused
from tests.cutting_proxy import CuttingProxy
from tests.telephony.calls.events import told

LINE = LineName("gateway-lines")
QUICK = Timing(retry_first=0.02, retry_most=0.1)


class Stage:
    """One node, its far end, and what ``Calls`` has reported so far."""

    def __init__(self, instance: Instance, far_end: FarEnd, proxy: CuttingProxy) -> None:
        self.instance = instance
        self.far_end = far_end
        self.proxy = proxy
        centre = instance.centre
        self.calls = Calls(
            (station.name for station in centre.stations), (line.name for line in centre.lines)
        )
        self.events: list[CallEvent] = []
        self.messages: list[Message] = []
        self.ring = ["1001"]
        """Whom the controller rings for a caller, one after the other until one talked: stations,
        or what else Dial takes."""
        self._news = asyncio.Event()
        self._moves: list[asyncio.Task[None]] = []
        self.link = Link(
            NodeName("pbx1"),
            proxy.host,
            proxy.port,
            instance.ami_user,
            instance.secrets.ami,
            timing=QUICK,
        )

    def on_message(self, _node: NodeName, message: Message, /) -> None:
        self.messages.append(message)
        self._add(self.calls.handle(NodeName("pbx1"), message, 0.0))

    def on_snapshot(self, _node: NodeName, snapshot: Snapshot, /) -> None:
        self._add(self.calls.reconcile(NodeName("pbx1"), snapshot, 0.0))

    def on_down(self, _node: NodeName, _why: str, /) -> None:
        pass

    def _add(self, events: list[CallEvent]) -> None:
        for event in events:
            if isinstance(event, TransferRefused):
                self._moves.append(asyncio.get_running_loop().create_task(self._move(event)))
        self.events += events
        self._news.set()

    async def _move(self, refused: TransferRefused) -> None:
        """Send the caller where the phone said, as the engine does."""
        caller = self.calls.view(refused.call)
        assert caller is not None
        where = {"Context": refused.context, "Exten": refused.to, "Priority": "1"}
        await self.link.action("Redirect", {"Channel": caller.channel_name, **where})

    async def until(self, true: Callable[[], object], seconds: float = 60.0) -> None:
        """Wait until the reported events make something true."""
        try:
            async with asyncio.timeout(seconds):
                while not true():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"told until now: {self.story}") from None

    async def until_told(self, words: str) -> None:
        await self.until(lambda: words in self.story)

    async def until_gone(self) -> None:
        """Until every caller seen is gone again, and at least one was."""
        await self.until(
            lambda: (
                0
                < sum(isinstance(event, CallSeen) for event in self.events)
                == sum(isinstance(event, CallerGone) for event in self.events)
            )
        )

    @property
    def story(self) -> list[str]:
        return told(self.events)

    def heard(self, *names: str) -> list[Message]:
        """The AMI events of these names since the story began."""
        return [message for message in self.messages if message.name in names]

    def entered_after(self, name: str) -> bool:
        """Whether a channel has entered a bridge since an event of this name."""
        names = [message.name for message in self.messages]
        return name in names and "BridgeEnter" in names[names.index(name) :]

    async def customer(self, steps: str) -> str:
        """A new story begins: somebody calls the hotline."""
        self.events.clear()
        self.messages.clear()
        number = self.instance.centre.hotlines[0].number
        return await self.far_end.customer(number, steps, line=LINE)

    async def phone(self, station: str, steps: str) -> None:
        await self.far_end.phone(StationName(station), steps)

    async def controller(self, session: Session) -> None:
        await session.answer()
        if await session.get_variable("OFFHOOK_STAGE") != "talked":
            for station in self.ring:
                where = station if "/" in station else f"PJSIP/{station}"
                await session.execute("Dial", where, "3", "g")
                if await session.get_variable("DIALSTATUS") == "ANSWER":
                    break
        await session.set_variable("OFFHOOK_DONE", "1")
        await session.hang_up()


@contextlib.asynccontextmanager
async def staged(instance: Instance, far_end: FarEnd) -> AsyncIterator[Stage]:
    async with CuttingProxy(*instance.ami) as proxy:
        stage = Stage(instance, far_end, proxy)
        server = AgiServer(
            "127.0.0.1", instance.ports.agi, {"call": stage.controller}, instance.secrets.agi
        )
        await server.start()
        running = asyncio.create_task(stage.link.run(stage))
        try:
            await stage.link.wait_up(60)
            yield stage
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await server.close()
