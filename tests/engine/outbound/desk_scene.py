"""Agents with open desks, on a real engine and database, whose calls nobody carries."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any, cast

from acd.events import LogIn, Ready, StationChanged
from acd.seat import SeatView
from campaigns.campaign import CampaignSettings
from domain.identity import AgentCode, StationName
from domain.stations import StationState
from engine.calls.call import LiveCall
from engine.desk_ports import DialStep
from engine.engine import Engine
from engine.outbound.desk_dials import AgentDial
from storage.database import Database
from tests.campaigns.campaigns_scene import SPRING, CampaignScene
from tests.engine.outbound_floor import SETTINGS, OutboundFloor, nail_up
from tests.links import TakingLink
from tests.phones.called import zone_at_noon
from tests.telephony.calls.events import NODE, about, device
from tests.waiting import until

AMY, CAL = AgentCode("1001"), AgentCode("1003")
"""They serve the queue of ``SETTINGS``."""


@dataclass
class DeskScene:
    """The engine, the database, and what calls customers."""

    engine: Engine
    database: Database
    running: AsyncExitStack
    scene: CampaignScene = field(init=False)
    floor: OutboundFloor = field(init=False)
    listed: int = 0

    def __post_init__(self) -> None:
        self.scene = CampaignScene(self.database)
        self.floor = OutboundFloor(self.engine, self.database.pool)

    @property
    def link(self) -> TakingLink:
        return cast(TakingLink, self.engine.links[NODE])

    async def start(self, *numbers: str, settings: CampaignSettings = SETTINGS) -> list[int]:
        """Run a campaign of these leads; returns them."""
        self.listed = self.listed or await self.scene.new_list()
        zone = zone_at_noon()
        leads = [await self.scene.lead(self.listed, one, timezone=zone) for one in numbers]
        await self.scene.start(settings=settings, lists=[self.listed])
        await self.running.enter_async_context(running(self.floor.runs.run()))
        await until(lambda: SPRING in self.floor.runs.by_name, what="the campaign runs")
        return leads

    async def sit(
        self, agent: AgentCode, *, connected: bool = True, desk: bool = True, ready: bool = True
    ) -> None:
        """The agent sits at a phone, which is ``connected`` to its room, and at an open desk."""
        station = StationName(agent)
        (known,) = (one for one in self.engine.centre.agents if one.code == agent)
        self.engine.switches.on_message(NODE, device(station, "NOT_INUSE"))
        self.engine.floor.feed(StationChanged(station, StationState.IDLE))
        self.engine.floor.feed(LogIn(agent, station, known.skills))
        if connected:
            nail_up(self.engine, station)
        if desk:
            self.floor.desks.note_asking(agent)
            await self.running.enter_async_context(running(self._asks(agent)))
        if ready:
            self.engine.floor.feed(Ready(agent))

    async def _asks(self, agent: AgentCode) -> None:
        desks = self.floor.desks
        while True:
            await desks.changed(agent, desks.view(agent).version, 60.0)

    def seat(self, agent: AgentCode) -> SeatView:
        seat = self.engine.floor.core.agent(agent)
        assert seat is not None
        return seat

    async def shown(self, agent: AgentCode = AMY) -> AgentDial:
        """The customer whom the agent is shown, once there is one."""
        dial = await until(lambda: self.floor.desks.at(agent), what=f"{agent} is shown somebody")
        assert dial is not None
        return dial

    def dialling(self, agent: AgentCode) -> bool:
        """Whether the agent's call is about to go out."""
        dial = self.floor.desks.at(agent)
        return dial is not None and dial.step is DialStep.DIALLING

    async def nobody(self, agent: AgentCode = AMY) -> None:
        """Until nobody is for the agent any more, and they are kept for nobody."""
        await until(
            lambda: self.floor.desks.at(agent) is None and self.seat(agent).kept is None,
            what=f"nobody is for {agent}",
        )

    async def call(self) -> LiveCall:
        """The only call to a customer, once Asterisk has been asked, and has a channel for it."""

        def placed() -> LiveCall | None:
            asked = {call.channel_id for call in self.link.placed}
            calls = self.engine.calls.by_id.values()
            return next((call for call in calls if call.channel.uniqueid in asked), None)

        call = await until(placed, what="a call is placed")
        assert call is not None
        mark = f"OFFHOOK_CALL={call.id}"
        new = about("Newchannel", "PJSIP/carrier-1", call.channel.uniqueid, 0, ChanVariable=mark)
        self.engine.switches.on_message(NODE, new)
        return call

    async def lead(self, lead: int) -> Any:
        return await self.database.pool.fetchrow("select * from leads where lead = $1", lead)

    async def given_back(self, *leads: int) -> None:
        """Until nobody has claimed these leads."""

        async def free() -> bool:
            claimed: int = await self.database.pool.fetchval(
                "select count(*) from leads where lead = any($1::bigint[])"
                " and leased_by is not null",
                list(leads),
            )
            return claimed == 0

        await until(free, what="the leads are given back")


def limit_line(engine: Engine, per_second: float | None) -> None:
    """The centre's lines take so many calls out a second."""
    lines = tuple(replace(line, calls_per_second=per_second) for line in engine.centre.lines)
    engine.take(replace(engine.centre, lines=lines))


@asynccontextmanager
async def running(work: Any) -> AsyncIterator[None]:
    """Meanwhile, this work is done in the background."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
