"""The history of the directory and of each thing: who changed what and why, and the way back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from centre.authority import refused
from centre.directory import Edit
from centre.directory_service import (
    ChangeConflict,
    ChangeForbidden,
    ChangeRefused,
    NoSuchChange,
    NothingToChange,
)
from centre.directory_store import ChangeSummary, DirectoryChange
from centre.kinds import Kind
from console.centre import words
from console.centre.difference import SaidSetting, Wording, differences
from console.centre.drafts import OtherFault, fault_text
from console.centre.pages import address, kind_of, notice, seen_directory, speech
from console.centre.reach import SeenDirectory
from console.centre.thing_pages import LONGEST_NOTE, number_in
from console.kit.context import DIRECTORY, USERS
from console.kit.rendering import render, says

PER_PAGE = 50
NAMED = 200
"""In so many edits of a change we look for those that the user sees."""
MOST_SHOWN = 200
"""How many edits of one change a page shows."""


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One change in a list of them."""

    change: ChangeSummary
    edits: Sequence[Edit]
    """The first ones that the user sees."""


@dataclass(frozen=True, slots=True)
class ShownEdit:
    """One edit in words."""

    kind: Kind
    key: str
    title: str
    what: str
    """``created``, ``changed``, ``removed`` or ``secret``."""
    settings: Sequence[SaidSetting]
    is_there: bool


async def history_page(request: web.Request) -> web.Response:
    """GET /centre/history"""
    return await _history(request, None, None)


async def thing_history_page(request: web.Request) -> web.Response:
    """GET /centre/{kind}/{key}/history: also of a thing that has been removed"""
    return await _history(request, kind_of(request), request.match_info["key"])


async def _history(request: web.Request, kind: Kind | None, key: str | None) -> web.Response:
    seen, service = await seen_directory(request), request.app[DIRECTORY]
    by = request.query.get("by", "").strip()[:100] or None
    before = number_in(request.query.get("before", ""))
    found = await service.history(kind, key, by=by, before=before, limit=PER_PAGE)
    thing = None if kind is None or key is None else (kind, key)
    edits = await service.first_edits([change.id for change in found], NAMED, thing)
    lines = [
        HistoryLine(change, mine[:4])
        for change in found
        if (mine := _visible(seen, edits[change.id]))
    ]
    more = {**({"by": by} if by else {}), "before": found[-1].id} if found else {}
    values = {
        "kind": kind,
        "key": key,
        "lines": lines,
        "by": by,
        "more": f"?{urlencode(more)}" if len(found) == PER_PAGE else "",
        "is_there": kind is not None and seen.get(kind, key or "") is not None,
        "what": _what,
        "address": address,
        "title": speech(request, seen).title,
        "words": words,
    }
    return render(request, "centre/history.html", values)


def _visible(seen: SeenDirectory, edits: Sequence[Edit]) -> list[Edit]:
    return [mine for edit in edits if (mine := seen.edit(edit)) is not None]


def _what(edit: Edit) -> str:
    if edit.before is None:
        return "created"
    if edit.after is None:
        return "removed"
    return "secret" if edit.before == edit.after else "changed"


async def change_page(request: web.Request) -> web.Response:
    """GET /centre/history/{change}"""
    seen, change = await seen_directory(request), await _change(request)
    return await _show(request, seen, change)


async def undo(request: web.Request) -> web.Response:
    """POST /centre/history/{change}/undo"""
    seen, change = await seen_directory(request), await _change(request)
    if not _visible(seen, change.edits):
        raise web.HTTPNotFound
    if any(refused(seen.actor, edit) for edit in change.edits):
        text = says(request, words.NOT_YOURS)
        return await _show(request, seen, change, mistake=text, status=403)
    note = str((await request.post()).get("change.note", ""))[:LONGEST_NOTE]
    try:
        made = await request.app[DIRECTORY].undo(
            seen.actor, change.id, note=note, dismiss=request.app[USERS].dismissing(seen.actor.name)
        )
    except ChangeForbidden:
        text = says(request, words.NOT_YOURS)
        return await _show(request, seen, change, mistake=text, status=403)
    except NothingToChange:
        text = says(request, words.DONE["same"])
        return await _show(request, seen, change, mistake=text, status=409)
    except ChangeRefused as error:
        speaks = speech(request, seen)
        known = [f for f in error.faults if seen.get(f.kind, f.key) is not None]
        faults = [OtherFault(f.kind, f.key, fault_text(f, speaks)) for f in known]
        unseen = len(error.faults) - len(known)
        return await _show(request, seen, change, faults=faults, unseen=unseen, status=400)
    except ChangeConflict as error:
        return await _show(request, seen, change, conflicts=error.conflicts, status=409)
    raise web.HTTPSeeOther(f"/centre/history/{made.id}?done=undone")


async def _change(request: web.Request) -> DirectoryChange:
    number = number_in(request.match_info["change"])
    try:
        return await request.app[DIRECTORY].made(number or 0)
    except NoSuchChange:
        raise web.HTTPNotFound from None


async def _show(
    request: web.Request,
    seen: SeenDirectory,
    change: DirectoryChange,
    *,
    mistake: str = "",
    faults: Sequence[OtherFault] = (),
    unseen: int = 0,
    conflicts: Sequence[Any] = (),
    status: int = 200,
) -> web.Response:
    edits, speaks = _visible(seen, change.edits), speech(request, seen)
    if not edits:
        raise web.HTTPNotFound
    (summary,) = await request.app[DIRECTORY].history(before=change.id + 1, limit=1)
    there = [thing for edit in edits if (thing := seen.get(edit.kind, edit.key)) is not None]
    lacking = sorted(await request.app[DIRECTORY].lacking_secrets(there))
    mine = not any(refused(seen.actor, edit) for edit in change.edits)
    values = {
        "change": change,
        "undone_by": summary.undone_by,
        "edits": [_shown(seen, edit, speaks) for edit in edits[:MOST_SHOWN]],
        "hidden": len(change.edits) - min(len(edits), MOST_SHOWN),
        "may_undo": mine and any(edit.before != edit.after for edit in change.edits),
        "lacking": lacking[:MOST_SHOWN],
        "mistake": mistake,
        "faults": faults,
        "unseen": unseen,
        "conflicts": conflicts,
        "notice": notice(request),
        "address": address,
        "title": speaks.title,
        "words": words,
    }
    return render(request, "centre/change.html", values, status=status)


def _shown(seen: SeenDirectory, edit: Edit, speaks: Wording) -> ShownEdit:
    there = seen.get(edit.kind, edit.key) is not None
    thing = edit.after or edit.before
    title = getattr(thing, "title", None) or getattr(thing, "name", "")
    if not isinstance(title, str) or title == edit.key:
        title = speaks.title(edit.kind, edit.key) if there else ""
    return ShownEdit(
        edit.kind,
        edit.key,
        "" if title == edit.key else title,
        _what(edit),
        differences(edit.before, edit.after, speaks),
        there,
    )
