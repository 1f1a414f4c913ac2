"""Entry rules of numbers: the first that holds decides, and those that never can are found."""

from datetime import date, datetime, time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from centre.entry_rules import (
    ArrivingCaller,
    DeadRule,
    NeverHolds,
    dead_rules,
    first_that_holds,
    holds,
)
from domain.centre import Acquaintance, Calendar, EntryRule
from domain.identity import QueueName

MONDAY = datetime(2026, 11, 30, 10, 30)
SALES, HELP = QueueName("sales"), QueueName("help")
OFFICE = Calendar("office", week=(((540, 1080),), (), (), (), (), (), ()))
NEVER = Calendar("never", week=((),) * 7)


def rule(name: str = "one", **criteria: Any) -> EntryRule:
    return EntryRule(name, f"flow_{name}", **criteria)


def caller(number: str | None = "+8613800138000", **more: Any) -> ArrivingCaller:
    numbers = () if number is None else (number, number.removeprefix("+86"))
    return ArrivingCaller(**{"at": MONDAY, "numbers": numbers, **more})


@pytest.mark.parametrize(
    ("criteria", "who", "does"),
    [
        ({}, caller(), True),
        ({"callers": ("13800138000",)}, caller(), True),
        ({"callers": ("138*", "139*")}, caller(), True),
        ({"callers": ("1380013800",)}, caller(), False),
        ({"callers": ("138*",)}, caller(None), False),
        ({"callers": ()}, caller(), False),
        ({"withheld": True}, caller(None), True),
        ({"withheld": True}, caller(), False),
        ({"known": Acquaintance.CUSTOMER}, caller(known=Acquaintance.VIP), True),
        ({"known": Acquaintance.LISTED}, caller(known=Acquaintance.CUSTOMER), False),
        ({"known": Acquaintance.CUSTOMER}, caller(), False),
        ({"hours": ((600, 660),)}, caller(), True),
        ({"hours": ((630, 631),)}, caller(), True),
        ({"hours": ((631, 660),)}, caller(), False),
        ({"hours": ((1320, 660),)}, caller(), True),  # over midnight
        ({"hours": ((1320, 630),)}, caller(), False),
        ({"hours": ((600, 600),)}, caller(), False),
        ({"first_day": date(2026, 11, 30), "last_day": date(2026, 11, 30)}, caller(), True),
        ({"first_day": date(2026, 12, 1)}, caller(), False),
        ({"last_day": date(2026, 11, 29)}, caller(), False),
        ({"calendar": OFFICE}, caller(), True),
        ({"calendar": OFFICE, "while_closed": True}, caller(), False),
        ({"calendar": OFFICE}, caller(is_open=lambda _c, _at: False), False),
        ({"queue": SALES, "waiting": 3}, caller(waiting={SALES: 3}), True),
        ({"queue": SALES, "waiting": 3}, caller(waiting={SALES: 2, HELP: 9}), False),
        ({"queue": SALES, "wait_s": 60.0}, caller(expected_s={SALES: 60.0}), True),
        ({"queue": SALES, "wait_s": 60.0}, caller(expected_s={SALES: None}), False),
        ({"withheld": True, "hours": ((600, 660),)}, caller(), False),  # all must hold
    ],
)
def test_each_criterion(criteria: dict[str, Any], who: ArrivingCaller, does: bool) -> None:
    assert holds(rule(**criteria), who) is does


def test_the_first_rule_that_holds_decides() -> None:
    rules = [rule("vips", known=Acquaintance.VIP), rule("all"), rule("late")]
    assert first_that_holds(rules, caller()) is rules[1]
    assert first_that_holds(rules, caller(known=Acquaintance.VIP)) is rules[0]
    assert first_that_holds(rules[:1], caller()) is None


