"""A directory as a YAML file: what is read, and what is said of mistakes."""

import time
from collections.abc import Collection

import pytest

from centre.directory import Directory, edits_between
from centre.directory_faults import Fault, FaultCode, Surroundings, faults_of
from centre.fault_texts import SECTIONS, Known, words_of
from centre.kinds import Kind
from centre.organisation_settings import AwayReasonSettings, CentreWide, SkillSettings
from centre.portable import read_portable, things_in
from configuration.centre_file import DEMO_CENTRE
from documents.document import read
from documents.document_errors import DocumentError, first_of
from tests.centre.small import small_directory

OLD = """\
projects:
  - {name: tea, title: Tea}
hotlines:
  - {number: "4008001000", project: tea, flow: hotline}
queues:
  - {name: sales, project: tea, skill: sales}
  - {name: service, project: tea, skill: service}
agents:
  - {code: "1001", name: Amy, projects: [tea], station: "1001", skills: {sales: 3}}
stations:
  - {name: "1001"}
lines:
  - {name: carrier, kind: trunk}
"""

THERE = Surroundings(
    is_flow={"hotline", "queue"}.__contains__,
    queues_of_flow=lambda flow: ("sales", "helpdesk") if flow == "queue" else (),
    has_holidays={"CN"}.__contains__,
    is_timezone={"Asia/Shanghai"}.__contains__,
)


def moved(text: str, *, zones: Collection[str] = ("Asia/Shanghai",)) -> Directory:
    """The directory of an old centre.yaml. Raises DocumentError."""
    faults: list[DocumentError] = []
    document = read(text, "centre.yaml")
    found = things_in(document, faults, there=THERE, flows=("hotline",), timezones=zones)
    if faults:
        raise first_of(faults)
    assert found is not None
    return found


def complaint(text: str, **changed: Collection[str]) -> str:
    with pytest.raises(DocumentError) as caught:
        moved(text, **changed)
    said = str(caught.value)
    assert "\n" not in said and "None" not in said and "Input" not in said, said
    return said


def test_the_demo_centre_is_read() -> None:
    faults: list[DocumentError] = []
    found = things_in(read(DEMO_CENTRE.read_bytes(), "demo"), faults)
    assert not faults and found is not None
    assert list(faults_of(found)) == []
    assert len(found.things[Kind.AGENT]) == 8


def test_an_old_file_with_all_that_it_left_out() -> None:
    found = moved(OLD + "node: pbx7\nconsole: {port: 1}\n")
    assert list(found.of(SkillSettings)) == ["sales", "service"]
    reasons = found.of(AwayReasonSettings).values()
    assert [(reason.name, reason.digit) for reason in reasons] == [
        ("break", 1),
        ("lunch", 2),
        ("training", 3),
        ("recovery", 4),
    ]
    assert found.wide == CentreWide()


def test_away_reasons_by_name_alone() -> None:
    names = ["lunch break", "午饭", "lunch-break", *(f"r{n}" for n in range(4, 12))]
    found = moved(OLD + f"away_reasons: {names}\n".replace("'", '"'))
    reasons = list(found.of(AwayReasonSettings).values())
    assert [(r.name, r.digit) for r in reasons[:4]] == [
        ("lunch-break-1", 1),
        ("reason", 2),
        ("lunch-break", 3),
        ("r4", 4),
    ]
    assert reasons[1].title == {"zh-CN": "午饭", "en": "午饭"}
    assert [r.digit for r in reasons[8:]] == [9, None, None]


