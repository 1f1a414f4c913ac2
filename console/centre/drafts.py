"""A form on its way: what was typed, what is wrong with it, and who came in between."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any

from pydantic import ValidationError

from centre.directory_faults import Fault
from centre.directory_store import DirectoryChange
from centre.kinds import Kind, Thing
from centre.things import MODELS
from console.centre import words
from console.centre.difference import SaidSetting, Wording, differences
from console.centre.fields import FormField, fields_of
from console.centre.filled_forms import Typed, place_of, read, shown, untouched


@dataclass(frozen=True, slots=True)
class OtherFault:
    """What would no longer fit elsewhere: which thing, and why."""

    kind: Kind
    key: str
    text: str


@dataclass(frozen=True, slots=True)
class Overtaken:
    """Somebody else's change that came between opening a form and saving it."""

    change: DirectoryChange | None
    removed: bool
    theirs: Sequence[SaidSetting] = ()
    """What they changed."""
    ours: Sequence[SaidSetting] = ()
    """What saving again would change of what is there now."""


@dataclass(slots=True)
class Draft:
    """A form on its way."""

    kind: Kind
    key: str | None
    """None: of a new thing."""
    seen: int | None
    """The change that had made the thing what it was when the form was opened."""
    typed: Typed
    note: str = ""
    mistakes: dict[str, list[str]] = field(default_factory=dict)
    """By place in the form; those of "" are about the whole."""
    others: list[OtherFault] = field(default_factory=list)
    overtaken: Overtaken | None = None

    @property
    def fields(self) -> tuple[FormField, ...]:
        """The form's fields."""
        return fields_of(MODELS[self.kind])

    def wrong(self, place: str, text: str) -> None:
        """Note a mistake at a place in the form."""
        self.mistakes.setdefault(place, []).append(text)

    def settings(self, base: Thing | None, zone: tzinfo | None) -> dict[str, Any]:
        """What was typed, for the model; a setting that wasn't touched is what it was."""
        settings = read(self.fields, self.typed, zone)
        if base is not None:
            before = shown(self.fields, base, zone)
            for each in self.fields:
                if untouched(each, self.typed, before):
                    settings[each.setting] = getattr(base, each.setting)
        if self.key is not None:
            settings[MODELS[self.kind].KEY] = self.key
        return settings

    def refuse(self, error: ValidationError, speech: Wording) -> None:
        """Note what the model finds wrong, beside the settings."""
        for mistake in error.errors(include_url=False):
            text = speech.says(words.MISTAKES.get(mistake["type"], words.OTHER_MISTAKE))
            place = place_of(self.fields, mistake["loc"])
            self.wrong(place, _filled(text, mistake.get("ctx") or {}))

    def fault(self, fault: Fault, key: str, speech: Wording) -> None:
        """Note a fault beside its setting, or among those of other things."""
        text = fault_text(fault, speech)
        if (fault.kind, fault.key) == (self.kind, key):
            self.wrong(place_of(self.fields, fault.place), text)
        else:
            self.others.append(OtherFault(fault.kind, fault.key, text))

    def overtake(
        self,
        mine: Thing,
        base: Thing | None,
        now: Thing | None,
        change: DirectoryChange | None,
        seen: int | None,
        speech: Wording,
        zone: tzinfo | None,
    ) -> None:
        """Go on from ``now``, which somebody else has made of ``base``: what they changed and we
        did not touch is theirs from here on, what we typed stays."""
        self.seen = seen
        if now is None:
            self.overtaken = Overtaken(change, removed=True)
            return
        untyped = {
            each.setting: getattr(now, each.setting)
            for each in self.fields
            if base is not None and getattr(base, each.setting) == getattr(mine, each.setting)
        }
        merged = mine.model_copy(update=untyped)
        self.typed = shown(self.fields, merged, zone)
        self.overtaken = Overtaken(
            change,
            removed=False,
            theirs=differences(base, now, speech),
            ours=differences(now, merged, speech),
        )


def fault_text(fault: Fault, speech: Wording) -> str:
    """What is wrong, in words."""
    kind = "" if fault.refers is None else speech.says(words.ONE[fault.refers])
    return _filled(speech.says(words.FAULTS[fault.code]), {"name": fault.name, "kind": kind})


def _filled(text: str, values: Mapping[str, Any]) -> str:
    plain = {k: f"{v:g}" if isinstance(v, float) else v for k, v in values.items()}
    try:
        return text % plain
    except (KeyError, ValueError, TypeError):
        return text
