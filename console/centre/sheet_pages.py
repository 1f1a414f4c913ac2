"""The pages on which agents come from a sheet and go to one: choose, look, confirm, hand out."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from aiohttp import web

from centre.agent_cells import SheetFault
from centre.agent_columns import COLUMNS, REQUIRED, agent_rows
from centre.agent_sheets import MOST_AGENTS, AgentRow, RowState
from centre.authority import may_make
from centre.kinds import Kind
from centre.organisation_settings import AgentSettings
from centre.setting_values import Language
from console.centre import sheet_words, words
from console.centre.difference import SaidSetting, Wording, differences
from console.centre.drafts import OtherFault, fault_text
from console.centre.fields import fields_of
from console.centre.first_access import PhoneServer
from console.centre.pages import address, seen_directory, speech
from console.centre.reach import SeenDirectory, actor_of
from console.centre.setting_words import label_of
from console.centre.sheet_making import (
    MAKEABLE,
    USUALLY_MADE,
    begin_to_make,
    look_at,
    paced,
    settle,
)
from console.centre.sheets_in_hand import SHEETS, SheetInHand, SheetStage
from console.centre.thing_pages import LONGEST_NOTE
from console.kit.context import LANGUAGE, PHONES, user_of
from console.kit.rendering import render, says
from console.kit.uploads import UPLOAD
from documents.sheet_writing import csv_file, xlsx_file
from documents.sheets import MOST_BYTES, SheetUnreadable

HERE = "/centre/agents-sheet"
PER_PAGE = 100
MOST_FAULTS = 200
"""How many of them a page shows."""
MOST_ON_A_PAGE = 300
"""How many agents' passwords a page shows; more go into a file."""
_AT_ONCE_S = 1.5
"""So long a confirmation waits for what came of it; then a page shows how far it is."""
_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@dataclass(frozen=True, slots=True)
class ShownFault:
    """A fault in words."""

    row: int
    column: str
    value: str
    text: str


@dataclass(frozen=True, slots=True)
class ShownRow:
    """A row in words: what taking it changes."""

    number: int
    state: RowState
    code: str
    name: str
    settings: Sequence[SaidSetting]
    remarks: Sequence[str]


async def choose_page(request: web.Request) -> web.Response:
    """GET /centre/agents-sheet"""
    return await _choose(request)


async def upload(request: web.Request) -> web.Response:
    """POST /centre/agents-sheet: a file, to be looked at"""
    actor, file = actor_of(request), request[UPLOAD]
    if not may_make(actor, Kind.AGENT):
        raise web.HTTPForbidden
    if not file.data:
        return await _choose(request, says(request, sheet_words.NO_FILE), status=400)
    try:
        look = await look_at(request.app, actor, file.data, USUALLY_MADE)
    except SheetUnreadable as error:
        text = sheet_words.unreadable_words(error, _saying(request))
        return await _choose(request, text, name=file.name, status=400)
    sheet = SheetInHand(actor.name, file.name, file.data, look)
    request.app[SHEETS].add(sheet)
    raise web.HTTPSeeOther(f"{HERE}/{sheet.id}")


async def sheet_page(request: web.Request) -> web.Response:
    """GET /centre/agents-sheet/{sheet}: what it would change, how far it is, or what came of it"""
    sheet = _sheet(request)
    polled = "HX-Request" in request.headers
    actor_of(request)
    if sheet is None:
        return _reloaded() if polled else await _gone(request)
    await settle(request.app, sheet)
    if sheet.stage is SheetStage.BEING_MADE:
        template = "centre/_sheet_progress.html" if polled else "centre/sheet_progress.html"
        return render(request, template, {"sheet": sheet, "base": f"{HERE}/{sheet.id}"})
    if polled:
        return _reloaded()
    if sheet.stage is SheetStage.MADE:
        return await _result(request, sheet)
    return await _preview(request, sheet)


async def look_again(request: web.Request) -> web.Response:
    """POST /centre/agents-sheet/{sheet}/look: judge it anew, with other choices or after changes"""
    sheet, actor = _sheet(request), actor_of(request)
    if sheet is None:
        return await _gone(request)
    form = await request.post()
    if sheet.stage is SheetStage.LOOKED_AT:
        make = {kind for kind in MAKEABLE if kind in form.getall("make", ())}
        looks = sheet.looks
        look = await look_at(request.app, actor, sheet.data, make)
        if sheet.stage is SheetStage.LOOKED_AT and sheet.looks == looks:
            sheet.look, sheet.looks, sheet.refusal = look, looks + 1, None
            sheet.conflicts, sheet.faults = (), ()
            request.app[SHEETS].keep(sheet)
    raise web.HTTPSeeOther(f"{HERE}/{sheet.id}")