def test_what_holds_for_the_centre() -> None:
    found = moved(OLD + "languages: [en]\ntimezone: Asia/Shanghai\n")
    assert found.wide == CentreWide(languages=("en",), timezone="Asia/Shanghai")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "project: tea, skill: service",
            "project: tea",
            '7:5: "queues.1" of the configuration lacks "skill"; expected the skill that an agent'
            ' needs for its calls: letters, digits, - and _, no more than 40 of them; add "skill:',
        ),
        (
            "skill: service}",
            "skill: service, rings: 4}",
            '7:51: "queues.1" of the configuration has no setting "rings"; expected "name",',
        ),
        ("skill: service}", "skill: service, rings: 4}", 'did you mean "ring_s"?'),
        (
            "skill: service}",
            "skill: service, ring_s: soon}",
            "\"queues.1.ring_s\" of the configuration is 'soon'; expected a number",
        ),
        (
            "skill: service}",
            "skill: service, ring_s: 1}",
            '"queues.1.ring_s" of the configuration is 1; expected greater than or equal to 5',
        ),
        (
            'number: "4008001000"',
            "number: 4008001000",
            '"hotlines.0.number" of the configuration is 4008001000; expected text; put it in quo',
        ),
        (
            'number: "4008001000"',
            'number: "hello"',
            "\"hotlines.0.number\" of the configuration is 'hello'; expected what the line dials:",
        ),
        ("flow: hotline", "flow: ../x", "'../x'; expected the name of a flow: small letters"),
        ("flow: hotline", "flow: hotlin", 'there is no flow "hotlin"; did you mean "hotline"?'),
        (
            "flow: hotline",
            "flow: queue",
            '4:48: the flow of the number "4008001000" leads to the queue "helpdesk", which is not',
        ),
        ('code: "1001"', "code: 1001", '"agents.0.code" of the configuration is 1001; expected'),
        (
            "skills: {sales: 3}",
            "skills: {sales: 30}",
            '"agents.0.skills.sales" of the configuration is 30; expected less than or equal to 10',
        ),
        (
            "skills: {sales: 3}",
            "skills: [sales]",
            "is a list; expected settings, each as name: value; it is each skill",
        ),
        (
            "skills: {sales: 3}",
            "skills: {a b: 3}",
            '9:79: the skill "a b" of the configuration has no name that can be used; expected the'
            " skill's name: letters",
        ),
        ("projects: [tea]", "projects: tea", "is 'tea'; expected a list; it is the names of"),
        ("projects: [tea]", "projects: [tea, tea]", "expected each no more than once; it is"),
        ("kind: trunk", "kind: isdn", "'isdn'; expected 'fxo' or 'trunk'; it is fxo (a gateway"),
        (", kind: trunk", "", '"lines.0" of the configuration lacks "kind"; expected fxo (a gate'),
        (
            "kind: trunk",
            "kind: trunk, caller_header: Contact",
            "'Contact'; expected 'From', 'P-Asserted-Identity' or 'Remote-Party-ID'; it is the SIP",
        ),
        (
            "kind: trunk",
            "kind: trunk, session_timer: never",
            "'never'; expected 'always' or 'supported'; it is which calls are asked every 45 s",
        ),
        (
            "kind: trunk",
            "kind: fxo, caller_header: P-Asserted-Identity",
            'the line "carrier" is not a trunk, and only a carrier\'s trunk can vouch',
        ),
        (
            "kind: trunk",
            "kind: fxo, account: {user: u}",
            '13:41: the line "carrier" is not a trunk, and only trunks have an account',
        ),
        (
            "kind: trunk",
            "kind: trunk, account: {user: u}",
            'the line "carrier" has an account, but no host where it would be used; add "host:',
        ),
        ("kind: trunk", 'kind: trunk, host: "a;b"', "'a;b'; expected the carrier's address, host"),
        ("name: carrier", "name: no-replaces", '13:12: the name "no-replaces" is taken: Offhook'),
        ("projects: [tea]", "projects: [tee]", '9:42: there is no project "tee"; did you mean'),
        ('station: "1001"', 'station: "1009"', 'there is no station "1009"; did you mean "1001"'),
        ('station: "1001"', 'station: "77"', 'there is no station "77"; add it to stations'),
        ("name: service", "name: sales", '7:12: the queue "sales" is here twice; rename one'),
        (
            '- {name: "1001"}',
            '- {name: "1001"}\n  - {name: "1001"}',
            'the station or line "1001" is here twice',
        ),
        ("{name: carrier, ", "{name: carrier, ]", "this is not YAML"),
        (
            "\nlines:\n",
            "\nlanguages: []\nlines:\n",
            '"languages" of the configuration is an empty li',
        ),
        ("\nlines:\n", "\naway_reasons: lunch\nlines:\n", "is 'lunch'; expected a list"),
        (
            "\nlines:\n",
            "\naway_reasons: [lunch, {name: tea, digit: 1}]\nlines:\n",
            '12:42: the away reasons "lunch" and "tea" have the same digit; give one of them',
        ),
        (
            "\nlines:\n",
            "\ntimezone: Asia/Shanghia\nlines:\n",
            "12:11: \"timezone\" of the configuration is 'Asia/Shanghia'; expected a time zone's"
            ' name, such as Asia/Shanghai; did you mean "Asia/Shanghai"?',
        ),
        ("\nlines:\n", "\ntimezone: Beijing time\nlines:\n", "; take one from timedatectl"),
        ("\nlines:\n", "\ntimezone: 8\nlines:\n", '"timezone" of the configuration is 8; expec'),
        (
            "\nlines:\n",
            "\ncalendars: [{name: o, title: O, holidays: XX}]\nlines:\n",
            '12:43: the public holidays of "XX" are not known; take a country such as CN',
        ),
        (
            "\nlines:\n",
            '\ncalendars: [{name: o, title: O, monday: ["09:00-12:00", "11:00-13:00"]}]\nlines:\n',
            "12:57: the hours 11:00-13:00 end before they begin, or begin before those in front",
        ),
        (
            "\nlines:\n",
            "\ncalendars: [{name: o, title: O, exceptions: [{day: 2026-10-01}, {day: 2026-10-01}]}]"
            "\nlines:\n",
            '12:71: the calendar "o" has 2026-10-01 twice; remove one of them',
        ),
        (
            "flow: hotline}",
            "flow: hotline, calendar: o}\ncalendars: [{name: o, title: O}]",
            '"4008001000" has a calendar, but its callers would hear nothing while it is closed',
        ),
        (
            "flow: hotline}",
            "flow: hotline, languages: [en]}\nlanguages: [zh-CN]",
            'the number "4008001000" offers en, which is not among the centre\'s languages',
        ),
        (
            "flow: hotline}",
            "flow: hotline, emergency: {message: {en: Fire}, until: 2026-11-26T18:00:00}}",
            "ends at a time without a time zone; write it like 2026-11-26T18:00:00+08:00",
        ),
    ],
)
def test_a_mistake(old: str, new: str, expected: str) -> None:
    assert OLD.count(old) == 1
    assert expected in complaint(OLD.replace(old, new))


