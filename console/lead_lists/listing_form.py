"""What is typed of numbers that are not to be called: from which day on, and why."""

from collections.abc import Mapping
from datetime import UTC, date, datetime

from aiohttp import web

from campaigns.do_not_call import CENTRE
from campaigns.import_progress import ImportProgress
from campaigns.list_imports import AT_ONCE, ListingWish
from console.kit.context import project_titles, zone_for
from console.kit.rendering import says
from console.lead_lists import words
from domain.errors import OffhookError
from domain.identity import ProjectName

MOST_REASON = 500
_YEARS = range(2000, 3000)


class NotADay(OffhookError):  # noqa: N818
    """What was typed is not a day between the years 2000 and 2999."""


def day_typed(request: web.Request, text: str) -> datetime | None:
    """The beginning of the day where the viewer is; None: nothing was typed. Raises NotADay."""
    if not text.strip():
        return None
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        raise NotADay from None
    if day.year not in _YEARS:
        raise NotADay
    return datetime(day.year, day.month, day.day, tzinfo=zone_for(request)).astimezone(UTC)


def listing_of(
    request: web.Request, found: ImportProgress, form: Mapping[str, object]
) -> ListingWish:
    """What was typed for a file of numbers: since, since_column (its place), reason.

    Raises NotADay, or HTTPBadRequest.
    """
    if found.list is not None:
        return AT_ONCE
    place, headings = str(form.get("since_column", "")), found.mapping.headings
    if place and not (place.isascii() and place.isdecimal() and len(place) < 4):
        raise web.HTTPBadRequest
    if place and int(place) >= len(headings):
        raise web.HTTPBadRequest
    return ListingWish(
        day_typed(request, str(form.get("since", ""))),
        headings[int(place)] if place else None,
        str(form.get("reason", "")).replace("\0", "").strip()[:MOST_REASON],
    )


def whose_list(request: web.Request, found: ImportProgress) -> str:
    """The name of the do-not-call list of a file."""
    if found.project == CENTRE:
        return says(request, words.CENTRES_LIST)
    project = ProjectName(found.project)
    return project_titles(request, frozenset({project})).get(project, project)
