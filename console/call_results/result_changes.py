"""Says in words what a change of a project's results changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aiohttp import web

from campaigns.disposition_choices import Choice, choice_of, title_in
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
    language = request[LANGUAGE]
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
    for sub in now.sub_reasons:
        old_sub = was.sub_reason(sub.code)
        title = title_in(sub.titles, language)
        if old_sub is None:
            texts.append(say("sub_added", new=title))
            continue
        if old_sub.titles != sub.titles:
            texts.append(say("sub_renamed", _all(old_sub.titles), _all(sub.titles)))
        if old_sub.retired != sub.retired:
            texts.append(say("sub_retired" if sub.retired else "sub_offered", new=title))
    codes = {sub.code for sub in was.sub_reasons}
    if [s.code for s in now.sub_reasons if s.code in codes] != [s.code for s in was.sub_reasons]:
        texts.append(say("sub_order"))
    return texts


def _all(titles: Mapping[str, str]) -> str:
    return " / ".join(titles[name] for name in LANGUAGES if titles.get(name))