@pytest.mark.parametrize(
    ("criteria", "why"),
    [
        ({"callers": ()}, NeverHolds.EMPTY_LIST),
        ({"callers": ("138*",), "withheld": True}, NeverHolds.NO_NUMBER),
        ({"hours": ((600, 600),)}, NeverHolds.NO_HOURS),
        ({"first_day": date(2027, 1, 2), "last_day": date(2027, 1, 1)}, NeverHolds.DAYS_BACKWARDS),
        ({"last_day": date(2026, 11, 29)}, NeverHolds.DAYS_PAST),
        ({"calendar": NEVER}, NeverHolds.NEVER_OPEN),
        ({"calendar": OFFICE, "while_closed": True}, NeverHolds.CLOSED_BEFORE),
        ({}, None),
        ({"calendar": NEVER, "while_closed": True}, None),
    ],
)
def test_a_rule_that_never_holds_is_found(criteria: dict[str, Any], why: NeverHolds | None) -> None:
    found = dead_rules([rule(**criteria)], MONDAY.date(), OFFICE)
    assert [one.why for one in found] == ([] if why is None else [why])


def test_a_rule_behind_one_that_always_holds_then_is_found() -> None:
    rules = [
        rule("beijing", callers=("010*",)),
        rule("office", callers=("01062*", "0108888"), hours=((540, 1080),)),
        rule("busy", queue=SALES, waiting=5),
        rule("very_busy", queue=SALES, waiting=9),
        rule("elsewhere", queue=HELP, waiting=9),
        rule("rest"),
        rule("nobody", known=Acquaintance.VIP),
    ]
    assert dead_rules(rules, MONDAY.date()) == (
        DeadRule("office", NeverHolds.SHADOWED, "beijing"),
        DeadRule("very_busy", NeverHolds.SHADOWED, "busy"),
        DeadRule("nobody", NeverHolds.SHADOWED, "rest"),
    )


# Properties. Few values, so that rules often meet.

few_numbers = st.sampled_from(["+8610", "+86102", "+8613", "+861"])
few_patterns = few_numbers | few_numbers.map(lambda number: number + "*")
few_minutes = st.sampled_from([0, 600, 630, 631, 1320, 1440])
few_spans = st.tuples(few_minutes.filter(lambda minute: minute < 1440), few_minutes)
few_days = st.sampled_from([date(2026, 11, 29), date(2026, 11, 30), date(2026, 12, 1)])
few_crowds = st.sampled_from([1, 2, 3])


def perhaps(strategy: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.none() | strategy


any_rule = st.builds(
    EntryRule,
    name=st.just(""),
    flow=st.just("f"),
    callers=perhaps(st.lists(few_patterns, max_size=2).map(tuple)),
    known=perhaps(st.sampled_from(Acquaintance)),
    withheld=st.booleans(),
    first_day=perhaps(few_days),
    last_day=perhaps(few_days),
    hours=st.lists(few_spans, max_size=2).map(tuple),
    calendar=perhaps(st.sampled_from([OFFICE, NEVER])),
    while_closed=st.booleans(),
    queue=st.sampled_from([SALES, HELP]),
    waiting=perhaps(few_crowds),
    wait_s=perhaps(few_crowds.map(float)),
)
any_arrival = st.builds(
    ArrivingCaller,
    at=st.builds(
        datetime.combine, few_days, st.sampled_from([time(0), time(10, 30), time(22), time(23, 59)])
    ),
    numbers=st.just(()) | few_numbers.map(lambda number: (number, number[1:])),
    known=perhaps(st.sampled_from(Acquaintance)),
    waiting=st.dictionaries(st.sampled_from([SALES, HELP]), few_crowds),
    expected_s=st.dictionaries(st.sampled_from([SALES, HELP]), few_crowds.map(float)),
    is_open=st.sampled_from(
        [lambda calendar, _at: calendar is OFFICE, lambda _calendar, _at: False]
    ),
)


@settings(max_examples=400)
@given(st.lists(any_rule, max_size=5), any_arrival)
def test_a_rule_that_is_said_never_to_hold_never_does(
    found: list[EntryRule], who: ArrivingCaller
) -> None:
    rules = [
        EntryRule(**{name: getattr(one, name) for name in one.__slots__} | {"name": str(number)})
        for number, one in enumerate(found)
    ]
    dead = {one.rule for one in dead_rules(rules, who.at.date())}
    if who.known is not None and not who.numbers:
        return  # nobody is known without a number
    first = first_that_holds(rules, who)
    assert first is None or first.name not in dead
    assert first == next((one for one in rules if holds(one, who)), None)