async def confirm(request: web.Request) -> web.Response:
    """POST /centre/agents-sheet/{sheet}/take: make the change that was shown"""
    sheet, actor = _sheet(request), actor_of(request)
    if sheet is None:
        return await _gone(request)
    form = await request.post()
    if sheet.stage is SheetStage.LOOKED_AT:  # else it was confirmed already: a double click
        if form.get("look") != str(sheet.looks):
            return await _preview(request, sheet, says(request, sheet_words.LOOK_AGAIN), status=409)
        if sheet.look.sheet.edits:
            sheet.with_users = form.get("users") == "yes"
            sheet.note = str(form.get("change.note", ""))[:LONGEST_NOTE]
            await asyncio.wait([begin_to_make(request.app, sheet, actor)], timeout=_AT_ONCE_S)
    raise web.HTTPSeeOther(f"{HERE}/{sheet.id}")


async def hand_out(request: web.Request) -> web.StreamResponse:
    """POST /centre/agents-sheet/{sheet}/access: the new PINs and passwords, once"""
    sheet, form = _sheet(request), await request.post()
    actor_of(request)
    if sheet is None:
        return await _gone(request)
    wanted = str(form.get("as", ""))
    if wanted not in (*_TYPES, "page"):
        raise web.HTTPBadRequest
    if sheet.change is None:
        raise web.HTTPSeeOther(f"{HERE}/{sheet.id}")
    access = sheet.hand_out()
    if access is None:
        return await _result(request, sheet, says(request, sheet_words.HANDED_OUT), status=410)
    phones = request.app[PHONES]
    server = PhoneServer(phones.host or request.url.host or "", phones.port, phones.transport)
    table = access.table(lambda text: says(request, text), server)
    try:
        if wanted == "page":
            response = await _shown_access(request, sheet, table)
        else:
            response = await _file(request, f"new-agents-{sheet.change.id}.{wanted}", table)
        await response.prepare(request)
        await response.write_eof()
    except BaseException:  # also a cancellation: it has not arrived
        sheet.access = access
        raise
    return response


async def export(request: web.Request) -> web.Response:
    """GET /centre/agents-sheet/files/{file}: all agents one sees, or headings alone"""
    name, _, ending = request.match_info["file"].rpartition(".")
    if name not in ("agents", "template") or ending not in _TYPES:
        raise web.HTTPNotFound
    seen = await seen_directory(request)
    agents = cast(Iterable[AgentSettings], seen.of(Kind.AGENT) if name == "agents" else ())
    language = cast(Language, request.get(LANGUAGE, "en"))
    return await _file(request, f"{name}.{ending}", agent_rows(agents, language))


async def _file(request: web.Request, name: str, rows: Any) -> web.Response:
    ending = name.rpartition(".")[2]
    async with request.app[SHEETS].turn():
        body = await asyncio.to_thread(xlsx_file if ending == "xlsx" else csv_file, paced(rows))
    headers = {
        "Content-Type": _TYPES[ending],
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
    }
    return web.Response(body=body, headers=headers)


def _reloaded() -> web.Response:
    """For a page that asks how far it is, when it is no longer on its way."""
    return web.Response(headers={"HX-Refresh": "true"})


def _sheet(request: web.Request) -> SheetInHand | None:
    user = user_of(request).name
    return request.app[SHEETS].get(request.match_info["sheet"], user)


async def _gone(request: web.Request) -> web.Response:
    return await _choose(request, says(request, sheet_words.GONE), status=410)


async def _choose(
    request: web.Request, mistake: str = "", *, name: str = "", status: int = 200
) -> web.Response:
    seen = await seen_directory(request)
    language = request.get(LANGUAGE, "en")
    values = {
        "may_make": may_make(seen.actor, Kind.AGENT),
        "mistake": mistake,
        "name": name,
        "is_gone": status == 410,
        "agents": sum(1 for _ in seen.of(Kind.AGENT)),
        "needs_project": next(seen.of(Kind.PROJECT), None) is None,
        "columns": [
            (
                column.headings[cast(Language, language)],
                sheet_words.COLUMNS[column.setting],
                column.setting in REQUIRED,
            )
            for column in COLUMNS
        ],
        "largest": MOST_BYTES,
        "most": MOST_AGENTS,
        "base": HERE,
        "words": words,
    }
    return render(request, "centre/sheet.html", values, status=status)


