"""What taking a file in would change."""

import pytest

from centre.authority import SYSTEM
from centre.directory import Directory
from centre.directory_faults import faults_of
from centre.directory_service import ANY, ChangeConflict, DirectoryService, WishedThing
from centre.directory_store import DirectoryStore, KeptDirectory
from centre.importing import line_of, plan_of
from centre.kinds import Kind
from centre.new_secrets import secrets_of_new
from centre.organisation_settings import ProjectSettings
from centre.pins import DIGITS
from centre.portable import read_portable
from centre.portable_text import written
from storage.database import Database
from tests.centre.small import TEA, small_directory

WHOLE = written(small_directory())


def test_a_new_centre_is_created_in_the_order_in_which_it_is_set_up() -> None:
    plan = plan_of(read_portable(WHOLE, "x"), KeptDirectory(), faults_of)
    assert plan.possible and len(plan.created) == len(small_directory())
    assert [edit.kind for edit in plan.edits][:3] == [Kind.PROJECT, Kind.PROJECT, Kind.CALENDAR]
    assert (plan.changed, plan.removed, plan.without_password()) == ((), (), ())


def test_what_was_wrong_before_is_not_the_files_fault() -> None:
    there = KeptDirectory(directory=small_directory().after(()))
    broken = Directory({k: v for k, v in there.directory.things.items() if k is not Kind.TEAM})
    file = read_portable("projects: [{name: tea, title: T}, {name: bank, title: B}]\n", "x")
    plan = plan_of(file, KeptDirectory(directory=broken), faults_of)
    assert plan.possible
    assert [line_of(edit) for edit in plan.edits] == [
        "~ project tea: title: Tea -> T",
        "~ project bank: title: Bank -> B",
    ]


def test_a_line_whose_carrier_gave_a_password() -> None:
    text = "lines: [{name: c, kind: trunk, host: sip.example, account: {user: u}}]\n"
    plan = plan_of(read_portable(text, "x"), KeptDirectory(), faults_of)
    assert plan.without_password() == ("c",)
    assert secrets_of_new(plan.edits).plain == {}


def test_only_what_is_new_gets_a_secret() -> None:
    plan = plan_of(read_portable(WHOLE, "x"), KeptDirectory(), faults_of)
    secrets = secrets_of_new(plan.edits)
    assert set(secrets.plain) == {
        (Kind.STATION, "1001"),
        (Kind.LINE, "carrier"),
        (Kind.AGENT, "1001"),
    }
    assert len(secrets.plain[Kind.AGENT, "1001"]) == DIGITS
    assert not set(secrets.plain.values()) & set(secrets.hashed().values())
    assert secrets.plain[Kind.STATION, "1001"] not in repr(secrets)
    known = KeptDirectory(directory=small_directory())
    again = plan_of(read_portable(WHOLE.replace("王芳", "Wang"), "x"), known, faults_of)
    assert len(again.edits) == 1
    assert secrets_of_new(again.edits).plain == {}


@pytest.mark.live
async def test_what_somebody_changes_meanwhile_is_not_overwritten(database: Database) -> None:
    store = DirectoryStore(database.pool)
    service = DirectoryService(store)
    wishes = [WishedThing(thing.KIND, thing.key, thing, ANY) for thing in small_directory()]
    await service.change(SYSTEM, wishes)
    file = read_portable(WHOLE.replace("title: Tea", "title: Mine"), "x")
    plan = plan_of(file, await store.read(), faults_of)
    theirs = ProjectSettings(name=TEA.name, title="Theirs")
    await service.change(SYSTEM, [WishedThing(Kind.PROJECT, "tea", theirs, ANY)])
    with pytest.raises(ChangeConflict):
        await service.change(SYSTEM, plan.wishes)
    assert (await store.read()).directory.get(Kind.PROJECT, "tea") == theirs
