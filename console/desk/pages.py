"""An agent's desk: their state, call and keys. It acts only for the agent who is signed in."""

from aiohttp import web

from console.floor import words
from console.floor.agent_actions import ask
from console.floor.feeds import FEEDS
from console.floor.live_texts import live_texts
from console.floor.rows import Sight
from console.kit.context import LIVE, user_of
from console.kit.live import stream
from console.kit.rendering import render
from domain.centre import Agent
from engine.ports import Verb

EXTEND_S = 30
"""What one press adds to after-call work, in seconds."""


def own_agent(request: web.Request) -> Agent | None:
    """The configured agent that the user is; None if they are not an agent."""
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
        "desk/desk.html",
        {
            "agent": agent,
            "stations": centre.stations,
            "reasons": centre.reasons,
            "extend_s": EXTEND_S,
            "texts": live_texts(request, projects) | {"stream": "/desk/live"},
            "words": words,
        },
    )


async def live(request: web.Request) -> web.StreamResponse:
    """GET /desk/live"""
    agent = own_agent(request)
    if agent is None:
        raise web.HTTPNotFound
    sight = Sight(frozenset(agent.projects), installation=False, desk=agent.code)
    return await stream(request, request.app[FEEDS].reader(sight))


async def command(request: web.Request) -> web.Response:
    """POST /desk/{verb}: always for the user's own agent, whatever the form says."""
    agent = own_agent(request)
    if agent is None:
        raise web.HTTPNotFound
    try:
        verb = Verb(request.match_info["verb"])
    except ValueError:
        raise web.HTTPNotFound from None
    response, _ = await ask(request, agent, verb)
    return response
