"""All things of a centre at one moment, and the steps from one moment to another."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeVar, cast

from centre.kinds import Kind, Thing
from centre.organisation_settings import CentreWide
from centre.things import MODELS

T = TypeVar("T", bound=Thing)

Content = Mapping[str, Any]
"""A thing's settings as JSON holds them, those left out that have their usual values."""

_NONE: Mapping[str, Thing] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Edit:
    """One thing made (``before`` is None), changed, or removed (``after`` is None). If nothing
    differs, it got a new secret."""

    kind: Kind
    key: str
    before: Thing | None
    after: Thing | None

    def __post_init__(self) -> None:
        for thing in (self.before, self.after):
            if thing is not None and (thing.KIND, thing.key) != (self.kind, self.key):
                raise ValueError(f"{thing.KIND} {thing.key} in an edit of {self.kind} {self.key}")

    @property
    def inverse(self) -> "Edit":
        """The edit that takes this one back."""
        return Edit(self.kind, self.key, self.after, self.before)

    @property
    def changed(self) -> tuple[str, ...]:
        """The names of the settings that differ; all of them if it was made or removed."""
        names = tuple(MODELS[self.kind].model_fields)
        if self.before is None or self.after is None:
            return names
        return tuple(n for n in names if getattr(self.before, n) != getattr(self.after, n))


@dataclass(frozen=True, slots=True)
class Directory:
    """The things by kind and key. Each fits its model; ``directory_faults`` checks the rest."""

    things: Mapping[Kind, Mapping[str, Thing]] = field(default_factory=dict)

    def of(self, model: type[T]) -> Mapping[str, T]:
        """All things of a kind, by key, in the order in which they were made."""
        return cast(Mapping[str, T], self.things.get(model.KIND, _NONE))

    def get(self, kind: Kind, key: str) -> Thing | None:
        """One thing, None if there is none."""
        return self.things.get(kind, _NONE).get(key)

    def has(self, kind: Kind, key: str) -> bool:
        """Whether there is such a thing."""
        return key in self.things.get(kind, _NONE)

    @property
    def wide(self) -> CentreWide:
        """What holds for the whole centre."""
        return self.of(CentreWide).get("centre") or CentreWide()

    @property
    def empty(self) -> bool:
        """Whether nothing has been set up yet."""
        return not any(self.things.values())

    def __iter__(self) -> Iterator[Thing]:
        for kind in MODELS:
            yield from self.things.get(kind, _NONE).values()

    def __len__(self) -> int:
        return sum(map(len, self.things.values()))

    def after(self, edits: Iterable[Edit]) -> "Directory":
        """The directory with these edits made, whatever their ``before`` says."""
        made: dict[Kind, dict[str, Thing]] = {}
        for edit in edits:
            of_kind = made.get(edit.kind)
            if of_kind is None:
                of_kind = made[edit.kind] = dict(self.things.get(edit.kind, _NONE))
            if edit.after is None:
                of_kind.pop(edit.key, None)
            else:
                of_kind[edit.key] = edit.after
        return Directory({**self.things, **made})


def directory_of(things: Iterable[Thing]) -> Directory:
    """A directory of these things. Raises ValueError if two have the same kind and key."""
    by_kind: dict[Kind, dict[str, Thing]] = {}
    for thing in things:
        of_kind = by_kind.setdefault(thing.KIND, {})
        if thing.key in of_kind:
            raise ValueError(f"two of {thing.KIND} {thing.key}")
        of_kind[thing.key] = thing
    return Directory(by_kind)


def edits_between(before: Directory, after: Directory) -> tuple[Edit, ...]:
    """What has to be done to ``before`` so that it becomes ``after``."""
    edits = []
    for kind in MODELS:
        old, new = before.things.get(kind, _NONE), after.things.get(kind, _NONE)
        for key, thing in new.items():
            if old.get(key) != thing:
                edits.append(Edit(kind, key, old.get(key), thing))
        edits.extend(Edit(kind, key, thing, None) for key, thing in old.items() if key not in new)
    return tuple(edits)


def content(thing: Thing) -> dict[str, Any]:
    """The thing as JSON holds it, without settings that have their usual values."""
    return thing.model_dump(mode="json", exclude_defaults=True) | {thing.KEY: thing.key}


def thing_of(kind: Kind, found: Content) -> Thing:
    """The thing that ``content`` was made from. Raises pydantic's ValidationError."""
    return MODELS[kind].model_validate(found)
