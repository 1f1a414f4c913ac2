"""What the agents of a project choose from when a call is over: the choices, and what each means.

Ops name the choices in their own words, and give them sub-reasons; what becomes of the customer
depends on a choice's meaning alone. A choice is retired, never removed, so that what was chosen
once keeps its name.
"""

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from campaigns.campaign import A_YEAR_S
from campaigns.dispositions import Disposition

CHOICE_CODE = re.compile(r"^[a-z0-9][a-z0-9_-]{0,39}$")
MOST_CHOICES = 60
MOST_SUB_REASONS = 60


class CallKind(StrEnum):
    """Which calls a choice is for."""

    OUTBOUND = "outbound"  # we called
    INBOUND = "inbound"


INBOUND_ONLY = frozenset((Disposition.RESOLVED, Disposition.UNRESOLVED))
"""Meanings that calls of campaigns can't have."""
OUTBOUND_ONLY = frozenset(
    (Disposition.DUPLICATE, Disposition.NOT_NOW, Disposition.WRONG_NUMBER),
)


class SubReason(BaseModel):
    """A finer reason within a choice. ``titles``: by language."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str = Field(pattern=CHOICE_CODE.pattern)
    titles: Mapping[str, str]
    retired: bool = False


class Choice(BaseModel):
    """One of the buttons at the desk. ``titles``: by language; without one of the user's
    language it is shown in another."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str = Field(pattern=CHOICE_CODE.pattern)
    titles: Mapping[str, str]
    meaning: Disposition
    kinds: tuple[CallKind, ...] = (CallKind.OUTBOUND, CallKind.INBOUND)
    again_after_s: float | None = Field(None, ge=0, le=A_YEAR_S)
    """Of NOT_NOW: how long after the call the customer is called again, in seconds; None: the
    campaign's gap."""
    sub_reasons: tuple[SubReason, ...] = Field((), max_length=MOST_SUB_REASONS)
    retired: bool = False

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if not self.kinds:
            raise ValueError("kinds: expected outbound, inbound or both")
        if self.meaning in INBOUND_ONLY and CallKind.OUTBOUND in self.kinds:
            raise ValueError(f"kinds: {self.meaning.value} is for inbound calls only")
        if self.meaning in OUTBOUND_ONLY and CallKind.INBOUND in self.kinds:
            raise ValueError(f"kinds: {self.meaning.value} is for outbound calls only")
        if not any(title.strip() for title in self.titles.values()):
            raise ValueError("titles: expected a title in at least one language")
        if len({sub.code for sub in self.sub_reasons}) != len(self.sub_reasons):
            raise ValueError("sub_reasons: a code is there twice")
        return self

    def sub_reason(self, code: str) -> SubReason | None:
        """The sub-reason of this code, retired or not."""
        return next((sub for sub in self.sub_reasons if sub.code == code), None)


CHOICES = TypeAdapter(tuple[Choice, ...])
"""Reads and writes a project's choices."""


def choice_of(choices: Sequence[Choice], code: str | None) -> Choice | None:
    """The choice of this code, retired or not."""
    return next((choice for choice in choices if choice.code == code), None)


def offered_for(choices: Sequence[Choice], kind: CallKind) -> tuple[Choice, ...]:
    """Those that an agent can choose after a call of this kind, in their order."""
    return tuple(choice for choice in choices if kind in choice.kinds and not choice.retired)


def title_in(titles: Mapping[str, str], language: str) -> str:
    """The title in this language, or else in any."""
    return titles.get(language) or next((title for title in titles.values() if title), "")


def _usual(
    code: str,
    chinese: str,
    english: str,
    meaning: Disposition,
    *kinds: CallKind,
    subs: Sequence[tuple[str, str, str]] = (),
) -> Choice:
    return Choice(
        code=code,
        titles={"zh-CN": chinese, "en": english},
        meaning=meaning,
        kinds=kinds or (CallKind.OUTBOUND, CallKind.INBOUND),
        sub_reasons=tuple(
            SubReason(code=sub, titles={"zh-CN": zh, "en": en}) for sub, zh, en in subs
        ),
    )


USUAL: tuple[Choice, ...] = (
    _usual("success", "成功", "Success", Disposition.SUCCESS, CallKind.OUTBOUND),
    _usual("appointment", "已预约", "Appointment", Disposition.APPOINTMENT),
    _usual(
        "refused",
        "已拒绝",
        "Refused",
        Disposition.REFUSED,
        CallKind.OUTBOUND,
        subs=(
            ("no_need", "不需要", "No need"),
            ("price", "价格", "Price"),
            ("has_other", "已有同类产品", "Has another product"),
            ("no_talk", "不愿沟通", "Won't talk"),
        ),
    ),
    _usual("callback", "约定回拨", "Callback", Disposition.CALLBACK),
    _usual("not_now", "暂不方便", "Not now", Disposition.NOT_NOW, CallKind.OUTBOUND),
    _usual("wrong_number", "号码有误", "Wrong number", Disposition.WRONG_NUMBER, CallKind.OUTBOUND),
    _usual(
        "duplicate",
        "此前已呼叫过",
        "Called for this before",
        Disposition.DUPLICATE,
        CallKind.OUTBOUND,
    ),
    _usual("resolved", "已解决", "Resolved", Disposition.RESOLVED, CallKind.INBOUND),
    _usual("unresolved", "待跟进", "To be followed up", Disposition.UNRESOLVED, CallKind.INBOUND),
    _usual("do_not_call", "不愿再接到来电", "Doesn't want to be called", Disposition.DO_NOT_CALL),
)
"""The choices of a project whose ops have not made their own."""
