"""The lead report: one row a lead of a list, on a page and as a file."""

from collections.abc import AsyncIterator, Mapping, Sequence
from urllib.parse import urlencode

from aiohttp import web

from campaigns.disposition_choices import Choice
from campaigns.lead_lists import ListOfLeads
from campaigns.lead_report import Follows, ReportedLead
from console.floor.disposing import choice_text, choices_of
from console.kit.access import can, projects_of
from console.kit.context import AGENTS, LANGUAGE, project_titles, zone_for
from console.kit.rendering import clock, render, says
from console.kit.sheet_files import SheetPart, send_sheet
from console.reports import words
from console.reports.report_services import REPORT_SERVICES, reader_of
from documents.sheet_writing import SheetValue
from domain.identity import AgentCode

PER_PAGE = 50
CALLED = "called"
"""``only=called``: those that were called at least once."""


async def page(request: web.Request) -> web.Response:
    """GET /reports/leads: list (the newest if none is named), only, after (the last key of the page
    before)"""
    own, services, actor = projects_of(request), request.app[REPORT_SERVICES], reader_of(request)
    lists = await services.lists.seen_by(actor)
    chosen = _chosen(request, lists)
    called, after = request.query.get("only") == CALLED, request.query.get("after", "")
    found: Sequence[ReportedLead] = ()
    if chosen is not None:
        found = await services.leads.page(
            actor, chosen.list, called=called, after=after, limit=PER_PAGE + 1
        )
    kept = {"list": "" if chosen is None else str(chosen.list), "only": CALLED if called else ""}
    query = urlencode({name: value for name, value in kept.items() if value})
    more = urlencode({"after": found[PER_PAGE - 1].lead.key}) if len(found) > PER_PAGE else ""
    agents = await request.app[AGENTS].names(projects=own)
    choices = await _choices(request, chosen)
    values = {
        "lists": lists,
        "titles": project_titles(request, own),
        "chosen": chosen,
        "called": called,
        "leads": [
            (one, *_said(request, one, agents), _note(request, one, choices))
            for one in found[:PER_PAGE]
        ],
        "first": f"/reports/leads?{query}" if after else None,
        "older": f"/reports/leads?{query}&{more}" if more else None,
        "file": lambda kind: f"/reports/leads.{kind}?{query}",
        "linked": can(request, "GET", "/leads/{lead}"),
    }
    return render(request, "reports/leads.html", values)


async def file(request: web.Request) -> web.StreamResponse:
    """GET /reports/leads.{kind}: all leads of the list as a CSV or XLSX file"""
    services = request.app[REPORT_SERVICES]
    chosen = _chosen(request, await services.lists.seen_by(reader_of(request)))
    if chosen is None:
        raise web.HTTPNotFound
    called = request.query.get("only") == CALLED
    headings = [says(request, text) for text in words.LEADS_IN_A_FILE]
    rows = _rows(request, chosen, called)
    name = f"leads-{chosen.list}"
    return await send_sheet(request, name, request.match_info["kind"], headings, rows)


def _chosen(request: web.Request, lists: Sequence[ListOfLeads]) -> ListOfLeads | None:
    """The list that the address names, or the newest. Raises HTTPNotFound if it names another."""
    typed = request.query.get("list", "")
    if not typed:
        return lists[0] if lists else None
    for one in lists:
        if str(one.list) == typed:
            return one
    raise web.HTTPNotFound


async def _rows(
    request: web.Request, chosen: ListOfLeads, called: bool
) -> AsyncIterator[SheetPart]:
    agents = await request.app[AGENTS].names(projects=projects_of(request))
    leads = request.app[REPORT_SERVICES].leads
    choices = await _choices(request, chosen)
    async for part in leads.all(reader_of(request), chosen.list, called=called):
        yield [_row(request, one, agents, choices) for one in part]


async def _choices(request: web.Request, chosen: ListOfLeads | None) -> Sequence[Choice]:
    if chosen is None:
        return ()
    return (await choices_of(request, [chosen.project]))[chosen.project]


def _note(request: web.Request, one: ReportedLead, choices: Sequence[Choice]) -> str:
    """What the agent said last: result, reason and note."""
    said: tuple[str, ...] = ()
    if one.disposition:
        said = choice_text(request, choices, one.choice, one.disposition, one.sub_reason)
    return " · ".join(part for part in (*said, one.note) if part)


def _row(
    request: web.Request,
    one: ReportedLead,
    agents: Mapping[AgentCode, str],
    choices: Sequence[Choice],
) -> Sequence[SheetValue]:
    known, who, what = _said(request, one, agents)
    zone, language = zone_for(request), request[LANGUAGE]
    last = one.lead.last_attempt_at
    return [
        one.customer,
        known,
        " ".join(number.number for number in one.lead.numbers),
        one.email,
        one.contact,
        who,
        one.product,
        says(request, words.YES if one.goes_on else words.NO),
        what,
        _note(request, one, choices),
        one.lead.attempts,
        "" if last is None else clock(last, language, zone, "yyyy-MM-dd HH:mm"),
        one.lead.key,
    ]


def _said(
    request: web.Request, one: ReportedLead, agents: Mapping[AgentCode, str]
) -> tuple[str, str, str]:
    """Cold or known, who followed it up, and what comes next."""
    known = says(request, words.KNOWN if one.known else words.COLD)
    who = "" if one.agent is None else agents.get(one.agent, one.agent)
    values: dict[str, object] = {}
    if one.at is not None:
        at = clock(one.at, request[LANGUAGE], zone_for(request), "yyyy-MM-dd HH:mm")
        values = {"at": at}
    what = says(request, words.FOLLOWS[one.follows], values)
    whose = one.lead.callback_agent
    if one.follows is Follows.CALLBACK and whose is not None:
        what = f"{what} · {agents.get(whose, whose)}"
    return known, who, what
