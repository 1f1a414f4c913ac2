"""The outbound daily report as the rows of a file, in the order of the contract with the client."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from campaigns.daily_report import DailyRow, ReportBy, total_of
from campaigns.outbound_figures import CallResult, OutboundFigures, share
from console.reports import words
from documents.sheet_writing import Percent, SheetValue

_Say = Callable[[str], str]
"""A marked text in the reader's language."""


@dataclass(frozen=True, slots=True)
class NamedRow:
    """A row of the report, with the names by which the reader knows what it is about."""

    row: DailyRow
    project: str
    about: str
    """The campaign or the agent; "" in a report by project."""


def daily_sheet(
    rows: Sequence[NamedRow], by: ReportBy, say: _Say
) -> Iterator[Sequence[SheetValue]]:
    """The headings, the rows, and the total if there are several."""
    yield _headings(by, say)
    for named in rows:
        row = named.row
        about = [named.project] if by is ReportBy.PROJECT else [named.project, named.about]
        status = say(words.STATUSES[row.status])
        yield [row.day.isoformat(), *about, status, *_figures(row.figures)]
    if len(rows) > 1:
        total = total_of(named.row for named in rows)
        blank = [""] * (1 if by is ReportBy.PROJECT else 2)
        yield [say(words.TOTAL), *blank, "", *_figures(total)]


def _headings(by: ReportBy, say: _Say) -> Sequence[str]:
    said = {name: say(text) for name, text in words.IN_A_FILE.items()}
    if by is not ReportBy.PROJECT:
        said["agents"] = say(words.AGENTS_TALKED)
    about = [ReportBy.PROJECT] if by is ReportBy.PROJECT else [ReportBy.PROJECT, by]
    results: list[str] = []
    for name in [*(say(words.RESULTS[code]) for code in CallResult), said["total"]]:
        results += [name, f"{name}, %"]
    first = ("agents", "contacted", "not_contacted", "wrong_number", "talked", "contact_rate")
    rest = ("other", "unsaid", "dials", "trunk", "open")
    return [
        said["date"],
        *(say(words.BY[one]) for one in about),
        said["status"],
        *(said[name] for name in first),
        *results,
        *(said[name] for name in rest),
    ]


def _figures(figures: OutboundFigures) -> Iterator[SheetValue]:
    yield len(figures.agents)
    yield from (figures.contacted, figures.not_contacted, figures.wrong_number, figures.talked)
    yield _percent(figures.contact_rate)
    for count in [*(figures.result(code) for code in CallResult), figures.results]:
        yield count
        yield _percent(share(count, figures.talked))
    yield from (figures.other, figures.unsaid, figures.dials, figures.trunk, figures.open)


def _percent(value: float | None) -> SheetValue:
    return "" if value is None else Percent(value)
