"""The directory's overview: all kinds of things and, in a new centre, the first steps."""

from typing import Any

from aiohttp import web

from centre.authority import may_make
from centre.kinds import Kind
from centre.things import MODELS
from console.centre import words
from console.centre.first_steps_pages import first_steps
from console.centre.pages import ICONS, seen_directory
from console.centre.reach import SeenDirectory
from console.kit.rendering import render


async def overview(request: web.Request) -> web.Response:
    """GET /centre"""
    seen = await seen_directory(request)
    leads = may_make(seen.actor, Kind.PROJECT)  # others can't take the first steps
    values: dict[str, Any] = {
        **(await first_steps(request, seen) if leads else {}),
        "leads": leads,
        "counts": {kind: sum(1 for _ in seen.of(kind)) for kind in MODELS if _shows(seen, kind)},
        "may_make_kinds": {kind for kind in MODELS if may_make(seen.actor, kind)},
        "words": words,
        "kind_icons": ICONS,
    }
    return render(request, "centre/overview.html", values)


def _shows(seen: SeenDirectory, kind: Kind) -> bool:
    return kind not in (Kind.LINE, Kind.OUTSIDE_NUMBER) or seen.actor.everywhere
