"""A sheet of agents is judged as a whole, and taken as a whole or not at all."""

from collections.abc import Collection

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from centre.agent_cells import SheetFaultCode
from centre.agent_columns import COLUMNS, agent_rows, setting_of
from centre.agent_sheets import (
    MOST_AGENTS,
    AgentSheet,
    RowRemark,
    RowState,
    judge,
)
from centre.authority import refused
from centre.directory import Directory, Edit, directory_of
from centre.endpoint_settings import StationSettings
from centre.kinds import Kind
from centre.organisation_settings import AgentSettings, ProjectSettings, SkillSettings, TeamSettings
from documents.sheet_reading import read_sheet
from documents.sheet_writing import csv_file, xlsx_file
from documents.sheets import SheetUnreadable, Unreadable
from domain.roles import Actor, Role
from tests.centre.small import WANG, small_directory

HEADINGS = "code,name,projects,skills,team,station\n"
ZERO = AgentSettings(code="0012", name="Zero", projects=("tea",))


def sheet(
    text: str,
    directory: Directory | None = None,
    *,
    make: Collection[Kind] = (),
    actor: Actor | None = None,
) -> AgentSheet:
    def is_heading(text: str) -> bool:
        return setting_of(text) is not None

    return judge(
        read_sheet(text.encode(), is_heading),
        small_directory() if directory is None else directory,
        make=make,
        may_not=lambda edit: actor is not None and refused(actor, edit),
    )


def faults(text: str, directory: Directory | None = None) -> list[tuple[object, ...]]:
    judged = sheet(HEADINGS + text, directory)
    if judged.faults:
        assert judged.edits == ()
    return [(fault.row, fault.setting, fault.code, fault.name) for fault in judged.faults]


def unreadable(text: str) -> tuple[Unreadable, str]:
    with pytest.raises(SheetUnreadable) as refusal:
        sheet(text)
    return refusal.value.code, refusal.value.name


def test_new_changed_and_unchanged_agents() -> None:
    judged = sheet(
        HEADINGS
        + "1001,王芳,tea,sales:3,red,1001\n"
        + '1002,Li Na,"tea,bank",sales:5,,\n'
        + "1003,O'Brien,bank,,,\n"
    )
    assert judged.counts == {RowState.UNCHANGED: 1, RowState.NEW: 2}
    li = AgentSettings(code="1002", name="Li Na", projects=("tea", "bank"), skills={"sales": 5})
    brien = AgentSettings(code="1003", name="O'Brien", projects=("bank",))
    assert judged.edits == (
        Edit(Kind.AGENT, "1002", None, li),
        Edit(Kind.AGENT, "1003", None, brien),
    )
    moved = sheet(HEADINGS + "1001,王芳,tea,sales:4,,1001\n")
    assert [row.state for row in moved.rows] == [RowState.CHANGED]
    (edit,) = moved.edits
    assert edit.changed == ("skills", "team")


def test_columns_that_are_not_there_leave_settings_as_they_are() -> None:
    judged = sheet("姓名,工号\n王小芳,1001\n")
    assert judged.edits == (
        Edit(Kind.AGENT, "1001", WANG, WANG.model_copy(update={"name": "王小芳"})),
    )


