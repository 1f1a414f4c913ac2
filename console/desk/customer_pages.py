"""Shows an agent the customer of their call, and takes down what the call came to."""

from collections.abc import Iterable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from aiohttp import web

from campaigns import claims
from campaigns.customer_cards import CustomerCall
from campaigns.disposition_choices import CallKind, choice_of
from campaigns.dispositions import (
    Disposal,
    Disposition,
    DispositionRefusal,
    DispositionRefused,
    InboundCaller,
)
from campaigns.lead_numbers import FoundNumber, number_of
from campaigns.project_choices import ProjectChoices
from console.desk import words
from console.desk.customer_card import about_stored, about_view, card_row, said_row
from console.desk.own_agent import own_agent
from console.floor.disposing import DISPOSING
from console.kit.context import LIVE, zone_for
from console.kit.rendering import says
from domain.centre import Agent
from domain.identity import CallId
from storage.database_errors import AWAY


async def card(request: web.Request) -> web.Response:
    """GET /desk/customers/{call}: as JSON, who the customer of a call of the agent's is."""
    agent, about = await _call(request)
    return web.json_response(await card_row(request, agent, about))


async def dispose(request: web.Request) -> web.Response:
    """POST /desk/customers/{call}: choice, sub_reason, note, callback_local, zone, personal,
    callback_number. What was refused is not to be sent again as it is."""
    form = await request.post()
    given = {name: str(value) for name, value in form.items()}
    try:
        agent, about = await _call(request)
        services = request.app[DISPOSING]
        said = await _read(request, given, services.choices, about)
        caller = None
        if not about.outbound:
            lead = None
            if about.number is not None:
                lead = await services.cards.lead_called_from(about.project, about.number)
            caller = InboundCaller(about.project, about.number, lead)
        await services.dispositions.dispose(about.call, agent.code, said, caller)
        (now, *_) = await services.dispositions.of_call(about.call)
    except DispositionRefused as refused:
        return _refused(request, words.REFUSALS[refused.why])
    except _NotReadError as error:
        return _refused(request, error.text)
    except AWAY:
        answer = {"ok": False, "message": says(request, words.AWAY), "retry": True}
        return web.json_response(answer, status=503)
    return web.json_response({"ok": True, "message": "", "said": said_row(now)})


class _NotReadError(Exception):
    """The form makes no sense; ``text`` says why."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


def _refused(request: web.Request, text: str) -> web.Response:
    answer = {"ok": False, "message": says(request, text), "refused": True}
    return web.json_response(answer, status=409)


async def _call(request: web.Request) -> tuple[Agent, CustomerCall]:
    """The agent who asks, and a call of theirs, going on or of the last hours. Raises
    HTTPNotFound if it isn't theirs."""
    agent = own_agent(request)
    if agent is None:
        raise web.HTTPNotFound
    call = CallId(request.match_info["call"])
    views = request.app[LIVE].board(frozenset(agent.projects)).calls
    view = next((one for one in views if one.id == call and one.agent == agent.code), None)
    if view is not None:
        return agent, about_view(request, view)
    stored = await request.app[DISPOSING].cards.call_of(call, agent.code, datetime.now(UTC))
    if stored is None:
        raise web.HTTPNotFound
    return agent, about_stored(request, call, stored)


async def _read(
    request: web.Request, given: dict[str, str], kept: ProjectChoices, about: CustomerCall
) -> Disposal:
    choices = (await kept.of(about.project)).choices
    choice = choice_of(choices, given.get("choice"))
    kind = CallKind.OUTBOUND if about.outbound else CallKind.INBOUND
    if choice is None:
        raise _NotReadError(words.NO_CHOICE)
    if kind not in choice.kinds:  # one that was retired meanwhile is taken: the call is over
        raise _NotReadError(words.NO_LONGER)
    sub = choice.sub_reason(given.get("sub_reason", ""))
    callback_at = number = None
    promised = choice.meaning is Disposition.CALLBACK
    if promised:
        callback_at = _moment(request, given)
        number = _number(given.get("callback_number", "").strip(), _countries(request))
    return Disposal(
        choice.meaning,
        "" if sub is None else sub.code,
        given.get("note", "").strip(),
        callback_at,
        promised and given.get("personal") == "yes",
        choice.code,
        choice.again_after_s if choice.meaning is Disposition.NOT_NOW else None,
        number,
    )


def _moment(request: web.Request, given: dict[str, str]) -> datetime:
    """The time that was typed, by the customer's clock. Of an hour that comes twice, the first."""
    zone = claims.zone_of(given.get("zone"), zone_for(request))
    try:
        local = datetime.fromisoformat(given.get("callback_local", ""))
    except ValueError:
        raise DispositionRefused(DispositionRefusal.NO_TIME) from None
    if local.tzinfo is not None:
        raise DispositionRefused(DispositionRefusal.NO_TIME)
    return _utc(local, zone)


def _utc(local: datetime, zone: ZoneInfo) -> datetime:
    try:
        return local.replace(tzinfo=zone).astimezone(UTC)
    except OverflowError:
        raise DispositionRefused(DispositionRefusal.TOO_FAR) from None


def _countries(request: web.Request) -> str:
    """Whose numbers are typed without a country's code: those of the first line."""
    lines: Iterable[str] = (line.country for line in request.app[LIVE].centre().lines)
    return next(iter(lines), "CN")


def _number(typed: str, country: str) -> str | None:
    if not typed:
        return None
    found = number_of(typed, country)
    if not isinstance(found, FoundNumber):
        raise _NotReadError(words.NOT_A_NUMBER)
    return found.e164
