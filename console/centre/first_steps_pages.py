"""The page that leads through a new centre's first steps."""

import contextlib
import hashlib
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from centre.authority import may_make
from centre.directory import Directory
from centre.endpoint_settings import StationSettings
from centre.inbound_settings import HotlineSettings
from centre.organisation_settings import AgentSettings
from console.centre import first_step_words, words
from console.centre.first_steps import (
    MAKES,
    FirstStep,
    Guide,
    LiveSigns,
    StepState,
    guide,
    serving,
)
from console.centre.pages import ICONS, address, seen_directory
from console.centre.reach import SeenDirectory
from console.floor.words import AGENT_COLOURS, AGENT_STATES, STAGE_COLOURS, STAGES
from console.kit.access import projects_of
from console.kit.context import CALLS, LANGUAGE, LIVE, PHONES
from console.kit.rendering import render
from console.kit.translations import DEFAULT
from domain.agent_facts import AgentState
from domain.identity import StationName
from domain.stations import OWN_PHONES, StationState
from engine.board_ports import AgentView, CallView
from records.call_rows import CallRow
from records.call_search import CallFilter
from records.fold import Outcome

SHOWN = 6
"""How many phones and agents the page shows."""
_STEP_ICONS: Mapping[FirstStep, str] = {
    **{step: ICONS[kind] for step, kind in MAKES.items()},
    FirstStep.REGISTER: "phone",
    FirstStep.LOG_IN: "login-2",
    FirstStep.CALL: "phone-call",
}


@dataclass(frozen=True, slots=True)
class _Seen:
    """The first steps, and what their page shows besides."""

    guide: Guide
    directory: Directory
    live: LiveSigns
    agents: tuple[AgentView, ...]
    calls: tuple[CallView, ...]
    """Those in progress."""
    last: CallRow | None
    """The newest call of all."""


async def page(request: web.Request) -> web.Response:
    """GET /centre/first-steps: the page, or only the steps if htmx asks; 204 if they are as they
    were (``mark``)."""
    seen = await seen_directory(request)
    values = await first_steps(request, seen)
    partial = "HX-Request" in request.headers
    if partial and request.query.get("mark") == values["mark"]:
        return web.Response(status=204)
    template = "centre/_first_steps.html" if partial else "centre/first_steps.html"
    response = render(request, template, values)
    response.headers["Vary"] = "HX-Request"
    return response


async def first_steps(request: web.Request, seen: SeenDirectory) -> dict[str, Any]:
    """What the templates of the first steps show."""
    found = await _look(request, seen)
    language = request.get(LANGUAGE, DEFAULT)
    values: dict[str, Any] = {
        "guide": found.guide,
        "may_make": {step for step, kind in MAKES.items() if may_make(seen.actor, kind)},
        "makes": MAKES,
        "icons": _STEP_ICONS,
        "said_of": first_step_words,
        "states": StepState,
        "made": _made(found.directory, seen, language),
        "phones": _phones(found),
        "registered": len(found.live.registered),
        "only_here": _is_loopback(request.app[PHONES].host),
        "agents": _agents(found),
        "numbers": list(found.directory.of(HotlineSettings))[:SHOWN],
        "caller": _spare_phone(found),
        "calls": found.calls[:SHOWN],
        "last": found.last,
        "answered": Outcome.ANSWERED,
        "own_phones": OWN_PHONES,
        "agent_states": AGENT_STATES,
        "agent_colours": AGENT_COLOURS,
        "stages": STAGES,
        "stage_colours": STAGE_COLOURS,
        "words": words,
        "address": address,
    }
    values["mark"] = _mark(values, language)
    return values


async def next_step(request: web.Request, seen: SeenDirectory) -> FirstStep | None:
    """What to do next in a new centre; None if it takes calls, or the user can't do it."""
    step = (await _look(request, seen)).guide.next
    kind = None if step is None else MAKES.get(step)
    return step if kind is None or may_make(seen.actor, kind) else None


async def _look(request: web.Request, seen: SeenDirectory) -> _Seen:
    projects = projects_of(request)
    directory = seen.visible
    centre, calls = request.app[LIVE], request.app[CALLS]
    board = centre.board(projects)
    answered, last = False, None
    if directory.of(HotlineSettings):
        newest = await calls.list(CallFilter(), projects=projects, per_page=1)
        last = newest.rows[0] if newest.rows else None
        found = await calls.list(
            CallFilter(outcome=Outcome.ANSWERED), projects=projects, per_page=1
        )
        answered = bool(found.rows)
    live = LiveSigns(
        {
            StationName(name): centre.phone(StationName(name))
            for name in directory.of(StationSettings)
        },
        {agent.code: agent.state for agent in board.agents},
        answered,
    )
    return _Seen(guide(directory, live), directory, live, board.agents, board.calls, last)


def _made(directory: Directory, seen: SeenDirectory, language: str) -> dict[FirstStep, list[Any]]:
    """The first things of each kind: their addresses and titles."""
    return {
        step: [
            (address(kind, key), seen.title(kind, key, language))
            for key in list(directory.things.get(kind, {}))[:SHOWN]
        ]
        for step, kind in MAKES.items()
    }


def _phones(found: _Seen) -> list[tuple[str, bool]]:
    """Phones, and whether each is registered: first those that are not."""
    phones = [
        (str(name), state is not StationState.UNREACHABLE)
        for name, state in found.live.phones.items()
    ]
    return sorted(phones, key=lambda each: each[1])[:SHOWN]


def _agents(found: _Seen) -> list[AgentView]:
    """Agents who can be offered calls: first those who are at work."""
    able = {agent.code for agent in serving(found.directory)}
    there = [agent for agent in found.agents if agent.code in able]
    return sorted(there, key=lambda agent: agent.state is AgentState.LOGGED_OUT)[:SHOWN]


def _spare_phone(found: _Seen) -> str | None:
    """A registered phone from which to call: one at which no agent sits."""
    taken = {agent.station for agent in found.agents if agent.station is not None}
    usual = {agent.station for agent in found.directory.of(AgentSettings).values()}
    free = [name for name in found.live.registered if name not in taken]
    return next((name for name in free if name not in usual), next(iter(free), None))


def _is_loopback(host: str | None) -> bool:
    with contextlib.suppress(ValueError):
        return host is not None and ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def _mark(values: Mapping[str, Any], language: str) -> str:
    """Another one whenever the steps look different."""
    shown = [language, *(values[name] for name in _CHANGING)]
    return hashlib.sha256(repr(shown).encode()).hexdigest()[:16]


_CHANGING = (
    "guide", "made", "phones", "registered", "agents", "numbers", "caller", "calls", "last",
)  # fmt: skip
