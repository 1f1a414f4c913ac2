"""Tries a flow's draft out: somebody clicks what the caller does, and sees what becomes of them.

Nothing is kept here between two clicks: the form carries all that was done, and each time it is
done again from the beginning.
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aiohttp import web
from multidict import MultiDictProxy
from pydantic import ValidationError

from console.flows import try_words, words
from console.flows.drafts_here import flow_actor, flow_of, flow_refusal, may_change_flow
from console.flows.fault_words import fault_text
from console.flows.flow_pictures import kinds_drawn, picture_of
from console.flows.flow_tabs import flow_tabs
from console.flows.tried_flow import (
    TRYING,
    TriedFlow,
    called_beginning,
    centre_calendars,
    painted_way,
    tried_flow,
)
from console.kit.context import FLOW_DRAFTS, LIVE, zone_for
from console.kit.rendering import render, says
from documents.document_errors import DocumentError
from ivr_flows.steps import OpeningState
from ivr_flows.trying.conversing import Conversed, conversed, with_test
from ivr_flows.trying.rehearsal import AsksCalendar
from ivr_flows.trying.scripts import MOST_STEPS_IN_A_TEST, ScriptBeginning, ScriptStep, step_fault
from publishing.flow_words import FlowDraft, FlowRefused

_SETUP = ("at", "caller", "called", "language", "known", "hours", "lots")
LONGEST_STEPS = 12_000
"""Characters of what was done, as JSON; the answers of look-ups are in it."""
_DEEPEST_ANSWER = 12


async def try_page(request: web.Request) -> web.Response:
    """GET /flows/{flow}/try"""
    draft = await flow_of(request)
    return await _page(request, draft, _Asked(_usual_setup(request), (), ""))


async def try_step(request: web.Request) -> web.Response:
    """POST /flows/{flow}/try: the setup, steps (what was done up to now), do (what is done now);
    the part of the page with the conversation, or the whole page where scripts don't run"""
    draft = await flow_of(request)
    form: MultiDictProxy[str] = await request.post()  # type: ignore[assignment]
    return await _page(request, draft, _asked(request, form))


async def keep_test(request: web.Request) -> web.Response:
    """POST /flows/{flow}/try/keep: as before, and the name of the test; version, the draft's as it
    was seen"""
    draft = await flow_of(request)
    form: MultiDictProxy[str] = await request.post()  # type: ignore[assignment]
    asked = _asked(request, form)
    seen = str(form.get("version", ""))
    if not (seen.isascii() and seen.isdecimal() and len(seen) < 10):
        raise web.HTTPBadRequest
    name = str(form.get("name", "")).strip().replace(" ", "_")[:64]
    said = await _kept(request, draft, asked, name, int(seen))
    if not said:
        there = f"/flows/{draft.flow}/tests"
        if _is_part(request):
            return web.Response(headers={"HX-Redirect": there})
        raise web.HTTPSeeOther(there)
    draft = await flow_of(request)
    return await _page(request, draft, _Asked(asked.setup, asked.steps, said, name))


async def _kept(
    request: web.Request, draft: FlowDraft, asked: "_Asked", name: str, seen: int
) -> str:
    """Add the conversation to the draft's tests; why that could not be done, or nothing."""
    if not name:
        return says(request, try_words.NAME_WANTED)
    tried = await tried_flow(request, draft)
    if tried.flow is None:
        return says(request, try_words.HAS_ERRORS)
    found = await asyncio.to_thread(_conversed, request, tried, asked)
    try:
        text = with_test(draft.tests, draft.flow, name, found.as_test(_beginning(request, asked)))
        await request.app[FLOW_DRAFTS].save(flow_actor(request), draft.flow, seen, draft.text, text)
    except DocumentError as error:
        return fault_text(request, error)
    except FlowRefused as refused:
        return flow_refusal(request, refused)
    return ""


@dataclass(frozen=True, slots=True)
class _Asked:
    """What somebody wants to try. ``said`` is what went wrong with their last wish."""

    setup: dict[str, str]
    steps: tuple[ScriptStep, ...]
    said: str
    name: str = ""


def _usual_setup(request: web.Request) -> dict[str, str]:
    now = datetime.now(UTC).astimezone(zone_for(request))
    return {
        **dict.fromkeys(_SETUP, ""),
        "at": f"{now:%Y-%m-%dT%H:%M}",
        "caller": "+8613800000000",
        "lots": "0",
    }


def _asked(request: web.Request, form: MultiDictProxy[str]) -> _Asked:
    """What a form asks for. Raises HTTPBadRequest if it can't be the page's own."""
    setup = {**_usual_setup(request), **{name: form.get(name, "")[:64] for name in _SETUP}}
    try:
        steps = _steps(form.get("steps", "[]"))
        do = form.get("do", "")
        said = ""
        if do == "back":
            steps = steps[:-1]
        elif do == "over":
            steps = ()
        elif do:
            step, said = _step(request, do, form)
            if step is not None:
                steps = (*steps, step)
    except (ValueError, ValidationError, RecursionError) as error:
        raise web.HTTPBadRequest from error
    if len(steps) > MOST_STEPS_IN_A_TEST or len(_as_json(steps)) > LONGEST_STEPS:
        steps = steps[:-1]
        said = says(request, try_words.TOO_LONG)
    return _Asked(setup, steps, said)


