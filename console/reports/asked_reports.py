"""Reads from an address which report is asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from campaigns.daily_report import MOST_DAYS, AskedReport, ReportBy
from domain.identity import CampaignName, ProjectName

USUAL_DAYS = 7
"""Of a report for which no dates are given; the last one is today."""
_FIELDS = ("from", "to", "by", "project", "campaign")
_YEARS = range(2000, 3000)


class ReportMistake(StrEnum):
    """Why a report can't be made as it was asked for; the report of the usual days is shown."""

    NOT_A_DATE = "not_a_date"
    BACKWARDS = "backwards"
    TOO_LONG = "too_long"


@dataclass(frozen=True, slots=True)
class ReadReport:
    """What was asked for, as typed and as understood."""

    typed: Mapping[str, str]
    asked: AskedReport
    mistake: ReportMistake | None


def read_asked(query: Mapping[str, str], today: date) -> ReadReport:
    """The report of an address. ``today`` is the centre's."""
    typed = {name: query.get(name, "").strip()[:100] for name in _FIELDS}
    first, last, mistake = _days(typed, today)
    by = typed["by"] if typed["by"] in set(ReportBy) else ReportBy.PROJECT
    asked = AskedReport(
        first,
        last,
        ReportBy(by),
        ProjectName(typed["project"]) if typed["project"] else None,
        CampaignName(typed["campaign"]) if typed["campaign"] else None,
    )
    shown = {"from": first.isoformat(), "to": last.isoformat(), "by": by}
    return ReadReport(typed | (shown if mistake is None else {}), asked, mistake)


def _days(typed: Mapping[str, str], today: date) -> tuple[date, date, ReportMistake | None]:
    usual = today - timedelta(days=USUAL_DAYS - 1), today
    try:
        last = date.fromisoformat(typed["to"]) if typed["to"] else None
        first = date.fromisoformat(typed["from"]) if typed["from"] else None
        if not all(day is None or day.year in _YEARS for day in (first, last)):
            raise ValueError
    except ValueError:
        return *usual, ReportMistake.NOT_A_DATE
    if last is None:
        last = today if first is None else max(first, today)
    if first is None:
        first = last - timedelta(days=USUAL_DAYS - 1)
    if last < first:
        return *usual, ReportMistake.BACKWARDS
    if (last - first).days >= MOST_DAYS:
        return *usual, ReportMistake.TOO_LONG
    return first, last, None
