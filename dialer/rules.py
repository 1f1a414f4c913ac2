"""Whom one may dial when, what must be said to whom is let go, and what is kept.

Pure data with presets; what is counted against a share is ``dialer.limit``, and each preset holds
the matching one. The sources are those of docs/pacing.md: FTC 16 CFR 310.4(b)(4) and FCC 47 CFR
64.1200(a)(6),(7) for the US, Ofcom's statements on persistent misuse (2010, 2017) for the UK,
carriers' terms for China. A centre's counsel confirms the texts.

Civil time is an argument: an aware datetime in the called party's own zone.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum

from dialer import limit
from dialer.limit import Limit


class PastOutcome(StrEnum):
    """What became of an earlier call to the same number."""

    NOBODY = "nobody"  # busy, no answer, dead number
    MACHINE = "machine"
    ABANDONED = "abandoned"
    SPOKEN = "spoken"  # somebody talked with him: an effective call


@dataclass(frozen=True, slots=True)
class Past:
    """An earlier call to the same number, by whichever campaign. ``at`` knows its zone."""

    at: datetime
    outcome: PastOutcome


@dataclass(frozen=True, slots=True)
class Quiet:
    """Nobody is dialled from ``start`` until ``end``, at the called party; may pass midnight."""

    start: time
    end: time

    def holds(self, local: time) -> bool:
        """It is quiet time."""
        if self.start <= self.end:
            return self.start <= local < self.end
        return local >= self.start or local < self.end

    def over_at(self, local: datetime) -> datetime:
        """When the quiet time that holds now is over."""
        passes_midnight = self.start > self.end and local.time() >= self.start
        day = local.date() + timedelta(days=1 if passes_midnight else 0)
        return datetime.combine(day, self.end, local.tzinfo)


@dataclass(frozen=True, slots=True)
class AtMost:
    """So many calls to one number within a time; ``within`` None: within its local day."""

    calls: int
    within: timedelta | None
    effective: bool = False
    """Only calls in which somebody talked are counted."""

    def __post_init__(self) -> None:
        if self.calls < 1:
            raise ValueError(f"at_most.calls is {self.calls}; expected 1 or more")


class MessagePart(StrEnum):
    """What a message to whom is let go must tell."""

    NAME = "name"
    NUMBER = "number"
    PURPOSE = "purpose"
    OPT_OUT = "opt_out"  # an automated one: by a key, there and then
    OPT_OUT_NUMBER = "opt_out_number"


@dataclass(frozen=True, slots=True)
class AbandonMessage:
    """The recorded message to a person for whom there is no agent."""

    within_s: float
    """After the limit's clock has started."""
    must_say: frozenset[MessagePart]
    may_sell: bool = False

    def faults(
        self, said: Collection[MessagePart], *, sells: bool, after_s: float
    ) -> tuple[str, ...]:
        """What is wrong with a message that says this and begins so late; nothing if it is right.

        ``after_s``: seconds from the clock's start to the message's.
        """
        faults = [
            f"doesn't say {each.value}" for each in MessagePart if each in self.must_say - set(said)
        ]
        if sells and not self.may_sell:
            faults.append("sells something")
        if after_s > self.within_s:
            faults.append(f"begins after {after_s:g} s, at most {self.within_s:g} s are allowed")
        return tuple(faults)


class Kept(StrEnum):
    """What must be on record of a call."""

    OUTCOME = "outcome"  # enough to show the share of abandoned calls
    NUMBERS = "numbers"  # who called whom
    TIMES = "times"
    RECORDING = "recording"
    CONSENT = "consent"  # the proof of it


@dataclass(frozen=True, slots=True)
class Records:
    """What is kept of each call, and for how long at least."""

    what: frozenset[Kept]
    at_least: timedelta

    def may_go(self, made: datetime, now: datetime) -> bool:
        """A record of this age need not be kept any longer."""
        return _aware(now) - _aware(made) >= self.at_least


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules of a place; each a setting of a project."""

    limit: Limit
    message: AbandonMessage
    records: Records
    quiet: tuple[Quiet, ...] = ()
    """Each of them holds; a project adds the rest hours of its own."""
    agent_after_abandoned: timedelta = timedelta(0)
    """So long after an abandoned call only with an agent kept for him."""
    agent_after_machine: bool = False
    """After detection took him for a machine, the same local day only with an agent kept."""
    at_most: tuple[AtMost, ...] = ()
    needs_consent: bool = False


@dataclass(frozen=True, slots=True)
class Allowed:
    """Dial."""


@dataclass(frozen=True, slots=True)
class OnlyWithAgent:
    """Dial only when an agent is free and kept for him (``dialer.facts.Lead.guaranteed``)."""

    reason: str
    until: datetime


@dataclass(frozen=True, slots=True)
class NotAllowed:
    """Don't dial before ``until``, and ask again then; None: not at all."""

    reason: str
    until: datetime | None


