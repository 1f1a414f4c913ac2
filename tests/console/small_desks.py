"""Agents' desks whose customers to be called the test chooses."""

import asyncio
from dataclasses import replace

from domain.identity import AgentCode, CampaignName
from engine.desk_ports import DeskView, DialNotice


class SmallDesks:
    """LiveDesks that note what they are asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[object, ...]] = []
        self.answer: DialNotice | None = None
        self.reading: list[AgentCode] = []
        self._views: dict[AgentCode, DeskView] = {}
        self._moved = asyncio.Condition()

    async def show(self, agent: str, view: DeskView) -> None:
        """Let the desk show this from now on."""
        code = AgentCode(agent)
        async with self._moved:
            self._views[code] = replace(view, version=self.look(code).version + 1)
            self._moved.notify_all()

    def look(self, agent: AgentCode) -> DeskView:
        return self._views.get(agent, DeskView(1))

    async def changed(self, agent: AgentCode, seen: int, within_s: float) -> DeskView:
        self.reading.append(agent)
        try:
            async with asyncio.timeout(within_s), self._moved:
                await self._moved.wait_for(lambda: self.look(agent).version != seen)
        except TimeoutError:
            pass
        return self.look(agent)

    async def dial(self, agent: AgentCode, lead: int) -> DialNotice | None:
        self.asked.append(("dial", agent, lead))
        return self.answer

    async def skip(self, agent: AgentCode, lead: int, reason: str, note: str) -> DialNotice | None:
        self.asked.append(("skip", agent, lead, reason, note))
        return self.answer

    async def dial_by_hand(
        self, agent: AgentCode, number: str, campaign: CampaignName
    ) -> DialNotice | None:
        self.asked.append(("by_hand", agent, number, campaign))
        return self.answer

    def hang_up(self, agent: AgentCode) -> None:
        self.asked.append(("hang_up", agent))
