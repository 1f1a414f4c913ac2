"""Makes the centre that the controller runs of a directory.

It makes one of a directory with faults, too, such as somebody's edits of the tables leave: the
controller must go on.
"""

from collections.abc import Mapping

from centre.directory import Directory
from centre.directory_faults import WEEK
from centre.endpoint_settings import (
    AccountSettings,
    LineSettings,
    OutsideNumberSettings,
    StationSettings,
)
from centre.inbound_settings import (
    CalendarSettings,
    CallerSettings,
    EmergencySettings,
    EntryRuleSettings,
    HotlineSettings,
    QueueSettings,
)
from centre.organisation_settings import (
    AgentSettings,
    AwayReasonSettings,
    ProjectSettings,
    TeamSettings,
)
from centre.setting_values import Language
from domain.centre import (
    Agent,
    AwayReason,
    Calendar,
    CarrierAccount,
    Centre,
    Emergency,
    Encryption,
    EntryRule,
    Hotline,
    KnownCaller,
    Line,
    OutsideNumber,
    Project,
    Queue,
    Spans,
    Station,
    StationKind,
)
from domain.identity import (
    AgentCode,
    LineName,
    ProjectName,
    QueueName,
    SkillName,
    StationName,
    TeamName,
)

_USUAL_ENCRYPTION = {
    StationKind.SOFTPHONE: Encryption.OPTIONAL,
    StationKind.FXS: Encryption.OFF,
}


def centre_of(directory: Directory) -> Centre:
    """The centre, in the order in which its things were made."""
    calendars = _calendars(directory)
    reasons = sorted(directory.of(AwayReasonSettings).values(), key=lambda r: r.digit or 10)
    return Centre(
        projects=tuple(
            Project(ProjectName(p.name), p.title) for p in directory.of(ProjectSettings).values()
        ),
        hotlines=_hotlines(directory, calendars),
        queues=tuple(map(_queue, directory.of(QueueSettings).values())),
        agents=tuple(map(agent_of, directory.of(AgentSettings).values())),
        stations=tuple(map(_station, directory.of(StationSettings).values())),
        lines=tuple(map(_line, directory.of(LineSettings).values())),
        away_reasons=tuple(
            AwayReason(r.name, _texts(r.title), r.digit, r.limit_s) for r in reasons
        ),
        languages=directory.wide.languages,
        teams={TeamName(t.name): t.title for t in directory.of(TeamSettings).values()},
        calendars=calendars,
        timezone=directory.wide.timezone,
        keep_decisions_days=directory.wide.keep_decisions_days,
        callers={
            number: KnownCaller(
                number,
                caller.treatment,
                tuple(map(ProjectName, caller.projects)),
                caller.priority,
            )
            for number, caller in directory.of(CallerSettings).items()
        },
        outside={
            number: OutsideNumber(
                number,
                found.title,
                LineName(found.line),
                tuple(map(ProjectName, found.projects)),
                found.caller_id,
                found.recorded,
            )
            for number, found in directory.of(OutsideNumberSettings).items()
        },
    )


def hotlines_of(directory: Directory) -> tuple[Hotline, ...]:
    """The numbers alone, in their order."""
    return _hotlines(directory, _calendars(directory))


def _hotlines(directory: Directory, calendars: dict[str, Calendar]) -> tuple[Hotline, ...]:
    return tuple(_hotline(found, calendars) for found in directory.of(HotlineSettings).values())


def _hotline(found: HotlineSettings, calendars: dict[str, Calendar]) -> Hotline:
    return Hotline(
        number=found.number,
        project=ProjectName(found.project),
        flow=found.flow,
        languages=found.languages,
        # A number without the calendar that it names is open; nobody's edit would leave it so.
        calendar=calendars.get(found.calendar or ""),
        closed_message=_texts(found.closed_message),
        emergency=None if found.emergency is None else _emergency(found.emergency),
        queue=None if found.queue is None else QueueName(found.queue),
        rules=tuple(
            _rule(rule, found, calendars)
            for rule in found.rules
            # Without the calendar that it names, a rule would hold for everybody.
            if rule.calendar is None or rule.calendar in calendars
        ),
    )


