"""The outbound daily report, on a page and as a file."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from campaigns.daily_report import AskedReport, DailyRow, ReportBy, total_of
from campaigns.outbound_figures import share
from console.kit.access import can, projects_of
from console.kit.context import AGENTS, LIVE, project_titles, zone_for
from console.kit.rendering import render, says
from console.kit.sheet_files import file_headers
from console.reports import words
from console.reports.asked_reports import ReadReport, read_asked
from console.reports.daily_sheet import NamedRow, daily_sheet
from console.reports.report_runs import REPORT_RUNS, ReportRun, TooManyReports
from console.reports.report_services import REPORT_SERVICES, reader_of
from documents.sheet_writing import csv_file, xlsx_file
from domain.identity import AgentCode, CampaignName, ProjectName

WAIT_S = 2.0
"""How long the page waits for a report before it shows how far it is."""
_WRITERS = {"csv": csv_file, "xlsx": xlsx_file}


@dataclass(frozen=True, slots=True)
class ReportNames:
    """What the reader calls the things of a report."""

    projects: Mapping[ProjectName, str]
    campaigns: Mapping[CampaignName, str]
    """Removed ones too: their calls are counted."""
    agents: Mapping[AgentCode, str]

    def of(self, request: web.Request, row: DailyRow, by: ReportBy) -> str:
        """What a row is about, besides its project."""
        if by is ReportBy.CAMPAIGN:
            if row.campaign is None:
                return says(request, words.BY_HAND)
            return self.campaigns.get(row.campaign, row.campaign)
        if by is ReportBy.AGENT:
            if row.agent is None:
                return says(request, words.NO_AGENT)
            return self.agents.get(row.agent, row.agent)
        return ""


async def page(request: web.Request) -> web.Response:
    """GET /reports/outbound: from, to (days), by, project, campaign; or only the figures if htmx
    asks."""
    read, names = _read(request), await _names(request)
    own = projects_of(request)
    partly = "HX-Request" in request.headers
    status, rows, run = 200, None, None
    try:
        run = _run(request, read.asked)
        rows = await run.within(0 if partly else WAIT_S)
    except TooManyReports:
        status = 503
    kept = {name: value for name, value in read.typed.items() if value}
    centre = request.app[LIVE].centre()
    values: dict[str, Any] = {
        "rows": None if rows is None else _named(request, rows, names, read.asked.by),
        "total": None if rows is None else total_of(rows),
        "busy": run is None,
        "days_done": 0 if run is None else run.done,
        "days": len(read.asked.days),
        "asked": read.asked,
        "typed": read.typed,
        "mistake": "" if read.mistake is None else says(request, words.MISTAKES[read.mistake]),
        "again": f"/reports/outbound?{urlencode(kept)}",
        "file": lambda kind: f"/reports/outbound.{kind}?{urlencode(kept)}",
        "projects": [p for p in centre.projects if own is None or p.name in own],
        "campaigns": names.campaigns,
        "attempts": partial(_attempts, request, read.asked),
        "share": share,
        "words": words,
    }
    template = "reports/_daily.html" if partly else "reports/daily.html"
    response = render(request, template, values, status)
    response.headers["Vary"] = "HX-Request"
    return response


async def file(request: web.Request) -> web.Response:
    """GET /reports/outbound.{kind}: the same as a CSV or XLSX file"""
    read, names = _read(request), await _names(request)
    kind = request.match_info["kind"]
    if kind not in _WRITERS:
        raise web.HTTPNotFound
    if read.mistake is not None:
        raise web.HTTPBadRequest(text=says(request, words.MISTAKES[read.mistake]))
    try:
        rows = await _run(request, read.asked).within(None)
    except TooManyReports:
        raise web.HTTPServiceUnavailable(text=says(request, words.TOO_MANY)) from None
    by = read.asked.by
    sheet = list(daily_sheet(_named(request, rows or (), names, by), by, partial(says, request)))
    body = await asyncio.to_thread(_WRITERS[kind], sheet)
    name = f"outbound-{read.asked.first}-{read.asked.last}"
    return web.Response(body=body, headers=file_headers(name, kind))


def _read(request: web.Request) -> ReadReport:
    return read_asked(request.query, _today(request))


def _today(request: web.Request) -> date:
    return datetime.now(UTC).astimezone(zone_for(request)).date()


async def _names(request: web.Request) -> ReportNames:
    own = projects_of(request)
    campaigns = request.app[REPORT_SERVICES].campaigns
    seen = await campaigns.seen_by(reader_of(request), removed=True)
    return ReportNames(
        project_titles(request, own),
        {one.name: one.settings.title for one in seen},
        await request.app[AGENTS].names(projects=own),
    )


def _run(request: web.Request, asked: AskedReport) -> ReportRun:
    """The report that is being made for whoever sees the same projects."""
    actor, zone = reader_of(request), zone_for(request)
    daily = request.app[REPORT_SERVICES].daily
    reach = None if actor.everywhere else frozenset(actor.projects or ())
    return request.app[REPORT_RUNS].run(
        (reach, asked, str(zone)), lambda done: daily.rows(actor, asked, zone, done=done)
    )


def _named(
    request: web.Request, rows: Sequence[DailyRow], names: ReportNames, by: ReportBy
) -> list[NamedRow]:
    return [
        NamedRow(row, names.projects.get(row.project, row.project), names.of(request, row, by))
        for row in rows
    ]


def _attempts(
    request: web.Request, asked: AskedReport, row: DailyRow | None, **condition: str
) -> str:
    """Where the attempts behind a count are listed; row None: those of the total. "" if the reader
    may not see them."""
    if not can(request, "GET", "/attempts"):
        return ""
    query = {"from": asked.first, "to": asked.last, "project": asked.project or ""}
    query["campaign"] = asked.campaign or ""
    if row is not None:
        query |= {"from": row.day, "to": row.day, "project": row.project}
        if asked.by is ReportBy.CAMPAIGN:
            query["campaign"] = row.campaign or "-"
        if asked.by is ReportBy.AGENT:
            query["agent"] = row.agent or "-"
    kept = {name: str(value) for name, value in (query | condition).items() if value}
    return f"/attempts?{urlencode(kept)}"
