"""Passes commands for an agent from the desk and the board to the centre."""

import math

from aiohttp import web

from console.floor import words
from console.kit.context import LIVE, user_of
from console.kit.rendering import says
from domain.centre import Agent
from domain.identity import StationName
from engine.centre_ports import Recipient, Verb

LONGEST_EXTENSION_S = 600


async def ask(request: web.Request, agent: Agent, verb: Verb) -> tuple[web.Response, str | None]:
    """Asks the centre for ``verb`` with the form's values. Returns the answer as JSON
    ``{ok, message}``, and the reason to be away that the form gave. The status is 400 if the form
    makes no sense, and 409 with a message if the centre refuses."""
    centre = request.app[LIVE].centre()
    form = await request.post()
    reason: str | None = None
    station: StationName | None = None
    seconds: float | None = None
    to: Recipient | None = None
    if verb in (Verb.CONSULT, Verb.PASS_ON):
        to = Recipient.of(str(form.get("to", "")))
        if to is None:
            return _refusal(request, words.NO_SUCH_TARGET), None
    if verb is Verb.AWAY:
        reason = str(form.get("reason", ""))
        if reason not in centre.reasons:
            return _refusal(request, words.NO_SUCH_REASON), None
    elif verb is Verb.LOG_IN:
        station = StationName(str(form.get("station", agent.station or "")))
        if station not in {s.name for s in centre.stations}:
            return _refusal(request, words.NO_SUCH_STATION), None
    elif verb is Verb.EXTEND:
        try:
            seconds = float(str(form.get("seconds", "")))
        except ValueError:
            seconds = math.nan
        if not 1 <= seconds <= LONGEST_EXTENSION_S:
            return _refusal(request, words.BAD_EXTENSION, {"n": LONGEST_EXTENSION_S}), None
    result = await request.app[LIVE].agent_command(
        agent.code,
        verb,
        by=user_of(request).name,
        reason=reason,
        station=station,
        seconds=seconds,
        to=to,
    )
    values = {"agent": result.agent, "station": result.station, "reason": result.reason}
    message = says(request, words.COMMAND_OUTCOMES[result.outcome], values)
    return web.json_response(
        {"ok": result.ok, "message": message}, status=200 if result.ok else 409
    ), reason


def _refusal(
    request: web.Request, text: str, values: dict[str, object] | None = None
) -> web.Response:
    return web.json_response({"ok": False, "message": says(request, text, values)}, status=400)
