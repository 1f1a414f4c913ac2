"""Asking the centre to do something for an agent, and saying what came of it."""

import math

from aiohttp import web

from console.kit.context import LIVE, user_of
from console.kit.language import N_
from console.kit.rendering import says
from domain.centre import Agent
from domain.identity import StationName
from engine.ports import Verb

LONGEST_EXTENSION_S = 600

_NO_SUCH_REASON = N_("There is no such reason to be away.")
_NO_SUCH_STATION = N_("There is no such phone.")
_BAD_SECONDS = N_("After-call work can be extended by 1 to %(n)s seconds.")
ANSWERS = (
    N_("Agent %(agent)s is logged in at this phone."),
    N_("The agent is not logged in."),
    N_("Not while talking: finish the call first."),
    N_("There is no after-call work to extend."),
    N_("There is no agent %(agent)s."),
    N_("There is no phone %(station)s."),
    N_("There is no reason %(reason)s."),
    N_("Logged out after this call."),
    N_("Away after this call."),
)
"""What the centre answers (``CommandResult.message``), here so that it can be translated."""


async def ask(request: web.Request, agent: Agent, verb: Verb) -> tuple[web.Response, str | None]:
    """Asks for ``verb`` with what the form says; the answer as JSON ``{ok, message}``, and the
    reason that was given. 400: the form makes no sense; 409: the centre refuses, in words."""
    centre = request.app[LIVE].centre()
    form = await request.post()
    reason: str | None = None
    station: StationName | None = None
    seconds: float | None = None
    if verb is Verb.AWAY:
        reason = str(form.get("reason", ""))
        if reason not in centre.away_reasons:
            return _refusal(request, _NO_SUCH_REASON), None
    elif verb is Verb.LOG_IN:
        station = StationName(str(form.get("station", "")))
        if station not in {s.name for s in centre.stations}:
            return _refusal(request, _NO_SUCH_STATION), None
    elif verb is Verb.EXTEND:
        try:
            seconds = float(str(form.get("seconds", "")))
        except ValueError:
            seconds = math.nan
        if not 1 <= seconds <= LONGEST_EXTENSION_S:
            return _refusal(request, _BAD_SECONDS, {"n": LONGEST_EXTENSION_S}), None
    result = await request.app[LIVE].agent_command(
        agent.code,
        verb,
        by=user_of(request).name,
        reason=reason,
        station=station,
        seconds=seconds,
    )
    message = says(request, result.message, result.values)
    return web.json_response(
        {"ok": result.ok, "message": message}, status=200 if result.ok else 409
    ), reason


def _refusal(
    request: web.Request, text: str, values: dict[str, object] | None = None
) -> web.Response:
    return web.json_response({"ok": False, "message": says(request, text, values)}, status=400)
