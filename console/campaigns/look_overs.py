"""Judges the leads of campaigns that aren't running, for pages that can't wait so long."""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

from domain.identity import CampaignName


class LookOvers:
    """Those under way: one for each campaign at most, whoever asks for it how often."""

    def __init__(self) -> None:
        self._going: dict[CampaignName, asyncio.Task[int]] = {}

    def looks(self, campaign: CampaignName) -> bool:
        """Whether the campaign's leads are being looked at now."""
        return campaign in self._going

    async def look(
        self, campaign: CampaignName, work: Callable[[], Awaitable[int]], wait_s: float
    ) -> bool:
        """Begin, unless it has begun; return whether it has ended within so many seconds.

        What goes wrong within that time is raised: one of ``storage.database_errors.AWAY``. Later,
        nobody is told, and the leads are as they were.
        """
        task = self._going.get(campaign)
        if task is None:
            task = self._going[campaign] = asyncio.create_task(_run(work))
            task.add_done_callback(lambda done: self._ended(campaign, done))
        await asyncio.wait([task], timeout=wait_s)
        if not task.done():
            return False
        task.result()
        return True

    def _ended(self, campaign: CampaignName, task: asyncio.Task[int]) -> None:
        self._going.pop(campaign, None)
        if not task.cancelled():
            task.exception()  # so that asyncio doesn't complain that nobody has looked at it

    async def close(self, _: web.Application) -> None:
        """Stop all of it; what has been judged stays judged."""
        tasks = list(self._going.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _run(work: Callable[[], Awaitable[int]]) -> int:
    return await work()


LOOK_OVERS: web.AppKey[LookOvers] = web.AppKey("look_overs")


def prepare(app: web.Application) -> None:
    """Keep them with the application, until it ends."""
    app[LOOK_OVERS] = LookOvers()
    app.on_shutdown.append(app[LOOK_OVERS].close)
