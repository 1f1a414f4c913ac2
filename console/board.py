"""The live board: its page, its stream, its JSON, and what supervisors do to agents there."""

import structlog
from aiohttp import web

from console import permissions, words
from console.board_view import Scene, sections, sight_of
from console.commands import ask
from console.context import LIVE, USERS, project_titles, user_of
from console.live import stream
from console.rendering import render, says
from domain.identity import AgentCode, ProjectName
from engine.ports import Verb
from storage.errors import AWAY, in_one_line

log = structlog.get_logger()

SUPERVISORS_VERBS = frozenset({Verb.READY, Verb.AWAY, Verb.LOG_OUT})


def live_texts(request: web.Request, projects: frozenset[ProjectName] | None) -> dict[str, object]:
    """Everything that an island says, in the request's language; it may name ``projects``."""
    centre = request.app[LIVE].centre()
    return {
        **{key: says(request, text) for key, text in words.LIVE_TEXTS.items()},
        "states": {k.value: says(request, t) for k, t in words.AGENT_STATES.items()},
        "state_colours": {k.value: c for k, c in words.AGENT_COLOURS.items()},
        "stages": {k.value: says(request, t) for k, t in words.STAGES.items()},
        "stage_colours": {k.value: c for k, c in words.STAGE_COLOURS.items()},
        "reasons": {k: says(request, t) for k, t in words.AWAY_REASONS.items()},
        "stations": {k: says(request, t) for k, t in words.STATION_STATES.items()},
        "line_kinds": {k: says(request, t) for k, t in words.LINE_KINDS.items()},
        "languages": {k: says(request, t) for k, t in words.CALL_LANGUAGES.items()},
        "away_reasons": list(centre.away_reasons),
        "projects": project_titles(request, projects),
    }


async def page(request: web.Request) -> web.Response:
    """GET /board"""
    user = user_of(request)
    sight = sight_of(user, permissions.scope(user))
    may_command = permissions.can(user, "POST", "/agents/{agent}/{verb}")
    texts = live_texts(request, sight.projects) | {
        "stream": "/board/live",
        "may_command": may_command,
        "may_read_calls": permissions.can(user, "GET", "/calls/{call}"),
    }
    return render(
        request, "board.html", {"sight": sight, "may_command": may_command, "texts": texts}
    )


async def live(request: web.Request) -> web.StreamResponse:
    """GET /board/live"""
    user = user_of(request)
    return await stream(request, sight_of(user, permissions.scope(user)))


async def api(request: web.Request) -> web.Response:
    """GET /api/v1/board: the board now, what this user may see of it; times in Unix seconds."""
    user = user_of(request)
    sight = sight_of(user, permissions.scope(user))
    board = request.app[LIVE].board(sight.projects)
    shown = {name: list(rows.values()) for name, rows in sections(Scene(board), sight).items()}
    return web.json_response(
        {"version": board.version, "at": board.at.timestamp(), **shown},
        headers={"Cache-Control": "no-store"},
    )


async def command(request: web.Request) -> web.Response:
    """POST /agents/{agent}/{verb}: a supervisor sets an agent ready, away, or logs him out."""
    user = user_of(request)
    code = AgentCode(request.match_info["agent"])
    agent = next((a for a in request.app[LIVE].centre().agents if a.code == code), None)
    if agent is None or not permissions.serves(user, agent.projects):
        raise web.HTTPNotFound
    if request.match_info["verb"] not in SUPERVISORS_VERBS:
        raise web.HTTPNotFound
    verb = Verb(request.match_info["verb"])
    response, reason = await ask(request, agent, verb)
    try:
        await request.app[USERS].audit(
            user.name,
            f"agent {verb.value}",
            code,
            address=request.remote or "",
            detail={"reason": reason, "done": response.status == 200},
        )
    except AWAY as error:
        # The engine has noted who asked; the floor mustn't wait for the database.
        log.warning(
            "what a supervisor did is not in the audit log, for the database is away",
            by=user.name,
            agent=code,
            verb=verb.value,
            why=in_one_line(error),
        )
    return response
