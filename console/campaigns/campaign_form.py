"""A campaign's settings as a form has them: text in, settings and faults out."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web
from pydantic import ValidationError

from campaigns.campaign import CampaignSettings
from campaigns.stored_campaign import CampaignContent
from console.campaigns import words
from console.campaigns.form_fault import FormFault
from console.campaigns.plan_form import plan_typed, shown_plan, take_plan
from console.kit.rendering import says

_PLAIN = (
    "title", "mode", "queue", "flow", "line", "rules", "grace_s", "ratio", "lines",
    "lines_for_inbound",
    "calls_per_second", "caller_id", "ring_s", "priority", "agents_for_inbound", "most_attempts",
    "callback_tries",
    "opt_out_key", "opt_out_of", "detection", "preview_s", "preview_end", "by_hand",
)  # fmt: skip
"""Settings that the form has under their own names."""
_MAY_BE_EMPTY = frozenset({"grace_s", "caller_id", "flow"})
_PERCENT = ("share", "people_taken_for_machines")
_TIMES = {
    "gap_h": ("gap_s", 3600),
    "number_gap_h": ("number_gap_s", 3600),
    "callback_again_m": ("callback_again_s", 60),
    "callback_to_team_m": ("callback_to_team_s", 60),
}
"""Settings that the form has in another unit, of so many seconds."""
LANGUAGES = ("zh-CN", "en")
LONGEST_MESSAGE = 500


def typed_of(settings: CampaignSettings) -> dict[str, str]:
    """What the form shows for these settings."""
    plain = settings.model_dump(mode="json")
    typed = {name: _text(plain[name]) for name in _PLAIN}
    typed |= {shown: f"{plain[name] / unit:g}" for shown, (name, unit) in _TIMES.items()}
    for name in _PERCENT:
        typed[name] = "" if plain[name] is None else f"{plain[name] * 100:g}"
    typed["detection"] = "true" if settings.detection else ""
    typed["by_hand"] = "true" if settings.by_hand else ""
    typed |= {f"message.{language}": settings.message.get(language, "") for language in LANGUAGES}
    return typed | plan_typed(settings)


def settings_of_form(
    request: web.Request, typed: Mapping[str, str], before: CampaignSettings | None
) -> tuple[CampaignSettings | None, list[FormFault]]:
    """The settings that were typed, or what is wrong with them; what the form doesn't have stays
    as it was."""
    given: dict[str, Any] = {} if before is None else before.model_dump(mode="json")
    faults: list[FormFault] = []
    for name in _PLAIN:
        value = typed.get(name, "").strip()
        if value:
            given[name] = value
        elif name in _MAY_BE_EMPTY:
            given[name] = None
        elif name == "opt_out_key":
            given[name] = ""
        else:
            given.pop(name, None)
    for shown, (name, unit) in {**_TIMES, **{name: (name, 1) for name in _PERCENT}}.items():
        value = typed.get(shown, "").strip().replace(",", ".")
        try:
            number = float(value) if value else None
        except ValueError:
            faults.append(_fault(request, shown, words.OTHER_FAULT, value))
            continue
        if number is None:
            given.pop(name, None)
        else:
            given[name] = number / 100 if name in _PERCENT else number * unit
    message = {one: typed.get(f"message.{one}", "").strip() for one in LANGUAGES}
    given["message"] = {one: text[:LONGEST_MESSAGE] for one, text in message.items() if text}
    faults += take_plan(request, typed, given)
    try:
        settings = CampaignSettings.model_validate(given)
    except ValidationError as error:
        return None, [*faults, *(_said(request, each, typed) for each in error.errors())]
    return (None, faults) if faults else (settings, [])


def shown_values(request: web.Request, content: CampaignContent) -> dict[str, str]:
    """A content's settings in words, by their names in the form."""
    typed = typed_of(content.settings)
    typed["mode"] = says(request, words.MODE_NAMES[content.settings.mode])
    typed["rules"] = says(request, words.PRESETS.get(content.settings.rules, typed["rules"]))
    typed["detection"] = says(request, words.DETECTIONS[typed["detection"]])
    typed["preview_end"] = says(request, words.PREVIEW_ENDS[content.settings.preview_end])
    typed["by_hand"] = says(request, words.BY_HAND[typed["by_hand"]])
    typed["opt_out_of"] = says(request, words.OPT_OUTS[content.settings.opt_out_of])
    typed["lists"] = ", ".join(map(str, content.lists))
    typed |= shown_plan(request, content.settings)
    typed["state"] = says(request, words.STATES[content.state])
    return {name: value for name, value in typed.items() if name in words.SETTINGS}


def _said(request: web.Request, error: Any, typed: Mapping[str, str]) -> FormFault:
    place = str(error["loc"][0]) if error["loc"] else _of_text(str(error["msg"]))
    shown, unit = next(
        ((form, unit) for form, (name, unit) in _TIMES.items() if name == place), (place, 1)
    )
    text = words.FAULTS.get(error["type"], words.OTHER_FAULT)
    if not error["loc"]:
        text = words.OF_THE_WHOLE.get(place, text)
    context = dict(error.get("ctx", {}))
    if place in _PERCENT:
        context = {key: value * 100 for key, value in context.items()}
    elif unit != 1:
        context = {key: f"{value / unit:g}" for key, value in context.items()}
    return _fault(request, shown, text, typed.get(shown, ""), context)


def _of_text(message: str) -> str:
    """The setting that a fault of the whole is about: it begins with its name."""
    return message.removeprefix("Value error, ").partition(":")[0]


def _fault(
    request: web.Request,
    field: str,
    text: str,
    value: str,
    context: Mapping[str, object] | None = None,
) -> FormFault:
    name = says(request, words.SETTINGS.get(field, field))
    return FormFault(
        field, says(request, text, {**(context or {}), "setting": name, "value": value})
    )


def _text(value: object) -> str:
    if value is None:
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value)
