"""Finds the flows that calls meet: the database's, or the last ones known on this machine."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import asyncpg
import structlog

from configuration.flows import FlowsElsewhere, FlowSource
from publishing.edition_copy import EDITIONS_FILE, CopiedEditions, read_editions
from publishing.flow_history import FlowHistory
from publishing.flow_words import FlowEdition
from publishing.seeds import FlowSeed, FlowSeeds
from storage.database_errors import AWAY

log = structlog.get_logger()

AGAIN_AFTER_S = 1.0


def seeds_of(files: Mapping[str, FlowSource]) -> Mapping[str, FlowSeed]:
    """The files' flows as they are sown."""
    return {
        name: FlowSeed(_text(file.text), str(file.path), _text(file.tests))
        for name, file in files.items()
    }


def _text(data: bytes) -> str:
    return data.decode("utf-8-sig", "replace")


async def flows_elsewhere(
    pool: asyncpg.Pool, files: Mapping[str, FlowSource], state: Path
) -> FlowsElsewhere:
    """What the database says of the flows in files; while it is away, what is known here."""
    try:
        history = FlowHistory(pool)
        newest, drafts = await history.newest(), await history.unpublished()
        due = await FlowSeeds(pool).due(seeds_of(files))
        return FlowsElsewhere(newest.texts.keys(), drafts.keys(), due)
    except (*AWAY, asyncpg.PostgresError):  # what is wrong with it, its first use reports
        try:
            copied = await asyncio.to_thread(read_editions, state / EDITIONS_FILE)
        except (OSError, ValueError):
            copied = ()
        return FlowsElsewhere(copied[0].texts.keys() if copied else (), due=())


class PublishedFlows:
    """The editions as one controller has them; ``file`` is their copy on this machine."""

    def __init__(
        self,
        sower: FlowSeeds,
        history: FlowHistory,
        file: Path,
        seeds: Mapping[str, FlowSeed],
    ) -> None:
        self._sower = sower
        self._history = history
        self._copied = CopiedEditions(file, history.edition)
        self._seeds = seeds
        self.left_alone: Mapping[str, str] = {}
        """Flows that were changed in the console, whose files have changed too, and these files."""

    async def at_start(self, *, open_now: bool) -> FlowEdition:
        """What the first calls meet. ``open_now``: the database is there."""
        copied = await asyncio.to_thread(self._copied.read)
        if open_now:
            try:
                await self.sow()
                newest = await self._history.newest()
                await self.keep(newest)
                return newest
            except (*AWAY, asyncpg.PostgresError) as error:
                log.error("the published flows can't be read", why=str(error))
        if copied is not None:
            return copied
        # The first start of all, and the database is away: the files are what it would publish.
        return FlowEdition(0, {name: seed.text for name, seed in self._seeds.items()}, {})

    async def sow(self) -> None:
        """Publish the files' flows, as far as nobody has changed them in the console."""
        self.left_alone = (await self._sower.sow(self._seeds)).left_alone

    async def sow_later(self) -> None:
        """The same, after a start without the database, however often that goes away again. What
        else keeps the files from being sown is logged: what is published can be followed."""
        while True:
            try:
                await self.sow()
            except AWAY:
                await asyncio.sleep(AGAIN_AFTER_S)
                continue
            except Exception:
                log.exception("flows' files can't be published because of a bug; they are left")
            return

    async def edition(self, number: int) -> FlowEdition:
        """An edition in which a call is under way. Raises what the database raises."""
        return await self._copied.edition(number)

    async def keep(self, newest: FlowEdition) -> None:
        """Copy the newest edition to this machine."""
        await self._copied.keep(newest)
