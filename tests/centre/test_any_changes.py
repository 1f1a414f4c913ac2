"""Whatever is changed, undone and undone again, in any order, against a model in memory."""

import random
from dataclasses import dataclass, field

import pytest

from centre.authority import SYSTEM
from centre.directory import Directory, directory_of, edits_between
from centre.directory_faults import Fault
from centre.directory_service import (
    ANY,
    ChangeConflict,
    DirectoryService,
    NothingToChange,
    WishedThing,
)
from centre.directory_store import DirectoryChange, DirectoryStore, KeptDirectory, ThingKey
from centre.endpoint_settings import StationSettings
from centre.kinds import Kind, Thing
from centre.organisation_settings import AgentSettings, ProjectSettings
from storage.database import Database

pytestmark = pytest.mark.live

STEPS = 60


def nothing(_: Directory) -> list[Fault]:
    return []


def some_thing(dice: random.Random) -> Thing:
    """One of few, so that the same ones are met again and again."""
    name = dice.choice("ABC")
    return dice.choice(
        [
            ProjectSettings(name=dice.choice(("tea", "bank")), title=name),
            StationSettings(name=dice.choice(("11", "12")), note=name),
            AgentSettings(code=dice.choice(("11", "12")), name=name, projects=()),
        ]
    )


@dataclass
class Model:
    """What must be there, by the changes that were made."""

    things: dict[ThingKey, Thing] = field(default_factory=dict)
    secrets: dict[ThingKey, tuple[int, str]] = field(default_factory=dict)
    """Of things that are there or were, each with the change that gave it."""
    changes: list[DirectoryChange] = field(default_factory=list)

    def make(self, change: DirectoryChange, secrets: dict[ThingKey, str]) -> None:
        for edit in change.edits:
            key = (edit.kind, edit.key)
            assert edit.before == self.things.get(key)
            if edit.after is None:
                del self.things[key]
                continue
            self.things[key] = edit.after
            given = self.secrets.get(key, (0, ""))[0]
            if key in secrets:
                self.secrets[key] = change.id, secrets[key]
            elif edit.before is None and given >= (change.undoes or 0):
                self.secrets.pop(key, None)
        self.changes.append(change)

    def conflicts(self, change: DirectoryChange) -> set[ThingKey]:
        """What can't go back, because it is neither as the change left it nor back already."""
        return {
            (edit.kind, edit.key)
            for edit in change.edits
            if self.things.get((edit.kind, edit.key)) not in (edit.before, edit.after)
        }


@pytest.mark.parametrize("seed", range(4))
async def test_what_is_there_is_what_the_changes_made(seed: int, database: Database) -> None:
    dice, model, known = random.Random(seed), Model(), KeptDirectory()
    store = DirectoryStore(database.pool)
    service = DirectoryService(store, check=nothing)
    for step in range(STEPS):
        if model.changes and dice.random() < 0.5:
            await undo(service, model, dice.choice(model.changes[-8:]))
        else:
            await change(service, model, dice, f"secret {step}")
        newer, fresh = await store.read(known), await store.read()
        known = dice.choice((known, newer))
        for kept in (newer, fresh, await service.read()):
            assert edits_between(kept.directory, directory_of(model.things.values())) == ()
            assert (kept.changed, kept.at) == (fresh.changed, fresh.at)
        assert list(newer.directory) == list(fresh.directory), "in the same order"
        assert await store.secrets() == {k: secret for k, (_, secret) in model.secrets.items()}


async def change(service: DirectoryService, model: Model, dice: random.Random, secret: str) -> None:
    """As a form, an import or a program does: one, or some at once."""
    found = {
        (thing.KIND, thing.key): thing
        for thing in (some_thing(dice) for _ in range(dice.choice((1, 3))))
    }
    wishes = [
        WishedThing(*key, thing if dice.random() < 0.7 else None, ANY)
        for key, thing in found.items()
    ]
    secrets: dict[ThingKey, str] = {
        (wish.kind, wish.key): secret
        for wish in wishes
        if wish.after is not None
        and wish.kind is not Kind.PROJECT
        and ((wish.kind, wish.key) not in model.things or dice.random() < 0.1)
    }
    before = dict(model.things)
    try:
        model.make(await service.change(SYSTEM, wishes, secrets=secrets), secrets)
    except NothingToChange:
        assert all(before.get((wish.kind, wish.key)) == wish.after for wish in wishes)


async def undo(service: DirectoryService, model: Model, change: DirectoryChange) -> None:
    """Of a recent change, perhaps an undo, perhaps one that is undone already."""
    stuck = model.conflicts(change)
    try:
        made = await service.undo(SYSTEM, change.id)
    except ChangeConflict as error:
        assert {(each.kind, each.key) for each in error.conflicts} == stuck
    except NothingToChange:
        assert all(model.things.get((e.kind, e.key)) == e.before for e in change.edits)
    else:
        assert not stuck
        model.make(made, {})