def test_chinese_headings_titles_and_punctuation() -> None:
    directory = directory_of(
        (
            ProjectSettings(name="tea", title="茶叶，热线"),
            SkillSettings(name="sales", title="销售"),
            SkillSettings(name="english", title="英语"),
            TeamSettings(name="red", title="红组"),
        )
    )
    judged = sheet(
        "坐席名单,,,,,\n 坐席工号*,姓 名,所属,项目,技能（等级）,班组,话后处理（秒）\n"
        "１００１,王芳,x,茶叶，热线,销售：３、英语（5）,红组,45\n",
        directory,
    )
    assert judged.ignored == ("所属",)
    (row,) = judged.rows
    assert row.faults == ()
    assert row.after == AgentSettings(
        code="1001",
        name="王芳",
        projects=("tea",),
        skills={"sales": 3, "english": 5},
        team="red",
        wrap_up_s=45,
    )


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (",a,tea,,,", (2, "code", SheetFaultCode.MISSING, "")),
        ("1x,a,tea,,,", (2, "code", SheetFaultCode.INVALID, "string_pattern_mismatch")),
        ("1.0E+10,a,tea,,,", (2, "code", SheetFaultCode.ROUNDED, "")),
        ("1002,,tea,,,", (2, "name", SheetFaultCode.MISSING, "")),
        ("1002,a,,,,", (2, "projects", SheetFaultCode.MISSING, "")),
        ("1002", (2, "name", SheetFaultCode.MISSING, "")),
        ("1002,a,coffee,,,", (2, "projects", SheetFaultCode.NO_SUCH_THING, "")),
        ('1002,a,"tea,Tea",,,', (2, "projects", SheetFaultCode.TWICE, "tea")),
        ("1002,a,tea,sales:11,,", (2, "skills", SheetFaultCode.NOT_A_LEVEL, "sales")),
        ("1002,a,tea,sales:good,,", (2, "skills", SheetFaultCode.NOT_A_LEVEL, "sales")),
        ('1002,a,tea,"sales:1,sales:2",,', (2, "skills", SheetFaultCode.TWICE, "sales")),
        ("1002,a,tea,french:3,,", (2, "skills", SheetFaultCode.NO_SUCH_THING, "")),
        ("1002,a,tea,,blue,", (2, "team", SheetFaultCode.NO_SUCH_THING, "")),
        ("1002,a,tea,,,2002", (2, "station", SheetFaultCode.NO_SUCH_THING, "")),
        ('1002,"a\nb",tea,,,', (2, "name", SheetFaultCode.INVALID, "not_visible")),
        (
            "1002," + "a" * 10_000 + ",tea,,,",
            (2, "name", SheetFaultCode.INVALID, "string_too_long"),
        ),
        ("1001,,tea,,,", (2, "name", SheetFaultCode.MISSING, "")),
    ],
)
def test_a_fault_says_where_it_is_and_what(row: str, expected: tuple[object, ...]) -> None:
    assert expected in faults(row + "\n")


def test_all_faults_of_a_row_are_found_and_its_values_are_shown_shortened() -> None:
    judged = sheet(HEADINGS + "," + "a" * 500 + ",coffee,french:99,blue,x\n")
    assert [fault.setting for fault in judged.faults] == [
        "code",
        "projects",
        "skills",
        "skills",
        "team",
        "station",
    ]
    assert all(len(fault.value) <= 80 for fault in judged.faults)
    assert judged.faults[1].heading == "projects"
    assert judged.faults[1].kind is Kind.PROJECT


def test_a_code_that_comes_twice_is_refused_the_second_time() -> None:
    assert faults("1002,a,tea,,,\n1003,b,tea,,,\n1002,c,tea,,,\n") == [
        (4, "code", SheetFaultCode.CODE_TWICE, "2")
    ]


def test_a_code_that_has_lost_its_zeros_is_not_another_agent() -> None:
    directory = small_directory().after([Edit(Kind.AGENT, "0012", None, ZERO)])
    assert faults("12,a,tea,,,\n", directory) == [(2, "code", SheetFaultCode.ZEROS_LOST, "0012")]
    twelve = ZERO.model_copy(update={"code": "12"})
    both = directory.after([Edit(Kind.AGENT, "12", None, twelve)])
    assert faults("12,a,tea,,,\n", both) == []
    phone = StationSettings(name="0077")
    phones = small_directory().after([Edit(Kind.STATION, "0077", None, phone)])
    assert faults("1002,a,tea,,,77\n", phones) == [
        (2, "station", SheetFaultCode.ZEROS_LOST, "0077")
    ]


def test_a_code_shorter_than_the_others_is_remarked() -> None:
    judged = sheet(HEADINGS + "12,a,tea,,,\n0013,b,tea,,,\n1014,c,tea,,,\n")
    assert [row.remarks for row in judged.rows] == [(RowRemark.SHORTER,), (), ()]
    assert len(judged.edits) == 3


def test_a_title_that_two_things_have_is_ambiguous() -> None:
    tea = ProjectSettings(name="tea2", title="Tea")
    directory = small_directory().after([Edit(Kind.PROJECT, "tea2", None, tea)])
    assert faults("1002,a,tea,,,\n", directory) == []  # the key
    assert faults("1002,a,TEA,,,\n", directory) == [
        (2, "projects", SheetFaultCode.AMBIGUOUS, "tea, tea2")
    ]


def test_unknown_skills_and_stations_are_offered_and_made_once() -> None:
    text = HEADINGS + "1002,a,tea,french:3,,2002\n1003,b,tea,French:4,,2002\n"
    offered = sheet(text)
    assert offered.unknown == {Kind.SKILL: ("french",), Kind.STATION: ("2002",)}
    assert offered.edits == ()
    judged = sheet(text, make=(Kind.SKILL, Kind.STATION))
    assert judged.faults == ()
    assert [(edit.kind, edit.key) for edit in judged.edits] == [
        (Kind.SKILL, "french"),
        (Kind.STATION, "2002"),
        (Kind.AGENT, "1002"),
        (Kind.AGENT, "1003"),
    ]
    after = judged.edits[-1].after
    assert isinstance(after, AgentSettings)
    assert after.skills == {"french": 4}