def _steps(text: str) -> tuple[ScriptStep, ...]:
    if len(text) > LONGEST_STEPS:
        raise ValueError("too much was done")
    found = json.loads(text)
    if not isinstance(found, list):
        raise ValueError("no steps")
    return tuple(_one_step(each) for each in found)


def _as_json(steps: Sequence[ScriptStep]) -> str:
    return json.dumps(
        [one.model_dump(mode="json", exclude_unset=True) for one in steps], ensure_ascii=False
    )


def _one_step(given: Any) -> ScriptStep:
    step = ScriptStep.model_validate(given)
    if step_fault(step) is not None:
        raise ValueError("not a step")
    return step


def _step(
    request: web.Request, do: str, form: MultiDictProxy[str]
) -> tuple[ScriptStep | None, str]:
    """What a button says is done, with what was typed beside it; or what is wrong with that."""
    match do:
        case "keys":
            keys = form.get("keys", "").strip()
            if not keys or set(keys) - set("0123456789*#") or len(keys) > 64:
                return None, says(request, try_words.KEYS_WANTED)
            return ScriptStep(presses=keys), ""
        case "says" | "waits":
            seconds = _seconds(form.get(do, ""))
            if seconds is None:
                return None, says(request, try_words.SECONDS_WANTED)
            return _one_step({do: seconds}), ""
        case "answers":
            try:
                answer = json.loads(form.get("answer", ""))
            except (ValueError, RecursionError):
                return None, says(request, try_words.JSON_WANTED)
            if len(form.get("answer", "")) > LONGEST_STEPS // 2 or _depth(answer) > _DEEPEST_ANSWER:
                return None, says(request, try_words.ANSWER_TOO_LARGE)
            return ScriptStep(answers=answer), ""
        case _:
            return _one_step(json.loads(do)), ""


def _depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(_depth, inner), default=0)


def _seconds(text: str) -> float | None:
    try:
        seconds = float(text)
    except ValueError:
        return None
    return seconds if 0 < seconds <= 600 else None


def _beginning(request: web.Request, asked: _Asked) -> ScriptBeginning:
    """How the call begins; whatever can't be is as usual."""
    setup, centre = asked.setup, request.app[LIVE].centre()
    given: dict[str, Any] = {
        "at": setup["at"].replace("T", " ")[:16],
        "caller": setup["caller"],
        "called": setup["called"] or None,
        "known": setup["known"] == "1",
        "lots": int(setup["lots"]) if setup["lots"].isascii() and setup["lots"].isdecimal() else 0,
        **called_beginning(centre, setup["called"]),
    }
    if setup["language"]:
        given["language"] = setup["language"]
    while True:
        try:
            return ScriptBeginning.model_validate(given)
        except ValidationError as error:
            wrong = {str(each["loc"][0]) for each in error.errors()} & given.keys()
            if not wrong:
                raise
            given = {name: value for name, value in given.items() if name not in wrong}


def _calendar(request: web.Request, asked: _Asked) -> AsksCalendar:
    wanted = asked.setup["hours"]
    if wanted in tuple(OpeningState):
        return lambda _name, _at: OpeningState(wanted)
    return centre_calendars(request.app[LIVE].centre(), asked.setup["called"] or None)


def _conversed(request: web.Request, tried: TriedFlow, asked: _Asked) -> Conversed:
    assert tried.flow is not None  # noqa: S101 - looked at
    beginning, calendar = _beginning(request, asked), _calendar(request, asked)
    return conversed(tried.flow, beginning, asked.steps, tried.others, calendar)


def _is_part(request: web.Request) -> bool:
    """Whether the page is there already, and wants the part that changes."""
    return request.headers.get("HX-Request") == "true"


async def _page(request: web.Request, draft: FlowDraft, asked: _Asked) -> web.Response:
    tried = await tried_flow(request, draft)
    values: dict[str, Any] = {
        "flow": draft.flow,
        "draft": draft,
        "setup": asked.setup,
        "said": asked.said,
        "test_name": asked.name,
        "errors": [(e.line, fault_text(request, e)) for e in tried.found.errors],
        "may_change": may_change_flow(request, draft),
        "words": words,
        "try_words": try_words,
        "spoken": (),
        "way": None,
        "found": None,
    }
    if tried.flow is not None:
        async with request.app[TRYING]:
            found = await asyncio.to_thread(_conversed, request, tried, asked)
        if not found.fitted and not asked.said:
            values["said"] = says(request, try_words.DOES_NOT_FIT)
        values |= {
            "found": found,
            "call": found.call,
            "step": found.call.awaits,
            "way": {
                "nodes": painted_way(tried.flow, found.call.way),
                "here": try_words.own_node(found.call.awaits.node) if found.call.awaits else None,
            },
            "shown": try_words.events(request, found.call),
            "variables": try_words.variables(request, found.call),
            "spoken": tried.flow.languages,
            "awaits": try_words.awaited(found.call),
            "steps": _as_json(found.done),
        }
    if _is_part(request):
        return render(request, "flows/_talk.html", values)
    picture = await asyncio.to_thread(picture_of, request, draft.text, draft.flow)
    values |= {
        "drawn": {"picture": picture, "kinds": kinds_drawn(request)},
        "tabs": flow_tabs(request),
        "numbers": [one.number for one in request.app[LIVE].centre().hotlines],
    }
    return render(request, "flows/try.html", values)
