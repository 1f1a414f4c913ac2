"""Feeds live pages from the running centre: the board's rows, as each user may see them."""

import asyncio

from aiohttp import web

from console.floor.rows import Scene, Sight, sections
from console.kit.feed import Feeds, Picture
from domain.identity import ProjectName
from engine.ports import LiveCentre

FEEDS: web.AppKey[Feeds[Sight]] = web.AppKey("feeds")

FRESH_S = 0.2
"""How long feeds may share a board, in seconds."""


class FloorPictures:
    """Pictures of the floor. Feeds that wake at the same change share one board."""

    def __init__(self, live: LiveCentre) -> None:
        self._live = live
        self._made: dict[frozenset[ProjectName] | None, tuple[float, Scene]] = {}

    def picture(self, sight: Sight) -> Picture:
        """What ``sight`` shows, at most ``FRESH_S`` old; missing a change means another look."""
        scene = self._scene(None if sight.desk is not None else sight.projects)
        return Picture(scene.board.version, sections(scene, sight))

    async def changed(self, after: int) -> int:
        """Waits for a newer version of the board."""
        return await self._live.changed(after)

    def _scene(self, projects: frozenset[ProjectName] | None) -> Scene:
        now = asyncio.get_running_loop().time()
        at, scene = self._made.get(projects, (-FRESH_S, None))
        if scene is None or now - at > FRESH_S:
            scene = Scene(self._live.board(projects))
            self._made[projects] = (now, scene)
        return scene
