"""The live board: its page, its stream, and supervisors' commands to agents."""

import structlog
from aiohttp import web

from console.floor import words
from console.floor.agent_actions import ask
from console.floor.feeds import FEEDS
from console.floor.live_texts import live_texts
from console.floor.rows import sight_of
from console.kit.access import can, projects_of, within
from console.kit.context import AUDIT, LIVE, user_of
from console.kit.live import stream
from console.kit.rendering import render
from domain.identity import AgentCode
from engine.centre_ports import Verb
from machine.one_line import in_one_line
from storage.audit import AuditAction
from storage.database_errors import AWAY

log = structlog.get_logger()

SUPERVISORS_VERBS = {
    Verb.READY: AuditAction.AGENT_SET_READY,
    Verb.AWAY: AuditAction.AGENT_SENT_AWAY,
    Verb.LOG_IN: AuditAction.AGENT_LOGGED_IN,
    Verb.LOG_OUT: AuditAction.AGENT_LOGGED_OUT,
    Verb.CONNECT: AuditAction.AGENT_CONNECTED,
    Verb.DISCONNECT: AuditAction.AGENT_DISCONNECTED,
}
"""What a supervisor may ask for an agent, and how the audit log names it."""


async def page(request: web.Request) -> web.Response:
    """GET /board"""
    user = user_of(request)
    sight = sight_of(user, projects_of(request))
    may_command = can(request, "POST", "/agents/{agent}/{verb}")
    texts = live_texts(request, sight.projects) | {
        "stream": "/board/live",
        "may_command": may_command,
        "may_read_calls": can(request, "GET", "/calls/{call}"),
    }
    may_open = can(request, "GET", "/centre/agent/{agent}/panel")
    return render(
        request,
        "board/board.html",
        {
            "sight": sight,
            "may_command": may_command,
            "may_open": may_open,
            "texts": texts,
            "words": words,
        },
    )


async def live(request: web.Request) -> web.StreamResponse:
    """GET /board/live"""
    user = user_of(request)
    sight = sight_of(user, projects_of(request))
    return await stream(request, request.app[FEEDS].reader(sight))


async def command(request: web.Request) -> web.Response:
    """POST /agents/{agent}/{verb}: a supervisor sets an agent ready or away, logs them in (at
    their usual phone, if the form names no other) or out, or has their phone connected or not."""
    user = user_of(request)
    code = AgentCode(request.match_info["agent"])
    agent = next((a for a in request.app[LIVE].centre().agents if a.code == code), None)
    if agent is None or not within(request, agent.projects):
        raise web.HTTPNotFound
    if request.match_info["verb"] not in SUPERVISORS_VERBS:
        raise web.HTTPNotFound
    verb = Verb(request.match_info["verb"])
    response, reason = await ask(request, agent, verb)
    try:
        await request.app[AUDIT].write(
            user.name,
            SUPERVISORS_VERBS[verb],
            code,
            address=request.remote or "",
            detail={"reason": reason, "done": response.status == 200},
        )
    except AWAY as error:
        # The engine has recorded who asked; the floor must not wait for the database.
        log.warning(
            "what a supervisor did is not in the audit log, for the database is away",
            by=user.name,
            agent=code,
            verb=verb.value,
            why=in_one_line(error),
        )
    return response