def test_a_machine_without_time_zones() -> None:
    said = complaint(OLD + "timezone: Asia/Tokyo\n", zones=())
    assert said.endswith("; install tzdata: this machine has no time zones")


def test_all_mistakes_are_counted_and_the_first_is_told() -> None:
    said = complaint(OLD.replace("skill: sales", "skil: sales").replace("trunk", "isdn"))
    assert said.startswith("centre.yaml:6:33: ") and "and 1 more in this file" in said


@pytest.mark.parametrize("code", FaultCode)
def test_every_fault_has_its_words(code: FaultCode) -> None:
    """In a directory that has nothing, which leaves nothing to suggest."""
    fault = Fault(Kind.LINE, "carrier", ("name",), code, "x", Kind.TEAM)
    message, hint = words_of(fault, Known(Directory()))
    assert message and hint and not message.endswith(".") and "None" not in message + hint


def test_a_file_of_its_own_has_nothing_else() -> None:
    with pytest.raises(DocumentError, match='has no setting "node"; expected "languages"'):
        read_portable(OLD + "node: pbx1\n", "tea.yaml")
    with pytest.raises(DocumentError, match="the directory is empty; expected settings"):
        read_portable("", "tea.yaml")


def test_sections_that_are_not_there_are_left_alone() -> None:
    there = small_directory()
    found = read_portable("agents: []\n", "tea.yaml")
    removed = edits_between(there, found.onto(there))
    assert [(edit.kind, edit.key, edit.after) for edit in removed] == [(Kind.AGENT, "1001", None)]
    assert edits_between(there, found.onto(there, keeping=True)) == ()


def test_a_fault_of_what_is_not_in_the_file() -> None:
    there = small_directory()
    found = read_portable("projects: [{name: bank, title: Bank}]\n", "tea.yaml")
    after = found.onto(there)
    said = [str(error) for error in found.errors(faults_of(after), Known(after))]
    assert len(said) == 3
    assert any(
        'there is no project "tea"; so says the queue "sales", which is not in this file' in each
        for each in said
    )


def test_skills_that_are_listed_are_all_there_are() -> None:
    found = read_portable(OLD + "skills: [sales]\n", "tea.yaml").onto(Directory())
    (fault,) = faults_of(found)
    assert (fault.code, fault.name) == (FaultCode.NO_SUCH_THING, "service")


@pytest.mark.parametrize(
    "text",
    [
        "projects: &a [*a]\n",
        "projects: !!python/object:os.system [x]\n",
        "[" * 5000,
        "projects: {{{{{{{{{{{{{{{{{{",
        "projects:\n  - {name: tea, ti",
        "\x00",
        "projects: [{name: '\\u0000', title: x}]\n---\nprojects: []\n",
        "1",
        "- a\n- b\n",
        "projects: {name: tea}\n",
        "projects: [[]]\n",
        "agents: [{code: '10', name: x, projects: [" + "tea, " * 300 + "]}]\n",
        'projects: [{name: x, title: "a\\u202eb"}]\n',
        "languages: [fr]\n",
        "away_reasons: [[lunch]]\n",
        "? {a: b}\n: c\n",
    ],
)
def test_a_hostile_file_is_one_clear_error(text: str) -> None:
    with pytest.raises(DocumentError) as caught:
        read_portable(text, "x.yaml")
    assert str(caught.value).startswith("x.yaml:")
    assert "\n" not in str(caught.value)


def test_a_file_cut_short_anywhere_is_an_error_or_says_less() -> None:
    whole = read_portable(OLD, "x.yaml")
    for end in range(len(OLD)):
        try:
            found = read_portable(OLD[:end], "x.yaml")
        except DocumentError:
            continue
        assert set(found.things) <= set(whole.things)


def test_five_thousand_agents() -> None:
    text = "projects: [{name: tea, title: Tea}]\nagents:\n" + "".join(
        f'  - {{code: "{n}", name: Agent {n}, projects: [tea], skills: {{sales: 3}}}}\n'
        for n in range(10_000, 15_000)
    )
    began = time.monotonic()
    found = read_portable(text, "x.yaml")
    assert len(found.things) == 5_001
    assert time.monotonic() - began < 60
    assert set(SECTIONS.values()) == set(Kind) - {Kind.CENTRE}
