"""Finds what doesn't fit together in a directory, though each thing is right by itself."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum

from centre.directory import Directory
from centre.endpoint_settings import LineSettings, StationSettings
from centre.inbound_settings import (
    CalendarSettings,
    EmergencySettings,
    HotlineSettings,
    QueueSettings,
)
from centre.kinds import Kind
from centre.organisation_settings import AwayReasonSettings
from centre.things import references
from domain.centre import CallerHeader, LineKind

SettingPlace = tuple[str | int, ...]

OUR_OWN = frozenset({"no-replaces"})
"""Endpoints that asterisk-conf/pjsip.conf defines: with two of a name, Asterisk loads neither."""


class FaultCode(StrEnum):
    """What is wrong; ``centre.fault_texts`` has the words."""

    NO_SUCH_THING = "no such thing"
    NAME_OF_A_STATION = "name of a station"
    """A line has the name of a station: both are SIP endpoints."""
    NAME_IS_OURS = "name is ours"
    CANNOT_VOUCH = "cannot vouch"
    """Only a carrier's trunk can vouch for a number in P-Asserted-Identity."""
    ACCOUNT_WITHOUT_HOST = "account without host"
    ACCOUNT_OF_GATEWAY = "account of gateway"
    NOT_A_TIMEZONE = "not a timezone"
    HOLIDAYS_UNKNOWN = "holidays unknown"
    HOURS_OVERLAP = "hours overlap"
    """A span that begins before the one before it ends, or ends before it begins."""
    DAY_TWICE = "day twice"
    DIGIT_TWICE = "digit twice"
    CLOSED_WITHOUT_MESSAGE = "closed without message"
    """A number has a calendar, and callers would hear nothing while it is closed."""
    LANGUAGE_NOT_SPOKEN = "language not spoken"
    """A number offers a language that the centre doesn't have."""
    FLOW_UNKNOWN = "flow unknown"
    FLOW_IS_A_PIECE = "flow is a piece"  # it returns to a flow that enters it
    FLOW_LACKS_QUEUE = "flow lacks queue"
    """A number's flow leads to a queue that isn't there."""
    FLOW_UNPUBLISHED = "flow unpublished"
    """A number's flow exists only as a draft."""
    FLOW_OF_OTHERS = "flow of others"
    """A number's flow is another project's."""
    NUMBER_LACKS_QUEUE = "number lacks queue"
    """A number's flow leads to the number's own queue, and it has none."""
    RULE_TWICE = "rule twice"
    RULE_LACKS_QUEUE = "rule lacks queue"
    """A rule asks about the crowd in a queue, and neither it nor the number names one."""
    TIME_WITHOUT_ZONE = "time without zone"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that doesn't fit: which setting of what, and why."""

    kind: Kind
    key: str
    place: SettingPlace
    code: FaultCode
    name: str = ""
    """What the words name: what is referred to, the other thing, or the value that doesn't fit."""
    refers: Kind | None = None
    """With NO_SUCH_THING, the kind of what is missing."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a directory refers to outside itself: whether there is something of a name."""

    is_flow: Callable[[str], bool] = lambda _: True
    queues_of_flow: Callable[[str], Collection[str]] = lambda _: ()
    """The queues that a flow leads to."""
    project_of_flow: Callable[[str], str] = lambda _: ""
    """Whose a flow is; "": every project's."""
    project_of_draft: Callable[[str], str | None] = lambda _: None
    """The project of a flow that exists only as a draft; None: no such draft."""
    piece: Callable[[str], bool] = lambda _: False
    """Whether a flow returns with an exit that means something to the flow that enters it alone."""
    needs_queue: Callable[[str], bool] = lambda _: False
    """Whether a flow leads to the queue that the number has."""
    has_holidays: Callable[[str], bool] = lambda _: True
    """Whether the holidays of a country, or of a part of one, are known."""
    is_timezone: Callable[[str], bool] = lambda _: True


def faults_of(
    directory: Directory,
    there: Surroundings = Surroundings(),
) -> Iterator[Fault]:
    """All faults."""
    yield from _unknown_names(directory)
    yield from _endpoints(directory)
    yield from _carriers(directory)
    yield from _hours(directory, there)
    yield from _hotlines(directory, there)
    yield from _digits(directory)
    zone = directory.wide.timezone
    if zone is not None and not there.is_timezone(zone):
        yield Fault(Kind.CENTRE, "centre", ("timezone",), FaultCode.NOT_A_TIMEZONE, zone)


def _unknown_names(directory: Directory) -> Iterator[Fault]:
    for thing in directory:
        for place, kind, key in references(thing):
            if not directory.has(kind, key):
                yield Fault(
                    thing.KIND,
                    thing.key,
                    place,
                    FaultCode.NO_SUCH_THING,
                    key,
                    kind,
                )


def _endpoints(directory: Directory) -> Iterator[Fault]:
    stations = directory.of(StationSettings)
    for line in directory.of(LineSettings).values():
        if line.name in stations:
            yield Fault(Kind.LINE, line.key, ("name",), FaultCode.NAME_OF_A_STATION)
        if line.name.lower() in OUR_OWN:
            yield Fault(Kind.LINE, line.key, ("name",), FaultCode.NAME_IS_OURS)


