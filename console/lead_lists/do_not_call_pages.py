"""The lists of numbers that are not to be called: looked through, added to, taken off."""

import re
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from aiohttp import web

from campaigns.do_not_call import CENTRE, MOST_ENTRIES, DoNotCallRefused, is_e164
from campaigns.import_progress import ImportProgress
from campaigns.lead_lists import ListRefused
from campaigns.lead_numbers import FoundNumber, number_of
from console.kit.access import can
from console.kit.context import LANGUAGE, LIVE, project_titles, zone_for
from console.kit.rendering import clock, render, says
from console.kit.sheet_files import SheetPart, send_sheet
from console.kit.uploads import UPLOAD
from console.lead_lists import words
from console.lead_lists.list_services import LIST_SERVICES, actor_of, refusal
from console.lead_lists.listing_form import MOST_REASON, NotADay, day_typed
from documents.sheets import SheetUnreadable
from domain.identity import ProjectName

MOST_TYPED = 4_000
"""Numbers that are put on a list at a time; more don't fit into a form."""
_MOST_NAMED = 5
_BETWEEN = re.compile(r"[,;，；、\r\n]+")
_FIELDS = ("list", "numbers", "since", "reason")


@dataclass(frozen=True, slots=True)
class _Typed:
    """What was typed, read."""

    numbers: tuple[str, ...]
    since: datetime | None
    mistake: str = ""


async def page(request: web.Request) -> web.Response:
    """GET /do-not-call: list (a project; empty: the centre's), number, after"""
    return await _page(request, request.query.get("list"))


async def add(request: web.Request) -> web.Response:
    """POST /do-not-call: list, numbers, since (a day; empty: now), reason"""
    form = await request.post()
    typed = {name: str(form.get(name, "")).replace("\0", "") for name in _FIELDS}
    read = _read(request, typed)
    if read.mistake:
        return await _page(request, typed["list"], read.mistake, typed=typed, status=400)
    try:
        new = await request.app[LIST_SERVICES].do_not_call.add(
            actor_of(request),
            ProjectName(typed["list"]),
            read.numbers,
            since=read.since,
            reason=typed["reason"].strip()[:MOST_REASON],
        )
    except DoNotCallRefused as refused:
        raise web.HTTPForbidden from refused
    done = says(request, words.LISTED, {"n": new, "known": len(read.numbers) - new})
    return await _page(request, typed["list"], done=done)


async def upload(request: web.Request) -> web.Response:
    """POST /do-not-call/upload: list, and a file of numbers, to be looked at"""
    file = request[UPLOAD]
    where = file.fields.get("list", "")
    if not file.data:
        return await _page(request, where, says(request, words.NO_FILE), status=400)
    try:
        made = await request.app[LIST_SERVICES].imports.upload_numbers(
            actor_of(request), ProjectName(where), file.name, file.data, country=_country(request)
        )
    except SheetUnreadable as error:
        text = says(request, words.UNREADABLE[error.code], {"name": error.name})
        return await _page(request, where, text, status=400)
    except ListRefused as refused:
        return await _page(request, where, refusal(request, refused), status=409)
    except DoNotCallRefused as refused:
        raise web.HTTPForbidden from refused
    raise web.HTTPSeeOther(f"/lists/imports/{made.number}")


async def file(request: web.Request) -> web.StreamResponse:
    """GET /do-not-call/file/{kind}: list; all its numbers as a CSV or XLSX file"""
    where = ProjectName(request.query.get("list", ""))
    headings = [says(request, text) for text in words.LISTED_COLUMNS]
    rows = _rows(request, where)
    return await send_sheet(request, "do-not-call", request.match_info["kind"], headings, rows)


async def _rows(request: web.Request, where: ProjectName) -> AsyncIterator[SheetPart]:
    zone, language = zone_for(request), request[LANGUAGE]
    try:
        async for part in request.app[LIST_SERVICES].do_not_call.all(actor_of(request), where):
            yield [
                [
                    one.number,
                    clock(one.since, language, zone, "yyyy-MM-dd HH:mm:ss"),
                    says(request, words.LISTING_SOURCES.get(one.source, "")) or one.source,
                    one.by,
                ]
                for one in part
            ]
    except DoNotCallRefused as refused:
        raise web.HTTPForbidden from refused


