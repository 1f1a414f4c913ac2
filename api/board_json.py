"""Serves the live board as JSON."""

from aiohttp import web

from console.floor.rows import sight_of
from console.floor.scene import Scene, whole_rows
from console.kit.access import projects_of
from console.kit.context import LIVE, user_of


async def board(request: web.Request) -> web.Response:
    """GET /api/v1/board: what this user may see of the board now; times in Unix seconds."""
    user = user_of(request)
    sight = sight_of(user, projects_of(request))
    now = request.app[LIVE].board(sight.projects)
    shown = {name: list(rows.values()) for name, rows in whole_rows(Scene(now), sight).items()}
    return web.json_response(
        {"version": now.version, "at": now.at.timestamp(), **shown},
        headers={"Cache-Control": "no-store"},
    )
