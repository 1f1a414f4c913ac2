"""Renders pages from templates, with translated texts, times and durations."""

from collections.abc import Mapping
from datetime import datetime, tzinfo
from functools import partial
from gettext import NullTranslations
from pathlib import Path
from typing import Any

from aiohttp import web
from babel.dates import format_datetime
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from console.kit import words
from console.kit.access import can, menu
from console.kit.context import FORM_COOKIE, LANGUAGE, RULES, USER, zone_for
from console.kit.csrf import token_for
from console.kit.translations import DEFAULT, LANGUAGES, load_translations, locale_of
from console.kit.vendored import asset, icon

TEMPLATES = Path(__file__).parents[1]
_TRANSLATIONS = load_translations()


def translate(language: str, text: str, values: Mapping[str, object] | None = None) -> str:
    """A marked text in ``language``, with its ``%(name)s`` values filled in."""
    found = _TRANSLATIONS[language].gettext(text) if text else ""
    if not values:
        return found
    try:
        return found % values
    except (KeyError, ValueError, TypeError):
        return found


def duration(seconds: float | None) -> str:
    """``m:ss``, or ``h:mm:ss`` from an hour on; a dash for None."""
    if seconds is None:
        return "–"
    whole = max(0, round(seconds))
    hours, rest = divmod(whole, 3600)
    if hours:
        return f"{hours}:{rest // 60:02d}:{rest % 60:02d}"
    return f"{rest // 60}:{rest % 60:02d}"


def clock(moment: datetime | None, language: str, zone: tzinfo | None, pattern: str) -> str:
    """A moment in the time zone ``zone``, in a CLDR pattern; a dash for None."""
    if moment is None:
        return "–"
    return str(format_datetime(moment.astimezone(zone), pattern, locale=locale_of(language)))


def _environment(language: str, translations: NullTranslations) -> Environment:
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.install_gettext_translations(translations, newstyle=True)  # type: ignore[attr-defined]
    made.globals.update(
        icon=icon,
        asset=asset,
        common=words,
        languages=LANGUAGES,
        language=language,
        said_all=lambda texts: {key: translate(language, text) for key, text in texts.items()},
    )
    made.filters["duration"] = duration
    made.filters["said"] = lambda text: translate(language, str(text))
    return made


_ENVIRONMENTS = {name: _environment(name, found) for name, found in _TRANSLATIONS.items()}


def rendered(request: web.Request, template: str, values: Mapping[str, Any] | None = None) -> str:
    """The page, or a part of one, as text."""
    language = request.get(LANGUAGE, DEFAULT)
    user = request.get(USER)
    zone = zone_for(request)
    cookie = request.get(FORM_COOKIE)

    def moment(at: datetime | None, pattern: str = "yyyy-MM-dd HH:mm:ss") -> str:
        return clock(at, language, zone, pattern)

    return str(
        _ENVIRONMENTS[language]
        .get_template(template)
        .render(
            user=user,
            path=request.path,
            here=_here(request),
            form_token=token_for(cookie) if cookie else "",
            can=partial(can, request),
            menu=menu(request),
            moment=moment,
            **(values or {}),
        )
    )


def render(
    request: web.Request, template: str, values: Mapping[str, Any] | None = None, status: int = 200
) -> web.Response:
    """The page as a response. It shows customers' data and is never cached."""
    text = rendered(request, template, values)
    return web.Response(
        text=text, content_type="text/html", status=status, headers={"Cache-Control": "no-store"}
    )


def clock_of(request: web.Request, at: datetime | None, pattern: str) -> str:
    """A moment as the request's user reads it."""
    return clock(at, request.get(LANGUAGE, DEFAULT), zone_for(request), pattern)


def _here(request: web.Request) -> str:
    """The URL of this page; if the page is the answer to a form, the URL of the form's page."""
    resource = request.match_info.route.resource
    form_only = resource is not None and ("GET", resource.canonical) not in request.app[RULES]
    return str(request.rel_url.parent if form_only else request.rel_url)


def says(request: web.Request, text: str, values: Mapping[str, object] | None = None) -> str:
    """A marked text in the request's language."""
    return translate(request.get(LANGUAGE, DEFAULT), text, values)
