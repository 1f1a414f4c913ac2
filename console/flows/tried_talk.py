"""Reads the form with which a flow is tried: how the call begins, and what is done in it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aiohttp import web
from multidict import MultiDictProxy
from pydantic import ValidationError

from console.flows import try_words
from console.flows.tried_flow import called_beginning
from console.kit.context import LIVE, zone_for
from console.kit.rendering import says
from ivr_flows.trying.scripts import MOST_STEPS_IN_A_TEST, ScriptBeginning, ScriptStep, step_fault

_SETUP = ("at", "caller", "called", "language", "known", "hours", "lots")
LONGEST_STEPS = 12_000
"""Characters of what was done, as JSON; the answers of look-ups are in it."""
_DEEPEST_ANSWER = 12


@dataclass(frozen=True, slots=True)
class TriedTalk:
    """What somebody wants to try. ``said`` is what went wrong with their last wish."""

    setup: dict[str, str]
    steps: tuple[ScriptStep, ...]
    said: str
    name: str = ""


def usual_setup(request: web.Request) -> dict[str, str]:
    """How a call begins if nobody says otherwise: now, by the centre's clock."""
    now = datetime.now(UTC).astimezone(zone_for(request))
    return {
        **dict.fromkeys(_SETUP, ""),
        "at": f"{now:%Y-%m-%dT%H:%M}",
        "caller": "+8613800000000",
        "lots": "0",
    }


def talk_asked(request: web.Request, form: MultiDictProxy[str]) -> TriedTalk:
    """What a form asks for. Raises HTTPBadRequest if it can't be the page's own."""
    setup = {**usual_setup(request), **{name: form.get(name, "")[:64] for name in _SETUP}}
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
    if len(steps) > MOST_STEPS_IN_A_TEST or len(steps_json(steps)) > LONGEST_STEPS:
        steps = steps[:-1]
        said = says(request, try_words.TOO_LONG)
    return TriedTalk(setup, steps, said)


def _steps(text: str) -> tuple[ScriptStep, ...]:
    if len(text) > LONGEST_STEPS:
        raise ValueError("too much was done")
    found = json.loads(text)
    if not isinstance(found, list):
        raise ValueError("no steps")
    return tuple(_one_step(each) for each in found)


def steps_json(steps: Sequence[ScriptStep]) -> str:
    """What was done, as the form carries it."""
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
        case "fails":
            return _one_step({do: form.get(do, "")}), ""
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


def beginning_of(request: web.Request, asked: TriedTalk) -> ScriptBeginning:
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
