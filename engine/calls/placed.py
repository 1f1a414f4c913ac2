"""Why we placed a call, as it is kept while the call goes on and in its first fact. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from campaigns.campaign import Mode
from domain.facts import CallFact
from domain.identity import AgentCode, CampaignName, LineName, ProjectName
from domain.outbound_facts import CallPlaced

HAND = "by hand"
"""For what an agent is kept who dials by hand."""
CALLBACK = "callback "
"""For what an agent is kept who calls back; no campaign has such a name."""


@dataclass(frozen=True, slots=True)
class PlacedFor:
    """Why we called a customer, and where they are to go."""

    project: ProjectName
    number: str
    """The customer's, with + and the country's code."""
    campaign: CampaignName | None = None
    """None: by hand."""
    lead: int | None = None
    mode: str | None = None
    caller_id: str | None = None
    """The number that the customer sees."""

    @property
    def is_test(self) -> bool:
        """Whether it is a test call: nobody is to talk with whoever answers."""
        return self.mode == Mode.TEST

    @property
    def for_agent(self) -> bool:
        """Whether an agent was at the phone before the customer was called."""
        return self.mode in (Mode.PREVIEW, Mode.MANUAL, Mode.CALLBACK)

    @property
    def kept_for(self) -> str | None:
        """What ``agent`` is kept for until they talk, as the floor says it; None: for nothing."""
        if self.mode == Mode.MANUAL:
            return HAND
        if self.mode == Mode.CALLBACK:
            return CALLBACK
        return self.campaign if self.mode == Mode.PREVIEW else None

    agent: AgentCode | None = None
    """Who is kept for them, if somebody is."""
    name: str = ""
    """The lead's, for the agent; unknown after a restart of the controller."""
    fields: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)
    """The lead's, for the agent."""


def placed_fact(placed: PlacedFor, line: LineName) -> CallPlaced:
    """The fact that we called a customer."""
    return CallPlaced(
        placed.campaign,
        placed.project,
        line,
        placed.number,
        placed.caller_id,
        placed.lead,
        placed.mode,
        placed.agent,
    )


def placed_before(
    timeline: Sequence[CallFact],
) -> tuple[PlacedFor, LineName, datetime] | None:
    """Why a call was placed, on which line and when; None if nobody placed it."""
    for fact in timeline:
        what = fact.what
        if isinstance(what, CallPlaced) and what.project and what.number and what.line:
            campaign = None if what.campaign is None else CampaignName(what.campaign)
            placed = PlacedFor(
                what.project,
                what.number,
                campaign,
                what.lead,
                what.mode,
                what.caller_id,
                what.agent,
            )
            return placed, what.line, fact.at
    return None