def entry_rules_of(directory: Directory, found: HotlineSettings) -> tuple[EntryRule, ...]:
    """The rules of a number as the controller runs them."""
    return _hotline(found, _calendars(directory)).rules


def _rule(
    found: EntryRuleSettings, hotline: HotlineSettings, calendars: dict[str, Calendar]
) -> EntryRule:
    queue = found.queue or hotline.queue
    return EntryRule(
        **found.model_dump(include=_AS_THEY_ARE),
        callers=found.callers,
        hours=_spans(found.hours),
        calendar=calendars.get(found.calendar or ""),
        queue=None if queue is None else QueueName(queue),
    )


_AS_THEY_ARE = {
    "name", "flow", "known", "withheld", "while_closed", "first_day", "last_day",
    "waiting", "wait_s",
}  # fmt: skip


def _emergency(found: EmergencySettings) -> Emergency:
    return Emergency(_texts(found.message), found.until)


def _calendars(directory: Directory) -> dict[str, Calendar]:
    return {name: _calendar(found) for name, found in directory.of(CalendarSettings).items()}


def _calendar(found: CalendarSettings) -> Calendar:
    return Calendar(
        name=found.name,
        week=tuple(_spans(getattr(found, day)) for day in WEEK),
        holidays=found.holidays,
        work_hours=_spans(found.work_hours),
        exceptions={each.day: _spans(each.hours) for each in found.exceptions},
    )


def _spans(hours: tuple[str, ...]) -> Spans:
    return tuple((_minutes(h.partition("-")[0]), _minutes(h.partition("-")[2])) for h in hours)


def _texts(found: Mapping[Language, str]) -> Mapping[str, str]:
    return {str(language): text for language, text in found.items()}


def _minutes(text: str) -> int:
    hours, _, minutes = text.partition(":")
    return 60 * int(hours) + int(minutes)


def _queue(found: QueueSettings) -> Queue:
    return Queue(
        **found.model_dump(exclude={"name", "project", "skill"}),
        name=QueueName(found.name),
        project=ProjectName(found.project),
        skill=SkillName(found.skill),
    )


def agent_of(found: AgentSettings) -> Agent:
    """An agent as the controller runs them."""
    return Agent(
        code=AgentCode(found.code),
        name=found.name,
        projects=tuple(map(ProjectName, found.projects)),
        skills={SkillName(name): level for name, level in found.skills.items()},
        station=None if found.station is None else StationName(found.station),
        team=None if found.team is None else TeamName(found.team),
        wrap_up_s=found.wrap_up_s,
        missed_before_away=found.missed_before_away,
    )


def _reason(found: AwayReasonSettings) -> AwayReason:
    return AwayReason(found.name, _texts(found.title), found.digit, found.limit_s)


def _station(found: StationSettings) -> Station:
    encryption = found.encryption or _USUAL_ENCRYPTION[found.kind]
    return Station(StationName(found.name), found.kind, encryption)


def _line(found: LineSettings) -> Line:
    return Line(
        name=LineName(found.name),
        kind=found.kind,
        channels=found.channels,
        calls_per_second=found.calls_per_second,
        flows_may_call=found.flows_may_call,
        host=found.host,
        caller_header=found.caller_header,
        session_timer=found.session_timer,
        account=None if found.account is None else _account(found.account),
        numbers_in=found.numbers_in,
        numbers_out=found.numbers_out,
        country=found.country,
        caller_id=found.caller_id,
        caller_id_header=found.caller_id_header,
        answer_signalled=found.answer_signalled,
    )


def _account(found: AccountSettings) -> CarrierAccount:
    return CarrierAccount(found.user, found.realm, found.registers)
