"""The demo's campaign: agents' phones are nailed up, a list is imported and dialled to its end."""

import asyncio
import math
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import asyncpg

from campaigns.campaign import CampaignSettings, CampaignState
from campaigns.campaign_service import Campaigns
from campaigns.import_progress import ImportProgress, ImportState
from campaigns.lead_lists import LeadLists
from campaigns.list_imports import ListImports
from domain.identity import CampaignName, LineName, ProjectName, StationName
from domain.roles import Actor, Role
from farend.agents_at_work import begin_work
from farend.ami_client import FarEndError
from farend.called_customers import REACHED, TONES, CalledCustomer, Conduct, customers
from farend.console_client import ConsoleClient
from farend.lead_sheet import lead_sheet
from farend.network import FarEnd
from farend.outreach_centre import LINES, QUEUE, outreach_agents
from offhook.stack import Stack
from storage.database import connection
from supervision.outlet import say

CAMPAIGN = CampaignName("spring-tea")
LINE = LineName("carrier")
SHARES = {
    Conduct.TALKS: 0.41, Conduct.GONE_EARLY: 0.06, Conduct.AT_ONCE: 0.02, Conduct.SLOW: 0.02,
    Conduct.SILENT: 0.01, Conduct.BUSY: 0.14, Conduct.REJECTS: 0.05, Conduct.RINGS_ON: 0.17,
    Conduct.UNREACHABLE: 0.05, Conduct.UNKNOWN: 0.07,
}  # fmt: skip
"""What becomes of the calls."""
BEEP_HZ = 880
"""What announces a customer to an agent: extensions.conf, ``agent-room``."""
VOICES = [hz for hz in TONES if abs(hz - BEEP_HZ) > 50]
"""The voices that can't be taken for it."""
IMPORTED_WITHIN_S = 60.0
LOOK_EVERY_S = 0.5
_ACTOR = Actor("demo", Role.ADMIN, None)
_MESSAGE = {
    "zh-CN": "您好，这里是春山茶业，电话四零零八零零一零零零。不再接听请按九。",
    "en": "This is Spring Hill Tea, 400 800 1000. Press 9 for no more calls.",
}


def on_the_list(count: int) -> list[CalledCustomer]:
    """The customers of a list of this length. Those who answer take turns with the voices, so that
    two with the same one seldom talk at a time."""
    found, answering = [], 0
    for one in customers(count, seed=12, shares=SHARES, talk_s=(3.0, 6.0), ring_s=(1.0, 3.0)):
        found.append(replace(one, tone=VOICES[answering % len(VOICES)]))
        answering += one.conduct in REACHED
    return found


def zone_at_noon(now: datetime) -> str:
    """An offset from UTC at which it is about noon, so that people may be called."""
    return f"{12 - now.astimezone(UTC).hour:+03d}:00"


class Outreach:
    """A campaign with its list and its agents, played on a stack with its far end."""

    def __init__(
        self,
        stack: Stack,
        far_end: FarEnd,
        console: ConsoleClient,
        pool: asyncpg.Pool,
        *,
        agents: int,
        leads: int,
    ) -> None:
        self.agents = outreach_agents(agents)
        self.customers = on_the_list(leads)
        self.settings = CampaignSettings(
            title="春茶上市 Spring tea",
            queue=QUEUE,
            line=LINE,
            lines=LINES,
            rules="us",
            caller_id="4008001000",
            ring_s=15,
            most_attempts=1,
            message=_MESSAGE,
        )
        self._list = 0
        self._stack = stack
        self._far_end = far_end
        self._console = console
        self._pool = pool

    async def begin(self) -> None:
        """Nail the agents' phones up, import the list, and start the campaign.

        Raises FarEndError.
        """
        say(f"{len(self.agents)} agents have their phones connected and get ready")
        await self._far_end.plan_all(self.customers)
        await self._far_end.nail_up(StationName(agent) for agent in self.agents)
        await begin_work(self._console, {agent: StationName(agent) for agent in self.agents})
        await self._import()
        campaigns = Campaigns(self._pool)
        project = self._stack.centre.projects[0].name
        made = await campaigns.make(_ACTOR, CAMPAIGN, project, self.settings)
        await campaigns.change(_ACTOR, CAMPAIGN, made.change, lists=[self._list])
        say(f"campaign: {self._stack.console_url}campaigns/{CAMPAIGN}")
        await self._move(CampaignState.RUNNING)

    async def until_dialled(self, within_s: float = math.inf) -> list[str]:
        """Wait until each lead has been dialled and no call is left, then stop the campaign.

        Returns what is left after that time, a line each."""
        loop = asyncio.get_running_loop()
        deadline, told = loop.time() + within_s, -1
        while True:
            async with connection(self._pool) as db:
                left, dialled, calls = await db.fetchrow(
                    "select (select count(*) from leads where list = $1 and state = 'open'),"
                    " count(*), count(*) filter (where ended_at is null)"
                    " from attempts where campaign = $2",
                    self._list,
                    CAMPAIGN,
                )
            if dialled // 25 != told // 25:
                say(f"  campaign: {dialled} of {len(self.customers)} dialled, {calls} calls")
                told = dialled
            if not left and not calls:
                late = []
                break
            if loop.time() > deadline:
                late = [f"{left} leads are left and {calls} calls open after {within_s:.0f} s"]
                break
            await asyncio.sleep(LOOK_EVERY_S)
        await self._move(CampaignState.STOPPED)
        return late

    async def _import(self) -> None:
        now = datetime.now(UTC)
        sheet = lead_sheet(self.customers, timezone=zone_at_noon(now))
        project: ProjectName = self._stack.centre.projects[0].name
        made = await LeadLists(self._pool).make(_ACTOR, project, "春茶 Spring tea")
        self._list = made.list
        imports = ListImports(self._pool, lambda: ZoneInfo("UTC"))
        try:
            seen = await imports.upload(_ACTOR, self._list, "spring-tea.csv", sheet)
            uses = dict(zip(seen.mapping.headings, seen.mapping.uses, strict=True))
            found = await self._imported(imports, await imports.begin(_ACTOR, seen.number, uses))
        finally:
            await imports.close()
        if found.state is not ImportState.FINISHED or found.imported != len(self.customers):
            raise FarEndError(
                f"of {len(self.customers)} leads, {found.imported} were imported and"
                f" {found.rejected} rejected; the import is {found.state.value}"
            )

    async def _imported(self, imports: ListImports, found: ImportProgress) -> ImportProgress:
        async with asyncio.timeout(IMPORTED_WITHIN_S):
            while found.state is ImportState.RUNNING:
                await asyncio.sleep(0.1)
                found = await imports.progress(_ACTOR, found.number)
        return found

    async def _move(self, state: CampaignState) -> None:
        await self._submit(f"campaigns/{CAMPAIGN}/state", f"campaigns/{CAMPAIGN}", to=state.value)

    async def _submit(self, path: str, on: str, **form: str) -> None:
        status, said = await self._console.submit(path, on, **form)
        if status != 200:
            raise FarEndError(f"the console answered {path} with {status}: {said[:200]}")
