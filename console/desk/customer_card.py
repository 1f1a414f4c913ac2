"""Makes the card of a customer, as the desk's script shows it, and what the agent can choose."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from aiohttp import web

from campaigns import claims
from campaigns.attempts import StoredAttempt
from campaigns.customer_cards import AgentsCall, CustomerCall, CustomerCard
from campaigns.disposition_choices import CallKind, Choice, offered_for, title_in
from campaigns.dispositions import Disposition, StoredDisposal
from campaigns.lead_numbers import FoundNumber, number_of
from console.floor.disposing import DISPOSING, disposal_text
from console.floor.outbound_words import CAUSES, OUTCOMES
from console.floor.rows import seconds
from console.kit.context import AGENTS, LANGUAGE, LIVE, zone_for
from console.kit.rendering import clock, says
from domain.centre import Agent
from domain.identity import AgentCode, CallId, LineName
from engine.board_ports import CallView

_MOST_FIELDS = 60
_MINUTE = "yyyy-MM-dd HH:mm"


def found_number(
    request: web.Request, number: str | None, line: LineName | None
) -> FoundNumber | None:
    """The number, as the line's country writes it; None if it is withheld, or can't be called."""
    if number is None:
        return None
    lines = request.app[LIVE].centre().lines
    country = next((one.country for one in lines if one.name == line), "CN")
    found = number_of(number, country)
    return found if isinstance(found, FoundNumber) else None


def _called(
    request: web.Request, number: str | None, line: LineName | None, outbound: bool
) -> str | None:
    if outbound:
        return number  # as it is stored
    found = found_number(request, number, line)
    return None if found is None else found.e164


def about_view(request: web.Request, view: CallView) -> CustomerCall:
    """A call that is going on."""
    outbound = view.hotline is None
    number = _called(request, view.caller, view.line, outbound)
    return CustomerCall(
        view.id, view.project, number, view.caller, outbound, view.campaign, view.lead
    )


def about_stored(request: web.Request, call: CallId, stored: AgentsCall) -> CustomerCall:
    """A call that is over."""
    number = _called(request, stored.number, stored.line, stored.outbound)
    return CustomerCall(
        call,
        stored.project,
        number,
        stored.number,
        stored.outbound,
        stored.campaign,
        stored.lead,
    )


def known_row(view: CallView) -> dict[str, Any]:
    """What the engine knows of a customer, without asking anybody: the beginning of the card."""
    return {
        "call": view.id,
        "number": view.caller,
        "name": view.lead_name or view.caller_name or "",
        "fields": _fields(view.lead_fields),
    }


async def card_row(request: web.Request, agent: Agent, about: CustomerCall) -> dict[str, Any]:
    """The customer of a call, with what the agent can say of it."""
    services = request.app[DISPOSING]
    card = await services.cards.card(about)
    choices = (await services.choices.of(about.project)).choices
    names = await request.app[AGENTS].names()
    lead = card.lead
    kind = CallKind.OUTBOUND if about.outbound else CallKind.INBOUND
    return {
        "call": about.call,
        "outbound": about.outbound,
        "project": about.project,
        "campaign": about.campaign,
        "number": about.shown,
        "e164": about.number,
        "lead": None if lead is None else lead.lead,
        "name": "" if lead is None else lead.name,
        "fields": [] if lead is None else _fields(lead.fields),
        "numbers": [] if lead is None else [n.number for n in lead.numbers if n.good],
        "barred": card.barred,
        "zone": customers_zone(request, card),
        "promised": None if lead is None else _promised(agent.code, card),
        "earlier": _earlier(request, card, choices, names),
        "choices": [_choice(request, choice) for choice in offered_for(choices, kind)],
        "said": None if card.now is None else said_row(card.now),
    }


def customers_zone(request: web.Request, card: CustomerCard) -> str:
    """The name of the customer's time zone: their list's, their number's, or the centre's."""
    centres = zone_for(request)
    if card.lead is not None and card.lead.timezone:
        return claims.zone_of(card.lead.timezone, centres).key
    found = found_number(request, card.about.number, None)
    return claims.zone_of(None if found is None else found.zone, centres).key


def said_row(said: StoredDisposal) -> dict[str, Any]:
    """What was taken down of a call, as the form shows it."""
    return {
        "choice": said.choice,
        "meaning": said.disposition,
        "sub_reason": said.sub_reason,
        "note": said.note,
        "callback_at": seconds(said.callback_at),
        "personal": said.personal,
        "callback_number": said.callback_number,
        "agent": said.agent,
        "at": seconds(said.at),
    }


def _fields(fields: Mapping[str, Any]) -> list[list[str]]:
    shown = [[key, str(value)] for key, value in fields.items() if value not in (None, "")]
    return shown[:_MOST_FIELDS]


def _choice(request: web.Request, choice: Choice) -> dict[str, Any]:
    language = request[LANGUAGE]
    return {
        "code": choice.code,
        "title": title_in(choice.titles, language),
        "meaning": choice.meaning.value,
        "callback": choice.meaning is Disposition.CALLBACK,
        "sub_reasons": [
            {"code": sub.code, "title": title_in(sub.titles, language)}
            for sub in choice.sub_reasons
            if not sub.retired
        ],
    }


def _promised(agent: AgentCode, card: CustomerCard) -> dict[str, Any] | None:
    lead = card.lead
    if lead is None or lead.callback_at is None:
        return None
    return {"at": seconds(lead.callback_at), "mine": lead.callback_agent == agent}


def _earlier(
    request: web.Request,
    card: CustomerCard,
    choices: tuple[Choice, ...],
    names: Mapping[AgentCode, str],
) -> list[dict[str, str]]:
    """What came of the lead's earlier calls, the newest first."""
    told = list(_moments(request, card, choices, names))
    told.sort(key=lambda moment: moment[0], reverse=True)
    language, zone = request[LANGUAGE], zone_for(request)
    return [
        {"at": clock(at, language, zone, _MINUTE), "text": text, "note": note}
        for at, text, note in told
    ]


def _moments(
    request: web.Request,
    card: CustomerCard,
    choices: tuple[Choice, ...],
    names: Mapping[AgentCode, str],
) -> Iterator[tuple[datetime, str, str]]:
    disposed = {said.call: said for said in card.said}
    for attempt in card.earlier:
        said = disposed.pop(attempt.attempt, None)
        if said is None:
            yield attempt.reserved_at, _outcome(request, attempt), ""
        else:
            yield attempt.reserved_at, *_told(request, said, choices, names)
    for said in disposed.values():
        yield said.at, *_told(request, said, choices, names)


def _told(
    request: web.Request,
    said: StoredDisposal,
    choices: tuple[Choice, ...],
    names: Mapping[AgentCode, str],
) -> tuple[str, str]:
    title, sub = disposal_text(request, choices, said)
    parts = [title, sub, names.get(said.agent, said.agent)]
    return " · ".join(part for part in parts if part), said.note


def _outcome(request: web.Request, attempt: StoredAttempt) -> str:
    cause = CAUSES.get(attempt.cause or "")
    return says(request, cause or OUTCOMES.get(attempt.outcome or "", "–"))
