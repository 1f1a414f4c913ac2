"""The part of a page in which a supervisor changes an agent from the board: skills, team, wrap-up.

It shows the settings in the directory, not those that the agent works with at this moment.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from aiohttp import web
from pydantic import ValidationError

from centre.directory_service import (
    ChangeConflict,
    ChangeForbidden,
    ChangeRefused,
    NothingToChange,
    WishedThing,
)
from centre.directory_store import KeptDirectory
from centre.kinds import Kind
from centre.organisation_settings import AgentSettings
from centre.running import agent_of
from console.centre import words
from console.centre.difference import said
from console.centre.drafts import Draft
from console.centre.filled_forms import Typed, shown
from console.centre.pages import address, speech
from console.centre.reach import SeenDirectory, actor_of
from console.centre.setting_words import VALUES, help_of, label_of
from console.centre.thing_pages import (
    LONGEST_NOTE,
    base_of,
    number_in,
    options_of,
    overtaken,
    typed_in,
)
from console.kit.context import DIRECTORY, LIVE, TIMING, zone_for
from console.kit.rendering import render, says

SETTINGS = ("skills", "team", "wrap_up_s")
"""What can be changed there; the rest is on the agent's own page."""
LOOK_S = 0.1


async def panel(request: web.Request) -> web.Response:
    """GET /centre/agent/{agent}/panel"""
    kept, seen, agent = await _agent(request)
    draft = Draft(Kind.AGENT, agent.code, kept.changed.get((Kind.AGENT, agent.code)), Typed({}))
    draft.typed = shown(draft.fields, agent, zone_for(request))
    return _panel(request, seen, draft)


async def save_panel(request: web.Request) -> web.Response:
    """POST /centre/agent/{agent}/panel"""
    kept, seen, agent = await _agent(request)
    speaks, zone = speech(request, seen), zone_for(request)
    typed = typed_in(await request.post())
    number, note = number_in(typed.get("change.seen")), typed.get("change.note")[:LONGEST_NOTE]
    draft = Draft(Kind.AGENT, agent.code, number, typed, note)
    base = await base_of(request, seen, kept, draft) or agent
    draft.typed = _completed(typed, shown(draft.fields, base, zone))
    try:
        wished = AgentSettings.model_validate(draft.settings(base, zone))
    except ValidationError as error:
        draft.refuse(error, speaks)
        return _panel(request, seen, draft, status=400)
    wish = WishedThing(Kind.AGENT, agent.code, wished, draft.seen)
    try:
        made = await request.app[DIRECTORY].change(seen.actor, [wish], note=draft.note)
    except NothingToChange:
        return await _saved(request, "same")
    except ChangeForbidden:
        draft.wrong("", says(request, words.NOT_YOURS))
        return _panel(request, seen, draft, status=403)
    except ChangeRefused as refused:
        for fault in refused.faults:
            draft.fault(fault, agent.code, speaks)
        return _panel(request, seen, draft, status=400)
    except ChangeConflict as found:
        seen = await overtaken(request, draft, wished, base, found.conflicts[0])
        return _panel(request, seen, draft, status=409)
    acts = await _acts(request, wished)
    return await _saved(request, "next_offer" if acts else "soon", made.id)


async def _agent(request: web.Request) -> tuple[KeptDirectory, SeenDirectory, AgentSettings]:
    """The agent that the address names, as they are in the directory. Raises HTTPNotFound."""
    actor = actor_of(request)
    kept = await request.app[DIRECTORY].read()
    seen = SeenDirectory(actor, kept.directory)
    found = seen.get(Kind.AGENT, request.match_info["agent"])
    if not isinstance(found, AgentSettings):
        raise web.HTTPNotFound
    return kept, seen, found


def _completed(typed: Typed, before: Typed) -> Typed:
    """The whole form of an agent: what the panel shows as it was typed, and the rest as it was."""

    def mine(place: str) -> bool:
        return place.partition(".")[0] in SETTINGS

    rest = {place: text for place, text in before.texts.items() if not mine(place)}
    return Typed(rest | {p: text for p, text in typed.texts.items() if mine(p)}, before.many)


async def _acts(request: web.Request, agent: AgentSettings) -> bool:
    """Whether the running centre has taken the agent's settings, for which this waits a little."""
    live, wanted, version = request.app[LIVE], agent_of(agent), 0
    with suppress(TimeoutError):
        async with asyncio.timeout(request.app[TIMING].in_force_s):
            while wanted not in live.centre().agents:
                with suppress(TimeoutError):
                    version = await asyncio.wait_for(live.changed(version), LOOK_S)
            return True
    return False


async def _saved(request: web.Request, done: str, change: int | None = None) -> web.Response:
    kept, seen, agent = await _agent(request)
    draft = Draft(Kind.AGENT, agent.code, kept.changed.get((Kind.AGENT, agent.code)), Typed({}))
    draft.typed = shown(draft.fields, agent, zone_for(request))
    return _panel(request, seen, draft, done=done, change=change)


def _panel(
    request: web.Request,
    seen: SeenDirectory,
    draft: Draft,
    *,
    status: int = 200,
    done: str = "",
    change: int | None = None,
) -> web.Response:
    speaks = speech(request, seen)
    agent = seen.get(Kind.AGENT, draft.key or "")
    values: Mapping[str, Any] = {
        "kind": Kind.AGENT,
        "draft": draft,
        "fields": [each for each in draft.fields if each.setting in SETTINGS],
        "texts": draft.typed.texts,
        "many": draft.typed.many,
        "rows": {},
        "lines": [
            line
            for place, line in ({} if agent is None else said(agent, speaks)).items()
            if place.partition(".")[0] in SETTINGS
        ],
        "may_save": agent is not None and seen.may_change(agent),
        "options": options_of(seen, draft, speaks.title),
        "suggestions": {},
        "label_of": lambda each: says(request, label_of(Kind.AGENT, each)),
        "help_of": lambda each: says(request, help_of(Kind.AGENT, each)),
        "values": VALUES,
        "address": address,
        "title": speaks.title,
        "words": words,
        "done": done,
        "change": change,
    }
    return render(request, "centre/_panel.html", values, status=status)
