"""Lists the tables of docs/pacing.md: their campaigns, teams, policies and numbers of days."""

from dataclasses import dataclass

_OURS_AND_PROGRESSIVE = ("foresight", "expected_value", "progressive")


@dataclass(frozen=True, slots=True)
class Table:
    """One table. ``campaign`` is the name of a file in simulation/campaigns."""

    title: str
    campaign: str
    agents: tuple[int, ...]
    policies: tuple[str, ...] = ("foresight", "expected_value")
    days: int = 12


def tables() -> tuple[Table, ...]:
    """Return all tables in the order of the page. Large teams cost most, so they get fewer days."""
    every = (*_OURS_AND_PROGRESSIVE, "vicidial_tapered", "vicidial_tuned")
    return (
        Table("The standard world", "standard", (5, 10, 20, 50), every, days=30),
        Table("The standard world, a large team", "standard", (300,), every, days=2),
        Table("The standard world", "limit_1", (20,)),
        Table("Thin lists", "thin_list", (20,)),
        Table("Thin lists", "thin_list_limit_1", (20, 50)),
        Table("Drift", "drift", (20,)),
        Table("Shock", "shock", (20,)),
        Table("Detection of machines", "detection", (20,)),
        Table("Few lines", "few_lines", (20,)),
        Table("No wrap-up", "no_wrap_up", (20,)),
        Table("Short calls", "short_calls", (20,)),
        Table("Long calls", "long_calls", (20,)),
        Table("Agents leave and come back", "agents_leave", (20,)),
        Table("Leads of which something is known", "segments", (20,)),
        Table("Agents who differ in their pace", "paces", (20,)),
    )
