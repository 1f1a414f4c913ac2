"""Known callers' numbers are kept as calls are recorded, whoever types them."""

import pytest
from pydantic import ValidationError

from centre.callers import CallerUnreadable, NumberMistake, as_recorded
from centre.directory import Directory, directory_of
from centre.directory_faults import faults_of
from centre.directory_store import KeptDirectory
from centre.endpoint_settings import LineSettings
from centre.importing import plan_of
from centre.inbound_settings import CallerSettings
from centre.kinds import Kind
from centre.portable import read_portable
from domain.centre import LineKind, NumberFormat, Treatment

WHOLE = "+8613800138000"
CHINESE = LineSettings(name="carrier", kind=LineKind.TRUNK, numbers_in=NumberFormat.NATIONAL)
AS_SENT = LineSettings(name="gateway", kind=LineKind.FXO)
GERMAN = LineSettings(
    name="berlin", kind=LineKind.TRUNK, numbers_in=NumberFormat.E164, country="DE"
)


def caller(number: str) -> CallerSettings:
    return CallerSettings(number=number, treatment=Treatment.BLOCKED)


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("138 0013 8000", "13800138000"),
        (" 138-0013-8000 ", "13800138000"),
        ("\uff0b86 \uff11\uff13\uff18 0013 8000", WHOLE),
        ("(0571) 8765.4321", "057187654321"),
        ("*12#", "*12#"),
    ],
)
def test_what_people_write_between_digits_is_no_part_of_the_number(typed: str, number: str) -> None:
    assert caller(typed).number == number


@pytest.mark.parametrize("typed", ["", "1", "12a", "1\n2", "1,2", "++86", "1" * 26, "\u0661\u0662"])
def test_anything_else_is_refused(typed: str) -> None:
    with pytest.raises(ValidationError):
        caller(typed)


@pytest.mark.parametrize("typed", ["138 0013 8000", WHOLE, "0086 13800138000", "86 138 0013 8000"])
def test_a_number_is_kept_as_calls_of_the_lines_are_recorded(typed: str) -> None:
    assert as_recorded(caller(typed), directory_of((CHINESE, AS_SENT))).number == WHOLE


@pytest.mark.parametrize("lines", [(), (AS_SENT,)])
def test_where_numbers_are_left_alone_so_is_this(lines: tuple[LineSettings, ...]) -> None:
    assert as_recorded(caller("138 0013 8000"), directory_of(lines)).number == "13800138000"


@pytest.mark.parametrize("typed", ["10086", "110", "801", "*12"])
def test_short_numbers_stay(typed: str) -> None:
    assert as_recorded(caller(typed), directory_of((CHINESE,))).number == typed


@pytest.mark.parametrize("typed", ["138001380008000123", "+999123456789", "1380013800080"])
def test_what_is_no_number_of_the_lines_country_is_a_mistake(typed: str) -> None:
    with pytest.raises(CallerUnreadable) as found:
        as_recorded(caller(typed), directory_of((CHINESE,)))
    assert (found.value.why, found.value.countries) == (NumberMistake.NOT_A_NUMBER, ("CN",))


def test_with_lines_in_two_countries_the_country_must_be_said() -> None:
    directory = directory_of((CHINESE, GERMAN))
    with pytest.raises(CallerUnreadable) as found:
        as_recorded(caller("0301234567"), directory)
    assert found.value.why is NumberMistake.WHICH_COUNTRY
    assert as_recorded(caller("+49 30 1234567"), directory).number == "+49301234567"


FILE = """\
callers:
  - {number: "138 0013 8000", treatment: blocked}
  - {number: "10086", treatment: vip}
"""


def planned(text: str, *things: LineSettings | CallerSettings) -> tuple[set[str], list[str]]:
    """The callers whom an import would make, and its errors."""
    seen = KeptDirectory(directory=directory_of(things))
    plan = plan_of(read_portable(text, "tea.yaml"), seen, faults_of)
    return {edit.key for edit in plan.created}, list(map(str, plan.errors))


def test_an_import_keeps_them_so_too_and_changes_nothing_the_next_time() -> None:
    assert planned(FILE, CHINESE) == ({WHOLE, "10086"}, [])
    there = (CHINESE, caller(WHOLE), CallerSettings(number="10086", treatment=Treatment.VIP))
    assert planned(FILE, *there) == (set(), [])
    with_line = FILE + "lines: [{name: one, kind: trunk, numbers_in: national}]\n"
    assert planned(with_line)[0] == {WHOLE, "10086", "one"}  # the file's own lines count


def test_an_import_says_where_a_number_cannot_be_read() -> None:
    _, errors = planned(FILE.replace("138 0013 8000", "138001380008000123"), CHINESE)
    assert errors == [
        'tea.yaml:2:14: "138001380008000123" has more or fewer digits than a telephone number of'
        " CN; write it as it is dialled there, or with + and the country's code in front"
    ]
    twice = FILE + '  - {number: "+8613800138000", treatment: vip}\n'
    _, errors = planned(twice, CHINESE)
    assert len(errors) == 1 and 'the caller "+8613800138000" is here twice' in errors[0]


def test_nothing_but_callers_is_touched() -> None:
    found = read_portable("lines: [{name: one, kind: trunk}]\n", "tea.yaml")
    assert found.as_recorded(Directory())[0].things.keys() == {(Kind.LINE, "one")}
