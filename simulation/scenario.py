"""A campaign to simulate: lists, times, agents, limit, and changes in the day."""

from math import inf
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from dialer.limit import PRESETS, ClockStart, Limit, QuickHangUp, Window
from simulation.distributions import (
    Constant,
    Distribution,
    Gamma,
    LogNormal,
    Mixture,
    Part,
    Seconds,
    Share,
)
from simulation.talk_script import TalkScript

Hours = Annotated[float, Field(gt=0, le=24, description="hours, more than 0 and at most 24")]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Segment(_Section):
    """Leads of a list that are alike and known to be so."""

    share: float = Field(gt=0, le=1, description="the share of the list's leads, up to 1")
    answer_rate: Share = Field(description="the chance that a person answers, 0 to 1")


class LeadList(_Section):
    """A list of numbers to dial."""

    name: str = Field(pattern=r"^[A-Za-z][\w-]{0,63}$", description="a letter, then letters,"
                      " digits, - and _")  # fmt: skip
    weight: float = Field(1.0, gt=0, description="how often its turn comes, relative to others")
    answer_rate: Share | None = Field(None, description="the chance that a person answers")
    segments: dict[str, Segment] = Field({}, description="instead of answer_rate: each segment by"
                                         " name")  # fmt: skip
    leads: int | None = Field(None, ge=0, description="how many there are; without it, no end")


class Refusals(_Section):
    """How unanswered calls end, other than by ringing out."""

    invalid: Share = Field(0.15, description="the share of dead numbers, which fail at once")
    busy: Share = Field(0.15, description="the share that is busy or refuses")


class TrunkSettings(_Section):
    """What carries the calls, as it truly is, whatever the dialer was told (lines)."""

    lines: int | None = Field(
        None, ge=0, description="calls at once; without it, as many as the dialer was told"
    )
    refused: Share = Field(0.0, description="the share of calls that it refuses on a usual day")


class TrunkFailure(_Section):
    """A time during which the trunk fails. With ``every_s`` it repeats."""

    at_h: float = Field(ge=0, le=24, description="hours after the start")
    last_s: float = Field(gt=0, le=86_400, description="seconds, more than 0")
    every_s: float | None = Field(
        None, ge=1, le=86_400, description="seconds from the beginning of one to that of the next"
    )
    silent: bool = Field(
        False, description="true: calls get no reply; false: they are refused at once"
    )
    cuts_ringing: bool = Field(
        False, description="true: calls that ring when it begins fail; false: they go on"
    )

    def goes_on(self, now: float, *, and_after_s: float = 0.0) -> bool:
        """Return whether it goes on at ``now``, in seconds from the start of the day, or has ended
        within the last ``and_after_s``."""
        since = now - self.at_h * 3_600.0
        return since >= 0.0 and since % (self.every_s or inf) < self.last_s + and_after_s


class Detection(_Section):
    """Answering machine detection."""

    on: bool = Field(False, description="true: listen first to whoever answers")
    seconds: Distribution = Field(
        Gamma(kind="gamma", mean=1.8, shape=6.0), description="how long it listens"
    )
    people_taken_for_machines: Share = Field(
        0.01, description="the true share of the people; limit has what the dialer believes"
    )
    machines_taken_for_people: Share = Field(0.05, description="a share of the machines")


class Breaks(_Section):
    """Agents' breaks."""

    every_s: float = Field(4_500.0, gt=0, description="seconds between two, on average")
    last_s: float = Field(600.0, ge=0, description="how long each is, in seconds")
    announced: bool = Field(True, description="true: the dialer knows that a busy agent wants one")


class PaceSpread(_Section):
    """How much agents differ. Each has a factor for their times, drawn for the day from a lognormal
    distribution of mean 1."""

    wrap_up: float = Field(
        0.0, ge=0, le=2, description="spread of the logarithm of each agent's factor; 0: all alike"
    )
    talk: float = Field(0.0, ge=0, le=2, description="the same for the length of talks")


class Change(_Section):
    """A change from a given hour on."""

    at_h: float = Field(ge=0, le=24, description="hours after the start")
    answer_rate: float | None = Field(None, ge=0, description="times the usual rate")
    talk: float | None = Field(None, gt=0, description="times the usual length")
    agents: int | None = Field(None, ge=0, description="how many are present")
    staff: Share | None = Field(None, description="instead of agents: the share of them that is"
                                " present")  # fmt: skip


class Drift(_Section):
    """Rates and times that wander in steps."""

    steps: int = Field(3, ge=1, le=24, description="steps a day")
    spread: float = Field(0.25, ge=0, le=1, description="of each step's logarithm")


