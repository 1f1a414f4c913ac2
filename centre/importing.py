"""Works out what taking a file's things into the directory would change."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from centre.directory import Directory, Edit, edits_between
from centre.directory_faults import Fault, FaultCode
from centre.directory_service import WishedThing
from centre.directory_store import KeptDirectory
from centre.endpoint_settings import LineSettings
from centre.fault_texts import KIND_WORDS, Known
from centre.kinds import Kind
from centre.portable import PortableThings
from centre.portable_text import value_text
from documents.document_errors import DocumentError


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What taking a file in would do to the directory that was seen."""

    seen: KeptDirectory
    edits: tuple[Edit, ...]
    missing: tuple[DocumentError, ...]
    """The references to things that would not be there."""
    errors: tuple[DocumentError, ...]
    """All else that would not fit together."""

    @property
    def possible(self) -> bool:
        """Whether the directory would be right afterwards."""
        return not self.missing and not self.errors

    @property
    def created(self) -> tuple[Edit, ...]:
        """What is not there yet."""
        return tuple(edit for edit in self.edits if edit.before is None)

    @property
    def changed(self) -> tuple[Edit, ...]:
        """What is there with other settings."""
        return tuple(edit for edit in self.edits if edit.before and edit.after)

    @property
    def removed(self) -> tuple[Edit, ...]:
        """What the file lacks."""
        return tuple(edit for edit in self.edits if edit.after is None)

    @property
    def wishes(self) -> Iterator[WishedThing]:
        """The edits for the service, which refuses those of things that have changed meanwhile."""
        for edit in self.edits:
            seen = self.seen.changed.get((edit.kind, edit.key))
            yield WishedThing(edit.kind, edit.key, edit.after, seen)

    def without_password(self) -> tuple[str, ...]:
        """The lines whose carrier has given a password, which no file has."""
        return tuple(
            edit.key
            for edit in self.edits
            if isinstance(edit.after, LineSettings)
            and edit.after.account is not None
            and (not isinstance(edit.before, LineSettings) or edit.before.account is None)
        )


def plan_of(
    found: PortableThings,
    seen: KeptDirectory,
    check: Callable[[Directory], Iterable[Fault]],
    *,
    keeping: bool = False,
    flows: Iterable[str] = (),
    timezones: Iterable[str] = ("UTC",),
) -> ImportPlan:
    """What taking in ``found`` would do. ``keeping``: nothing is removed. Faults that are there
    already are not the file's."""
    found, unread = found.as_recorded(seen.directory)
    after = found.onto(seen.directory, keeping=keeping)
    there = set(check(seen.directory))
    known = Known(after, tuple(flows), tuple(timezones), "the directory")
    new = [fault for fault in check(after) if fault not in there]
    missing = [fault for fault in new if fault.code is FaultCode.NO_SUCH_THING]
    others = [fault for fault in new if fault.code is not FaultCode.NO_SUCH_THING]
    return ImportPlan(
        seen,
        edits_between(seen.directory, after),
        tuple(found.errors(missing, known)),
        (*unread, *found.errors(others, known)),
    )


def line_of(edit: Edit) -> str:
    """An edit in one line."""
    thing = f"{KIND_WORDS[edit.kind]} {value_text(edit.key)}"
    if edit.kind is Kind.CENTRE:
        thing = "centre"
    if edit.before is None:
        return f"+ {thing}"
    if edit.after is None:
        return f"- {thing}"
    before, after = values_of(edit)
    changes = (f"{n}: {value_text(before[n])} -> {value_text(after[n])}" for n in edit.changed)
    return f"~ {thing}: {'; '.join(changes)}"


def values_of(edit: Edit) -> tuple[Mapping[str, object], Mapping[str, object]]:
    """The settings that differ, as JSON has them, before and after."""
    names = set(edit.changed)
    before, after = (
        {} if thing is None else thing.model_dump(mode="json", include=names)
        for thing in (edit.before, edit.after)
    )
    return before, after
