"""The form of one result: what was typed, and the choice that it makes."""

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
from console.call_results.named_rows import (
    LONGEST_TITLE,
    TitleRows,
    fault_in,
    fingerprint,
    rows_of,
    rows_typed,
    things_named,
    titles_typed,
)
from console.kit.rendering import says

_HOUR_S = 3600


@dataclass(frozen=True, slots=True)
class ChoiceDraft:
    """The form as it stands."""

    titles: Mapping[str, str]
    meaning: str
    kinds: Collection[str]
    again_h: str
    subs: TitleRows
    seen: str = ""
    """Which choice it was when the form was opened."""
    faults: Mapping[str, str] = field(default_factory=dict)
    """By field, what is wrong with it."""


EMPTY = ChoiceDraft({}, "", (CallKind.OUTBOUND, CallKind.INBOUND), "", ())


def choice_seen(choice: Choice) -> str:
    """What the form of this choice keeps, to tell whether it was changed meanwhile."""
    return fingerprint(choice.model_dump(mode="json"))


def draft_of(choice: Choice) -> ChoiceDraft:
    """The form of a choice that is there."""
    again = choice.again_after_s
    return ChoiceDraft(
        choice.titles,
        choice.meaning.value,
        choice.kinds,
        "" if again is None else f"{again / _HOUR_S:g}",
        rows_of(choice.sub_reasons),
        choice_seen(choice),
    )


def draft_typed(given: Mapping[str, str]) -> ChoiceDraft:
    """The form as it was sent."""
    return ChoiceDraft(
        titles_typed(given, "title"),
        given.get("meaning", ""),
        tuple(kind for kind in CallKind if given.get(f"kind.{kind}")),
        given.get("again_h", "").strip(),
        rows_typed(given, MOST_SUB_REASONS),
        given.get("seen", ""),
    )


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
            sub_reasons=things_named(
                draft.subs,
                before.sub_reasons if before else (),
                lambda code, row: SubReason(code=code, titles=row.titles, retired=row.retired),
            ),
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
    if wrong := fault_in(request, draft.subs, MOST_SUB_REASONS):
        faults["subs"] = wrong
    return faults


def _hours(text: str) -> float | None:
    try:
        seconds = float(text.replace(",", ".")) * _HOUR_S
    except ValueError:
        return None
    return seconds if 0 <= seconds <= A_YEAR_S else None
