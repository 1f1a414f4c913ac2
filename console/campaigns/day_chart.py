"""Works out a campaign's day as a chart: lines in a box that the page stretches to its width, and
the same in figures by the hour, for those who can't see it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from campaigns.campaign_samples import SampledColumn

WIDTH, HEIGHT = 1000, 100
COLUMNS = 720
"""Of a day: two minutes each."""
_GAP = timedelta(minutes=10)
"""After so long without a sample a line begins anew: nothing is known of the time between."""
_LEAST = timedelta(hours=1)
_Value = Callable[[SampledColumn], float]


@dataclass(frozen=True, slots=True)
class ChartLine:
    """A line or area of a panel, as one list of points for each stretch of time without a gap."""

    name: str
    points: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ChartPanel:
    """One of the graphs. ``levels`` are horizontal lines: each one's name, height and value."""

    name: str
    most: float
    """The value at the upper edge."""
    lines: tuple[ChartLine, ...]
    levels: tuple[tuple[str, float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class ChartHour:
    """An hour in figures: means, and the abandoned share at its end."""

    begins: datetime
    busy: float
    wrap_up: float
    ready: float
    ringing: float
    share: float


@dataclass(frozen=True, slots=True)
class CampaignChart:
    """A day, from the first hour in which the campaign was under way."""

    start: datetime
    end: datetime
    panels: tuple[ChartPanel, ...]
    hours: tuple[ChartHour, ...]
    last: SampledColumn
    most_share: float
    most_share_at: datetime


def campaign_chart(
    columns: Sequence[SampledColumn],
    *,
    limit: float,
    alarms: Sequence[float],
    zone: tzinfo | None,
    now: datetime,
) -> CampaignChart | None:
    """The chart of these columns of one day; None if there are fewer than two.

    ``limit`` is the largest share that may be abandoned, ``alarms`` are parts of it. ``now`` ends
    the chart, unless the day is over.
    """
    if len(columns) < 2:
        return None
    first, last = columns[0], columns[-1]
    start = first.at.astimezone(zone).replace(minute=0, second=0, microsecond=0)
    end = max(last.at, min(now, last.at + _GAP), start + _LEAST)
    worst = max(columns, key=lambda one: one.share)
    agents = max(1.0, *(one.busy + one.wrap_up + one.ready for one in columns))
    ringing = max(1, *(one.most_ringing for one in columns))
    late = [one.share for one in columns[len(columns) // 10 :]]
    share = min(1.0, max(limit * 1.6, 1.1 * max(late), 0.001))
    day = _Day(_parts(columns), start, end)
    levels = (("limit", limit), *(("alarm", part * limit) for part in sorted(alarms)))
    return CampaignChart(
        start,
        end,
        (
            ChartPanel(
                "share",
                share,
                (day.line("share", share, lambda one: one.share),),
                tuple((name, round(_y(at, share), 1), at) for name, at in levels if at <= share),
            ),
            ChartPanel(
                "agents",
                agents,
                (
                    day.area("there", agents, lambda one: one.busy + one.wrap_up + one.ready),
                    day.area("wrap-up", agents, lambda one: one.busy + one.wrap_up),
                    day.area("busy", agents, lambda one: one.busy),
                ),
            ),
            ChartPanel(
                "ringing",
                ringing,
                (
                    day.area("ringing", ringing, lambda one: one.ringing),
                    day.line("most", ringing, lambda one: float(one.most_ringing)),
                ),
            ),
        ),
        _hours(columns, zone),
        last,
        worst.share,
        worst.at,
    )


@dataclass(frozen=True, slots=True)
class _Day:
    """Draws the columns of a day. ``parts``: those between which none is missing."""

    parts: Sequence[Sequence[SampledColumn]]
    start: datetime
    end: datetime

    def line(self, name: str, most: float, value: _Value) -> ChartLine:
        return ChartLine(name, tuple(self._points(part, most, value) for part in self.parts))

    def area(self, name: str, most: float, value: _Value) -> ChartLine:
        """What is below the line."""
        parts = []
        for part in self.parts:
            points = self._points(part, most, value)
            left, right = (points.split(" ")[place].partition(",")[0] for place in (0, -1))
            parts.append(f"{left},{HEIGHT} {points} {right},{HEIGHT}")
        return ChartLine(name, tuple(parts))

    def _points(self, part: Sequence[SampledColumn], most: float, value: _Value) -> str:
        span = (self.end - self.start) / timedelta(seconds=1)
        points = []
        for one in part:
            x = WIDTH * ((one.at - self.start) / timedelta(seconds=1)) / span
            points.append(f"{x:.1f},{_y(value(one), most):.1f}")
        if len(points) == 1:  # a line needs two
            points *= 2
        return " ".join(points)


def _parts(columns: Sequence[SampledColumn]) -> list[list[SampledColumn]]:
    parts: list[list[SampledColumn]] = []
    for one in columns:
        if parts and one.at - parts[-1][-1].at <= _GAP:
            parts[-1].append(one)
        else:
            parts.append([one])
    return parts


def _y(value: float, most: float) -> float:
    """Values above the upper edge are cut off there."""
    return HEIGHT * (1 - min(value, most) / most)


def _hours(columns: Sequence[SampledColumn], zone: tzinfo | None) -> tuple[ChartHour, ...]:
    by_hour: dict[tuple[datetime, int], list[SampledColumn]] = {}
    for one in columns:
        local = one.at.astimezone(zone)
        hour = local.replace(minute=0, second=0, microsecond=0)
        by_hour.setdefault((hour, local.fold), []).append(one)  # equal, if the hour comes twice
    return tuple(
        ChartHour(
            hour,
            busy=sum(one.busy for one in some) / len(some),
            wrap_up=sum(one.wrap_up for one in some) / len(some),
            ready=sum(one.ready for one in some) / len(some),
            ringing=sum(one.ringing for one in some) / len(some),
            share=some[-1].share,
        )
        for (hour, _), some in by_hour.items()
    )
