"""What flows may name of a centre, and what of it leads to a flow."""

from collections.abc import Awaitable, Callable, Collection, Mapping

import asyncpg

from centre.directory import Directory
from centre.directory_faults import flows_of
from centre.directory_store import DirectoryBroken, DirectoryStore, KeptDirectory
from centre.endpoint_settings import LineSettings
from centre.inbound_settings import CalendarSettings, HotlineSettings, QueueSettings
from centre.organisation_settings import AgentSettings
from configuration.flows import with_entered
from ivr_flows.flow import Flow
from ivr_flows.kind import NameOf
from ivr_flows.references import Outside
from prompt_library.recording_library import recorded
from publishing.flow_words import FlowRefusal, FlowRefused
from storage.queries import load

_SQL = load("flows")


DirectoryNow = Callable[[asyncpg.Connection], Awaitable[Directory]]
"""Reads the directory by a connection, which may be in the middle of a publication."""


def directory_now(store: DirectoryStore, kept: Callable[[], KeptDirectory]) -> DirectoryNow:
    """Reads what has changed since ``kept``, the directory as this process knows it."""

    async def read(db: asyncpg.Connection) -> Directory:
        known = kept()
        try:
            async with db.transaction():  # cursors need one
                return (await store.read_with(db, known)).directory
        except DirectoryBroken:  # whoever follows it reports that
            return known.directory

    return read


class FlowSurroundings:
    """The surroundings of the flows that are published."""

    def __init__(
        self,
        directory: DirectoryNow,
        secrets: Callable[[str], Collection[str]] = lambda _project: (),
        refuses: Callable[[str, int], bool] = lambda _host, _port: False,
    ) -> None:
        """``secrets`` are the names of those of a project; ``refuses`` says whether look-ups may
        not reach a host on a port."""
        self._directory = directory
        self._secrets = secrets
        self._refuses = refuses

    async def outside(self, db: asyncpg.Connection, project: str) -> Outside:
        """What a flow of the project ("": of all projects) may name."""
        directory = await self._directory(db)
        queues = {
            name: queue
            for name, queue in directory.of(QueueSettings).items()
            if project in ("", queue.project)
        }
        agents = directory.of(AgentSettings)
        return Outside(
            {
                NameOf.QUEUE: queues.keys(),
                NameOf.CALENDAR: directory.of(CalendarSettings).keys(),
                NameOf.AGENT: [
                    code for code, one in agents.items() if not project or project in one.projects
                ],
                NameOf.LINE: [
                    name for name, line in directory.of(LineSettings).items() if line.flows_may_call
                ],
                NameOf.SECRET: self._secrets(project),
            },
            served={
                name
                for name, queue in queues.items()
                if any(one.skills.get(queue.skill, 0) >= queue.min_level for one in agents.values())
            },
            recorded=await recorded(db, project),
            refuses=self._refuses,
        )

    async def users(self, db: asyncpg.Connection, flow: str) -> Collection[str]:
        """The numbers and the campaigns that lead to the flow."""
        numbers = (await self._directory(db)).of(HotlineSettings).values()
        found = [one.number for one in numbers if flow in {name for _, name in flows_of(one)}]
        return found + [row["name"] for row in await db.fetch(_SQL["campaigns_with"], [flow])]

    async def unfit(
        self, db: asyncpg.Connection, flow: str, flows: Mapping[str, Flow]
    ) -> FlowRefused | None:
        """Whether numbers and campaigns that lead to the flow lack what it needs in these flows."""
        by_way_of_it = {
            name: entered for name in flows if flows[flow] in (entered := with_entered(name, flows))
        }
        needing = {
            name for name, all in by_way_of_it.items() if any(one.needs_queue for one in all)
        }
        closed = {
            name for name, all in by_way_of_it.items() if not any(one.lets_opt_out for one in all)
        }
        campaigns = await db.fetch(_SQL["campaigns_with"], list(needing | closed))
        numbers = (await self._directory(db)).of(HotlineSettings).values()
        lacking = [
            hotline.number
            for hotline in numbers
            if hotline.queue is None and needing & {name for _, name in flows_of(hotline)}
        ] + [row["name"] for row in campaigns if row["flow"] in needing and not row["has_queue"]]
        if lacking:
            return FlowRefused(FlowRefusal.LACKS_QUEUE, ", ".join(lacking))
        unheard = [row["name"] for row in campaigns if row["flow"] in closed and row["opt_out"]]
        return FlowRefused(FlowRefusal.LOSES_OPT_OUT, ", ".join(unheard)) if unheard else None
