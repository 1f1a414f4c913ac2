"""A campaign's plan, gaps and alarm lines as a form has them: text in, settings and faults out."""

import re
from collections.abc import Iterable, Mapping
from datetime import date, time
from typing import Any

from aiohttp import web

from campaigns.campaign import CallingHours, CampaignSettings
from console.campaigns import plan_words
from console.campaigns.form_fault import FormFault
from console.kit.rendering import says

WEEKS = ("runs", "hours")
"""The settings that are a week of hours; a day's field is ``runs.0`` for Monday."""
_DATES = ("first_day", "last_day")
_SPLIT = re.compile(r"[,;，；、\s]+")
_SPAN = re.compile(r"(\d{1,2})(?::(\d{2}))?[-–—~](\d{1,2})(?::(\d{2}))?")
LONGEST_FIELD = 15_000
"""Longer text than 1,000 dates is nobody's."""


def plan_typed(settings: CampaignSettings) -> dict[str, str]:
    """What the form shows for these settings."""
    typed = {
        f"{week}.{day}": ", ".join(_spans_on(getattr(settings, week), day))
        for week in WEEKS
        for day in range(7)
    }
    for name in _DATES:
        found = getattr(settings, name)
        typed[name] = "" if found is None else found.isoformat()
    typed["closed_on"] = ", ".join(day.isoformat() for day in settings.closed_on)
    typed["calendar"] = settings.calendar or ""
    for cause in plan_words.GAP_CAUSES:
        gap_s = settings.gap_after_s.get(cause)
        typed[f"gap_after.{cause.value}"] = "" if gap_s is None else f"{gap_s / 3600:g}"
    typed["alarms"] = ", ".join(f"{part * 100:g}" for part in settings.alarm_shares)
    return typed


def take_plan(
    request: web.Request, typed: Mapping[str, str], given: dict[str, Any]
) -> list[FormFault]:
    """Put what was typed into ``given``; returns what can't be read. Fields that the form doesn't
    have at all stay as they were."""
    faults: list[FormFault] = []

    def refuse(field: str, value: str, text: str, name: str) -> None:
        values = {"setting": says(request, name), "value": value}
        faults.append(FormFault(field, says(request, text, values)))

    for week in WEEKS:
        if f"{week}.0" not in typed:
            continue
        hours: dict[tuple[time, time], list[int]] = {}
        for day in range(7):
            field = f"{week}.{day}"
            for text in _parts(typed.get(field, "")):
                span = _span(text)
                if span is None:
                    refuse(field, text, plan_words.NO_SPAN, plan_words.DAYS[day])
                else:
                    hours.setdefault(span, []).append(day)
        given[week] = [
            {"days": sorted(set(days)), "start": start, "end": end}
            for (start, end), days in hours.items()
        ]
    for name in _DATES:
        if name in typed:
            value = typed[name].strip()
            given[name] = _date(value)
            if value and given[name] is None:
                refuse(name, value, plan_words.NO_DATE, plan_words.NAMES[name])
    if "closed_on" in typed:
        days: list[date] = []
        for text in _parts(typed["closed_on"]):
            if (closed := _date(text)) is None:
                refuse("closed_on", text, plan_words.NO_DATE, plan_words.NAMES["closed_on"])
            else:
                days.append(closed)
        given["closed_on"] = sorted(set(days))
    if "calendar" in typed:
        given["calendar"] = typed["calendar"].strip() or None
    _take_gaps(typed, given, refuse)
    if "alarms" in typed:
        parts = [_number(text) for text in _parts(typed["alarms"].replace("%", " "))]
        if any(part is None or not 0 < part < 100 for part in parts) or len(parts) > 5:
            refuse("alarms", typed["alarms"], plan_words.NO_ALARM, plan_words.NAMES["alarms"])
        else:
            given["alarm_shares"] = sorted({part / 100 for part in parts if part is not None})
    return faults


def _take_gaps(typed: Mapping[str, str], given: dict[str, Any], refuse: Any) -> None:
    gaps = dict(given.get("gap_after_s", {}))
    for cause in plan_words.GAP_CAUSES:
        field = f"gap_after.{cause.value}"
        if field not in typed:
            continue
        value = typed[field].strip().replace(",", ".")
        hours = _number(value) if value else None
        if not value:
            gaps.pop(cause.value, None)
        elif hours is None or not 0 <= hours <= 8_784:
            refuse(field, value, plan_words.NO_HOURS, plan_words.GAP_CAUSES[cause])
        else:
            gaps[cause.value] = hours * 3600
    given["gap_after_s"] = gaps


def shown_plan(request: web.Request, settings: CampaignSettings) -> dict[str, str]:
    """The plan in words, by the names of its settings, for the history."""
    typed = plan_typed(settings)
    shown = {name: typed[name] for name in ("closed_on", "calendar", "alarms", *_DATES)}
    for week in WEEKS:
        days = [
            f"{says(request, plan_words.DAYS[day])} {typed[f'{week}.{day}']}"
            for day in range(7)
            if typed[f"{week}.{day}"]
        ]
        shown[week] = "; ".join(days)
    gaps = [
        f"{says(request, text)} {typed[f'gap_after.{cause.value}']}"
        for cause, text in plan_words.GAP_CAUSES.items()
        if typed[f"gap_after.{cause.value}"]
    ]
    shown["gap_after_h"] = "; ".join(gaps)
    return shown


def _spans_on(hours: Iterable[CallingHours], day: int) -> list[str]:
    found = sorted((each.start, each.end) for each in hours if day in each.days)
    return [f"{start:%H:%M}-{'24:00' if end == time() else f'{end:%H:%M}'}" for start, end in found]


def _parts(text: str) -> list[str]:
    """What stands between commas and spaces; a dash may have spaces around it."""
    joined = re.sub(r"\s*([-–—~])\s*", r"\1", text[:LONGEST_FIELD].replace("：", ":"))
    return [part for part in _SPLIT.split(joined) if part]


def _span(text: str) -> tuple[time, time] | None:
    found = _SPAN.fullmatch(text)
    if found is None:
        return None
    try:
        start = time(int(found[1]), int(found[2] or 0))
        end_h, end_m = int(found[3]), int(found[4] or 0)
        return start, time() if (end_h, end_m) == (24, 0) else time(end_h, end_m)
    except ValueError:
        return None


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _number(text: str) -> float | None:
    try:
        found = float(text)
    except ValueError:
        return None
    return found if abs(found) < 1e9 else None
