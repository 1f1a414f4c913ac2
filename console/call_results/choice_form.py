"""The form of one result: what was typed, and the choice that it makes."""

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from aiohttp import web

from campaigns.campaign import A_YEAR_S
from campaigns.choice_edits import new_code
from campaigns.disposition_choices import (
    INBOUND_ONLY,
    MOST_SUB_REASONS,
    OUTBOUND_ONLY,
    CallKind,
    Choice,
    SubReason,
)
from campaigns.dispositions import Disposition
from console.call_results import words
from console.kit.rendering import says
from console.kit.translations import LANGUAGES

LONGEST_TITLE = 60
_HOUR_S = 3600
_EMPTY_ROWS = 2


@dataclass(frozen=True, slots=True)
class SubDraft:
    """One row of the sub-reasons. ``code`` "": it is new."""

    code: str
    titles: Mapping[str, str]
    retired: bool

    @property
    def blank(self) -> bool:
        """Whether nothing is typed in it."""
        return not any(self.titles.values())


@dataclass(frozen=True, slots=True)
class ChoiceDraft:
    """The form as it stands."""

    titles: Mapping[str, str]
    meaning: str
    kinds: Collection[str]
    again_h: str
    subs: tuple[SubDraft, ...]
    seen: str = ""
    """Which choice it was when the form was opened."""
    faults: Mapping[str, str] = field(default_factory=dict)
    """By field, what is wrong with it."""

    def with_rows(self) -> "ChoiceDraft":
        """With empty rows at the end for new sub-reasons."""
        subs = tuple(sub for sub in self.subs if sub.code or not sub.blank)
        more = max(0, min(_EMPTY_ROWS, MOST_SUB_REASONS - len(subs)))
        return replace(self, subs=(*subs, *(SubDraft("", {}, False) for _ in range(more))))

    def swapped(self, row: int, other: int) -> "ChoiceDraft":
        """With two rows in each other's place, if both are there."""
        if not (0 <= row < len(self.subs) and 0 <= other < len(self.subs)):
            return self
        subs = list(self.subs)
        subs[row], subs[other] = subs[other], subs[row]
        return replace(self, subs=tuple(subs))


EMPTY = ChoiceDraft({}, "", (CallKind.OUTBOUND, CallKind.INBOUND), "", ())


def fingerprint(choice: Choice) -> str:
    """Changes whenever the choice does."""
    plain = json.dumps(choice.model_dump(mode="json"), sort_keys=True)  # the database sorts, too
    return hashlib.sha256(plain.encode()).hexdigest()[:16]


def draft_of(choice: Choice) -> ChoiceDraft:
    """The form of a choice that is there."""
    again = choice.again_after_s
    return ChoiceDraft(
        choice.titles,
        choice.meaning.value,
        choice.kinds,
        "" if again is None else f"{again / _HOUR_S:g}",
        tuple(SubDraft(sub.code, sub.titles, sub.retired) for sub in choice.sub_reasons),
        fingerprint(choice),
    )


def draft_typed(given: Mapping[str, str]) -> ChoiceDraft:
    """The form as it was sent."""
    rows = [n for n in range(MOST_SUB_REASONS + _EMPTY_ROWS) if f"sub.{n}.code" in given]
    return ChoiceDraft(
        _titles(given, "title"),
        given.get("meaning", ""),
        tuple(kind for kind in CallKind if given.get(f"kind.{kind}")),
        given.get("again_h", "").strip(),
        tuple(
            SubDraft(
                given[f"sub.{n}.code"], _titles(given, f"sub.{n}"), bool(given.get(f"sub.{n}.out"))
            )
            for n in rows
        ),
        given.get("seen", ""),
    )


def _titles(given: Mapping[str, str], prefix: str) -> dict[str, str]:
    texts = {
        language: " ".join(given.get(f"{prefix}.{language}", "").split()) for language in LANGUAGES
    }
    return {language: text for language, text in texts.items() if text}


def choice_typed(
    request: web.Request, draft: ChoiceDraft, before: Choice | None, taken: Collection[str]
) -> tuple[Choice | None, ChoiceDraft]:
    """The choice that the form makes; None if it can't be one: then the draft says why.

    ``before``: the choice as it is; ``taken``: the codes that others have.
    """
    faults = _faults(request, draft)
    hours = _hours(draft.again_h) if draft.meaning == Disposition.NOT_NOW else None
    if faults:
        return None, replace(draft, faults=faults)
    return (
        Choice(
            code=before.code if before else new_code(draft.titles, taken, "result"),
            titles=draft.titles,
            meaning=Disposition(draft.meaning),
            kinds=tuple(kind for kind in CallKind if kind in draft.kinds),
            again_after_s=hours,
            sub_reasons=_sub_reasons(draft, before),
            retired=before is not None and before.retired,
        ),
        draft,
    )


def _faults(request: web.Request, draft: ChoiceDraft) -> dict[str, str]:
    faults: dict[str, str] = {}
    if not draft.titles:
        faults["title"] = says(request, words.NO_TITLE)
    elif any(len(title) > LONGEST_TITLE for title in draft.titles.values()):
        faults["title"] = says(request, words.TOO_LONG, {"most": LONGEST_TITLE})
    if draft.meaning not in set(Disposition):
        faults["meaning"] = says(request, words.NO_MEANING)
    elif not draft.kinds:
        faults["kinds"] = says(request, words.NO_KIND)
    elif draft.meaning in INBOUND_ONLY and CallKind.OUTBOUND in draft.kinds:
        faults["kinds"] = says(request, words.INBOUND_ONLY)
    elif draft.meaning in OUTBOUND_ONLY and CallKind.INBOUND in draft.kinds:
        faults["kinds"] = says(request, words.OUTBOUND_ONLY)
    if draft.meaning == Disposition.NOT_NOW and draft.again_h and _hours(draft.again_h) is None:
        faults["again_h"] = says(request, words.NO_HOURS, {"most": A_YEAR_S // _HOUR_S})
    named = [sub for sub in draft.subs if sub.code or not sub.blank]
    if any(sub.blank for sub in named):
        faults["subs"] = says(request, words.SUB_WITHOUT_TITLE)
    elif any(len(title) > LONGEST_TITLE for sub in named for title in sub.titles.values()):
        faults["subs"] = says(request, words.TOO_LONG, {"most": LONGEST_TITLE})
    elif len(named) > MOST_SUB_REASONS:
        faults["subs"] = says(request, words.TOO_MANY_SUBS, {"most": MOST_SUB_REASONS})
    return faults


def _hours(text: str) -> float | None:
    try:
        seconds = float(text.replace(",", ".")) * _HOUR_S
    except ValueError:
        return None
    return seconds if 0 <= seconds <= A_YEAR_S else None


def _sub_reasons(draft: ChoiceDraft, before: Choice | None) -> tuple[SubReason, ...]:
    """Those of the form in its order. Nothing that was there is lost, whatever was sent."""
    there = {sub.code: sub for sub in before.sub_reasons} if before else {}
    made: dict[str, SubReason] = {}
    for row in draft.subs:
        if row.blank:
            continue
        code = row.code if row.code in there else new_code(row.titles, {*there, *made}, "reason")
        made[code] = SubReason(code=code, titles=row.titles, retired=row.retired)
    return (*made.values(), *(sub for code, sub in there.items() if code not in made))
