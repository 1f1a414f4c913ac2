"""Puts together what callers are led through: flows with their editions and plans, what they may
name outside, their prompts and recordings."""

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import structlog

from centre.directory import Directory
from centre.directory_faults import flows_of
from centre.directory_store import DirectoryStore
from centre.inbound_settings import HotlineSettings
from centre.running import hotlines_of
from configuration.centre_file import Config
from configuration.flow_surroundings import FlowSurroundings, directory_now
from configuration.flows import (
    caller_phrases,
    dialplan_phrases,
    station_phrases,
    with_entered,
)
from configuration.in_force import InForce
from configuration.prompt_voices import speakers_of
from configuration.published_flows import PublishedFlows, seeds_of
from domain.centre import Centre
from engine.flows_in_force import FlowsInForce, loaded
from engine.inbound.notice import all_texts
from ivr_flows.announcements import texts_to_prepare
from ivr_flows.flow import Flow
from offhook.background import BackgroundWork
from offhook.database_work import DatabaseWork
from offhook.directory_work import DirectoryWork
from offhook.places import Places
from offhook.recording_uses import RecordingUses
from prompt_library.recorded_index import INDEX_FILE, RecordedIndex
from prompt_library.recording_library import RecordingLibrary
from prompt_library.taking_over import take_over
from prompts.sounds import Prompts
from publishing.edition_copy import EDITIONS_FILE
from publishing.flow_history import FlowHistory
from publishing.flow_words import FlowEdition
from publishing.followed_editions import FollowedEditions
from publishing.inner_services import refused_by_name
from publishing.look_up_rights import COPY_FILE, LookUpRights
from publishing.publications import Publications
from publishing.seeds import FlowSeeds
from storage.database_errors import AWAY
from telephony.asterisk.process import HERE, is_plain

log = structlog.get_logger()

PROMPTS_WITHIN_S = 5.0
"""How long publishing a flow waits at most for its prompts to be made."""


@dataclass(frozen=True, slots=True)
class FlowWork:
    """The flows' parts. ``directory`` is the one in force."""

    where: Places
    directory: Callable[[], Directory]
    rights: LookUpRights
    surroundings: FlowSurroundings
    prompts: Prompts
    recorded: RecordedIndex
    recordings: RecordingLibrary
    history: FlowHistory
    publications: Publications
    published: PublishedFlows
    flows: FlowsInForce
    editions: FollowedEditions

    @classmethod
    async def begin(
        cls,
        found: InForce,
        where: Places,
        stored: DatabaseWork,
        directory: DirectoryWork,
    ) -> "FlowWork":
        """Read what the first calls meet."""
        config, state, files = found.config, where.state, found.files
        pool = stored.pool
        rights = LookUpRights(pool, found.secrets.sealing, state / COPY_FILE)
        await rights.begin()
        surroundings = FlowSurroundings(
            directory_now(DirectoryStore(pool), directory.kept),
            rights.names,
            lambda host, port: refused_by_name(host, port, rights.services()),
        )
        recorded = RecordedIndex(pool, state / INDEX_FILE)
        prompts = Prompts(
            where.prompts,
            speakers=speakers_of(config),
            recorded=recorded,
            seen_as=_seen_as(config, where),
        )

        async def make_prompts(flow: Flow) -> None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PROMPTS_WITHIN_S):
                    await prompts.prepare(texts_to_prepare(flow))

        history = FlowHistory(pool)
        publications = Publications(
            pool,
            surroundings.outside,
            surroundings.users,
            surroundings.unfit,
            ahead=make_prompts,
        )
        published = PublishedFlows(FlowSeeds(pool), history, state / EDITIONS_FILE, seeds_of(files))
        flows = FlowsInForce(
            await asyncio.to_thread(loaded, await published.at_start(open_now=stored.open_now)),
            published.edition,
            prompts.prepare,
        )
        uses = RecordingUses(lambda: hotlines_of(directory.directory()))
        work = cls(
            where,
            directory.directory,
            rights,
            surroundings,
            prompts,
            recorded,
            RecordingLibrary(pool, uses.of, on_change=recorded.look),
            history,
            publications,
            published,
            flows,
            FollowedEditions(pool, history, publications),
        )
        work._report_missing()
        return work

    def _report_missing(self) -> None:
        """Report numbers whose flow is missing. A controller must come back all the same."""
        for number, hotline in self.directory().of(HotlineSettings).items():
            for _, flow in flows_of(hotline):
                if flow not in self.flows:
                    log.error(
                        "a number's flow can't be used; its callers go to Asterisk's queue",
                        number=number,
                        flow=flow,
                    )

    def at_once(self) -> Iterator[BackgroundWork]:
        """What runs from the start on, each with its name."""
        yield self.rights.keep(), "secrets of look-ups"
        yield self.prompts.keep_small(), "old sounds"

    def once_wired(
        self, opened: Callable[[], Awaitable[None]], *, open_now: bool
    ) -> Iterator[BackgroundWork]:
        """What runs once all is put together, each with its name. ``opened`` returns when the
        database is there; ``open_now``: it was at the start."""
        yield self._follow_recordings(opened), "recordings of prompts"
        yield self._follow_editions(opened, open_now=open_now), "published flows"
        yield self.editions.publish_due(), "flows to be published later"

    async def _follow_recordings(self, opened: Callable[[], Awaitable[None]]) -> None:
        """Follow the library of recordings, once it has what lies in the folder."""

        async def changed() -> None:
            await self.prompts.publish(dialplan_phrases().fixed(), self.where.dialplan_prompts)

        await opened()
        with contextlib.suppress(*AWAY):
            await take_over(self.recordings, self.where.prompts / "uploaded")
        await self.recorded.follow(changed)

    async def _follow_editions(
        self, opened: Callable[[], Awaitable[None]], *, open_now: bool
    ) -> None:
        async def take(now: FlowEdition) -> None:
            await self.flows.take(now)
            await self.published.keep(now)

        await opened()
        if not open_now:
            await self.published.sow_later()
        await self.editions.follow(take)

    async def speak_ahead(self, in_use: asyncio.Queue[Centre]) -> None:
        """Make all prompts that are known in advance, the dialplan's first; then those of each
        number, and of each flow that a number gets."""
        prompts, flows, phrases = self.prompts, self.flows, station_phrases()
        await prompts.publish(dialplan_phrases().fixed(), self.where.dialplan_prompts)
        spoken: set[tuple[str, int]] = set()
        while True:
            centre = await in_use.get()
            for hotline in centre.hotlines:
                await prompts.prepare(all_texts(hotline), project=hotline.project)
            names = (name for hotline in centre.hotlines for name in hotline.flows)
            for name in dict.fromkeys(names):
                for flow in with_entered(name, flows):
                    revision = (flow.name, flows.newest.revisions.get(flow.name, 0))
                    if revision not in spoken:
                        spoken.add(revision)
                        await prompts.prepare(texts_to_prepare(flow))
            await prompts.prepare((*phrases.fixed(), *caller_phrases().fixed()))


def _seen_as(config: Config, where: Places) -> Path | None:
    """The path by which our own Asterisk reaches the folder of prompts, if it can use one."""
    if not config.asterisk.managed or is_plain(where.prompts):
        return None
    return HERE / os.path.relpath(where.prompts, where.state.absolute() / "asterisk")
