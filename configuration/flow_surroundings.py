"""What flows may name of a centre, and what of it leads to a flow."""

from collections.abc import Callable, Collection

import asyncpg

from centre.directory import Directory
from centre.things import AgentSettings, CalendarSettings, HotlineSettings, QueueSettings
from ivr_flows.kind import NameOf
from ivr_flows.references import Outside
from prompt_library.recording_library import recorded
from storage.queries import load

_SQL = load("flows")


class FlowSurroundings:
    """The surroundings of the flows that are published; ``directory`` is the one in force."""

    def __init__(
        self,
        directory: Callable[[], Directory],
        secrets: Callable[[str], Collection[str]] = lambda _project: (),
    ) -> None:
        """``secrets`` are the names of those of a project."""
        self._directory = directory
        self._secrets = secrets

    async def outside(self, db: asyncpg.Connection, project: str) -> Outside:
        """What a flow of the project ("": of all projects) may name."""
        directory = self._directory()
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
                NameOf.LINE: (),
                NameOf.SECRET: self._secrets(project),
            },
            served={
                name
                for name, queue in queues.items()
                if any(one.skills.get(queue.skill, 0) >= queue.min_level for one in agents.values())
            },
            recorded=await recorded(db, project),
        )

    async def users(self, db: asyncpg.Connection, flow: str) -> Collection[str]:
        """The numbers and the campaigns that lead to the flow."""
        numbers = self._directory().of(HotlineSettings).values()
        found = [hotline.number for hotline in numbers if hotline.flow == flow]
        return found + [row["name"] for row in await db.fetch(_SQL["campaigns_with"], flow)]
