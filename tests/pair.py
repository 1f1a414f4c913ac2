"""An Asterisk and its far end, which the tests of a module share."""

from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from domain.centre import Centre
from domain.identity import LineName, StationName
from farend.network import FarEnd
from telephony.asterisk.instance import Instance, Ports
from telephony.asterisk.provision import AsteriskInstall
from tests.passwords import passwords_for
from tests.waiting import until


@dataclass(frozen=True, slots=True)
class Pair:
    """Both run; the far end's phones and lines are registered."""

    pbx: Instance
    far: FarEnd
    passwords: Mapping[str, str]
    """Those of phones and lines."""

    async def channels(self) -> list[str]:
        """What either of them has, as its console shows it."""
        shown = [
            await process.console("core show channels concise")
            for process in (self.pbx.process, self.far.process)
        ]
        return [line for text in shown for line in text.splitlines() if "!" in line]

    async def clear(self) -> None:
        """End all calls, have the phones do what they do at first, and forget what happened."""
        await self.far.process.console("channel request hangup all")
        await self.pbx.process.console("channel request hangup all")

        async def quiet() -> bool:
            return not await self.channels()

        await until(quiet, what="no channel to be left", seen=self.channels, every_s=0.1)
        for station in self.pbx.centre.stations:
            await self.far.phone(station.name, "answer-1,stay")
        await self.far.forget_plans()
        for name in self.far.gates:
            self.far.open(name)
        self.far.remote.events.clear()
        self.far.seen.clear()


@asynccontextmanager
async def paired(
    install: AsteriskInstall,
    ports: Callable[[], Ports],
    folder: Path,
    centre: Centre,
    *,
    fallback_after_s: int = 60,
    gated: Collection[LineName | StationName] = (),
) -> AsyncIterator[Pair]:
    """The Asterisk of ``centre`` and its far end, until the context is left."""
    secrets = passwords_for(folder / "state", centre)
    pbx = Instance(
        folder / "i",
        ports(),
        centre,
        secrets.for_asterisk(centre),
        install,
        fallback_after_s=fallback_after_s,
    )
    async with AsyncExitStack() as running:
        running.push_async_callback(pbx.stop)
        await pbx.start()
        far = FarEnd(folder / "f", ports(), install, pbx, secrets.sip, gated=gated)
        running.push_async_callback(far.stop)
        await far.start()
        yield Pair(pbx, far, secrets.sip)
