"""Says in words what a change of a project's results changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aiohttp import web

from campaigns.disposition_choices import Choice, SubReason, choice_of, title_in
from campaigns.skip_choices import SkipChoice
from console.call_results import words
from console.kit.context import LANGUAGE
from console.kit.rendering import says
from console.kit.translations import LANGUAGES


@dataclass(frozen=True, slots=True)
class ResultDifference:
    """A result, and what became of it."""

    title: str
    texts: tuple[str, ...]


def differences(
    request: web.Request, before: Sequence[Choice], after: Sequence[Choice]
) -> list[ResultDifference]:
    """What differs, result by result."""
    found = []
    for now in after:
        was = choice_of(before, now.code)
        texts = _texts(request, was, now)
        if texts:
            found.append(ResultDifference(title_in(now.titles, request[LANGUAGE]), tuple(texts)))
    return found


def skip_differences(
    request: web.Request, before: Sequence[SkipChoice], after: Sequence[SkipChoice]
) -> list[ResultDifference]:
    """What differs in the reasons to skip a customer, as one difference at most."""
    texts = _sub_texts(request, before, after)
    return [ResultDifference(says(request, words.SKIPS), tuple(texts))] if texts else []


def order_changed(before: Sequence[Choice], after: Sequence[Choice]) -> bool:
    """Whether those that are in both stand in another order."""
    codes = {one.code for one in before}
    return [one.code for one in after if one.code in codes] != [one.code for one in before]


def kinds_text(request: web.Request, choice: Choice) -> str:
    """Which calls it is for."""
    comma = ", " if request[LANGUAGE] == "en" else "、"
    return comma.join(says(request, words.KINDS[kind]) for kind in choice.kinds)


def hours_text(request: web.Request, seconds: float | None) -> str:
    """After how long a customer is called again."""
    if seconds is None:
        return says(request, words.CAMPAIGNS_GAP)
    return says(request, words.HOURS, {"n": f"{seconds / 3600:g}"})


def _texts(request: web.Request, was: Choice | None, now: Choice) -> list[str]:
    def say(change: str, old: str = "", new: str = "") -> str:
        return says(request, words.CHANGES[change], {"was": old, "now": new})

    if was is None:
        return [say("added")]
    texts = []
    if was.titles != now.titles:
        texts.append(say("renamed", _all(was.titles), _all(now.titles)))
    if was.meaning is not now.meaning:
        old, new = (says(request, words.MEANINGS[one.meaning]) for one in (was, now))
        texts.append(say("meaning", old, new))
    if was.kinds != now.kinds:
        texts.append(say("kinds", new=kinds_text(request, now)))
    if was.again_after_s != now.again_after_s:
        texts.append(say("again", new=hours_text(request, now.again_after_s)))
    if was.retired != now.retired:
        texts.append(say("retired" if now.retired else "offered"))
    texts += _sub_texts(request, was.sub_reasons, now.sub_reasons)
    return texts


def _sub_texts(
    request: web.Request, was: Sequence[SubReason], now: Sequence[SubReason]
) -> list[str]:
    before = {one.code: one for one in was}
    texts = []
    for one in now:
        old, title = before.get(one.code), title_in(one.titles, request[LANGUAGE])
        found = {}
        if old is None:
            found["sub_added"] = title
        elif old.titles != one.titles:
            found["sub_renamed"] = _all(one.titles)
        if old is not None and old.retired != one.retired:
            found["sub_retired" if one.retired else "sub_offered"] = title
        if isinstance(one, SkipChoice) and isinstance(old, SkipChoice | None):
            asked = old is not None and old.needs_note
            if one.needs_note != asked:
                found["note" if one.needs_note else "no_note"] = title
        old_title = "" if old is None else _all(old.titles)
        texts += [
            says(request, words.CHANGES[what], {"was": old_title, "now": new})
            for what, new in found.items()
        ]
    if [one.code for one in now if one.code in before] != [one.code for one in was]:
        texts.append(says(request, words.CHANGES["sub_order"]))
    return texts


def _all(titles: Mapping[str, str]) -> str:
    return " / ".join(titles[name] for name in LANGUAGES if titles.get(name))
