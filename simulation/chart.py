"""Draws one day as an SVG: busy agents, ringing calls, and the abandoned share over time."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10

from simulation.day import ChartPoint, DayResult
from simulation.scenario import Change, Scenario

_WIDTH, _HEIGHT = 1_120, 720
_LEFT, _RIGHT = 78, 1_046
_MOST_COLUMNS = 320
"""More could not be distinguished at this width; each column shows the mean of its moments."""

_PAPER, _EDGE, _INK, _SOFT, _GRID = "#fbfbfd", "#dcdfe6", "#1d2433", "#5c667a", "#e6e9ef"
_BUSY, _LOGGED_IN, _RINGING, _SHARE, _LIMIT = "#2f6fde", "#1d2433", "#0f9488", "#b45309", "#d0342c"

_WIDE = {"m": 12.2, "w": 10.6, "i": 3.7, "l": 3.7, ",": 4.2, " ": 4.2, "t": 5.1, "r": 5.4, "f": 4.7}
"""Approximate widths of 13 px letters in a wide font; all other letters are about the same."""

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class _Column:
    """Several adjacent moments: their means and the highest number ringing."""

    at_s: float
    busy: float
    agents: float
    ringing: float
    most_ringing: int
    share: float


@dataclass(frozen=True, slots=True)
class _Panel:
    """One of the stacked graphs, with its axis."""

    title: str
    top: float
    bottom: float
    most: float
    step: float
    unit: Callable[[float], str]
    day_s: float
    space: float = 12.0
    """Pixels between the title and the graph."""

    def x(self, at_s: float) -> float:
        return _LEFT + (_RIGHT - _LEFT) * at_s / self.day_s

    def y(self, value: float) -> float:
        return self.bottom - (self.bottom - self.top) * value / self.most

    def line(self, points: Iterable[Point]) -> str:
        return " ".join(f"{self.x(at_s):.1f},{self.y(value):.1f}" for at_s, value in points)

    def area(self, points: Sequence[Point]) -> str:
        first, last = points[0][0], points[-1][0]
        return self.line([(first, 0.0), *points, (last, 0.0)])


def day_chart(day: DayResult, scenario: Scenario) -> str:
    """Return the day as an SVG. Its moments must have been kept (``play_day(with_chart=True)``)."""
    columns = _columns(day.moments)
    if len(columns) < 2:
        raise ValueError("the day has too few moments for a chart; play it with_chart")
    limit = scenario.limit.limit().share
    day_s = max(day.day_s, columns[-1].at_s)
    agents, agents_step = _axis(max(column.agents for column in columns))
    ringing, ringing_step = _axis(max(column.most_ringing for column in columns))
    share, share_step = _axis(_most_share(columns, limit), whole=False)
    panels = (
        _Panel("Agents", 134, 330, agents, agents_step, _number, day_s, space=32.0),
        _Panel("Calls ringing", 382, 478, ringing, ringing_step, _number, day_s),
        _Panel("Abandoned so far", 530, 662, share, share_step, _percent, day_s),
    )
    hours = _hours(scenario.starts_at_h, day_s)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}"'
        f' width="{_WIDTH}" height="{_HEIGHT}" role="img" aria-labelledby="title about"'
        ' font-family="system-ui, -apple-system, Segoe UI, Roboto, Noto Sans, sans-serif"'
        f' font-size="13" fill="{_INK}">',
        f'<title id="title">{escape(_title(day, scenario))}</title>',
        f'<desc id="about">{escape(_about(day, limit))}</desc>',
        f'<rect x="0.5" y="0.5" width="{_WIDTH - 1}" height="{_HEIGHT - 1}" rx="10"'
        f' fill="{_PAPER}" stroke="{_EDGE}"/>',
        f'<text x="{_LEFT}" y="40" font-size="20" font-weight="600">'
        f"{escape(_title(day, scenario))}</text>",
        f'<text x="{_LEFT}" y="64" font-size="14" fill="{_SOFT}">'
        f"{escape(_about(day, limit))}</text>",
    ]
    for panel in panels:
        parts += _frame(panel, hours)
    parts += _changes(panels, scenario.changes)
    parts += _agents(panels[0], columns)
    parts += _ringing(panels[1], columns)
    parts += _shares(panels[2], columns, limit)
    parts += _hour_names(panels[-1], hours)
    parts.append("</svg>")
    return "\n".join(parts) + "\n"


def _title(day: DayResult, scenario: Scenario) -> str:
    people = "1 agent" if day.agents == 1 else f"{day.agents} agents"
    return f"One day of {scenario.campaign}: {day.policy}, {people}"


def _about(day: DayResult, limit: float) -> str:
    told = [
        f"use {_percent(day.use, 1)}",
        f"{_percent(day.share, 2)} abandoned, limit {_percent(limit)}",
        f"{day.idle_before_call_s:.1f} s idle before a call",
        f"{day.dialled:,} dialled, {day.served:,} served",
        f"seed {day.seed}",
    ]
    return "  ·  ".join(told)


def _columns(moments: Sequence[ChartPoint]) -> list[_Column]:
    each = max(1, ceil(len(moments) / _MOST_COLUMNS))
    columns = []
    for start in range(0, len(moments), each):
        some = moments[start : start + each]
        count = len(some)
        columns.append(
            _Column(
                at_s=some[0].at_s,
                busy=sum(moment.busy for moment in some) / count,
                agents=sum(moment.agents for moment in some) / count,
                ringing=sum(moment.ringing for moment in some) / count,
                most_ringing=max(moment.ringing for moment in some),
                share=some[-1].share,
            )
        )
    return columns


def _most_share(columns: Sequence[_Column], limit: float) -> float:
    """Return what the share's axis must reach. The share of the first answers jumps about, so it
    may be cut off."""
    late = [column.share for column in columns[len(columns) // 10 :]]
    return max(1.6 * limit, min(1.1 * max(late), 1.0), 0.001)


def _axis(most: float, *, whole: bool = True) -> tuple[float, float]:
    """Return the end of an axis and the step between its numbers: 1, 2 or 5 times a power of 10."""
    most = max(most, 1.0 if whole else 1e-6)
    rough = most / 4.5
    ten = 10.0 ** floor(log10(rough))
    step = next(ten * factor for factor in (1, 2, 5, 10) if ten * factor >= rough * 0.999)
    if whole:
        step = max(1.0, step)
    return (ceil(most / step - 1e-9) * step if whole else most), step


def _number(value: float) -> str:
    return f"{value:,.0f}"


def _percent(share: float, digits: int | None = None) -> str:
    text = f"{100 * share:.2f}".rstrip("0").rstrip(".") if digits is None else (
        f"{100 * share:.{digits}f}")  # fmt: skip
    return f"{text}\N{NARROW NO-BREAK SPACE}%"


def _hours(starts_at_h: float, day_s: float) -> list[tuple[float, str]]:
    """Return the positions of the times on the lower axis, and their labels."""
    minutes = day_s / 60.0
    step = next((each for each in (1, 5, 10, 15, 30, 60, 120) if minutes / each <= 13), 180)
    begin = starts_at_h * 60.0
    first = ceil(begin / step - 1e-9)
    last = floor((begin + minutes) / step + 1e-9)
    times = [number * step for number in range(first, last + 1)]
    return [((time - begin) * 60.0, f"{time // 60:02}:{time % 60:02}") for time in times]


def _frame(panel: _Panel, hours: Sequence[tuple[float, str]]) -> list[str]:
    parts = [
        f'<line x1="{panel.x(at_s):.1f}" x2="{panel.x(at_s):.1f}" y1="{panel.top}"'
        f' y2="{panel.bottom}" stroke="{_GRID}"/>'
        for at_s, _ in hours
    ]
    for number in range(floor(panel.most / panel.step + 1e-9) + 1):
        value = number * panel.step
        y = panel.y(value)
        stroke = _SOFT if number == 0 else _GRID
        parts.append(
            f'<line x1="{_LEFT}" x2="{_RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="{stroke}"/>'
        )
        parts.append(
            f'<text x="{_LEFT - 10}" y="{y + 4.5:.1f}" text-anchor="end" fill="{_SOFT}">'
            f"{panel.unit(value)}</text>"
        )
    parts.append(
        f'<text x="{_LEFT}" y="{panel.top - panel.space}" font-size="14" font-weight="600">'
        f"{panel.title}</text>"
    )
    return parts


def _hour_names(panel: _Panel, hours: Sequence[tuple[float, str]]) -> list[str]:
    return [
        f'<text x="{panel.x(at_s):.1f}" y="{panel.bottom + 22}" text-anchor="middle"'
        f' fill="{_SOFT}">{name}</text>'
        for at_s, name in hours
    ]


def _legend(panel: _Panel, entries: Sequence[tuple[str, str, str]]) -> list[str]:
    """Draw the legend right of the panel's title: shape (area, line, dashes), colour, words."""
    base = panel.top - panel.space
    parts, x, y = [], float(_RIGHT), base - 4.5
    for shape, colour, words in reversed(entries):
        x -= sum(_WIDE.get(letter, 7.9) for letter in words)
        parts.append(f'<text x="{x:.1f}" y="{base}" fill="{_SOFT}">{words}</text>')
        x -= 28
        if shape == "area":
            parts.append(
                f'<rect x="{x:.1f}" y="{y - 5}" width="20" height="10" rx="2" fill="{colour}"'
                ' fill-opacity="0.75"/>'
            )
        else:
            dashes = ' stroke-dasharray="5 4"' if shape == "dashes" else ""
            parts.append(
                f'<line x1="{x:.1f}" x2="{x + 20:.1f}" y1="{y}" y2="{y}" stroke="{colour}"'
                f' stroke-width="2"{dashes}/>'
            )
        x -= 18
    return parts