async def _preview(
    request: web.Request, sheet: SheetInHand, mistake: str = "", *, status: int = 200
) -> web.Response:
    look, actor = sheet.look, actor_of(request)
    seen = SeenDirectory(actor, look.kept.directory)
    speaks = speech(request, seen)
    judged = look.sheet
    unknown = {kind: {name.casefold() for name in names} for kind, names in judged.unknown.items()}
    changes = [row for row in judged.rows if row.state in (RowState.NEW, RowState.CHANGED)]
    page, pages = _page(request, len(changes))
    here = changes[(page - 1) * PER_PAGE : page * PER_PAGE]
    if sheet.refusal is not None and not mistake:
        mistake = says(request, sheet_words.REFUSALS[sheet.refusal])
    values: dict[str, Any] = {
        "sheet": sheet,
        "counts": {state: judged.counts.get(state, 0) for state in RowState},
        "faults": [_fault(request, fault, unknown) for fault in judged.faults[:MOST_FAULTS]],
        "more_faults": max(0, len(judged.faults) - MOST_FAULTS),
        "unknown": [(kind, judged.unknown[kind]) for kind in MAKEABLE if judged.unknown.get(kind)],
        "may_make": {kind for kind in MAKEABLE if may_make(actor, kind)},
        "rows": [_row(request, row, speaks) for row in here],
        "remarked": [row for row in judged.rows if row.remarks],
        "changes": len(changes),
        "page": page,
        "pages": pages,
        "newcomers": len(look.newcomers),
        "mistake": mistake,
        "conflicts": [c for c in sheet.conflicts if _sees(seen, c)],
        "would_not_fit": [OtherFault(f.kind, f.key, fault_text(f, speaks)) for f in sheet.faults],
        "base": f"{HERE}/{sheet.id}",
        "start": HERE,
        "address": address,
        "title": speaks.title,
        "words": words,
        "sheet_words": sheet_words,
    }
    return render(request, "centre/sheet_preview.html", values, status=status)


async def _result(
    request: web.Request, sheet: SheetInHand, mistake: str = "", *, status: int = 200
) -> web.Response:
    actor_of(request)
    counts = sheet.look.sheet.counts
    values = {
        "sheet": sheet,
        "change": sheet.change,
        "made": counts.get(RowState.NEW, 0),
        "changed": counts.get(RowState.CHANGED, 0),
        "things": sheet.look.sheet.made,
        "without_user": sorted(sheet.look.taken) if sheet.with_users else [],
        "on_a_page": sheet.access is not None and len(sheet.access.agents) <= MOST_ON_A_PAGE,
        "mistake": mistake,
        "base": f"{HERE}/{sheet.id}",
        "start": HERE,
        "words": words,
    }
    return render(request, "centre/sheet_result.html", values, status=status)


async def _shown_access(
    request: web.Request, sheet: SheetInHand, table: list[list[str]]
) -> web.Response:
    if len(table) - 1 > MOST_ON_A_PAGE:
        raise web.HTTPBadRequest
    values = {"sheet": sheet, "table": table, "base": f"{HERE}/{sheet.id}"}
    return render(request, "centre/sheet_access.html", values)


def _page(request: web.Request, rows: int) -> tuple[int, int]:
    number = request.query.get("page", "")
    pages = max(1, -(-rows // PER_PAGE))
    page = int(number) if number.isascii() and number.isdecimal() and len(number) < 6 else 1
    return min(max(1, page), pages), pages


def _saying(request: web.Request) -> sheet_words.WordsWith:
    def saying(text: str, values: Mapping[str, object]) -> str:
        return says(request, text, values)

    return saying


def _fault(request: web.Request, fault: SheetFault, unknown: Mapping[Kind, set[str]]) -> ShownFault:
    fields = fields_of(AgentSettings)
    label = next(label_of(Kind.AGENT, each) for each in fields if each.setting == fault.setting)
    actor = actor_of(request)
    text = sheet_words.fault_words(
        fault, _saying(request), lambda kind: may_make(actor, kind), unknown
    )
    return ShownFault(fault.row, fault.heading or says(request, label), fault.value, text)


def _row(request: web.Request, row: AgentRow, speaks: Wording) -> ShownRow:
    after = row.after
    settings = differences(row.before, after, speaks)
    if row.before is None:  # the code and the name stand at the head of the row
        code_and_name = {row.code, "" if after is None else after.name}
        settings = tuple(one for one in settings if one.after not in code_and_name)
    return ShownRow(
        row.number,
        row.state,
        row.code,
        "" if after is None else after.name,
        settings,
        [says(request, sheet_words.REMARKS[remark]) for remark in row.remarks],
    )


def _sees(seen: SeenDirectory, conflict: Any) -> bool:
    return conflict.now is None or seen.get(conflict.kind, conflict.key) is not None
