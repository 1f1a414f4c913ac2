"""An agent's desk: their state, call and keys. It acts only for the agent who is signed in."""

from contextlib import suppress
from datetime import UTC, datetime

from aiohttp import web

from campaigns.callbacks import PromisedCallback
from console.desk.customers_ahead import with_customers
from console.desk.own_agent import own_agent
from console.desk.talk_words import TALK_TEXTS
from console.desk.words import TEXTS
from console.floor import words
from console.floor.agent_actions import ask
from console.floor.disposing import DISPOSING
from console.floor.feeds import FEEDS
from console.floor.live_texts import live_texts
from console.floor.rows import Sight, seconds
from console.kit.context import LIVE
from console.kit.live import stream
from console.kit.rendering import render, says
from domain.centre import Agent
from domain.identity import AgentCode
from engine.centre_ports import Verb
from storage.database_errors import AWAY

EXTEND_S = 30
"""What one press adds to after-call work, in seconds."""


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
            "texts": live_texts(request, projects)
            | {key: says(request, text) for key, text in TEXTS.items()}
            | {
                "stream": "/desk/live",
                "last_call": None if agent is None else await _last_call(request, agent.code),
            },
            "callbacks": () if agent is None else await _callbacks(request, agent),
            "words": words,
            "talk_texts": {key: says(request, text) for key, text in TALK_TEXTS.items()},
        },
    )


async def _callbacks(request: web.Request, agent: Agent) -> tuple[PromisedCallback, ...]:
    """The callbacks that the agent has promised; none also if nobody knows."""
    with suppress(*AWAY):
        return await request.app[DISPOSING].callbacks.of_agent(agent.code, agent.projects)
    return ()


async def _last_call(request: web.Request, agent: AgentCode) -> dict[str, object] | None:
    """The agent's last call, about which they may still write; None also if nobody knows."""
    with suppress(*AWAY):
        found = await request.app[DISPOSING].cards.last_of(agent, datetime.now(UTC))
        if found is not None:
            return {"call": found[0], "at": seconds(found[1])}
    return None


async def live(request: web.Request) -> web.StreamResponse:
    """GET /desk/live"""
    agent = own_agent(request)
    if agent is None:
        raise web.HTTPNotFound
    sight = Sight(frozenset(agent.projects), installation=False, desk=agent.code)
    return await stream(request, with_customers(request, agent, request.app[FEEDS].reader(sight)))


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