def _agents(panel: _Panel, columns: Sequence[_Column]) -> list[str]:
    busy = [(column.at_s, column.busy) for column in columns]
    there = [(column.at_s, column.agents) for column in columns]
    return [
        *_legend(
            panel,
            [
                ("line", _LOGGED_IN, "logged in, not on a break"),
                ("area", _BUSY, "talk and wrap-up"),
            ],
        ),
        f'<polygon points="{panel.area(there)}" fill="{_LOGGED_IN}" fill-opacity="0.06"/>',
        f'<polygon points="{panel.area(busy)}" fill="{_BUSY}" fill-opacity="0.75"/>',
        f'<polyline points="{panel.line(there)}" fill="none" stroke="{_LOGGED_IN}"'
        ' stroke-width="1.4" stroke-linejoin="round"/>',
    ]


def _ringing(panel: _Panel, columns: Sequence[_Column]) -> list[str]:
    mean = [(column.at_s, column.ringing) for column in columns]
    most = [(column.at_s, float(column.most_ringing)) for column in columns]
    return [
        *_legend(panel, [("area", _RINGING, "mean"), ("line", _RINGING, "most")]),
        f'<polygon points="{panel.area(mean)}" fill="{_RINGING}" fill-opacity="0.6"/>',
        f'<polyline points="{panel.line(most)}" fill="none" stroke="{_RINGING}"'
        ' stroke-width="1" stroke-opacity="0.7" stroke-linejoin="round"/>',
    ]