def may_dial(
    history: Collection[Past], local_time: datetime, rules: Rules, *, consent: bool = False
) -> Allowed | OnlyWithAgent | NotAllowed:
    """Whether this number may be dialled now.

    ``local_time`` is the called party's. Raises ValueError for a time without a zone.
    """
    now = _aware(local_time)
    if rules.needs_consent and not consent:
        return NotAllowed("no consent is on record", None)
    refused = [*_quiet(rules.quiet, local_time), *_too_often(rules.at_most, history, local_time)]
    if refused:
        until, reason = max(refused)
        return NotAllowed(reason, until.astimezone(local_time.tzinfo))
    kept: list[tuple[datetime, str]] = []
    for past in history:
        at = _aware(past.at)
        if past.outcome is PastOutcome.ABANDONED and now < at + rules.agent_after_abandoned:
            hours = rules.agent_after_abandoned / timedelta(hours=1)
            kept.append((at + rules.agent_after_abandoned, f"abandoned within {hours:g} h"))
        elif past.outcome is PastOutcome.MACHINE and rules.agent_after_machine:
            midnight = _next_midnight(past.at.astimezone(local_time.tzinfo))
            if now < midnight:
                kept.append((midnight, "taken for a machine today"))
    if kept:
        until, reason = max(kept)
        return OnlyWithAgent(reason, until.astimezone(local_time.tzinfo))
    return Allowed()


def _quiet(quiet: Collection[Quiet], local: datetime) -> list[tuple[datetime, str]]:
    return [
        (each.over_at(local).astimezone(UTC), f"quiet from {each.start:%H:%M} to {each.end:%H:%M}")
        for each in quiet
        if each.holds(local.time())
    ]


def _too_often(
    at_most: Collection[AtMost], history: Collection[Past], local: datetime
) -> list[tuple[datetime, str]]:
    now, refused = _aware(local), []
    for each in at_most:
        # Instants, not wall clocks: a day of a clock change has 23 or 25 hours.
        ends = sorted(
            _next_midnight(past.at.astimezone(local.tzinfo))
            if each.within is None
            else _aware(past.at) + each.within
            for past in history
            if past.outcome is PastOutcome.SPOKEN or not each.effective
        )
        if sum(end > now for end in ends) >= each.calls:
            kind = "effective calls" if each.effective else "calls"
            span = "a day" if each.within is None else f"within {_words(each.within)}"
            refused.append((ends[-each.calls], f"{each.calls} {kind} {span} already"))
    return refused


def _words(span: timedelta) -> str:
    hours, minutes = span / timedelta(hours=1), span / timedelta(minutes=1)
    return f"{hours:g} h" if hours >= 1 else f"{minutes:g} min"


def _next_midnight(local: datetime) -> datetime:
    midnight = datetime.combine(local.date() + timedelta(days=1), time(), local.tzinfo)
    return midnight.astimezone(UTC)


def _aware(at: datetime) -> datetime:
    if at.utcoffset() is None:
        raise ValueError(f"{at.isoformat()} has no zone; expected the called party's")
    return at.astimezone(UTC)


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
"""FTC 16 CFR 310.4(b)(4): a prompt recorded message with name and number; records (310.5), five
years. FCC 47 CFR 64.1200(a)(7): its purpose and an automated opt-out. 310.4(c), 64.1200(c)(1):
08:00 to 21:00 at the called party."""

UK = Rules(
    limit=limit.UK,
    message=AbandonMessage(2.0, frozenset({MessagePart.NAME, MessagePart.OPT_OUT_NUMBER})),
    records=Records(_SHARE, timedelta(days=184)),
    agent_after_abandoned=timedelta(hours=72),
    agent_after_machine=True,
)
"""Ofcom, persistent misuse (2010; the 2017 statement takes no share for safe): a message within 2 s
with identity and a number to opt out, and no marketing; for 72 h after an abandoned call, and the
same day after "machine", only with a guaranteed agent. Records are to be kept: docs/pacing.md names
no time, half a year is taken here. No text gives hours: a project sets its own."""

CN = Rules(
    limit=limit.CAUTIOUS,
    message=AbandonMessage(2.0, _CALLER),
    records=Records(
        frozenset({Kept.RECORDING, Kept.NUMBERS, Kept.TIMES, Kept.CONSENT}), timedelta(days=30)
    ),
    quiet=(_EVENING,),
    at_most=_CHINA_OFTEN,
    needs_consent=True,
)
"""China, licensed centres and carriers' terms: consent, 08:00 to 21:00, at most 5 calls a callee in
24 h and 3 in 5 minutes; recording, numbers, times and proof of consent at least 30 days. No text
has a share of abandoned calls or a message: the cautious limit and a short message are taken."""

CN_DEBT = Rules(
    limit=CN.limit,
    message=CN.message,
    records=CN.records,
    quiet=(*CN.quiet, Quiet(time(22), time(8))),
    at_most=(*CN.at_most, AtMost(3, None, effective=True)),
)
"""China, debt collection: at most 3 effective calls a day and none 22:00 to 08:00, beside the
carriers' terms. It is no commercial call: consent is not asked for."""

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
"""The strictest of all at every point."""

PRESETS: Mapping[str, Rules] = {
    "us": US, "uk": UK, "cn": CN, "cn_debt": CN_DEBT, "cautious": CAUTIOUS,
}  # fmt: skip