async def take_off(request: web.Request) -> web.Response:
    """POST /do-not-call/remove: list, number, reason"""
    form = await request.post()
    where, number, reason = (
        str(form.get(name, "")).replace("\0", "").strip() for name in ("list", "number", "reason")
    )
    if not reason:
        return await _page(request, where, says(request, words.NEEDS_REASON), status=400)
    try:
        gone = await request.app[LIST_SERVICES].do_not_call.remove(
            actor_of(request), ProjectName(where), number, reason=reason[:MOST_REASON]
        )
    except DoNotCallRefused as refused:
        raise web.HTTPForbidden from refused
    text = words.TAKEN_OFF if gone else words.NOT_LISTED
    return await _page(request, where, done=says(request, text, {"number": number}))


def _read(request: web.Request, typed: Mapping[str, str]) -> _Typed:
    parts = [part.strip() for part in _BETWEEN.split(typed["numbers"]) if part.strip()]
    if not parts or len(parts) > MOST_TYPED:
        return _Typed((), None, says(request, words.HOW_MANY, {"most": MOST_TYPED}))
    country = _country(request)
    found = [_number(part, country) for part in parts]
    if wrong := [part for part, number in zip(parts, found, strict=True) if number is None]:
        named = ", ".join(part[:40] for part in wrong[:_MOST_NAMED])
        text = says(request, words.NO_NUMBERS, {"n": len(wrong), "named": named})
        return _Typed((), None, text)
    numbers = tuple(dict.fromkeys(number for number in found if number is not None))
    try:
        return _Typed(numbers, day_typed(request, typed["since"]))
    except NotADay:
        return _Typed((), None, says(request, words.NO_DAY))


def _number(text: str, country: str) -> str | None:
    """As it is stored. One in full is taken as it is: nobody calls what doesn't exist either."""
    found = number_of(text, country)
    if isinstance(found, FoundNumber):
        return found.e164
    return text if is_e164(text) else None


def _country(request: web.Request) -> str:
    """Whose numbers are typed without a country's code: those of the first line."""
    lines: Iterable[str] = (line.country for line in request.app[LIVE].centre().lines)
    return next(iter(lines), "CN")


async def _page(
    request: web.Request,
    where: str | None,
    mistake: str = "",
    *,
    typed: Mapping[str, str] | None = None,
    done: str = "",
    status: int = 200,
) -> web.Response:
    actor = actor_of(request)
    own = None if actor.everywhere else frozenset(map(ProjectName, actor.projects or ()))
    titles = project_titles(request, own)
    project = ProjectName(where) if where is not None else next(iter(titles), CENTRE)
    searched = request.query.get("number", "").replace("\0", "").strip()
    sought = (_number(searched, _country(request)) or searched) if searched else None
    after = request.query.get("after", "").replace("\0", "") or None
    try:
        entries = await request.app[LIST_SERVICES].do_not_call.entries(
            actor, project, number=sought, after=after
        )
    except DoNotCallRefused as refused:
        raise web.HTTPForbidden from refused
    may_change = actor.everywhere or project != CENTRE
    may_import = may_change and can(request, "POST", "/do-not-call/upload")
    values = {
        "project": project,
        "lists": {**titles, CENTRE: says(request, words.CENTRES_LIST)},
        "entries": entries,
        "more": entries[-1].number if len(entries) == MOST_ENTRIES else "",
        "searched": searched,
        "typed": typed or {},
        "mistake": mistake,
        "done": done,
        "now": datetime.now(UTC),
        "imports": await _imports(request, project) if may_import else (),
        "may_import": may_import,
        "may_add": may_change and can(request, "POST", "/do-not-call"),
        "may_take_off": may_change and can(request, "POST", "/do-not-call/remove"),
        "words": words,
    }
    return render(request, "lead_lists/do_not_call.html", values, status=status)


async def _imports(request: web.Request, project: ProjectName) -> Sequence[ImportProgress]:
    services = request.app[LIST_SERVICES]
    return await services.imports.of_numbers(actor_of(request), project)
