"""What a campaign is: its settings, their limits, and the states it goes through. Pure."""

import re
from dataclasses import replace
from datetime import date, time
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from dialer import rules
from dialer.limit import ClockStart, Limit
from dialer.policies import load_policies
from domain.reasons import Cause

A_YEAR_S = 366 * 86_400.0
"""The longest of a campaign's periods: a longer one would be a slip of the keyboard."""
GREETED_S = 0.8
"""So long after a greeting machine detection finds that it is over (amd.conf)."""
CAMPAIGN_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


class Mode(StrEnum):
    """How a campaign's numbers are dialled, and for whom."""

    PREVIEW = "preview"  # the agent sees the lead first, and dials or skips it
    PROGRESSIVE = "progressive"  # one number for each free agent
    POWER = "power"  # ``ratio`` numbers for each free agent
    PREDICTIVE = "predictive"  # as many as the policy foresees
    AGENTLESS = "agentless"  # whoever answers hears a notice or enters a flow; no agent
    MANUAL = "manual"  # an agent dials by hand; a mode of attempts, not of campaigns
    CALLBACK = "callback"  # the customer asked to be called; another mode of attempts
    TEST = "test"  # a test call; as well a mode of attempts alone, and no figure counts it


MAY_ABANDON = frozenset((Mode.PROGRESSIVE, Mode.POWER, Mode.PREDICTIVE))
"""The modes in which a customer may answer while no agent is free."""


class CampaignState(StrEnum):
    """Where a campaign is; ``campaigns.campaign.NEXT`` says what may follow."""

    DRAFT = "draft"
    RUNNING = "running"
    PAUSED = "paused"  # nothing new is dialled; calls that ring go on, or are cut
    DRAINING = "draining"  # as paused, and stopped once the last call is over
    STOPPED = "stopped"


NEXT: dict[CampaignState, frozenset[CampaignState]] = {
    CampaignState.DRAFT: frozenset((CampaignState.RUNNING,)),
    CampaignState.RUNNING: frozenset(
        (CampaignState.PAUSED, CampaignState.DRAINING, CampaignState.STOPPED)
    ),
    CampaignState.PAUSED: frozenset(
        (CampaignState.RUNNING, CampaignState.DRAINING, CampaignState.STOPPED)
    ),
    CampaignState.DRAINING: frozenset((CampaignState.RUNNING, CampaignState.STOPPED)),
    CampaignState.STOPPED: frozenset((CampaignState.RUNNING,)),
}
"""From each state, those that may follow."""


