"""The file that a directory is written to."""

import pytest
from hypothesis import given, settings

from centre.directory import Directory, directory_of, edits_between
from centre.organisation_settings import AgentSettings, AwayReasonSettings, CentreWide
from centre.portable import read_portable
from centre.portable_text import written
from centre.things import MODELS
from tests.centre.any_directory import directories, things
from tests.centre.small import WANG, small_directory


def test_every_kind_of_thing_is_tried() -> None:
    assert set(things) == set(MODELS.values())


@settings(max_examples=300, deadline=None)
@given(directories())
def test_what_is_written_is_read_again(directory: Directory) -> None:
    found = read_portable(written(directory), "x.yaml")
    assert edits_between(directory, found.onto(directory)) == ()
    fresh = found.onto(Directory())
    assert [edit.before for edit in edits_between(directory, fresh)] in ([], [CentreWide()])
    assert written(fresh) == written(directory)


@settings(max_examples=50, deadline=None)
@given(directories())
def test_the_order_in_which_things_were_made_does_not_show(directory: Directory) -> None:
    assert written(directory_of(reversed(list(directory)))) == written(directory)


def test_a_small_change_is_a_small_difference() -> None:
    before = written(small_directory())
    moved = WANG.model_copy(update={"skills": {"sales": 5}})
    others = [
        thing for thing in small_directory() if thing.key != "1001" or thing.KIND != WANG.KIND
    ]
    after = written(directory_of([*others, moved]))
    changed = set(after.splitlines()) ^ set(before.splitlines())
    assert changed == {"    skills: {sales: 3}", "    skills: {sales: 5}"}


def test_how_it_reads() -> None:
    text = written(directory_of([WANG, AwayReasonSettings(name="no", limit_s=600)]))
    assert text.partition("agents:\n")[2] == (
        '  - code: "1001"\n'
        "    name: 王芳\n"
        "    projects: [tea]\n"
        "    skills: {sales: 3}\n"
        "    team: red\n"
        '    station: "1001"\n'
        "\n"
        "away_reasons:\n"
        '  - name: "no"\n'
        "    limit_s: 600\n"
        "\n"
        "callers: []\n"
        "\n"
        "outside_numbers: []\n"
    )


@pytest.mark.parametrize("title", ["'; drop table calls; --", "<script>&\\ \\u0041", "春山 🍵"])
def test_names_may_have_any_character(title: str) -> None:
    directory = directory_of([AgentSettings(code="10", name=title, projects=())])
    assert edits_between(directory, read_portable(written(directory), "x").onto(Directory())) == ()
