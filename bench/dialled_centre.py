"""Runs a whole centre with a campaign for a benchmark: agents whose phones are nailed up, a far end
that plays phones and customers, and leads as they are needed."""

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg

from bench import rig
from campaigns.campaign import CampaignSettings, CampaignState
from campaigns.campaign_service import Campaigns
from campaigns.lead_places import zone_named
from domain.identity import AgentCode, CampaignName, LineName, ProjectName, StationName
from domain.roles import Actor, Role
from farend.agents_at_work import begin_work
from farend.ami_client import FarEndError
from farend.console_client import ConsoleClient
from farend.network import FarEnd
from farend.outreach import zone_at_noon
from offhook.stack import Stack
from storage.database import make_pool
from telephony.asterisk.generated_files import Ports
from telephony.asterisk.provision import find_or_install

CARRIER = LineName("carrier")
QUEUE, PROJECT = "bench", ProjectName("bench")
CAMPAIGN = CampaignName("bench")
CHANNELS = 1_000
FLOW = """flow: nothing
languages: [en]
start: bye
nodes:
  bye: {kind: hangup}
"""
_ACTOR = Actor("bench", Role.ADMIN, None)

_LEADS = """
with made as (
    insert into leads (list, project, key, timezone)
    select $1, $2, number, $3 from unnest($4::text[]) number
    returning lead, key
)
insert into lead_numbers (lead, place, number) select lead, 1, key from made
"""

_OVER = "select count(*) from attempts where campaign = $1 and ended_at is not null"


def two_blocks(rtp: int, first: int = rig.FIRST_PORT) -> tuple[Ports, Ports]:
    """Free ports for the centre and for its far end, in one block from ``first`` on: those for
    sound aren't checked, and two blocks might overlap."""
    base = rig.free_ports(0, rtp=2 * rtp + 20, first=first).sip
    return Ports.block(base, rtp=rtp), Ports.block(base + 20 + rtp, rtp=rtp)


def centre(agents: int, *, more_phones: Sequence[StationName], **queue: float) -> dict[str, Any]:
    """A configuration with a trunk, a queue and that many agents; agent 1000+n sits at the phone
    2000+n. ``more_phones`` are nobody's."""
    found = rig.centre(flow="nothing", agents=agents, callers_from="", channels=1, **queue)
    found["lines"] = [{"name": str(CARRIER), "kind": "trunk", "channels": CHANNELS}]
    found["stations"] += [{"name": str(name)} for name in more_phones]
    return found


async def until(
    reached: Callable[[], bool | Awaitable[bool]], within_s: float, what: str, every_s: float = 0.1
) -> None:
    """Wait until it is so. Raises FarEndError if it isn't within that time."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within_s
    while loop.time() < deadline:
        found = reached()
        if found if isinstance(found, bool) else await found:
            return
        await asyncio.sleep(every_s)
    raise FarEndError(f"{what}: not within {within_s:.0f} s")


@dataclass(frozen=True, slots=True)
class DialledCentre:
    """A running centre with its far end."""

    stack: Stack
    far: FarEnd
    console: ConsoleClient
    pool: asyncpg.Pool
    agents: Mapping[AgentCode, StationName]

    async def begin_work(self, *, ears: bool) -> None:
        """Nail all agents' phones up and get the agents ready. Raises FarEndError."""
        await self.far.nail_up(self.agents.values(), ears=ears)
        await begin_work(self.console, self.agents)

    async def make_campaign(self, settings: CampaignSettings) -> int:
        """Make the campaign, with an empty list; returns the list."""
        made: int = await self.pool.fetchval(
            "insert into lists (project, title, made_by) values ($1, 'bench', 'bench')"
            " returning list",
            PROJECT,
        )
        campaigns = Campaigns(self.pool)
        campaign = await campaigns.make(_ACTOR, CAMPAIGN, PROJECT, settings)
        await campaigns.change(_ACTOR, CAMPAIGN, campaign.change, lists=[made])
        return made

    async def add_leads(self, to: int, numbers: Sequence[str]) -> None:
        """Put leads with these numbers on a list; where they live it is noon."""
        zone = zone_named(zone_at_noon(datetime.now(UTC)))
        await self.pool.execute(_LEADS, to, PROJECT, str(zone), list(numbers))

    async def all_over(self, count: int, within_s: float) -> None:
        """Wait until so many calls of the campaign are over. Raises FarEndError."""
        over = 0

        async def reached() -> bool:
            nonlocal over
            over = await self.pool.fetchval(_OVER, CAMPAIGN)
            return bool(over >= count)

        try:
            await until(reached, within_s, f"{count} calls are over", 0.2)
        except FarEndError as error:
            leads = await self.pool.fetch(
                "select state, held_by, count(*) from leads group by 1, 2 order by 1, 2"
            )
            raise FarEndError(
                f"{error}: {over} are; leads: {[tuple(row) for row in leads]}"
            ) from None

    async def move(self, state: CampaignState) -> None:
        """Start, pause or stop the campaign, as its page does. Raises FarEndError."""
        page = f"campaigns/{CAMPAIGN}"
        status, said = await self.console.submit(f"{page}/state", page, to=state.value)
        if status != 200:
            raise FarEndError(f"the campaign can't be {state.value}: {status}: {said[:200]}")


@asynccontextmanager
async def dialled_centre(
    agents: int,
    blocks: tuple[Ports, Ports],
    *,
    more_phones: Sequence[StationName] = (),
    **queue: float,
) -> AsyncIterator[DialledCentre]:
    """Starts it all, and removes it at the end; ``queue`` are settings of the agents' queue."""
    ports, outside = blocks
    folder = Path(tempfile.mkdtemp(prefix="offhook-bench-far-"))
    try:
        async with contextlib.AsyncExitStack() as running:
            stack = await running.enter_async_context(
                rig.stack(
                    centre(agents, more_phones=more_phones, **queue), {"nothing": FLOW}, ports
                )
            )
            far = FarEnd(
                folder / "f", outside, find_or_install(), stack.instance, stack.secrets.sip
            )
            running.push_async_callback(far.stop)
            await far.start(timeout=60)
            console = await running.enter_async_context(
                ConsoleClient(stack.console_url, "admin", stack.secrets.admin)
            )
            pool = await make_pool(stack.dsn, pool_size=2)
            running.push_async_callback(pool.close)
            stations = {AgentCode(str(1000 + n)): StationName(str(2000 + n)) for n in range(agents)}
            yield DialledCentre(stack, far, console, pool, stations)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
