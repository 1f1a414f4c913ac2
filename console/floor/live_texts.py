"""Collects the texts that the live pages' scripts need, in the request's language."""

from aiohttp import web

from console.floor import words
from console.kit.context import LANGUAGE, LIVE, project_titles, zone_for
from console.kit.rendering import says
from console.kit.words import CALL_LANGUAGES
from domain.identity import ProjectName


def live_texts(request: web.Request, projects: frozenset[ProjectName] | None) -> dict[str, object]:
    """Every text that a live page's script shows, and the titles of ``projects``."""
    centre = request.app[LIVE].centre()
    return {
        **{key: says(request, text) for key, text in words.LIVE_TEXTS.items()},
        "states": {k.value: says(request, t) for k, t in words.AGENT_STATES.items()},
        "state_colours": {k.value: c for k, c in words.AGENT_COLOURS.items()},
        "stages": {k.value: says(request, t) for k, t in words.STAGES.items()},
        "stage_colours": {k.value: c for k, c in words.STAGE_COLOURS.items()},
        "reasons": _reasons(request),
        "stations": {k: says(request, t) for k, t in words.STATION_STATES.items()},
        "ahead": {k.value: says(request, t) for k, t in words.AHEAD.items()},
        "legs": {k.value: says(request, t) if t else "" for k, t in words.LEGS.items()},
        "line_kinds": {k: says(request, t) for k, t in words.LINE_KINDS.items()},
        "languages": {k: says(request, t) for k, t in CALL_LANGUAGES.items()},
        "away_reasons": list(centre.reasons),
        "projects": project_titles(request, projects),
        "zone": zone_for(request).key,  # of all times that the script shows
    }


def _reasons(request: web.Request) -> dict[str, str]:
    """The centre's reasons to be away, by their titles there, or else ours; and Offhook's own."""
    usual = {name: says(request, text) for name, text in words.AWAY_REASONS.items()}
    own = {
        reason.name: reason.title.get(request[LANGUAGE]) or usual.get(reason.name, reason.name)
        for reason in request.app[LIVE].centre().away_reasons
    }
    return {**usual, **own}
