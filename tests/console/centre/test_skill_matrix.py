"""The matrix of agents and skills without its page: rows, filters, and what is typed or sent."""

from types import MappingProxyType
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from centre.authority import SYSTEM
from centre.directory import Directory, directory_of
from centre.directory_store import KeptDirectory
from centre.kinds import Kind
from centre.organisation_settings import AgentSettings, SkillSettings
from console.app import LARGEST_FORM
from console.centre import matrix_words
from console.centre.reach import SeenDirectory
from console.centre.skill_matrix import (
    FEWEST_ROWS,
    LARGEST_PAGE,
    MOST_CELLS,
    MOST_ROWS,
    LevelsFault,
    LevelsRefused,
    MatrixFilter,
    TypedLevels,
    matching,
    read_levels,
    rows_of_agents,
    shown_page,
    wishes_of_levels,
)
from console.centre.thing_pages import LONGEST_NOTE
from domain.roles import Actor, Role
from tests.centre.small import WANG, small_directory

ENGLISH = SkillSettings(name="english")
CHEN = AgentSettings(code="1005", name="陈静", projects=("tea", "bank"), skills={"english": 10})
LI = AgentSettings(code="2001", name="Li Na", projects=("bank",), team="red")
SUE = Actor("sue", Role.SUPERVISOR, {"tea"}, {"red"})
OTTO = Actor("otto", Role.OPS, {"tea"})


def directory() -> Directory:
    return directory_of((*small_directory(), ENGLISH, CHEN, LI))


def kept() -> KeptDirectory:
    changed = {(Kind.AGENT, code): number for number, code in enumerate(("1001", "1005", "2001"))}
    return KeptDirectory(9, directory(), MappingProxyType(changed))


def as_seen(actor: Actor) -> SeenDirectory:
    return SeenDirectory(actor, directory())


def found(actor: Actor, by: MatrixFilter) -> list[str]:
    agents = directory().of(AgentSettings).values()
    return [agent.code for agent in matching(agents, actor, by)]


def refused(*fields: str) -> tuple[LevelsFault, tuple[str, ...]]:
    with pytest.raises(LevelsRefused) as caught:
        read_levels(fields)
    return caught.value.fault, caught.value.names


@pytest.mark.parametrize(
    ("by", "codes"),
    [
        (MatrixFilter(), ["1001", "1005", "2001"]),
        (MatrixFilter(wanted="00"), ["1001", "1005", "2001"]),
        (MatrixFilter(wanted="005"), ["1005"]),
        (MatrixFilter(wanted="LI n"), ["2001"]),
        (MatrixFilter(wanted="陈"), ["1005"]),
        (MatrixFilter(team="red"), ["1001", "2001"]),
        (MatrixFilter(project="bank"), ["1005", "2001"]),
        (MatrixFilter(team="red", project="bank", wanted="li"), ["2001"]),
        (MatrixFilter(team="blue"), []),
    ],
)
def test_filters(by: MatrixFilter, codes: list[str]) -> None:
    assert found(SYSTEM, by) == codes


def test_a_filter_finds_nothing_in_others_projects() -> None:
    assert found(OTTO, MatrixFilter()) == ["1001", "1005"]
    assert found(OTTO, MatrixFilter(project="bank")) == []
    assert found(OTTO, MatrixFilter(wanted="Li")) == []
    (chen,) = matching([CHEN, LI], OTTO, MatrixFilter())
    assert chen.projects == ("tea",)


def test_an_address_keeps_the_filter() -> None:
    assert MatrixFilter().address() == "/centre/matrix"
    by = MatrixFilter("陈&x", "red", "")
    assert by.address(3) == "/centre/matrix?q=%E9%99%88%26x&team=red&page=3"


def test_rows_have_a_level_for_each_skill_and_say_who_may_change_them() -> None:
    rows = rows_of_agents([WANG, CHEN], ["english", "sales"], kept(), as_seen(OTTO))
    assert [(row.agent.code, row.levels, row.seen, row.may_change) for row in rows] == [
        ("1001", ["", "3"], 0, True),
        ("1005", ["10", ""], 1, False),
    ]


@pytest.mark.parametrize("skills", [0, 1, 30, 100, 5_000])
@pytest.mark.parametrize("total", [0, 1, 350, 5_000])
def test_pages_show_everybody_once_and_stay_small(total: int, skills: int) -> None:
    pages = [shown_page(total, skills, number) for number in range(1, 300)]
    shown = [
        place
        for number, part in enumerate(pages, 1)
        if part.page == number
        for place in range(part.first, min(part.first + part.rows, total))
    ]
    assert shown == list(range(total))
    rows = pages[0].rows
    assert FEWEST_ROWS <= rows <= MOST_ROWS
    assert rows == FEWEST_ROWS or rows * skills <= LARGEST_PAGE
    assert shown_page(total, skills, -5).page == 1
    assert shown_page(total, skills, 10**9).page == pages[-1].page


