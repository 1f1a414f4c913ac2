"""The form by which somebody adds one customer to a list."""

from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from campaigns.import_progress import DuplicatePolicy
from campaigns.lead_columns import MOST_HEADING, ColumnUse
from campaigns.lead_lists import ListOfLeads, ListRefused
from campaigns.lead_rows import RowFault
from console.kit.rendering import render, says
from console.lead_lists import words
from console.lead_lists.list_services import LIST_SERVICES, actor_of, list_of, refusal

MOST_FIELDS = 50
"""Of a customer, as the form takes them."""
_ONE_EACH = (
    *(ColumnUse.NAME, ColumnUse.KEY, ColumnUse.TIMEZONE),
    *(ColumnUse.LANGUAGE, ColumnUse.CONSENT),
)


@dataclass(frozen=True, slots=True)
class _TypedFields:
    """The lines of the form that say more about the customer; ``wrong`` is the first bad one."""

    fields: Mapping[str, str]
    wrong: str | None = None


async def page(request: web.Request) -> web.Response:
    """GET /lists/{list}/new"""
    notice = words.ADDED.get(request.query.get("done", ""), "")
    return _form(request, await list_of(request), notice=says(request, notice))


async def add(request: web.Request) -> web.Response:
    """POST /lists/{list}/new: phone, name, key, timezone, language, consent, fields, keep"""
    found, form = await list_of(request), await request.post()
    typed = {name: str(value).strip() for name, value in form.items() if name != "csrf"}
    more = _fields(typed.get("fields", ""))
    if more.wrong is not None:
        text = says(request, words.FIELDS_WRONG, {"line": more.wrong})
        return _form(request, found, typed, [text], status=400)
    values = {use: typed[use.value] for use in _ONE_EACH if typed.get(use.value)}
    keep = DuplicatePolicy.KEEP if typed.get("keep") else DuplicatePolicy.SKIP
    try:
        added = await request.app[LIST_SERVICES].typed.add(
            actor_of(request),
            found.list,
            phones=(typed.get("phone", ""),),
            values=values,
            fields=more.fields,
            duplicates=keep,
        )
    except ListRefused as refused:
        return _form(request, found, typed, [refusal(request, refused)], status=409)
    if added.lead is not None:
        done = "barred" if added.barred else "added"
        raise web.HTTPSeeOther(f"/lists/{found.list}/new?done={done}")
    if added.faults:
        faults = [_fault(request, fault) for fault in added.faults]
        wrong = frozenset(fault.field for fault in added.faults)
        return _form(request, found, typed, faults, wrong=wrong, status=400)
    return _form(request, found, typed, [says(request, words.NOT_ADDED[added.fate])], status=409)


def _fields(text: str) -> _TypedFields:
    """What the lines say, each a heading, a colon and a value."""
    fields: dict[str, str] = {}
    for line in filter(str.strip, text.splitlines()):
        heading, colon, value = line.replace("：", ":", 1).partition(":")
        heading = heading.strip()
        fits = 0 < len(heading) <= MOST_HEADING and heading not in fields
        if not (colon and fits and len(fields) < MOST_FIELDS):
            return _TypedFields({}, line.strip()[:MOST_HEADING])
        fields[heading] = value.strip()
    return _TypedFields(fields)


def _fault(request: web.Request, fault: RowFault) -> str:
    text = says(request, words.FORM_FAULTS.get(fault.why, words.FAULTS[fault.why]))
    if not fault.field:
        return text
    known = fault.field in set(ColumnUse)
    label = says(request, words.USES[ColumnUse(fault.field)]) if known else fault.field
    return says(request, words.FAULT_OF, {"field": label, "fault": text})


def _form(
    request: web.Request,
    found: ListOfLeads,
    typed: Mapping[str, str] | None = None,
    faults: list[str] | None = None,
    *,
    wrong: frozenset[str] = frozenset(),
    notice: str = "",
    status: int = 200,
) -> web.Response:
    values = {
        "list": found,
        "typed": typed or {},
        "faults": faults or [],
        "wrong": wrong,
        "notice": notice,
        "one_each": _ONE_EACH,
        "words": words,
    }
    return render(request, "lead_lists/lead.html", values, status=status)
