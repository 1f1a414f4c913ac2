"""Directories of every kind of thing with whatever their models allow, for property tests."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from hypothesis import strategies as st

from centre.directory import Directory, directory_of
from centre.endpoint_settings import (
    AccountSettings,
    LineSettings,
    OutsideNumberSettings,
    StationSettings,
)
from centre.inbound_settings import (
    CalendarSettings,
    CallerSettings,
    DaySettings,
    EmergencySettings,
    EntryRuleSettings,
    HotlineSettings,
    QueueSettings,
)
from centre.kinds import Thing
from centre.organisation_settings import (
    AgentSettings,
    AwayReasonSettings,
    CentreWide,
    ProjectSettings,
    SkillSettings,
    TeamSettings,
)
from domain.centre import (
    Acquaintance,
    CallerHeader,
    Encryption,
    LineKind,
    NumberFormat,
    SessionTimer,
    StationKind,
    Treatment,
)

T = TypeVar("T", bound=Thing)

_printable = st.characters(exclude_categories=("C", "Z")) | st.sampled_from(" ':{}[],#&*!|>%@-\"\\")
titles = st.text(_printable, min_size=1, max_size=30).filter(
    lambda t: t.strip() and t.isprintable()
)
spoken = st.text(_printable | st.just("\n"), min_size=1, max_size=60).filter(
    lambda t: t.replace("\n", " ").isprintable()
)
names = st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9_-]{0,39}\Z") | st.sampled_from(
    ["true", "null", "No", "0x10", "1e3", "007", "2026-10-01", "off"]
)
numbers = st.from_regex(r"\A\+?[0-9]{3,20}\Z")
languages = st.sampled_from(["zh-CN", "en"])
hours = st.lists(st.sampled_from(["09:00-12:00", "00:00-24:00"]), max_size=3).map(tuple)
seconds = st.floats(5, 120) | st.integers(5, 120).map(float)


def _perhaps(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


def _each_once(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(strategy, max_size=3, unique=True).map(tuple)


days = st.builds(DaySettings, day=st.dates(date(1, 1, 1)), hours=hours, note=spoken | st.just(""))
moments = st.datetimes(timezones=st.just(UTC), min_value=datetime(1, 1, 1))
emergencies = st.builds(
    EmergencySettings,
    message=st.dictionaries(languages, spoken, min_size=1),
    until=_perhaps(moments),
)
patterns = st.from_regex(r"\A\+?[0-9]{2,25}\*?\Z")
rules = st.builds(
    EntryRuleSettings,
    name=names,
    flow=st.sampled_from(["hotline", "null"]),
    callers=_perhaps(st.lists(patterns, max_size=3).map(tuple)),
    known=_perhaps(st.sampled_from(Acquaintance)),
    withheld=st.booleans(),
    calendar=_perhaps(names),
    while_closed=st.booleans(),
    hours=hours,
    first_day=_perhaps(st.dates(date(1, 1, 1))),
    queue=_perhaps(names),
    waiting=_perhaps(st.integers(1, 10_000)),
    wait_s=_perhaps(st.floats(0.5, 86_400)),
)
accounts = st.builds(
    AccountSettings, user=st.from_regex(r"\A[A-Za-z0-9_.+@-]{1,80}\Z"), registers=st.booleans()
)

things: dict[type[Thing], st.SearchStrategy[Thing]] = {
    CentreWide: st.builds(
        CentreWide,
        languages=st.lists(languages, min_size=1, max_size=2, unique=True).map(tuple),
        timezone=_perhaps(st.sampled_from(["Asia/Shanghai", "UTC"])),
        keep_decisions_days=st.integers(1, 3_660),
    ),
    ProjectSettings: st.builds(ProjectSettings, name=names, title=titles),
    CalendarSettings: st.builds(
        CalendarSettings,
        name=names,
        title=titles,
        monday=hours,
        sunday=hours,
        work_hours=hours,
        holidays=_perhaps(st.sampled_from(["CN", "NO"])),
        exceptions=st.lists(days, max_size=3).map(tuple),
    ),
    SkillSettings: st.builds(SkillSettings, name=names, title=_perhaps(titles)),
    QueueSettings: st.builds(
        QueueSettings,
        name=names,
        project=names,
        skill=names,
        title=st.dictionaries(languages, titles),
        ring_s=seconds,
        priority=st.integers(-10, 10),
    ),
    HotlineSettings: st.builds(
        HotlineSettings,
        number=numbers,
        project=names,
        flow=st.sampled_from(["hotline", "null"]),
        rules=st.lists(rules, max_size=3, unique_by=lambda rule: rule.name).map(tuple),
        title=_perhaps(titles),
        languages=_each_once(languages),
        calendar=_perhaps(names),
        closed_message=st.dictionaries(languages, spoken),
        emergency=_perhaps(emergencies),
    ),
    TeamSettings: st.builds(TeamSettings, name=names, title=titles),
    StationSettings: st.builds(
        StationSettings,
        name=st.from_regex(r"\A[0-9]{2,8}\Z"),
        kind=st.sampled_from(StationKind),
        encryption=_perhaps(st.sampled_from(Encryption)),
        note=spoken | st.just(""),
    ),
    LineSettings: st.builds(
        LineSettings,
        name=st.from_regex(r"\A[A-Za-z][A-Za-z0-9_-]{0,39}\Z"),
        kind=st.sampled_from(LineKind),
        calls_per_second=_perhaps(st.sampled_from([0.1, 0.5, 5.0, 12.5, 1000.0])),
        host=_perhaps(st.sampled_from(["10.0.0.1", "[::1]:5060", "sip.example"])),
        account=_perhaps(accounts),
        caller_header=st.sampled_from(CallerHeader),
        session_timer=st.sampled_from(SessionTimer),
        numbers_in=st.sampled_from(NumberFormat),
        country=st.sampled_from(["CN", "NO"]),
        caller_id=_perhaps(numbers),
        caller_id_header=st.sampled_from(CallerHeader),
        answer_signalled=st.booleans(),
    ),
    AgentSettings: st.builds(
        AgentSettings,
        code=st.from_regex(r"\A[0-9]{2,15}\Z"),
        name=titles,
        projects=_each_once(names),
        skills=st.dictionaries(names, st.integers(1, 10), max_size=12),
        team=_perhaps(names),
        station=_perhaps(names),
        wrap_up_s=_perhaps(st.floats(0, 3600)),
    ),
    AwayReasonSettings: st.builds(
        AwayReasonSettings,
        name=names,
        title=st.dictionaries(languages, titles),
        digit=_perhaps(st.integers(1, 9)),
        limit_s=_perhaps(st.floats(0, 86400, exclude_min=True)),
    ),
    CallerSettings: st.builds(
        CallerSettings,
        number=st.from_regex(r"\A\+?[0-9*#]{2,25}\Z"),
        treatment=st.sampled_from(Treatment),
        projects=_each_once(names),
        note=spoken | st.just(""),
    ),
    OutsideNumberSettings: st.builds(
        OutsideNumberSettings,
        number=st.from_regex(r"\A\+?[0-9]{3,20}\Z"),
        title=titles,
        line=names,
        projects=_each_once(names),
        caller_id=_perhaps(numbers),
        recorded=st.booleans(),
        note=spoken | st.just(""),
    ),
}

_key: Callable[[Thing], str] = lambda thing: thing.key  # noqa: E731


def directories() -> st.SearchStrategy[Directory]:
    """Directories whose things are each right by themselves."""
    lists = [
        st.lists(strategy, max_size=1 if model is CentreWide else 4, unique_by=_key)
        for model, strategy in things.items()
    ]
    return st.tuples(*lists).map(lambda found: directory_of(thing for of in found for thing in of))
