"""Lists the tables of docs/pacing.md: their campaigns, teams, policies and numbers of days."""

from collections.abc import Mapping
from dataclasses import dataclass

from simulation.scenario import PolicySettings

_NO_CUTS = "foresight_no_cuts"
OF_THEIR_OWN: Mapping[str, PolicySettings] = {
    _NO_CUTS: PolicySettings(policy="foresight", options={"cut": False}),
}
"""Policies that the tables show beside those of a campaign's file: our own, but it lets everything
ring that it has dialled, as the policies do that we compare it with."""

_USUAL = ("foresight", "expected_value")
_OURS = ("foresight", _NO_CUTS, "expected_value")


@dataclass(frozen=True, slots=True)
class Table:
    """One table. ``campaign`` is the name of a file in simulation/campaigns."""

    title: str
    campaign: str
    agents: tuple[int, ...] = (20,)
    policies: tuple[str, ...] = _USUAL
    days: int = 12


def tables() -> tuple[Table, ...]:
    """Return all tables in the order of the page. Large teams cost most, so they get fewer days."""
    every = (*_OURS, "progressive", "vicidial_tapered", "vicidial_tuned")
    return (
        Table("The standard world", "standard", (5, 10, 20), every, days=30),
        Table("The standard world, larger teams", "standard", (50,), every),
        Table("The standard world, a very large team", "standard", (300,), every, days=2),
        Table("The standard world", "limit_1", policies=_OURS),
        Table("Thin lists", "thin_list", policies=_OURS),
        Table("Thin lists", "thin_list_limit_1", (20, 50), policies=_OURS),
        Table("Drift", "drift"),
        Table("Shock", "shock", policies=_OURS),
        Table("An answer rate that jumps", "jumps"),
        Table("An answer rate that falls and comes back", "falls"),
        Table("A trunk that fails", "trunk_fails"),
        Table("A trunk that fails every five minutes", "trunk_flaps"),
        Table("A trunk with fewer lines than configured", "trunk_narrow"),
        Table("A trunk that refuses one call in five", "trunk_refuses"),
        Table("A switch that hangs up late", "late_hang_ups", policies=_OURS),
        Table("Few lines", "few_lines"),
        Table("Detection of machines", "detection"),
        Table("Detection that errs more often", "detection_errs", days=40),
        Table(
            "Agents follow a script", "script", policies=("foresight", "unaware", "expected_value")
        ),
        Table(
            "Agents follow a script, poorly reported",
            "script_poorly_reported",
            policies=("foresight", "unaware"),
        ),
        Table("No wrap-up", "no_wrap_up"),
        Table("Short calls", "short_calls"),
        Table("Long calls", "long_calls"),
        Table("Agents leave and come back", "agents_leave"),
        Table("Leads of which something is known", "segments"),
        Table("Agents who differ in their pace", "paces"),
    )
