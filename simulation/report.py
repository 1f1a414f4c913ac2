"""The days' figures as a table, CSV and JSON, with confidence intervals of 95 %."""

import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import StringIO
from math import sqrt
from statistics import fmean, stdev
from typing import Any

from simulation.day import DayResult

_Z = 1.96


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean, and half the width of its confidence interval (None for a single day)."""

    value: float
    error: float | None

    def percent(self, digits: int = 1) -> str:
        """As a percentage."""
        text = f"{100 * self.value:.{digits}f}"
        return text if self.error is None else f"{text} ±{100 * self.error:.{digits}f}"

    def plain(self, digits: int = 1) -> str:
        """As a number."""
        text = f"{self.value:.{digits}f}"
        return text if self.error is None else f"{text} ±{self.error:.{digits}f}"


@dataclass(frozen=True, slots=True)
class Row:
    """One policy with so many agents."""

    policy: str
    agents: int
    days: int
    use: Figure
    abandoned: Figure
    days_over: float
    days_over_low: float
    days_over_high: float
    """Wilson's interval (J. Am. Stat. Assoc. 22, 1927), which holds for few days over, too."""
    time_over: float
    """The share of the time in which the running share was over the limit."""
    worst_hour: float
    """The worst share of any 60 minutes of any day."""
    idle_s: Figure
    dials_per_contact: Figure


def rows_of(results: Iterable[DayResult], limit: float) -> list[Row]:
    """One row for each policy and number of agents, in the order they first came."""
    groups: dict[tuple[int, str], list[DayResult]] = {}
    for result in results:
        groups.setdefault((result.agents, result.policy), []).append(result)
    return [_row(policy, agents, days, limit) for (agents, policy), days in groups.items()]


def _row(policy: str, agents: int, days: Sequence[DayResult], limit: float) -> Row:
    over = sum(day.share > limit + 1e-12 for day in days)
    low, high = _wilson(over, len(days))
    contacts = [day.dials_per_contact for day in days if day.served]
    return Row(
        policy=policy,
        agents=agents,
        days=len(days),
        use=_figure([day.use for day in days]),
        abandoned=_figure([day.share for day in days]),
        days_over=over / len(days),
        days_over_low=low,
        days_over_high=high,
        time_over=sum(day.over_s for day in days) / max(sum(day.day_s for day in days), 1e-9),
        worst_hour=max(day.worst_hour for day in days),
        idle_s=_figure([day.idle_before_call_s for day in days]),
        dials_per_contact=_figure(contacts or [0.0]),
    )


def _figure(values: Sequence[float]) -> Figure:
    if len(values) < 2:
        return Figure(values[0], None)
    return Figure(fmean(values), _Z * stdev(values) / sqrt(len(values)))


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


def table(rows: Sequence[Row]) -> str:
    """As a Markdown table, its columns in line."""
    cells = [list(_HEAD), *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(_HEAD))]
    lines = [
        "| "
        + " | ".join(text.ljust(width) for text, width in zip(line, widths, strict=True))
        + " |"
        for line in cells
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def _cells(row: Row) -> list[str]:
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
        row.dials_per_contact.plain(2),
    ]


def as_json(rows: Sequence[Row], **about: Any) -> str:
    """The rows, and what is said about them."""
    return json.dumps({**about, "rows": [_plain(row) for row in rows]}, indent=2)


def as_csv(results: Iterable[DayResult]) -> str:
    """A line for each day, for whoever wants to reckon himself."""
    out = StringIO()
    writer = csv.writer(out)
    writer.writerow(
        ["policy", "agents", "seed", "use", "abandoned_share", "dialled", "served", "abandoned",
         "taken_for_machines", "time_over_s", "worst_running", "worst_hour", "idle_before_call_s"]
    )  # fmt: skip
    for day in sorted(results, key=lambda day: (day.agents, day.policy, day.seed)):
        writer.writerow(
            [day.policy, day.agents, day.seed, f"{day.use:.6f}", f"{day.share:.6f}", day.dialled,
             day.served, day.abandoned, day.taken_for_machines, f"{day.over_s:.3f}",
             f"{day.worst_running:.6f}", f"{day.worst_hour:.6f}", f"{day.idle_before_call_s:.3f}"]
        )  # fmt: skip
    return out.getvalue()


def _plain(row: Row) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for name in Row.__dataclass_fields__:
        value = getattr(row, name)
        plain[name] = [value.value, value.error] if isinstance(value, Figure) else value
    return plain
