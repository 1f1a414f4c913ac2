"""What an agent's desk sees and asks of calls that are placed for that agent."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from domain.identity import AgentCode, CampaignName, ProjectName
from domain.reasons import Cause


class DialStep(StrEnum):
    """How far a customer who is for one agent has come."""

    SHOWN = "shown"  # the agent looks at them, and dials or skips
    CONNECTING = "connecting"  # the agent's phone is called first
    DIALLING = "dialling"
    RINGING = "ringing"
    ANSWERED = "answered"  # the agent hears them in a moment


class DialFault(StrEnum):
    """Why an agent's customer was not called, or not reached."""

    RULE = "rule"  # a calling rule holds it: ``rule`` and ``until`` say which, and until when
    CHANGED = "changed"  # the lead or its list was changed meanwhile, or another call has it
    PHONE = "phone"  # the agent's own phone could not be reached
    NO_TURN = "no_turn"  # the line takes no more calls a second just now
    NO_WAY = "no_way"  # no line is free, or the connection to Asterisk or the database is down
    NOT_NOW = "not_now"  # the agent is not free, or logged out
    NOT_ALLOWED = "not_allowed"  # the campaign doesn't dial now, or lets nobody dial by hand
    NOT_A_NUMBER = "not_a_number"
    NOT_REACHED = "not_reached"  # ``cause`` says why
    TIME_OVER = "time_over"  # the time to look at them is over
    CANCELLED = "cancelled"  # the agent hung up before anybody answered


@dataclass(frozen=True, slots=True)
class DialNotice:
    """What came of the last customer who was for an agent, if they did not talk."""

    fault: DialFault
    number: str
    rule: str | None = None
    """A ``dialer.lead_rules.CallingRule``."""
    until: datetime | None = None
    cause: Cause | None = None
    back: bool = False
    """Whether the customer is shown still, so that the agent can try again."""


@dataclass(frozen=True, slots=True)
class DialView:
    """A customer who is for one agent."""

    step: DialStep
    number: str
    campaign: CampaignName
    title: str
    """The campaign's."""
    by_hand: bool
    lead: int | None = None
    name: str = ""
    fields: Mapping[str, object] = field(default_factory=dict)
    until: datetime | None = None
    """When the time to look at them is over; None: it has no end."""
    dials_itself: bool = False
    """Whether they are dialled then."""
    callback: bool = False
    """They asked to be called now."""
    attempts: int = 0
    """How often they were called before."""
    last_attempt_at: datetime | None = None
    project: ProjectName | None = None
    """The campaign's."""


@dataclass(frozen=True, slots=True)
class HandWay:
    """A campaign as which an agent may dial by hand."""

    campaign: CampaignName
    project: ProjectName
    title: str


@dataclass(frozen=True, slots=True)
class DeskView:
    """What an agent's desk shows of customers to be called. ``version`` grows with each change."""

    version: int
    dial: DialView | None = None
    notice: DialNotice | None = None
    ways: tuple[HandWay, ...] = ()
    """The campaigns as which they may dial by hand now."""


class LiveDesks(Protocol):
    """The desks of a running centre, as far as calls are placed there."""

    def look(self, agent: AgentCode) -> DeskView:
        """What the desk shows now."""
        ...

    async def changed(self, agent: AgentCode, seen: int, within_s: float) -> DeskView:
        """The same, once it isn't version ``seen`` any more, or ``within_s`` have passed. Whoever
        asks is at the desk: customers are shown only to agents whose desk is open."""
        ...

    async def dial(self, agent: AgentCode, lead: int) -> DialNotice | None:
        """Call the customer whom the agent looks at; None: it is being done."""
        ...

    async def skip(self, agent: AgentCode, lead: int, reason: str, note: str) -> DialNotice | None:
        """Don't call them. ``reason`` is the code of one of the project's reasons to skip."""
        ...

    async def dial_by_hand(
        self, agent: AgentCode, number: str, campaign: CampaignName
    ) -> DialNotice | None:
        """Call a number that the agent has typed, as this campaign does."""
        ...

    def hang_up(self, agent: AgentCode) -> None:
        """End the call before it is answered."""
        ...
