"""What the agents of a project choose from when they skip a customer whom they look at.

Whatever they choose, the customer is shown again after the campaign's gap between attempts
(``campaigns.lead_skips``).
"""

from collections.abc import Iterable

from pydantic import TypeAdapter

from campaigns.disposition_choices import SubReason
from campaigns.lead_skips import SkipReason

MOST_SKIPS = 30


class SkipChoice(SubReason):
    """A reason to skip a customer."""

    needs_note: bool = False
    """Whether the agent has to say more."""


SKIP_CHOICES = TypeAdapter(tuple[SkipChoice, ...])
"""Reads and writes a project's reasons to skip."""

Skips = tuple[SkipChoice, ...]


def _usual(reason: SkipReason, chinese: str, english: str, *, note: bool = False) -> SkipChoice:
    titles = {"zh-CN": chinese, "en": english}
    return SkipChoice(code=reason.value, titles=titles, needs_note=note)


USUAL_SKIPS: Skips = (
    _usual(SkipReason.LATER, "换个时间更合适", "Better at another time"),
    _usual(SkipReason.UNSUITABLE, "不适合本任务", "Not one for this campaign"),
    _usual(SkipReason.WRONG_DATA, "资料有误", "The data can't be right"),
    _usual(SkipReason.KNOWN, "已办理，或由他人跟进", "Done already, or somebody else does it"),
    _usual(SkipReason.OTHER, "其他原因，见备注", "Another reason, see the note", note=True),
)
"""The reasons of a project whose ops have not made their own."""


def skip_of(skips: Iterable[SkipChoice], code: str) -> SkipChoice | None:
    """The reason of this code, retired or not."""
    return next((skip for skip in skips if skip.code == code), None)
