"""The rules on who may be dialled when, the message to abandoned persons, and records to keep.

This is pure data with presets; ``dialer.lead_rules`` judges by them. The share of abandoned calls
is counted in ``dialer.limit``, and each preset holds the matching limit. The sources are FTC 16 CFR
310.4(b)(4) and FCC 47 CFR 64.1200(a)(6),(7) for the US, Ofcom's statements on persistent misuse
(2010, 2017) for the UK, carriers' terms for China. A centre's counsel confirms the texts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum

from dialer import limit
from dialer.calling_times import Quiet, in_utc
from dialer.limit import Limit


class PastOutcome(StrEnum):
    """The outcome of an earlier call to the same number.

    A call that a trunk did not carry (``Cause.of_trunk``) has none, unless it rang: no rule counts
    it. The rules on frequency are there for the customer, whose phone never rang, and a trunk that
    fails must not use up a lead.
    """

    NOBODY = "nobody"  # busy, no answer, dead number
    MACHINE = "machine"
    ABANDONED = "abandoned"
    SPOKEN = "spoken"  # somebody talked with them: an effective call


@dataclass(frozen=True, slots=True)
class Past:
    """An earlier call to the same number, by any campaign. ``at`` has a time zone."""

    at: datetime
    outcome: PastOutcome


@dataclass(frozen=True, slots=True)
class AtMost:
    """The most calls to one number within a period; ``within`` None: within its local day."""

    calls: int
    within: timedelta | None
    effective: bool = False
    """Count only calls in which somebody talked."""

    def __post_init__(self) -> None:
        if self.calls < 1:
            raise ValueError(f"at_most.calls is {self.calls}; expected 1 or more")


class MessagePart(StrEnum):
    """What the message to an abandoned person must say."""

    NAME = "name"
    NUMBER = "number"
    PURPOSE = "purpose"
    OPT_OUT = "opt_out"  # an automated one: by a key, there and then
    OPT_OUT_NUMBER = "opt_out_number"


@dataclass(frozen=True, slots=True)
class AbandonMessage:
    """The recorded message to a person for whom no agent is free."""

    within_s: float
    """How soon it must begin, in seconds after the limit's clock starts."""
    must_say: frozenset[MessagePart]
    """None of them lets it sell something. Only a person can tell whether a text does; whether
    there is a key for OPT_OUT is checked (``campaigns.rule_faults``)."""


class Kept(StrEnum):
    """What must be kept on record about a call."""

    OUTCOME = "outcome"  # enough to show the share of abandoned calls
    NUMBERS = "numbers"  # who called whom
    TIMES = "times"
    RECORDING = "recording"
    CONSENT = "consent"  # the proof of it


@dataclass(frozen=True, slots=True)
class Records:
    """What is kept about each call, and for how long at least."""

    what: frozenset[Kept]
    at_least: timedelta

    def may_go(self, made: datetime, now: datetime) -> bool:
        """Return whether a record of this age need not be kept any longer."""
        return in_utc(now) - in_utc(made) >= self.at_least


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules of a jurisdiction; each is a setting of a project."""

    limit: Limit
    message: AbandonMessage
    records: Records
    quiet: tuple[Quiet, ...] = ()
    """All of them apply; a project adds quiet times of its own."""
    agent_after_abandoned: timedelta = timedelta(0)
    """How long after an abandoned call the number may be dialled only with a reserved agent."""
    agent_after_machine: bool = False
    """Whether, after detection reported a machine, the number may be dialled on the same local day
    only with a reserved agent."""
    at_most: tuple[AtMost, ...] = ()
    needs_consent: bool = False
    limit_by_text: bool = True
    """Whether a text sets the limit's share and grace. If none does, they are our advice, and a
    campaign may choose others."""

    @property
    def most_grace_s(self) -> float:
        """The longest that a person may wait for an agent, so that the message is in time, too."""
        return min(self.limit.grace_s, self.message.within_s)


_EVENING = Quiet(time(21), time(8))
_CALLER = frozenset({MessagePart.NAME, MessagePart.NUMBER})
_SHARE = frozenset({Kept.OUTCOME, Kept.NUMBERS, Kept.TIMES})
_CHINA_OFTEN = (AtMost(5, timedelta(hours=24)), AtMost(3, timedelta(minutes=5)))
_FIVE_YEARS = timedelta(days=5 * 366)

US = Rules(
    limit=limit.US,
    message=AbandonMessage(2.0, _CALLER | {MessagePart.PURPOSE, MessagePart.OPT_OUT}),
    records=Records(_SHARE, _FIVE_YEARS),
    quiet=(_EVENING,),
)
"""FTC 16 CFR 310.4(b)(4): a prompt recorded message with name and number; records (310.5) for five
years. FCC 47 CFR 64.1200(a)(7): the purpose and an automated opt-out. 310.4(c), 64.1200(c)(1):
08:00 to 21:00 in the called party's zone."""

UK = Rules(
    limit=limit.UK,
    message=AbandonMessage(2.0, frozenset({MessagePart.NAME, MessagePart.OPT_OUT_NUMBER})),
    records=Records(_SHARE, timedelta(days=184)),
    agent_after_abandoned=timedelta(hours=72),
    agent_after_machine=True,
)
"""Ofcom, persistent misuse (2010; the 2017 statement regards no share as safe): a message within
2 s with identity and a number to opt out, and no marketing; for 72 h after an abandoned call, and
on the same day after "machine", only with a guaranteed agent. Records must be kept; we know of no
period, so we use half a year. No text gives hours: a project sets its own."""

CN = Rules(
    limit=limit.CAUTIOUS,
    message=AbandonMessage(2.0, _CALLER),
    records=Records(
        frozenset({Kept.RECORDING, Kept.NUMBERS, Kept.TIMES, Kept.CONSENT}), timedelta(days=30)
    ),
    quiet=(_EVENING,),
    at_most=_CHINA_OFTEN,
    needs_consent=True,
    limit_by_text=False,
)
"""China, licensed centres and carriers' terms: consent, 08:00 to 21:00, at most 5 calls per callee
in 24 h and 3 in 5 minutes; recording, numbers, times and proof of consent kept at least 30 days. No
text sets a share of abandoned calls or a message: we use the cautious limit and a short message."""

CN_DEBT = Rules(
    limit=CN.limit,
    message=CN.message,
    records=CN.records,
    quiet=(*CN.quiet, Quiet(time(22), time(8))),
    at_most=(*CN.at_most, AtMost(3, None, effective=True)),
    limit_by_text=False,
)
"""China, debt collection: at most 3 effective calls a day and none from 22:00 to 08:00, in addition
to the carriers' terms. It is not a commercial call, so consent is not required."""

CAUTIOUS = Rules(
    limit=limit.CAUTIOUS,
    message=AbandonMessage(2.0, frozenset(MessagePart)),
    records=Records(frozenset(Kept), _FIVE_YEARS),
    quiet=(_EVENING,),
    agent_after_abandoned=timedelta(hours=72),
    agent_after_machine=True,
    at_most=(*_CHINA_OFTEN, AtMost(3, None, effective=True)),
    needs_consent=True,
)
"""The strictest of all on every point."""

PRESETS: Mapping[str, Rules] = {
    "us": US, "uk": UK, "cn": CN, "cn_debt": CN_DEBT, "cautious": CAUTIOUS,
}  # fmt: skip
