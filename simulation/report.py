"""Reports the days' figures as a table, CSV and JSON, with 95 % confidence intervals."""

import csv
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from math import fsum, sqrt
from statistics import fmean, stdev
from typing import Any

from simulation.day import DayResult

_Z = 1.959964
_T = (12.706205, 4.302653, 3.182446, 2.776445, 2.570582, 2.446912, 2.364624, 2.306004, 2.262157)
"""Student's t for 95 %, for 1 to 9 degrees of freedom; above that, the series is exact enough."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean, and half the width of its confidence interval (None for a single day)."""

    value: float
    error: float | None

    def percent(self, digits: int = 1) -> str:
        """Format the figure as a percentage."""
        text = f"{100 * self.value:.{digits}f}"
        return text if self.error is None else f"{text} ±{100 * self.error:.{digits}f}"

    def plain(self, digits: int = 1) -> str:
        """Format the figure as a number."""
        text = f"{self.value:.{digits}f}"
        return text if self.error is None else f"{text} ±{self.error:.{digits}f}"


@dataclass(frozen=True, slots=True)
class ReportRow:
    """The figures of one policy with one number of agents."""

    policy: str
    agents: int
    days: int
    use: Figure
    abandoned: Figure
    days_over: float
    days_over_low: float
    days_over_high: float
    """Wilson's interval (J. Am. Stat. Assoc. 22, 1927), which also holds for few days over."""
    time_over: float
    """The share of the time during which the running share was over the limit."""
    worst_hour: float
    """The worst share of any 60 minutes of any day."""
    idle_s: Figure
    dials_per_contact: Figure | None
    """None if nobody was reached."""
    refused: float = 0.0
    """The share of the calls dialled that the trunk refused."""
    lost_near_failures: float | None = None
    """The abandoned share of those who answered while the trunk failed or soon after; None: nobody
    did."""


def rows_of(results: Iterable[DayResult], limit: float) -> list[ReportRow]:
    """Return a row for each policy and number of agents, in the order of first appearance."""
    groups: dict[tuple[int, str], list[DayResult]] = {}
    for result in results:
        groups.setdefault((result.agents, result.policy), []).append(result)
    return [_row(policy, agents, days, limit) for (agents, policy), days in groups.items()]


def _row(policy: str, agents: int, days: Sequence[DayResult], limit: float) -> ReportRow:
    over = sum(day.share > limit + 1e-12 for day in days)
    low, high = _wilson(over, len(days))
    near_failures = sum(day.near_failures for day in days)
    contacts = [day.dials_per_contact for day in days if day.served]
    return ReportRow(
        policy=policy,
        agents=agents,
        days=len(days),
        use=_figure([day.use for day in days]),
        abandoned=_figure([day.share for day in days]),
        days_over=over / len(days),
        days_over_low=low,
        days_over_high=high,
        time_over=fsum(day.over_s for day in days) / max(fsum(day.day_s for day in days), 1e-9),
        worst_hour=max(day.worst_hour for day in days),
        idle_s=_figure([day.idle_before_call_s for day in days]),
        dials_per_contact=_figure(contacts) if contacts else None,
        refused=sum(day.refused for day in days) / max(sum(day.dialled for day in days), 1),
        lost_near_failures=(
            sum(day.lost_near_failures for day in days) / near_failures if near_failures else None
        ),
    )


def _figure(values: Sequence[float]) -> Figure:
    if len(values) < 2:
        return Figure(values[0], None)
    return Figure(fmean(values), _student(len(values) - 1) * stdev(values) / sqrt(len(values)))


def _student(freedom: int) -> float:
    """Return the 97.5 % quantile of Student's t (Abramowitz and Stegun, 26.7.5)."""
    if freedom <= len(_T):
        return _T[freedom - 1]
    z, n = _Z, freedom
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / n + second / n**2 + third / n**3


def _wilson(hits: int, count: int) -> tuple[float, float]:
    share, squared = hits / count, _Z * _Z
    middle = share + squared / (2 * count)
    width = _Z * sqrt(share * (1 - share) / count + squared / (4 * count * count))
    scale = 1 + squared / count
    return max(0.0, (middle - width) / scale), min(1.0, (middle + width) / scale)