def _shares(panel: _Panel, columns: Sequence[_Column], limit: float) -> list[str]:
    y, last = panel.y(limit), columns[-1]
    # Values above the axis are cut off at its end.
    shares = [(column.at_s, min(column.share, panel.most)) for column in columns]
    return [
        *_legend(panel, [("line", _SHARE, "share since the start"), ("dashes", _LIMIT, "limit")]),
        f'<rect x="{_LEFT}" y="{panel.top}" width="{_RIGHT - _LEFT}"'
        f' height="{max(0.0, y - panel.top):.1f}" fill="{_LIMIT}" fill-opacity="0.05"/>',
        f'<line x1="{_LEFT}" x2="{_RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="{_LIMIT}"'
        ' stroke-width="1.6" stroke-dasharray="6 5"/>',
        f'<polyline points="{panel.line(shares)}" fill="none" stroke="{_SHARE}" stroke-width="2.2"'
        ' stroke-linejoin="round"/>',
        f'<text x="{_RIGHT + 8}" y="{panel.y(shares[-1][1]) + 4.5:.1f}" font-weight="600"'
        f' fill="{_SHARE}">{_percent(last.share, 2)}</text>',
    ]


def _changes(panels: Sequence[_Panel], changes: Sequence[Change]) -> list[str]:
    """Draw each change as a line through all panels, labelled above the first."""
    parts: list[str] = []
    for change in changes:
        words = _words(change)
        if not words:
            continue
        x = panels[0].x(change.at_h * 3_600.0)
        parts.append(
            f'<text x="{x:.1f}" y="{panels[0].top - 8}" text-anchor="middle" font-size="12"'
            f' fill="{_SOFT}">{escape(words)}</text>'
        )
        parts += [
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{panel.top}" y2="{panel.bottom}"'
            f' stroke="{_SOFT}" stroke-dasharray="2 3"/>'
            for panel in panels
        ]
    return parts


def _words(change: Change) -> str:
    told = []
    if change.answer_rate is not None:
        told.append(f"answers {_times(change.answer_rate)}")
    if change.talk is not None:
        told.append(f"talks {_times(change.talk)}")
    if change.agents is not None:
        told.append(f"{change.agents} agents")
    if change.staff is not None:
        some = {0.0: "no agents", 1.0: "all agents"}
        told.append(some.get(change.staff, f"{_percent(change.staff)} of agents"))
    return ", ".join(told)


def _times(factor: float) -> str:
    return "as usual" if factor == 1 else f"×{factor:g}"
