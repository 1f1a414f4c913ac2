"""Puts recordings and the texts that are spoken side by side: a row for each prompt."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from prompt_library.recording_words import RecordingUse, RecordingVersion, UseKind


@dataclass(frozen=True, slots=True)
class PromptCell:
    """A prompt in one language, as a project's callers hear it."""

    recording: RecordingVersion | None
    text: str
    """What is spoken without a recording; "" if there is none."""
    needed: bool
    """Whether something plays it that has no text."""

    @property
    def missing(self) -> bool:
        """Whether callers would hear nothing."""
        return self.needed and self.recording is None

    @property
    def empty(self) -> bool:
        """Whether nobody says it in this language."""
        return self.recording is None and not self.text and not self.needed


@dataclass(frozen=True, slots=True)
class PromptRow:
    """A prompt in all languages, and where it is said."""

    name: str
    cells: Mapping[str, PromptCell]
    uses: tuple[RecordingUse, ...]

    @property
    def recorded(self) -> bool:
        """Whether there is a recording in some language."""
        return any(cell.recording is not None for cell in self.cells.values())

    @property
    def missing(self) -> bool:
        """Whether a recording is missing in some language."""
        return any(cell.missing for cell in self.cells.values())


def languages_of(
    centres: Sequence[str], recordings: Iterable[RecordingVersion], uses: Iterable[RecordingUse]
) -> tuple[str, ...]:
    """The centre's languages, and then whatever else is spoken."""
    others = {one.of.language for one in recordings}.union(*(use.languages for use in uses))
    return (*centres, *sorted(others.difference(centres)))


def rows_of(
    project: str,
    languages: Sequence[str],
    recordings: Iterable[RecordingVersion],
    uses: Iterable[RecordingUse],
) -> tuple[PromptRow, ...]:
    """The prompts of a project ("": of all projects) by name, those that lack a recording first.

    A project's own recording comes before that of all; a draft that says what calls meet already
    isn't named twice.
    """
    heard: dict[tuple[str, str], RecordingVersion] = {}
    for one in recordings:
        key = one.of.name, one.of.language
        if one.of.project == project or (one.of.project == "" and key not in heard):
            heard[key] = one
    said: dict[str, list[RecordingUse]] = {}
    for use in uses:
        if project in ("", use.project) or use.project == "":
            said.setdefault(use.name, []).append(use)
    names = sorted({*said, *(name for name, _ in heard)})
    rows = [
        PromptRow(
            name,
            {
                language: _cell(heard.get((name, language)), language, said.get(name, ()))
                for language in languages
            },
            _once(said.get(name, ())),
        )
        for name in names
    ]
    return tuple(sorted(rows, key=lambda row: not row.missing))


def _cell(
    recording: RecordingVersion | None, language: str, uses: Sequence[RecordingUse]
) -> PromptCell:
    met = sorted(uses, key=lambda use: use.kind is UseKind.DRAFT)
    text = next((use.texts[language] for use in met if language in use.texts), "")
    needed = any(use.needs_recording and language in use.languages for use in uses)
    return PromptCell(recording, text, needed)


def _once(uses: Iterable[RecordingUse]) -> tuple[RecordingUse, ...]:
    order = list(UseKind)
    found: dict[tuple[bool, str], RecordingUse] = {}
    for use in sorted(uses, key=lambda use: order.index(use.kind)):
        of_flow = use.kind in (UseKind.FLOW, UseKind.PLANNED, UseKind.DRAFT)
        found.setdefault((of_flow, use.by if of_flow else f"{use.kind} {use.by}"), use)
    return tuple(found.values())