_HEAD = (
    "policy", "agents", "days", "use %", "abandoned %", "days over %", "time over %",
    "worst hour %", "idle s", "dials/contact",
)  # fmt: skip
_OF_TRUNK = ("refused %", "lost at failures %")
"""Shown only where the trunk refused something."""


def table(rows: Sequence[ReportRow]) -> str:
    """Return the rows as a Markdown table with aligned columns."""
    of_trunk = any(row.refused or row.lost_near_failures is not None for row in rows)
    cells = [[*_HEAD, *(_OF_TRUNK if of_trunk else ())]]
    cells += [_cells(row) + (_of_trunk(row) if of_trunk else []) for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "| "
        + " | ".join(text.ljust(width) for text, width in zip(line, widths, strict=True))
        + " |"
        for line in cells
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def _cells(row: ReportRow) -> list[str]:
    return [
        row.policy,
        str(row.agents),
        str(row.days),
        row.use.percent(),
        row.abandoned.percent(2),
        f"{100 * row.days_over:.1f} ({100 * row.days_over_low:.1f} to"
        f" {100 * row.days_over_high:.1f})",
        f"{100 * row.time_over:.2f}",
        f"{100 * row.worst_hour:.1f}",
        row.idle_s.plain(),
        "-" if row.dials_per_contact is None else row.dials_per_contact.plain(2),
    ]


def _of_trunk(row: ReportRow) -> list[str]:
    lost = row.lost_near_failures
    return [f"{100 * row.refused:.1f}", "-" if lost is None else f"{100 * lost:.1f}"]


def told(rows: Sequence[ReportRow], **about: Any) -> dict[str, Any]:
    """Return the rows and what describes them, for programs. Shares are 0 to 1."""
    return {**about, "rows": [_plain(row) for row in rows]}


def as_json(what: Mapping[str, Any]) -> str:
    """Return as JSON what ``told`` returned, for one campaign or for many."""
    return json.dumps(what, indent=2, allow_nan=False) + "\n"


_COLUMNS: dict[str, Callable[[DayResult], object]] = {
    "policy": lambda day: day.policy,
    "agents": lambda day: day.agents,
    "seed": lambda day: day.seed,
    "use": lambda day: f"{day.use:.6f}",
    "abandoned_share": lambda day: f"{day.share:.6f}",
    "dialled": lambda day: day.dialled,
    "served": lambda day: day.served,
    "abandoned": lambda day: day.abandoned,
    "taken_for_machines": lambda day: day.taken_for_machines,
    "reckoned_taken_for_machines": lambda day: f"{day.reckoned_unseen:.1f}",
    "reckoned_abandoned_share": lambda day: f"{day.reckoned_share:.6f}",
    "refused": lambda day: day.refused,
    "near_failures": lambda day: day.near_failures,
    "lost_near_failures": lambda day: day.lost_near_failures,
    "busy_s": lambda day: f"{day.busy_s:.1f}",
    "logged_in_s": lambda day: f"{day.logged_in_s:.1f}",
    "idle_before_call_s": lambda day: f"{day.idle_before_call_s:.3f}",
    "over_limit_s": lambda day: f"{day.over_s:.1f}",
    "worst_running_share": lambda day: f"{day.worst_running:.6f}",
    "worst_hour_share": lambda day: f"{day.worst_hour:.6f}",
}


def as_csv(campaigns: Iterable[tuple[str, Iterable[DayResult]]]) -> str:
    """Return a line for each day of each campaign, for users who want to do their own sums."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["campaign", *_COLUMNS])
    for campaign, days in campaigns:
        writer.writerows([campaign, *(of(day) for of in _COLUMNS.values())] for day in days)
    return out.getvalue()


def _plain(row: ReportRow) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for name in ReportRow.__dataclass_fields__:
        value = getattr(row, name)
        if isinstance(value, Figure):
            value = {"mean": value.value, "error": value.error}
        plain[name] = value
    return plain