def test_a_name_that_no_skill_may_have_is_not_offered() -> None:
    assert sheet(HEADINGS + "1002,a,tea,法语:3,,x2\n").unknown == {}


def test_whoever_may_not_change_an_agent_sees_it_beforehand() -> None:
    ops = Actor("ops", Role.OPS, {"bank"})
    judged = sheet(
        HEADINGS + "1001,王小芳,bank,,,\n1002,a,bank,,,\n1003,b,bank,french:1,,\n",
        make=(Kind.SKILL,),
        actor=ops,
    )
    assert [(f.row, f.code, f.kind, f.value) for f in judged.faults] == [
        (2, SheetFaultCode.NOT_YOURS, None, "1001"),
        (4, SheetFaultCode.NOT_YOURS, Kind.SKILL, "french"),
    ]
    assert judged.edits == ()
    unchanged = sheet(HEADINGS + "1001,王芳,tea,sales:3,red,1001\n", actor=ops)
    assert unchanged.faults == ()


def test_a_file_that_is_not_a_sheet_of_agents() -> None:
    assert unreadable("") == (Unreadable.NO_HEADINGS, "")
    assert unreadable("a,b\n1,2\n") == (Unreadable.NO_HEADINGS, "")
    assert unreadable("code\n1001\n") == (Unreadable.NO_HEADINGS, "")
    assert unreadable("\n" * 3 + "x\n" * 10 + HEADINGS) == (Unreadable.NO_HEADINGS, "")
    assert unreadable(HEADINGS) == (Unreadable.EMPTY, "")
    assert unreadable("code,name,工号\n1,2,3\n") == (Unreadable.HEADING_TWICE, "code")


def test_five_thousand_agents_and_no_more() -> None:
    def agents(number: int) -> str:
        return HEADINGS + "".join(f"{10_000 + n},a,tea,sales:1,,\n" for n in range(number))

    assert len(sheet(agents(MOST_AGENTS)).edits) == MOST_AGENTS
    assert unreadable(agents(MOST_AGENTS + 1)) == (Unreadable.TOO_MANY_ROWS, str(MOST_AGENTS))


def test_each_setting_of_an_agent_has_a_column() -> None:
    assert [column.setting for column in COLUMNS] == list(AgentSettings.model_fields)


agents_of = st.lists(
    st.builds(
        AgentSettings,
        code=st.from_regex(r"\A[0-9]{2,15}\Z"),
        name=st.text(min_size=1, max_size=200)
        .map(str.strip)
        .filter(lambda text: bool(text) and text.isprintable())
        | st.sampled_from(["=1+1", "-1", "'=x", "+86", "@a", '=HYPERLINK("http://x")', "0012"]),
        projects=st.lists(st.sampled_from(["tea", "bank"]), max_size=2, unique=True).map(tuple),
        skills=st.dictionaries(st.sampled_from(["sales", "a-b", "0"]), st.integers(1, 10)),
        team=st.sampled_from([None, "red", "-x"]),
        station=st.sampled_from([None, "1001", "007"]),
        wrap_up_s=st.none() | st.floats(0, 3600, allow_nan=False).map(lambda s: round(s, 3)),
        missed_before_away=st.integers(1, 10),
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda agent: agent.code,
)


@given(agents_of, st.sampled_from(["zh-CN", "en"]), st.booleans())
@settings(max_examples=60)
def test_an_exported_sheet_changes_nothing_and_makes_an_empty_centre_the_same(
    agents: list[AgentSettings], language: str, as_xlsx: bool
) -> None:
    others = (
        ProjectSettings(name="tea", title="Tea"),
        ProjectSettings(name="bank", title="-"),
        *(SkillSettings(name=name) for name in ("sales", "a-b", "0")),
        *(TeamSettings(name=name, title="t") for name in ("red", "blue")),
        *(StationSettings(name=name) for name in ("1001", "007")),
    )
    agents = [a.model_copy(update={"team": None}) if a.team == "-x" else a for a in agents]
    rows = agent_rows(agents, "en" if language == "en" else "zh-CN")
    data = xlsx_file(rows) if as_xlsx else csv_file(rows)
    same = judge(read_sheet(data, bool), directory_of((*others, *agents)))
    assert same.faults == ()
    assert same.edits == ()
    with_projects = [agent for agent in agents if agent.projects]
    if with_projects == agents:
        new = judge(read_sheet(data, bool), directory_of(others))
        assert [edit.after for edit in new.edits] == agents
