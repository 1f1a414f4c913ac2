"""Compares hours on the phones with simulated ones, and writes the comparison as a page. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from bench import rig
from bench.live_customers import PREDICTIVE, PROGRESSIVE
from bench.live_hour import HourFigures

USE_WITHIN, MOST_ABANDONED, ABOVE_PROGRESSIVE = 0.02, 0.03, 0.15
BEGIN, END = "<!-- measured: ./run bench dialer:live -->", "<!-- end of what was measured -->"


@dataclass(frozen=True, slots=True)
class SimulatedHours:
    """What simulated hours of a policy came to, one value an hour."""

    use: Sequence[float]
    share: Sequence[float]
    dialled: Sequence[float]
    served: Sequence[float]

    def __len__(self) -> int:
        return len(self.use)


def central(values: Sequence[float]) -> tuple[float, float]:
    """The bounds of the central 95 % of the values."""
    return rig.percentile(values, 0.025), rig.percentile(values, 0.975)


def verdicts(
    hours: Sequence[HourFigures], simulated: Mapping[str, SimulatedHours]
) -> dict[str, Any]:
    """What was asked of the hours, and whether it is so; None: it could not be looked at, since no
    hour was played to its end."""
    whole = [hour for hour in hours if hour.whole]
    predictive = [hour for hour in whole if hour.policy == PREDICTIVE]
    progressive = [hour for hour in whole if hour.policy == PROGRESSIVE]
    found: dict[str, Any] = dict.fromkeys(
        ("use_off_by", "each_within", "abandoned_at_most", "above_progressive", "met")
    )
    if not predictive:
        return found
    there = simulated[PREDICTIVE]
    use = fmean(hour.use for hour in predictive)
    found["use_off_by"] = round(use - fmean(there.use), 4)
    found["each_within"] = all(within(hour, simulated) for hour in predictive)
    found["abandoned_at_most"] = round(max(hour.share for hour in predictive), 4)
    met = [
        abs(found["use_off_by"]) <= USE_WITHIN,
        found["each_within"],
        found["abandoned_at_most"] <= MOST_ABANDONED,
    ]
    if progressive:
        found["above_progressive"] = round(use - fmean(hour.use for hour in progressive), 4)
        met.append(found["above_progressive"] >= ABOVE_PROGRESSIVE)
    found["met"] = all(met) and len(whole) == len(hours)
    return found


def within(hour: HourFigures, simulated: Mapping[str, SimulatedHours]) -> bool:
    """Whether an hour's use is one of the central 95 % of the simulated hours."""
    low, high = central(simulated[hour.policy].use)
    return low <= hour.use <= high


def page_with(page: str, measured: str) -> str:
    """The page with what stands between the markers replaced. Raises ValueError if one is
    missing."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page has no lines {BEGIN!r} and {END!r}")
    return f"{before}{BEGIN}\n{measured.strip()}\n{END}{after}"


def measured_text(
    hours: Sequence[HourFigures],
    simulated: Mapping[str, SimulatedHours],
    *,
    made: str,
    machine: str,
    command: str,
) -> str:
    """What was measured, in Markdown: the hours, how the world was played, and the verdicts.

    ``made`` is the date.
    """
    lines = [
        f"Made on {made} by `{command}`, on {machine}. Each hour is a cold start of its own, with"
        f" {hours[0].agents} agents whose phones are nailed up; the last column is the load of the"
        " machine at the end.",
        "",
        "| hour | seed | use | simulated: mean | central 95 % | within | abandoned"
        " | simulated: mean | central 95 % | dialled | simulated | connected | simulated | load |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|",
        *(_row(hour, simulated) for hour in hours),
        "",
        *_verdict_lines(verdicts(hours, simulated)),
        "",
        "How much later things came than they were drawn, in the mean (of the slowest hundredth):",
        "",
        "| hour | ringing, after the decision | answer | agent, after the answer | end of the talk"
        " | cores: Asterisk, controller, PostgreSQL |",
        "|---|---|---|---|---|---|",
        *(_played(hour) for hour in hours),
    ]
    troubles = [
        f"- {hour.name}: {what}, {count} times"
        for hour in hours
        for what, count in hour.troubles.items()
    ]
    if troubles:
        lines += ["", "What the simulation doesn't have:", "", *troubles]
    return "\n".join(lines)


def _row(hour: HourFigures, simulated: Mapping[str, SimulatedHours]) -> str:
    there = simulated[hour.policy]
    if hour.whole:
        verdict = "yes" if within(hour, simulated) else "**no**"
        name = hour.name
    else:
        verdict, name = "-", f"{hour.name} (only {hour.played_s / 60:.0f} min)"
    cells = (
        name, str(hour.seed),
        _percent(hour.use), _percent(fmean(there.use)), _span(there.use), verdict,
        _percent(hour.share, 2), _percent(fmean(there.share), 2), _span(there.share, 2),
        str(hour.dialled), f"{fmean(there.dialled):.0f}",
        str(hour.served), f"{fmean(there.served):.0f}", f"{hour.load:g}",
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _verdict_lines(found: Mapping[str, Any]) -> Iterable[str]:
    if found["use_off_by"] is None:
        yield "No predictive hour was played to its end, so there is nothing to compare."
        return
    yield (
        f"- Mean use of the predictive hours: {100 * found['use_off_by']:+.1f} points from the"
        f" simulated hours' (asked for: at most {100 * USE_WITHIN:g})."
    )
    yield (
        "- Each predictive hour's use is within the central 95 % of the simulated hours:"
        f" {'yes' if found['each_within'] else 'no'}."
    )
    yield (
        f"- Abandoned: at most {_percent(found['abandoned_at_most'], 2)} in an hour (asked for: at"
        f" most {_percent(MOST_ABANDONED, 0)})."
    )
    if found["above_progressive"] is not None:
        yield (
            f"- Above progressive on the phones: {100 * found['above_progressive']:.1f} points"
            f" (asked for: at least {100 * ABOVE_PROGRESSIVE:g})."
        )
    yield f"- All of it: {'yes' if found['met'] else 'no'}."


def _played(hour: HourFigures) -> str:
    played, cores = hour.as_played, hour.cores
    cells = [hour.name]
    for what in ("delay", "ring", "wait", "talk"):
        mean, most = played.get(f"{what}_mean_s"), played.get(f"{what}_p99_s")
        cells.append("-" if mean is None or most is None else f"{mean:.2f} s ({most:.2f})")
    cells.append(", ".join(f"{cores.get(name, 0):.2f}" for name in _PROCESSES))
    return f"| {' | '.join(cells)} |"


_PROCESSES = ("asterisk", "controller", "postgres")


def _percent(share: float, digits: int = 1) -> str:
    return f"{100 * share:.{digits}f} %"


def _span(shares: Sequence[float], digits: int = 1) -> str:
    low, high = central(shares)
    return f"{100 * low:.{digits}f} to {100 * high:.{digits}f}"