def _carriers(directory: Directory) -> Iterator[Fault]:
    for line in directory.of(LineSettings).values():
        is_trunk = line.kind is LineKind.TRUNK
        if line.caller_header is CallerHeader.ASSERTED and not is_trunk:
            yield Fault(Kind.LINE, line.key, ("caller_header",), FaultCode.CANNOT_VOUCH)
        if line.account is not None and not is_trunk:
            yield Fault(Kind.LINE, line.key, ("account",), FaultCode.ACCOUNT_OF_GATEWAY)
        elif line.account is not None and line.host is None:
            yield Fault(Kind.LINE, line.key, ("account",), FaultCode.ACCOUNT_WITHOUT_HOST)


WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def _hours(directory: Directory, there: Surroundings) -> Iterator[Fault]:
    for calendar in directory.of(CalendarSettings).values():
        if calendar.holidays is not None and not there.has_holidays(calendar.holidays):
            yield Fault(
                Kind.CALENDAR,
                calendar.key,
                ("holidays",),
                FaultCode.HOLIDAYS_UNKNOWN,
                calendar.holidays,
            )
        for name in (*WEEK, "work_hours"):
            yield from _overlaps(calendar, (name,), getattr(calendar, name))
        seen = set()
        for number, exception in enumerate(calendar.exceptions):
            place: SettingPlace = ("exceptions", number)
            yield from _overlaps(calendar, (*place, "hours"), exception.hours)
            if exception.day in seen:
                name = exception.day.isoformat()
                yield Fault(Kind.CALENDAR, calendar.key, (*place, "day"), FaultCode.DAY_TWICE, name)
            seen.add(exception.day)


def _overlaps(
    calendar: CalendarSettings, place: SettingPlace, hours: tuple[str, ...]
) -> Iterator[Fault]:
    ends = ""
    for number, span in enumerate(hours):
        begins, _, to = span.partition("-")
        if begins < ends or to <= begins:
            yield Fault(
                Kind.CALENDAR,
                calendar.key,
                (*place, number),
                FaultCode.HOURS_OVERLAP,
                span,
            )
        ends = to


def _hotlines(directory: Directory, there: Surroundings) -> Iterator[Fault]:
    spoken, queues = directory.wide.languages, directory.of(QueueSettings)
    for hotline in directory.of(HotlineSettings).values():
        for place, flow in flows_of(hotline):
            if not there.is_flow(flow):
                yield _of(hotline, place, _why_not(flow, hotline, there), flow)
            elif there.project_of_flow(flow) not in ("", hotline.project):
                yield _of(hotline, place, FaultCode.FLOW_OF_OTHERS, flow)
            elif there.piece(flow):
                yield _of(hotline, place, FaultCode.FLOW_IS_A_PIECE, flow)
            for queue in sorted(there.queues_of_flow(flow)):
                if queue not in queues:
                    yield _of(hotline, place, FaultCode.FLOW_LACKS_QUEUE, queue)
        needing = [flow for _, flow in flows_of(hotline) if there.needs_queue(flow)]
        if hotline.queue is None and needing:
            yield _of(hotline, ("queue",), FaultCode.NUMBER_LACKS_QUEUE, needing[0])
        yield from _rules(hotline)
        for number, language in enumerate(hotline.languages):
            if language not in spoken:
                place = ("languages", number)
                yield _of(hotline, place, FaultCode.LANGUAGE_NOT_SPOKEN, language)
        if hotline.calendar is not None and not hotline.closed_message:
            yield _of(hotline, ("closed_message",), FaultCode.CLOSED_WITHOUT_MESSAGE)
        emergency: EmergencySettings | None = hotline.emergency
        if emergency and emergency.until and emergency.until.utcoffset() is None:
            yield _of(hotline, ("emergency", "until"), FaultCode.TIME_WITHOUT_ZONE)


def _why_not(flow: str, hotline: HotlineSettings, there: Surroundings) -> FaultCode:
    """Why calls can't meet this flow."""
    project = there.project_of_draft(flow)
    if project is None:
        return FaultCode.FLOW_UNKNOWN
    ours = project in ("", hotline.project)
    return FaultCode.FLOW_UNPUBLISHED if ours else FaultCode.FLOW_OF_OTHERS


def flows_of(hotline: HotlineSettings) -> Iterator[tuple[SettingPlace, str]]:
    """The flows that the callers of a number may enter, and the settings that name them."""
    yield ("flow",), hotline.flow
    for number, rule in enumerate(hotline.rules):
        yield ("rules", number, "flow"), rule.flow


def _rules(hotline: HotlineSettings) -> Iterator[Fault]:
    seen = set()
    for number, rule in enumerate(hotline.rules):
        if rule.name in seen:
            yield _of(hotline, ("rules", number, "name"), FaultCode.RULE_TWICE, rule.name)
        seen.add(rule.name)
        asks = rule.waiting is not None or rule.wait_s is not None
        if asks and rule.queue is None and hotline.queue is None:
            yield _of(hotline, ("rules", number, "queue"), FaultCode.RULE_LACKS_QUEUE, rule.name)


def _of(hotline: HotlineSettings, place: SettingPlace, code: FaultCode, name: str = "") -> Fault:
    return Fault(Kind.HOTLINE, hotline.key, place, code, name)


def _digits(directory: Directory) -> Iterator[Fault]:
    taken: dict[int, str] = {}
    for reason in directory.of(AwayReasonSettings).values():
        if reason.digit is None:
            continue
        if reason.digit in taken:
            yield Fault(
                Kind.AWAY_REASON,
                reason.key,
                ("digit",),
                FaultCode.DIGIT_TWICE,
                taken[reason.digit],
            )
        taken.setdefault(reason.digit, reason.key)
