"""The entry rules of a number as its page lists them: how often each has held, and why one never
can."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from aiohttp import web

from centre.directory import Directory
from centre.entry_rules import DeadRule, NeverHolds, dead_rules
from centre.inbound_settings import HotlineSettings
from centre.running import centre_of
from console.kit.context import ENTRY_FIGURES, zone_for
from console.kit.translations import N_
from domain.centre import Hotline
from records.entry_figures import RuleUse
from storage.database_errors import AWAY

SINCE = timedelta(days=7)

NEVER: Mapping[NeverHolds, str] = {
    NeverHolds.SHADOWED: N_("It never holds: “%(about)s”, which comes before, always does then."),
    NeverHolds.EMPTY_LIST: N_("It never holds: its list of numbers is empty."),
    NeverHolds.NO_NUMBER: N_(
        "It never holds: it asks for callers who withhold their number, and for their number."
    ),
    NeverHolds.NO_HOURS: N_("It never holds: its hours end when they begin."),
    NeverHolds.DAYS_BACKWARDS: N_("It never holds: its last day is before its first."),
    NeverHolds.DAYS_PAST: N_("It never holds any more: its last day has passed."),
    NeverHolds.NEVER_OPEN: N_("It never holds: its calendar has no hours."),
    NeverHolds.CLOSED_BEFORE: N_(
        "It never holds: the number itself is closed then, and callers hear its message."
    ),
}


@dataclass(frozen=True, slots=True)
class ListedRule:
    """A rule in the list. ``never`` are the words for why it never holds, with ``about``; None: it
    may hold."""

    name: str
    flow: str
    use: RuleUse
    never: str | None = None
    about: str = ""


async def rules_of(
    request: web.Request, directory: Directory, thing: HotlineSettings
) -> tuple[ListedRule, ...]:
    """The rules of a number, in their order. While the database is away, no use is known."""
    if not thing.rules:
        return ()
    hotlines = centre_of(directory).hotlines
    number = next(one for one in hotlines if one.number == thing.number)
    now = datetime.now(UTC)
    try:
        uses = await request.app[ENTRY_FIGURES].of(thing.number, now - SINCE)
    except AWAY:
        uses = {}
    return listed(number, now.astimezone(zone_for(request)).date(), uses)


def listed(number: Hotline, today: date, uses: Mapping[str, RuleUse]) -> tuple[ListedRule, ...]:
    """The rules of a number with their uses."""
    dead = _by_name(dead_rules(number.rules, today, number.calendar))
    return tuple(
        ListedRule(
            rule.name,
            rule.flow,
            uses.get(rule.name, RuleUse()),
            NEVER[dead[rule.name].why] if rule.name in dead else None,
            dead[rule.name].about if rule.name in dead else "",
        )
        for rule in number.rules
    )


def _by_name(dead: Sequence[DeadRule]) -> Mapping[str, DeadRule]:
    return {one.rule: one for one in dead}
