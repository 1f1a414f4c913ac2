"""An agent's desk: his state, his call, his keys. It never acts for anybody else."""

from aiohttp import web

from console.board import live_texts
from console.board_view import Sight
from console.commands import ask
from console.context import LIVE, user_of
from console.live import stream
from console.rendering import render
from domain.centre import Agent
from engine.ports import Verb

EXTEND_S = 30
"""What one press adds to after-call work."""


def own_agent(request: web.Request) -> Agent | None:
    """The configuration's agent that the user is; None if he is none."""
    code = user_of(request).agent
    if code is None:
        return None
    return next((a for a in request.app[LIVE].centre().agents if a.code == code), None)


async def page(request: web.Request) -> web.Response:
    """GET /desk"""
    centre = request.app[LIVE].centre()
    agent = own_agent(request)
    projects = frozenset(agent.projects if agent else ())
    return render(
        request,
        "desk.html",
        {
            "agent": agent,
            "stations": centre.stations,
            "reasons": centre.away_reasons,
            "extend_s": EXTEND_S,
            "texts": live_texts(request, projects) | {"stream": "/desk/live"},
        },
    )


async def live(request: web.Request) -> web.StreamResponse:
    """GET /desk/live"""
    agent = own_agent(request)
    if agent is None:
        raise web.HTTPNotFound
    return await stream(
        request, Sight(frozenset(agent.projects), installation=False, desk=agent.code)
    )


async def command(request: web.Request) -> web.Response:
    """POST /desk/{verb}: for the agent that the user is, whatever the form says."""
    agent = own_agent(request)
    if agent is None:
        raise web.HTTPNotFound
    try:
        verb = Verb(request.match_info["verb"])
    except ValueError:
        raise web.HTTPNotFound from None
    response, _ = await ask(request, agent, verb)
    return response
