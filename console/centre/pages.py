"""The list of each kind of thing, and what all pages of the directory need."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from aiohttp import web

from centre.authority import may_make
from centre.directory import Directory, content
from centre.kinds import Kind, Thing
from centre.things import MODELS
from console.centre import words
from console.centre.difference import Wording, cell
from console.centre.fields import fields_of
from console.centre.reach import SeenDirectory, actor_of
from console.centre.setting_words import label_of
from console.kit.context import DIRECTORY, LANGUAGE, zone_for
from console.kit.rendering import clock, render, says
from console.kit.translations import DEFAULT
from telephony.numbers import spaced

PER_PAGE = 200

ICONS: Mapping[Kind, str] = {
    Kind.CENTRE: "language",
    Kind.PROJECT: "list-details",
    Kind.CALENDAR: "clock",
    Kind.SKILL: "star",
    Kind.QUEUE: "stack-2",
    Kind.HOTLINE: "phone-incoming",
    Kind.TEAM: "users",
    Kind.STATION: "phone",
    Kind.LINE: "transfer",
    Kind.AGENT: "headset",
    Kind.AWAY_REASON: "player-pause",
    Kind.CALLER: "shield-lock",
    Kind.OUTSIDE_NUMBER: "phone-call",
}
LISTED: Mapping[Kind, tuple[str, ...]] = {
    Kind.CENTRE: (),
    Kind.PROJECT: ("title",),
    Kind.CALENDAR: ("title", "holidays"),
    Kind.SKILL: ("title",),
    Kind.QUEUE: ("title", "project", "skill", "priority"),
    Kind.HOTLINE: ("title", "project", "flow", "calendar"),
    Kind.TEAM: ("title",),
    Kind.STATION: ("kind", "note"),
    Kind.LINE: ("kind", "channels", "host"),
    Kind.AGENT: ("name", "projects", "team", "skills", "station"),
    Kind.AWAY_REASON: ("title", "digit", "limit_s"),
    Kind.CALLER: ("treatment", "projects", "note"),
    Kind.OUTSIDE_NUMBER: ("title", "line", "projects", "note"),
}
"""The settings that a list shows, besides the key."""


def kind_of(request: web.Request) -> Kind:
    """The kind that the address names. Raises HTTPNotFound."""
    try:
        return Kind(request.match_info["kind"])
    except ValueError:
        raise web.HTTPNotFound from None


def address(kind: Kind, key: str, rest: str = "") -> str:
    """Where a thing's page is, or one of its pages."""
    return f"/centre/{kind}/{quote(key, safe='')}{rest}"


async def seen_directory(request: web.Request) -> SeenDirectory:
    """The directory as the request's user sees it."""
    kept = await request.app[DIRECTORY].read()
    return SeenDirectory(actor_of(request), kept.directory)


def speech(request: web.Request, seen: SeenDirectory) -> Wording:
    """How things are said on a page."""
    language = request.get(LANGUAGE, DEFAULT)
    zone = zone_for(request)
    return Wording(
        says=lambda text: says(request, text),
        title=lambda kind, key: seen.title(kind, key, language),
        clock=lambda moment: clock(moment, language, zone, "yyyy-MM-dd HH:mm:ss"),
    )


async def list_page(request: web.Request) -> web.Response:
    """GET /centre/{kind}: the whole page, or only its list if htmx asks."""
    kind, seen = kind_of(request), await seen_directory(request)
    if kind is Kind.CENTRE:
        raise web.HTTPSeeOther(address(kind, "centre"))
    wanted = request.query.get("q", "").strip()[:100]
    said = speech(request, seen)
    found = [thing for thing in seen.of(kind) if _matches(thing, wanted.casefold(), said)]
    number = request.query.get("page", "")
    pages = max(1, -(-len(found) // PER_PAGE))
    page = int(number) if number.isascii() and number.isdecimal() and len(number) < 6 else 1
    page = min(max(1, page), pages)
    here = found[(page - 1) * PER_PAGE : page * PER_PAGE]
    partial = (
        "HX-Request" in request.headers and "HX-History-Restore-Request" not in request.headers
    )
    values: dict[str, Any] = {
        "kind": kind,
        "rows": [
            (thing.key, _shown_key(thing), [cell(thing, name, said) for name in LISTED[kind]])
            for thing in here
        ],
        "columns": _columns(kind),
        "total": len(found),
        "page": page,
        "pages": pages,
        "wanted": wanted,
        "may_make": may_make(seen.actor, kind),
        "needs": _needs(seen.directory, kind),
        "address": address,
        "words": words,
        "icons": ICONS,
        "notice": notice(request),
    }
    template = "centre/_list.html" if partial else "centre/list.html"
    response = render(request, template, values)
    response.headers["Vary"] = "HX-Request"
    return response


def _shown_key(thing: Thing) -> str:
    return spaced(thing.key) if thing.KIND in (Kind.CALLER, Kind.OUTSIDE_NUMBER) else thing.key


def _columns(kind: Kind) -> list[str]:
    fields = {each.setting: each for each in fields_of(MODELS[kind])}
    key = fields[MODELS[kind].KEY]
    return [label_of(kind, key), *(label_of(kind, fields[name]) for name in LISTED[kind])]


def _matches(thing: Thing, wanted: str, said: Wording) -> bool:
    texts = [_shown_key(thing), *_texts(content(thing))]
    if not wanted or any(wanted in text.casefold() for text in texts):
        return True
    cells = (cell(thing, setting, said) for setting in LISTED[thing.KIND])
    return any(wanted in text.casefold() for texts in cells for text in texts)


def _texts(found: Any) -> list[str]:
    if isinstance(found, Mapping):
        return [text for value in found.values() for text in _texts(value)]
    if isinstance(found, list):
        return [text for value in found for text in _texts(value)]
    return [str(found)]


def _needs(directory: Directory, kind: Kind) -> list[Kind]:
    """What has to be there before a thing of this kind can be made."""
    wanted = {
        Kind.QUEUE: (Kind.PROJECT, Kind.SKILL),
        Kind.HOTLINE: (Kind.PROJECT,),
        Kind.AGENT: (Kind.PROJECT,),
    }
    return [need for need in wanted.get(kind, ()) if not directory.things.get(need)]


def notice(request: web.Request) -> str:
    """What was done just before this page, in words; "" for nothing."""
    text = words.DONE.get(request.query.get("done", ""))
    return says(request, text) if text else ""
