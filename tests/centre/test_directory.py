"""The directory and the steps from one to another."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from centre.directory import Directory, Edit, content, directory_of, edits_between, thing_of
from centre.kinds import Kind
from centre.organisation_settings import AgentSettings, ProjectSettings, SkillSettings
from centre.things import MODELS, references
from tests.centre.small import BANK, TEA, WANG, small_directory

KEYS = st.sampled_from("abcdef")
THINGS = st.lists(
    st.one_of(
        st.builds(ProjectSettings, name=KEYS, title=st.sampled_from(["One", "Two"])),
        st.builds(SkillSettings, name=KEYS),
    ),
    unique_by=lambda thing: (thing.KIND, thing.key),
)


def same(one: Directory, other: Directory) -> bool:
    return {(t.KIND, t.key): t for t in one} == {(t.KIND, t.key): t for t in other}


@given(THINGS, THINGS)
def test_edits_lead_from_one_to_the_other_and_back(before: list[Any], after: list[Any]) -> None:
    one, other = directory_of(before), directory_of(after)
    edits = edits_between(one, other)
    assert same(one.after(edits), other)
    assert same(other.after(edit.inverse for edit in edits), one)
    assert all(edit.before != edit.after for edit in edits)
    assert edits_between(other, other) == ()


def test_what_a_thing_refers_to() -> None:
    assert list(references(WANG)) == [
        (("projects", 0), Kind.PROJECT, "tea"),
        (("skills", "sales"), Kind.SKILL, "sales"),
        (("team",), Kind.TEAM, "red"),
        (("station",), Kind.STATION, "1001"),
    ]


def test_the_settings_that_differ() -> None:
    moved = WANG.model_copy(update={"team": None, "skills": {}})
    assert Edit(Kind.AGENT, "1001", WANG, moved).changed == ("skills", "team")
    assert Edit(Kind.PROJECT, "tea", None, TEA).changed == ("name", "title")


def test_an_edit_is_of_one_thing() -> None:
    with pytest.raises(ValueError, match="bank in an edit of project tea"):
        Edit(Kind.PROJECT, "tea", TEA, BANK)


def test_things_survive_json_without_their_usual_values() -> None:
    for thing in small_directory():
        assert thing_of(thing.KIND, content(thing)) == thing
    assert content(TEA) == {"name": "tea", "title": "Tea"}
    assert content(WANG).keys() == {"code", "name", "projects", "skills", "team", "station"}


def test_each_kind_has_a_model_and_its_key() -> None:
    assert set(MODELS) == set(Kind)
    for kind, model in MODELS.items():
        assert model.KIND is kind
        assert model.KEY in model.model_fields


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        ({"name": "Wang\nFang"}, "not_visible"),
        ({"name": "\u202eWang"}, "not_visible"),
        ({"name": " "}, "not_visible"),
        ({"name": "x" * 201}, "string_too_long"),
        ({"code": "x1"}, "string_pattern_mismatch"),
        ({"code": "1001\n"}, "string_pattern_mismatch"),
        ({"projects": ("tea", "tea")}, "said_twice"),
        ({"skills": {"sales": 11}}, "less_than_equal"),
        ({"pin": "1234"}, "extra_forbidden"),
    ],
)
def test_a_setting_that_does_not_fit(settings: dict[str, Any], what: str) -> None:
    usual: dict[str, Any] = {"code": "1001", "name": "Wang", "projects": ("tea",)}
    with pytest.raises(ValidationError) as refused:
        AgentSettings.model_validate(usual | settings)
    assert [error["type"] for error in refused.value.errors()] == [what]