class LimitSettings(_Section):
    """The limit on abandoned calls: a preset, and what differs from it."""

    preset: Literal["uk", "us", "cautious"] | None = Field(None, description="uk, us or cautious")
    share: Share | None = Field(None, description="the share, 0 to 1")
    clock: ClockStart | None = Field(None, description="answer, speech or greeting_end")
    hard_stop: bool | None = Field(
        None, description="true: no call without a free agent once the limit is used up"
    )
    grace_s: Seconds | None = Field(None, description="seconds a person may wait")
    people_taken_for_machines: float | None = Field(
        None, ge=0, lt=1, description="with detection: estimated share of the people whom it takes"
        " for machines, 0 or more and less than 1"
    )  # fmt: skip
    machines_abandoned: Share | None = Field(
        None, description="without detection: estimated share of machines among the abandoned"
    )
    windows: tuple[Window, ...] | None = Field(
        None, description="a list of day, sliding_24h and days_30"
    )
    quick_hang_up: QuickHangUp | None = Field(
        None, description="how to count a customer who hangs up within the grace period"
    )
    min_ring_s: Seconds | None = Field(None, description="seconds to let it ring before we hang up")
    early_cut_counts: bool | None = Field(
        None, description="true: a call we hang up before min_ring_s counts as abandoned"
    )

    def limit(self) -> Limit:
        """Return the limit in the form the dialer uses."""
        base = PRESETS[self.preset] if self.preset else Limit()
        given = self.model_dump(exclude={"preset"}, exclude_none=True)
        fields = {name: getattr(base, name) for name in Limit.__dataclass_fields__}
        return Limit(**{**fields, **given})


class PolicySettings(_Section):
    """A policy under a name of its own, with its options."""

    policy: str = Field(description="the name of a registered policy")
    options: dict[str, Any] = Field({}, description="the policy's options by name")
    hard_stop: bool | None = Field(None, description="for this policy only")


_TALK = Mixture(
    kind="mixture",
    parts=[
        Part(share=0.5, of=Gamma(kind="gamma", mean=20.0, shape=2.0)),
        Part(share=0.5, of=LogNormal(kind="lognormal", mean=150.0, sd=120.0)),
    ],
)


class Scenario(_Section):
    """One campaign's day. Whatever is not given is as in the standard world of docs/pacing.md."""

    campaign: str = Field(
        "standard", min_length=1, max_length=80, description="a name for the tables"
    )
    hours: Hours = 8.0
    starts_at_h: float = Field(9.0, ge=0, lt=24, description="the hour of the day when it begins")
    agents: int = Field(20, ge=0, le=5_000, description="a number of agents")
    lines: int = Field(1_000_000, ge=0, description="calls at once, including talks")
    calls_per_second: float | None = Field(None, gt=0, description="calls per second at most")
    limit: LimitSettings = LimitSettings()
    lists: list[LeadList] = Field(
        [LeadList(name="leads", answer_rate=0.3)], min_length=1, description="a list of lists"
    )
    machines: Share = Field(0.0, description="the share of dialled numbers that a machine answers")
    delay: Distribution = Field(
        Gamma(kind="gamma", mean=2.5, shape=2.0), description="seconds from dialling to ringing"
    )
    ring: Distribution = Field(
        LogNormal(kind="lognormal", mean=9.0, sd=5.0),
        description="seconds of ringing before the answer",
    )
    hang_up: Distribution = Field(
        Constant(kind="constant", value=0.0),
        description="seconds until the switch hangs up a ringing call that it is ordered to",
    )
    ring_at_most_s: float = Field(24.0, gt=0, description="seconds of ringing before giving up")
    refusals: Refusals = Refusals()
    trunk: TrunkSettings = TrunkSettings()
    failures: list[TrunkFailure] = Field(
        [], max_length=100, description="a list of times at which the trunk fails, at most 100;"
        " one that repeats needs only every_s"
    )  # fmt: skip
    talk: Distribution = Field(_TALK, description="seconds of talk")
    script: TalkScript | None = Field(None, description="instead of talk: stages that talks pass")
    machine_talk: Distribution = Field(
        Constant(kind="constant", value=6.0), description="seconds until an agent leaves a machine"
    )
    wrap_up: Distribution = Field(
        Gamma(kind="gamma", mean=15.0, shape=2.0), description="seconds of after-call work"
    )
    patience: Distribution = Field(
        Constant(kind="constant", value=2.0), description="seconds a person waits for an agent"
    )
    detection: Detection = Detection()
    breaks: Breaks | None = Field(Breaks(), description="agents' breaks; null: none")
    paces: PaceSpread = PaceSpread()
    drift: Drift | None = Field(None, description="rates and times that wander")
    changes: list[Change] = Field([], description="a list of changes, each with at_h")
    policies: dict[str, PolicySettings] = Field({}, description="policies by name, with options")
