"""Which flow a caller of a number enters: the number's rules, the first that holds; and which of
them can never hold.

A rule holds if each of its criteria does. One without criteria holds for everybody.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from domain.centre import Acquaintance, Calendar, EntryRule
from domain.identity import QueueName

_OF_A_DAY = 24 * 60
_AT_LEAST: Mapping[Acquaintance | None, int] = {
    None: 0,
    Acquaintance.CUSTOMER: 1,
    Acquaintance.LISTED: 2,
    Acquaintance.VIP: 3,
}
"""The higher, the fewer callers: every VIP is in the list, and everybody there is a customer."""


@dataclass(frozen=True, slots=True)
class ArrivingCaller:
    """A caller who has come to a number, as far as rules ask about it."""

    at: datetime
    """In the centre's time zone."""
    numbers: tuple[str, ...] = ()
    """Theirs, in each way to write it; none: it is withheld."""
    known: Acquaintance | None = None
    waiting: Mapping[QueueName, int] = field(default_factory=dict)
    """How many wait in each queue."""
    expected_s: Mapping[QueueName, float | None] = field(default_factory=dict)
    """How long the next caller may have to wait there; None: not known, as while nobody works."""
    is_open: Callable[[Calendar, datetime], bool] = lambda _calendar, _at: True


def first_that_holds(rules: Iterable[EntryRule], caller: ArrivingCaller) -> EntryRule | None:
    """The rule by which the caller enters; None: they enter the number's usual flow."""
    return next((rule for rule in rules if holds(rule, caller)), None)


def holds(rule: EntryRule, caller: ArrivingCaller) -> bool:
    """Whether all criteria of a rule do."""
    at = caller.at
    queue = rule.queue or QueueName("")
    expected = caller.expected_s.get(queue)
    return (
        (rule.callers is None or any(_listed(n, rule.callers) for n in caller.numbers))
        and _AT_LEAST[caller.known] >= _AT_LEAST[rule.known]
        and (not rule.withheld or not caller.numbers)
        and (rule.first_day is None or rule.first_day <= at.date())
        and (rule.last_day is None or at.date() <= rule.last_day)
        and (not rule.hours or _within(60 * at.hour + at.minute, rule.hours))
        and (rule.calendar is None or caller.is_open(rule.calendar, at) is not rule.while_closed)
        and (rule.waiting is None or caller.waiting.get(queue, 0) >= rule.waiting)
        and (rule.wait_s is None or (expected is not None and expected >= rule.wait_s))
    )


def _listed(number: str, callers: Iterable[str]) -> bool:
    return any(
        number.startswith(one[:-1]) if one.endswith("*") else number == one for one in callers
    )


def _within(minute: int, hours: Iterable[tuple[int, int]]) -> bool:
    """Whether a minute of the day is in one of the spans; those may go over midnight."""
    return any(
        begins <= minute < ends if begins < ends else minute >= begins or minute < ends
        for begins, ends in hours
        if begins != ends
    )


class NeverHolds(StrEnum):
    """Why a rule can never hold."""

    SHADOWED = "shadowed"  # an earlier one, which ``about`` names, holds whenever it does
    EMPTY_LIST = "empty_list"
    NO_NUMBER = "no_number"  # it asks for callers without a number, and for their number
    NO_HOURS = "no_hours"  # its hours begin when they end
    DAYS_BACKWARDS = "days_backwards"  # the last day is before the first
    DAYS_PAST = "days_past"
    NEVER_OPEN = "never_open"  # its calendar has no hours
    CLOSED_BEFORE = "closed_before"  # the number itself is closed then, and says so


@dataclass(frozen=True, slots=True)
class DeadRule:
    """A rule that can never hold."""

    rule: str
    why: NeverHolds
    about: str = ""


def dead_rules(
    rules: Sequence[EntryRule], today: date, own: Calendar | None = None
) -> tuple[DeadRule, ...]:
    """The rules that can never hold from ``today`` on; ``own`` is the number's calendar.

    That several earlier rules together leave a later one nothing is not seen here; how often each
    has held shows it.
    """
    dead: list[DeadRule] = []
    alive: list[EntryRule] = []
    for rule in rules:
        why = next(_by_itself(rule, today, own), None)
        before = next((one for one in alive if _covers(one, rule)), None)
        if why is not None:
            dead.append(DeadRule(rule.name, why))
        elif before is not None:
            dead.append(DeadRule(rule.name, NeverHolds.SHADOWED, before.name))
        else:
            alive.append(rule)
    return tuple(dead)


def _by_itself(rule: EntryRule, today: date, own: Calendar | None) -> Iterator[NeverHolds]:
    if rule.callers == ():
        yield NeverHolds.EMPTY_LIST
    if rule.withheld and (rule.callers is not None or rule.known is not None):
        yield NeverHolds.NO_NUMBER
    if rule.hours and all(begins == ends for begins, ends in rule.hours):
        yield NeverHolds.NO_HOURS
    if rule.first_day and rule.last_day and rule.last_day < rule.first_day:
        yield NeverHolds.DAYS_BACKWARDS
    if rule.last_day and rule.last_day < today:
        yield NeverHolds.DAYS_PAST
    calendar = rule.calendar
    if calendar is not None and not rule.while_closed and not _ever_open(calendar):
        yield NeverHolds.NEVER_OPEN
    own_name = None if own is None else own.name
    if calendar is not None and rule.while_closed and calendar.name == own_name:
        yield NeverHolds.CLOSED_BEFORE


def _ever_open(calendar: Calendar) -> bool:
    of_holidays = calendar.holidays is not None and bool(calendar.work_hours)
    return any(calendar.week) or of_holidays or any(calendar.exceptions.values())


def _covers(earlier: EntryRule, later: EntryRule) -> bool:
    """Whether the earlier rule holds whenever the later one does: each of its criteria is one of
    the later one's, or follows from it."""
    return (
        (earlier.callers is None or _lists_all(earlier.callers, later.callers))
        and _AT_LEAST[later.known] >= _AT_LEAST[earlier.known]
        and (not earlier.withheld or later.withheld)
        and (
            earlier.first_day is None
            or (later.first_day is not None and later.first_day >= earlier.first_day)
        )
        and (
            earlier.last_day is None
            or (later.last_day is not None and later.last_day <= earlier.last_day)
        )
        and (not earlier.hours or (bool(later.hours) and _minutes(later) <= _minutes(earlier)))
        and (
            earlier.calendar is None
            or (
                later.calendar is not None
                and later.calendar.name == earlier.calendar.name
                and later.while_closed is earlier.while_closed
            )
        )
        and _asks_as_much(earlier.waiting, later.waiting, earlier, later)
        and _asks_as_much(earlier.wait_s, later.wait_s, earlier, later)
    )


def _asks_as_much(
    least: float | None, theirs: float | None, earlier: EntryRule, later: EntryRule
) -> bool:
    return least is None or (
        theirs is not None and theirs >= least and earlier.queue == later.queue
    )


def _lists_all(callers: Iterable[str], others: Iterable[str] | None) -> bool:
    callers = tuple(callers)
    return others is not None and all(
        one in callers or any(wide.endswith("*") and one.startswith(wide[:-1]) for wide in callers)
        for one in others
    )


def _minutes(rule: EntryRule) -> frozenset[int]:
    return frozenset(minute for minute in range(_OF_A_DAY) if _within(minute, rule.hours))
