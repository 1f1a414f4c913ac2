"""What doesn't fit together in a directory."""

from datetime import date, datetime

import pytest

from centre.directory import Edit
from centre.directory_faults import FaultCode, Surroundings, faults_of
from centre.endpoint_settings import AccountSettings, LineSettings
from centre.inbound_settings import CalendarSettings, DaySettings, EmergencySettings
from centre.kinds import Kind, Thing
from centre.organisation_settings import AwayReasonSettings, CentreWide
from domain.centre import CallerHeader, LineKind
from tests.centre.small import HOTLINE, OFFICE, TRUNK, small_directory


def codes(*things: Thing, there: Surroundings = Surroundings()) -> list[tuple[object, ...]]:  # noqa: B008
    """The faults after these things were put into the small directory."""
    edits = [Edit(thing.KIND, thing.key, None, thing) for thing in things]
    found = faults_of(small_directory().after(edits), there)
    return [(fault.code, fault.kind, fault.key, fault.place) for fault in found]


def test_the_small_directory_has_none() -> None:
    assert codes() == []


def test_what_is_removed_is_missed_wherever_it_is_named() -> None:
    directory = small_directory()
    gone = [
        Edit(kind, key, directory.get(kind, key), None)
        for kind, key in [(Kind.PROJECT, "tea"), (Kind.SKILL, "sales"), (Kind.STATION, "1001")]
    ]
    found = list(faults_of(directory.after(gone)))
    assert {fault.code for fault in found} == {FaultCode.NO_SUCH_THING}
    assert [(fault.key, fault.place, fault.refers, fault.name) for fault in found] == [
        ("sales", ("project",), Kind.PROJECT, "tea"),
        ("sales", ("skill",), Kind.SKILL, "sales"),
        ("4008001000", ("project",), Kind.PROJECT, "tea"),
        ("1001", ("projects", 0), Kind.PROJECT, "tea"),
        ("1001", ("skills", "sales"), Kind.SKILL, "sales"),
        ("1001", ("station",), Kind.STATION, "1001"),
    ]


GATEWAY = LineSettings(name="gateway", kind=LineKind.FXO)
ACCOUNT = AccountSettings(user="us")


@pytest.mark.parametrize(
    ("thing", "place", "code"),
    [
        (GATEWAY.model_copy(update={"name": "no-Replaces"}), ("name",), FaultCode.NAME_IS_OURS),
        (
            GATEWAY.model_copy(update={"caller_header": CallerHeader.ASSERTED}),
            ("caller_header",),
            FaultCode.CANNOT_VOUCH,
        ),
        (
            GATEWAY.model_copy(update={"account": ACCOUNT}),
            ("account",),
            FaultCode.ACCOUNT_OF_GATEWAY,
        ),
        (
            TRUNK.model_copy(update={"account": ACCOUNT}),
            ("account",),
            FaultCode.ACCOUNT_WITHOUT_HOST,
        ),
        (
            OFFICE.model_copy(update={"monday": ("09:00-12:00", "11:00-18:00")}),
            ("monday", 1),
            FaultCode.HOURS_OVERLAP,
        ),
        (
            OFFICE.model_copy(update={"sunday": ("18:00-09:00",)}),
            ("sunday", 0),
            FaultCode.HOURS_OVERLAP,
        ),
        (
            CalendarSettings(
                name="two",
                title="Two",
                exceptions=(DaySettings(day=date(2027, 1, 1)), DaySettings(day=date(2027, 1, 1))),
            ),
            ("exceptions", 1, "day"),
            FaultCode.DAY_TWICE,
        ),
        (
            HOTLINE.model_copy(update={"calendar": "office"}),
            ("closed_message",),
            FaultCode.CLOSED_WITHOUT_MESSAGE,
        ),
        (
            HOTLINE.model_copy(
                update={
                    "emergency": EmergencySettings(
                        message={"en": "Fire."}, until=datetime(2027, 1, 1)
                    )
                }
            ),
            ("emergency", "until"),
            FaultCode.TIME_WITHOUT_ZONE,
        ),
        (AwayReasonSettings(name="tea-time", digit=2), ("digit",), FaultCode.DIGIT_TWICE),
    ],
)
def test_what_does_not_go_together(thing: Thing, place: tuple[str, ...], code: FaultCode) -> None:
    assert codes(thing) == [(code, thing.KIND, thing.key, place)]


def test_a_number_speaks_the_centres_languages() -> None:
    assert codes(
        CentreWide(languages=("en",)), HOTLINE.model_copy(update={"languages": ("zh-CN",)})
    ) == [(FaultCode.LANGUAGE_NOT_SPOKEN, Kind.HOTLINE, HOTLINE.number, ("languages", 0))]


def test_hours_that_touch_and_midnight_are_right() -> None:
    spans = ("00:00-08:00", "08:00-24:00")
    assert codes(OFFICE.model_copy(update={"monday": spans, "work_hours": spans})) == []


def test_what_is_outside() -> None:
    nothing = Surroundings(
        is_flow=lambda _: False, has_holidays=lambda _: False, is_timezone=lambda _: False
    )
    wide = CentreWide(timezone="Mars/Olympus")
    calendar = OFFICE.model_copy(update={"holidays": "XX"})
    assert codes(wide, calendar, there=nothing) == [
        (FaultCode.HOLIDAYS_UNKNOWN, Kind.CALENDAR, "office", ("holidays",)),
        (FaultCode.FLOW_UNKNOWN, Kind.HOTLINE, HOTLINE.number, ("flow",)),
        (FaultCode.NOT_A_TIMEZONE, Kind.CENTRE, "centre", ("timezone",)),
    ]


def test_a_number_leads_to_no_piece_of_a_flow() -> None:
    assert codes(there=Surroundings(piece="hotline".__eq__)) == [
        (FaultCode.FLOW_IS_A_PIECE, Kind.HOTLINE, HOTLINE.number, ("flow",))
    ]


def test_a_flow_leads_to_queues_that_are_there() -> None:
    there = Surroundings(
        queues_of_flow=lambda name: {"sales", "loans"} if name == "hotline" else ()
    )
    assert codes(there=there) == [
        (FaultCode.FLOW_LACKS_QUEUE, Kind.HOTLINE, HOTLINE.number, ("flow",))
    ]


def test_a_number_has_the_queue_that_its_flow_needs() -> None:
    there = Surroundings(needs_queue="hotline".__eq__)
    assert codes(there=there) == [
        (FaultCode.NUMBER_LACKS_QUEUE, Kind.HOTLINE, HOTLINE.number, ("queue",))
    ]
    assert codes(HOTLINE.model_copy(update={"queue": "sales"}), there=there) == []
    assert codes(HOTLINE.model_copy(update={"queue": "loans"}), there=there) == [
        (FaultCode.NO_SUCH_THING, Kind.HOTLINE, HOTLINE.number, ("queue",))
    ]


def test_a_line_and_a_station_do_not_share_a_name() -> None:
    line = GATEWAY.model_copy(update={"name": "1001"})  # the model refuses it too
    assert codes(line) == [(FaultCode.NAME_OF_A_STATION, Kind.LINE, "1001", ("name",))]