def test_each_fault_has_words() -> None:
    assert set(matrix_words.FAULTS) == set(LevelsFault)


def test_a_usual_centre_is_one_page() -> None:
    assert shown_page(350, 30, 1).pages == 1


def test_what_was_typed_is_read() -> None:
    assert read_levels([]) == []
    assert read_levels(["1001 17 sales.3 english.0", "2001 4 x-y_z.10"]) == [
        TypedLevels("1001", 17, {"sales": 3, "english": None}),
        TypedLevels("2001", 4, {"x-y_z": 10}),
    ]


@pytest.mark.parametrize(
    "field",
    ["", " ", "1001", "1001 17", "1001 17 ", "1001 x sales.3", "1001 -1 sales.3", "1001  sales.3",
     "1001 17 sales", "1001 17 .3", "1001 17 sales.3  english.2", " 17 sales.3",
     "1001 " + "9" * 19 + " sales.3", "1001 ١ sales.3"],
)  # fmt: skip
def test_what_no_page_sends_is_not_read(field: str) -> None:
    assert refused(field) == (LevelsFault.UNREADABLE, ())


@pytest.mark.parametrize("level", ["11", "-1", "x", "", "1e1", "00001", "٣", "9" * 5_000])
def test_a_level_is_one_that_there_is(level: str) -> None:
    assert refused(f"1001 17 sales.{level}") == (LevelsFault.NO_SUCH_LEVEL, ("1001",))


def test_a_cell_is_there_once() -> None:
    assert refused("1001 17 sales.3 sales.4") == (LevelsFault.TWICE, ("1001",))
    assert refused("1001 17 sales.3", "1001 17 english.3") == (LevelsFault.TWICE, ("1001",))


def test_there_are_not_too_many() -> None:
    most = [f"{code} 1 sales.3" for code in range(1_000, 1_000 + MOST_CELLS)]
    assert len(read_levels(most)) == MOST_CELLS
    assert refused(*most, "999 1 sales.3") == (LevelsFault.TOO_MANY, ())
    wide = " ".join(f"s{number}.1" for number in range(100_000))
    assert refused(f"1001 1 {wide}") == (LevelsFault.TOO_MANY, ())
    assert refused(*["x"] * 100_000) == (LevelsFault.TOO_MANY, ())


def test_the_most_that_a_page_sends_fits_in_a_form() -> None:
    each = -(-MOST_CELLS // MOST_ROWS)
    cells = " ".join(f"s{number:039}.10" for number in range(each))
    fields = [f"{code:015} 9999999 {cells}" for code in range(MOST_CELLS // each)]
    sent = urlencode([("change.note", "字" * LONGEST_NOTE), *(("agent", one) for one in fields)])
    assert len(sent) <= LARGEST_FORM
    assert len(read_levels(fields)) == len(fields)


@given(st.lists(st.text("10 .-s\0\ud800陈", max_size=30), max_size=5))
def test_whatever_is_sent_is_read_or_refused(fields: list[str]) -> None:
    try:
        typed = read_levels(fields)
    except LevelsRefused:
        return
    assert [one.agent for one in typed] == [field.split(" ")[0] for field in fields]


def test_a_wish_has_the_levels_that_were_typed_and_leaves_the_others() -> None:
    typed = TypedLevels("1005", 1, {"sales": 2})
    (wish,) = wishes_of_levels([typed], as_seen(SYSTEM))
    assert isinstance(wish.after, AgentSettings)
    assert (wish.key, wish.seen, wish.after.skills) == ("1005", 1, {"english": 10, "sales": 2})
    assert wish.after.model_copy(update={"skills": CHEN.skills}) == CHEN
    assert TypedLevels("1005", 1, {"english": None}).put_on(CHEN).skills == {}


@pytest.mark.parametrize(
    ("actor", "agent", "skill", "fault", "names"),
    [
        (SYSTEM, "1009", "sales", LevelsFault.NO_SUCH_AGENT, ("1009",)),
        (SYSTEM, "1001", "<b>", LevelsFault.NO_SUCH_SKILL, ("<b>",)),
        (OTTO, "2001", "sales", LevelsFault.NO_SUCH_AGENT, ("2001",)),
        (OTTO, "1005", "sales", LevelsFault.NOT_THEIRS, ("1005",)),
        (SUE, "1005", "sales", LevelsFault.NOT_THEIRS, ("1005",)),
    ],
)
def test_one_that_may_not_be_changed_refuses_all(
    actor: Actor, agent: str, skill: str, fault: LevelsFault, names: tuple[str, ...]
) -> None:
    typed = [TypedLevels("1001", 0, {"sales": 1}), TypedLevels(agent, 0, {skill: 1})]
    if agent == "1001":
        typed = typed[1:]
    assert len(wishes_of_levels([TypedLevels("1001", 0, {"sales": 1})], as_seen(actor))) == 1
    with pytest.raises(LevelsRefused) as caught:
        wishes_of_levels(typed, as_seen(actor))
    assert (caught.value.fault, caught.value.names) == (fault, names)
