"""Feeds live pages from the running centre: the board's rows, as each user may see them."""

from aiohttp import web

from console.floor.rows import Sight
from console.floor.scene import Scene
from console.kit.feed import Feeds, Sections
from engine.centre_ports import LiveCentre

FEEDS: web.AppKey[Feeds[Sight]] = web.AppKey("feeds")

BOARD_PACE_S = 0.25
DESK_PACE_S = 0.75
"""Desks are many, and how many callers wait may come a little later there; what happens to their
own agent comes at once."""


class FloorPictures:
    """Pictures of the floor, all selections of one board's rows."""

    def __init__(self, live: LiveCentre) -> None:
        self._live = live
        self._scene: Scene | None = None

    async def changed(self, after: int) -> int:
        """Waits for a newer version of the board."""
        return await self._live.changed(after)

    def look(self) -> int:
        """Takes the board as it is now; returns its version."""
        board = self._live.board(None)
        if self._scene is None:
            self._scene = Scene(board)
        else:
            self._scene.take(board)
        return board.version

    def picture(self, sight: Sight) -> Sections:
        """What ``sight`` showed at the last look."""
        scene = self._scene or Scene(self._live.board(None))
        if sight.desk is not None:
            return scene.desk(sight.desk, sight.projects or frozenset())
        return scene.board(sight)

    def concerns(self, sight: Sight) -> bool:
        """Whether something it shows may have changed; most changes are none to a desk."""
        scene = self._scene
        if scene is None or sight.desk is None:
            return True
        return sight.desk in scene.moved or not scene.queued_in.isdisjoint(sight.projects or ())

    def urgent(self, sight: Sight) -> bool:
        """Whether something happened to the agent of this desk."""
        return self._scene is not None and sight.desk in self._scene.moved

    def pace_s(self, sight: Sight) -> float:
        """Between two frames of what is not urgent, in seconds."""
        return BOARD_PACE_S if sight.desk is None else DESK_PACE_S
