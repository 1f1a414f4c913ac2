"""Publishes the flows of files, which are seeds: what people then change in the console, stays."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import PurePath

import asyncpg
import structlog

from documents.document import FLOW
from ivr_flows.kind import NameOf
from ivr_flows.loader import check
from ivr_flows.references import ANYWHERE
from publishing.checked_texts import checked_once
from publishing.flow_checks import unpublished_flows
from storage.database import connection
from storage.queries import load

log = structlog.get_logger()

_SQL = load("flows")

BY_FILE = "file"
"""Who has made the revisions that come from files."""


@dataclass(frozen=True, slots=True)
class FlowSeed:
    """A flow's text and its tests, as a file has them; ``source`` says where."""

    text: str
    source: str
    tests: str = ""


@dataclass(frozen=True, slots=True)
class Sown:
    """What became of the seeds that differ from what was sown before."""

    published: tuple[str, ...]
    left_alone: Mapping[str, str]
    """Flows that somebody has changed in the console, and the files that have changed too."""


class FlowSeeds:
    """Sows flows. While the database is away, each call raises one of
    ``storage.database_errors.AWAY``, and nothing has been changed."""

    def __init__(
        self, pool: asyncpg.Pool, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._pool = pool
        self._clock = clock

    async def due(self, seeds: Mapping[str, FlowSeed]) -> frozenset[str]:
        """The seeds that ``sow`` would publish now, if they are right."""
        async with connection(self._pool) as db:
            return frozenset(await self._due(db, _storable(seeds)))

    async def sow(self, seeds: Mapping[str, FlowSeed]) -> Sown:
        """Publish the flows that the database doesn't have, and those of changed files that nobody
        has changed in the console. A faulty one is logged, and left out."""
        seeds = _storable(seeds)
        async with connection(self._pool) as db, db.transaction():
            await db.execute(_SQL["lock"])
            left_alone: dict[str, str] = {}
            found = await self._due(db, seeds, left_alone)
            due = {name: seeds[name] for name in found}
            # In a thread: calls may be under way, if the database was away at the start.
            published, drafts = await _published(db), await unpublished_flows(db)
            right = await asyncio.to_thread(_right, due, published, drafts)
            for name in right:
                await self._publish(db, name, seeds[name], version=found[name])
            if right:
                await db.execute(_SQL["announce"])
        for name, source in left_alone.items():
            log.warning(
                "a flow's file has changed, and so has the flow in the console: the file is left"
                " alone; import it in the console, or put the file back",
                flow=name,
                file=source,
            )
        return Sown(tuple(right), left_alone)

    async def _due(
        self,
        db: asyncpg.Connection,
        seeds: Mapping[str, FlowSeed],
        left_alone: dict[str, str] | None = None,
    ) -> dict[str, int]:
        """The seeds to be published, with the version of their drafts; 0: they are new."""
        texts = [seed.text for seed in seeds.values()]
        tests = [seed.tests for seed in seeds.values()]
        rows = await db.fetch(_SQL["sown"], list(seeds), texts, BY_FILE, tests)
        found = dict.fromkeys(seeds, 0)
        for row in rows:
            name = row["flow"]
            del found[name]
            seed = seeds[name]
            ours = row["revised_by"] == row["published_by"] == BY_FILE
            if ours and row["unedited"] and row["offered"]:
                if (row["text"], row["tests"]) != (seed.text, seed.tests):
                    found[name] = row["version"]
            elif not row["seen"] and left_alone is not None:
                left_alone[name] = seed.source
        return found

    async def _publish(
        self, db: asyncpg.Connection, name: str, seed: FlowSeed, *, version: int
    ) -> None:
        now = self._clock()
        if version:
            await db.execute(_SQL["save"], name, seed.text, seed.tests, now, BY_FILE)
        else:
            await db.execute(_SQL["add"], name, "", now, BY_FILE, seed.text, seed.tests)
        note = PurePath(seed.source).name  # where it lies on this machine is not for everybody
        texts = (seed.text, seed.tests)
        row = await db.fetchrow(_SQL["revise"], name, *texts, now, BY_FILE, note, [], [])
        await db.execute(_SQL["drafted_from"], name, row["revision"])
        await db.execute(_SQL["publish"], now, BY_FILE, name, row["revision"], "seeded")


def _storable(seeds: Mapping[str, FlowSeed]) -> dict[str, FlowSeed]:
    """Those of the seeds that a draft could hold."""
    found = {}
    for name, seed in seeds.items():
        if max(len(seed.text), len(seed.tests)) > FLOW.characters or "\0" in seed.text + seed.tests:
            log.warning("a flow's file is no text, or too large; it is left out", file=seed.source)
        else:
            found[name] = seed
    return found


async def _published(db: asyncpg.Connection) -> dict[str, str]:
    rows = await db.fetch(_SQL["edition"], await db.fetchval(_SQL["newest"]))
    return {row["flow"]: row["text"] for row in rows if row["text"] is not None}


def _right(
    seeds: Mapping[str, FlowSeed], published: Mapping[str, str], drafts: Collection[str]
) -> list[str]:
    """Those of the seeds that are right, with the flows that they enter."""
    texts = {**published, **{name: seed.text for name, seed in seeds.items()}}
    checked = {name: checked_once(name, text) for name, text in texts.items()}
    flows = {name: found.flow for name, found in checked.items() if found.flow is not None}
    right = list(seeds)
    while True:  # without a flow that is faulty, another may be so too
        faulty = []
        for name in right:
            others = {other: flow for other, flow in flows.items() if other != name}
            names = {NameOf.FLOW: others.keys()}
            outside = replace(ANYWHERE, names=names, flows=others, drafts=drafts)
            found = check(seeds[name].text, seeds[name].source, outside)
            if found.flow is None:
                log.warning("a flow is faulty, and left out", why=str(found.errors[0]))
                faulty.append(name)
        if not faulty:
            return right
        for name in faulty:
            flows.pop(name, None)
        right = [name for name in right if name not in faulty]
