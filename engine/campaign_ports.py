"""What pages see of campaigns that are under way, and ask of them.

Everything here is plain data in civil time (UTC, aware). Ages are never sent: a page shows
``at - since`` and goes on counting by itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from domain.agent_facts import AgentState
from domain.identity import CampaignName


@dataclass(frozen=True, slots=True)
class CampaignView:
    """What a campaign that is under way is doing at one moment."""

    name: CampaignName
    at: datetime
    agents: Mapping[AgentState, int]
    """Those who are at work for it."""
    ringing: int
    """Numbers that were dialled and have not been answered."""
    waiting: int
    """Customers who have answered and have no agent yet."""
    talking: int
    hopper: int
    """Leads that are dialled next."""
    dialled: int
    """Since the run began, as the following."""
    answered: int
    connected: int
    abandoned_run: int
    abandoned: float
    """Of the window in which the limit is nearest, as the following."""
    base: float
    limit: float
    """The largest share that may be abandoned."""
    decided_at: datetime | None = None
    decided: int = 0
    reason: str | None = None
    """Why so many: a sentence with the figures' names in braces, in English."""
    reason_figures: Mapping[str, object] = field(default_factory=dict)
    trouble: str | None = None
    """Why nothing is dialled, if something is broken, in one line."""

    @property
    def share(self) -> float:
        """Which share of the customers was abandoned."""
        return self.abandoned / self.base if self.base else 0.0


class NoTestCall(StrEnum):
    """Why a test call was not placed."""

    NOT_A_NUMBER = "not_a_number"
    NO_LINE = "no_line"  # the campaign's line is not in the centre
    DO_NOT_CALL = "do_not_call"
    IN_CALL = "in_call"  # the number is being called
    NO_TURN = "no_turn"  # the line takes no more calls a second just now
    SHUT = "shut"  # no call can go out now


class LiveCampaigns(Protocol):
    """The campaigns that are under way here."""

    def view(self, name: CampaignName) -> CampaignView | None:
        """What the campaign is doing; None if it isn't under way."""
        ...

    def cut_ringing(self, name: CampaignName) -> None:
        """Hang up all its calls that nobody has answered."""
        ...