class CallingHours(BaseModel):
    """Hours on some days of the week. They may pass midnight; ``end`` 00:00 is the end of the
    day."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    days: tuple[int, ...] = Field(min_length=1, description="0 is Monday, 6 is Sunday")
    start: time
    end: time


class CampaignSettings(BaseModel):
    """All that ops set for a campaign. Times are in seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = Field(min_length=1, max_length=200)
    mode: Mode = Mode.PREDICTIVE
    queue: str | None = None
    """Whose agents, ring time and after-call time are the campaign's; None: agentless."""
    flow: str | None = Field(None, max_length=80)
    """Of ``agentless``: the flow that whoever answers enters. Its queue nodes that name no queue
    lead to the campaign's. None: they hear the message."""
    policy: str = "foresight"
    """Of ``predictive``: the name of a policy in ``dialer.policies``."""
    ratio: float = Field(1.5, ge=1, le=10)
    """Of ``power``: numbers for each free agent."""
    rules: str = "cautious"
    """The name of a preset in ``dialer.rules``."""
    share: float | None = Field(None, ge=0, le=1)
    """The largest share that may be abandoned; None: the preset's. More than the rules allow is
    refused (``campaigns.rule_faults``)."""
    grace_s: float | None = Field(None, ge=0, le=10)
    """None: the preset's, and no longer, as with ``share``."""
    preview_s: float = Field(60.0, ge=10, le=3_600)
    """Of ``preview``: how long an agent may look at a customer."""
    preview_end: Literal["give_back", "dial"] = "give_back"
    """Of ``preview``: what comes then. An agent whose customer is given back is away."""
    by_hand: bool = False
    """Whether agents who serve its queue may dial numbers by hand as it does: on its line, with its
    caller id, by its calling rules."""
    detection: bool = False
    """Whether what picks up is listened to, and machines are hung up on."""
    people_taken_for_machines: float | None = Field(None, ge=0, lt=0.5)
    """The estimated share of the people who answer that detection hangs up on; they are abandoned,
    and nobody sees them (docs/pacing.md)."""
    alarm_shares: tuple[float, ...] = Field((0.83, 0.93), max_length=5)
    """At which parts of the limit a warning is shown: 2.5 and 2.8 of 3 %."""
    line: str
    lines: int = Field(30, ge=1, le=10_000)
    """At most so many calls at once."""
    lines_for_inbound: int = Field(0, ge=0, le=10_000)
    """So many of the line's channels are left free."""
    calls_per_second: float = Field(5.0, gt=0, le=100)
    caller_id: str | None = Field(None, pattern=r"^\+?[0-9]{3,20}$")
    """What customers see; None: the line's."""
    ring_s: float = Field(25.0, ge=15, le=120)
    priority: int = Field(-1, ge=-1_000, le=1_000)
    """Of its customers against the queue's callers; negative: inbound first."""
    agents_for_inbound: int = Field(0, ge=0, le=1_000)
    """So many of the agents are not planned with."""
    most_attempts: int = Field(3, ge=1, le=50)
    """For each lead, over all its numbers."""
    gap_s: float = Field(7_200.0, ge=0, le=A_YEAR_S)
    """Between two attempts of a lead."""
    gap_after_s: dict[Cause, Annotated[float, Field(ge=0, le=A_YEAR_S)]] = {}
    """The gap after an attempt that ended so, where it is another."""
    overdue_s: float = Field(129_600.0, ge=0, le=A_YEAR_S)
    """So long after the last attempt a lead goes first."""
    callback_tries: int = Field(3, ge=1, le=20)
    """How often a customer who asked to be called back is tried."""
    callback_again_s: float = Field(900.0, ge=60, le=A_YEAR_S)
    """So long after one who wasn't reached the next try is due."""
    callback_to_team_s: float = Field(900.0, ge=0, le=A_YEAR_S)
    """So long after its time an agent's own callback is anybody's of the team."""
    number_gap_s: float = Field(7_200.0, ge=0, le=A_YEAR_S)
    """Between two calls to a number, whoever places them."""
    hours: tuple[CallingHours, ...] = ()
    """When customers may be called, by their own clock; none: whenever the rules allow."""
    runs: tuple[CallingHours, ...] = ()
    """When it dials while it is running, by the centre's clock; none: at any time."""
    first_day: date | None = None
    """Before this day, by the centre's calendar, a running campaign waits."""
    last_day: date | None = None
    """After this day it lets its calls end, and is stopped."""
    closed_on: tuple[date, ...] = Field((), max_length=1_000)
    """Days on which nobody is dialled, by the customer's calendar and by the centre's."""
    calendar: str | None = Field(None, max_length=80)
    """A calendar of the centre; its days off are such days, too."""
    message: dict[str, str] = {}
    """What a customer hears for whom no agent is free, by language: who called, a number to call
    back, and the key of ``opt_out_key``. In an agentless campaign each customer hears
    it; if that has a flow, only those whose call no controller takes."""
    opt_out_key: str = Field("9", pattern=r"^[0-9*#]?$")
    """Empty: no key."""
    opt_out_of: Literal["project", "centre"] = "project"

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.rules not in rules.PRESETS:
            raise ValueError(f"rules: {self.rules!r} is not one of {', '.join(rules.PRESETS)}")
        if self.mode is Mode.MANUAL:
            raise ValueError("mode: a campaign can't be manual; agents dial by hand without one")
        if self.mode is Mode.CALLBACK:
            raise ValueError("mode: every campaign calls back whom its agents have promised it")
        if self.mode is Mode.TEST:
            raise ValueError("mode: a campaign can't be a test; test calls are placed on its page")
        if self.first_day and self.last_day and self.last_day < self.first_day:
            raise ValueError("last_day: it is before the first day")
        if any(not 0 < part < 1 for part in self.alarm_shares):
            raise ValueError("alarm_shares: expected parts of the limit, between 0 and 1")
        if self.mode is Mode.AGENTLESS:
            self._may_be_agentless()
        elif self.queue is None:
            raise ValueError("queue: expected the name of one of the project's queues")
        if self.detection:
            self._may_detect()
        if self.policy not in load_policies():
            known = ", ".join(sorted(load_policies()))
            raise ValueError(f"policy: {self.policy!r} is not one of {known}")
        return self

    def _may_be_agentless(self) -> None:
        if not self.message:
            raise ValueError("message: expected what customers hear in a campaign without agents")
        if self.by_hand:
            raise ValueError("by_hand: a campaign without agents has nobody who dials")

    def _may_detect(self) -> None:
        if self.mode is Mode.PREVIEW:
            raise ValueError(
                "mode: an agent who previews a customer hears by themselves what picks up; switch"
                " detection off"
            )
        if rules.PRESETS[self.rules].limit.clock is not ClockStart.GREETING_END:
            raise ValueError(
                f"detection: by the rules {self.rules!r} the time in which a customer must get an"
                " agent begins before their greeting is over, and detection listens until then;"
                " switch it off, or choose rules that count from the greeting's end (us)"
            )
        if self.people_taken_for_machines is None:
            raise ValueError(
                "people_taken_for_machines: expected with detection: the share of the people who"
                " answer that it takes for machines, from listening to some hundred recordings of"
                " calls that it ended"
            )

    @property
    def limit(self) -> Limit:
        """The preset's limit, with what the campaign sets itself."""
        limit = rules.PRESETS[self.rules].limit
        if self.share is not None:
            limit = replace(limit, share=self.share)
        if self.grace_s is not None:
            limit = replace(limit, grace_s=self.grace_s)
        if self.detection:
            # The clock of those rules starts when a greeting is over, and detection says so later.
            limit = replace(
                limit,
                grace_s=max(0.0, limit.grace_s - GREETED_S),
                people_taken_for_machines=self.people_taken_for_machines,
            )
        return limit
