"""Edits what agents choose from when a call is over: pure functions from choices to choices.

None of them loses a choice or a sub-reason: what is taken away is retired, for calls may have it.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TypeVar

from campaigns.disposition_choices import CHOICE_CODE, CallKind, Choice, SubReason, offered_for
from campaigns.dispositions import Disposition

Choices = tuple[Choice, ...]
ChoicesEdit = Callable[[Choices], Choices]
"""What somebody wants changed of whatever is there."""

_Reason = TypeVar("_Reason", bound=SubReason)

_NOT_OF_A_CODE = re.compile(r"[^a-z0-9]+")
_LONGEST_CODE = 40


def with_choice(choices: Choices, new: Choice) -> Choices:
    """In place of the one with its code, or at the end."""
    if all(choice.code != new.code for choice in choices):
        return (*choices, new)
    return tuple(new if choice.code == new.code else choice for choice in choices)


def moved(choices: Choices, code: str, by: int) -> Choices:
    """With one choice moved past the next that is not retired, down (+1) or up (-1), if there is
    one: those are all that agents see."""
    offered = [choice for choice in choices if not choice.retired]
    at = next((n for n, choice in enumerate(offered) if choice.code == code), None)
    if at is None or not 0 <= at + by < len(offered):
        return choices
    offered[at], offered[at + by] = offered[at + by], offered[at]
    left = iter(offered)
    return tuple(choice if choice.retired else next(left) for choice in choices)


def retired(choices: Choices, code: str, now: bool) -> Choices:
    """With one choice retired, or offered again."""
    return tuple(
        choice.model_copy(update={"retired": now}) if choice.code == code else choice
        for choice in choices
    )


def back_to(then: Choices, now: Choices) -> Choices:
    """As they were then; what has been added since is retired."""
    since = {choice.code: choice for choice in now}
    codes = {choice.code for choice in then}
    return (
        *(_with_subs_of(choice, since.get(choice.code)) for choice in then),
        *(one.model_copy(update={"retired": True}) for one in now if one.code not in codes),
    )


def _with_subs_of(then: Choice, now: Choice | None) -> Choice:
    subs = reasons_back_to(then.sub_reasons, () if now is None else now.sub_reasons)
    return then.model_copy(update={"sub_reasons": subs})


def reasons_back_to(then: Sequence[_Reason], now: Sequence[_Reason]) -> tuple[_Reason, ...]:
    """Sub-reasons, or reasons to skip, as they were then; what has been added since is retired."""
    codes = {one.code for one in then}
    later = (one for one in now if one.code not in codes)
    return (*then, *(one.model_copy(update={"retired": True}) for one in later))


def lost_subs(before: Iterable[Choice], after: Mapping[str, Choice]) -> bool:
    """Whether a sub-reason that was there is gone, not just retired."""
    return any(
        not {sub.code for sub in choice.sub_reasons}
        <= {sub.code for sub in after[choice.code].sub_reasons}
        for choice in before
        if choice.code in after
    )


def new_code(titles: Mapping[str, str], taken: Collection[str], usual: str) -> str:
    """A code for a new choice or sub-reason, which nobody needs to see: from its English title, or
    else ``usual``, with a number if that is taken."""
    named = _NOT_OF_A_CODE.sub("_", titles.get("en", "").lower()).strip("_")[: _LONGEST_CODE - 5]
    first = named if CHOICE_CODE.match(named) else usual
    code, number = first, 1
    while code in taken:
        number += 1
        code = f"{first}_{number}"
    return code


def lacking(choices: Sequence[Choice]) -> tuple[CallKind | Disposition, ...]:
    """What agents would miss: a kind of call for which they have no choice at all, and, of calls
    that we place, a choice for customers who don't want to be called again."""
    empty = [kind for kind in CallKind if not offered_for(choices, kind)]
    outbound = offered_for(choices, CallKind.OUTBOUND)
    deaf = outbound and all(one.meaning is not Disposition.DO_NOT_CALL for one in outbound)
    return (*empty, *((Disposition.DO_NOT_CALL,) if deaf else ()))
