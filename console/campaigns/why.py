"""Says what holds a campaign as a whole: the first of the reasons in ``Holding`` that is so.

Leads come before people, for calling agents to work is in vain if nobody may be called.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from campaigns.campaign import CampaignState, Mode
from campaigns.funnel import FunnelStep
from campaigns.plan import ALWAYS, PlanState
from campaigns.stored_campaign import Campaign
from console.campaigns import words
from console.campaigns.why_words import Holding
from domain.agent_facts import AgentState
from engine.campaign_ports import CampaignView

AT_WORK = ("due", "claimed")
"""The steps of leads that can be dialled now."""
ENDLESS = frozenset(
    (
        "list_paused", "list_removed", "removed", "paused", "do_not_call", "invalid", "done",
        "attempts", "consent", "in_attempt", "claimed", "callback_agent", "due",
    )
)  # fmt: skip
"""The steps that no time frees, whatever time is written in their leads."""


@dataclass(frozen=True, slots=True)
class WhyAnswer:
    """What holds the campaign, and until when, if that is known."""

    holding: Holding
    until: datetime | None = None


def free_at(step: FunnelStep) -> datetime | None:
    """When the first of the step's leads becomes free by itself."""
    return None if step.step in ENDLESS else step.until


def why(
    campaign: Campaign,
    steps: Mapping[str, FunnelStep],
    view: CampaignView | None,
    plan: PlanState = ALWAYS,
) -> WhyAnswer:
    """The answer to "why isn't it dialling?". ``view`` None: it isn't under way here."""
    if plan.ended:
        return WhyAnswer(Holding.LAST_DAY_OVER)
    if campaign.state is not CampaignState.RUNNING:
        return WhyAnswer(Holding.NOT_RUNNING)
    if not plan.open:
        return WhyAnswer(Holding.NO_HOURS if plan.until is None else Holding.PLAN, plan.until)
    if not campaign.lists:
        return WhyAnswer(Holding.NO_LIST)
    if not any(step in steps for step in AT_WORK):
        return _without_leads(steps)
    if view is None:
        return WhyAnswer(Holding.NOT_UNDER_WAY)
    return WhyAnswer(_of_run(view, campaign.settings.mode))


def _without_leads(steps: Mapping[str, FunnelStep]) -> WhyAnswer:
    if not steps:
        return WhyAnswer(Holding.EMPTY)
    if "callback_agent" in steps:
        return WhyAnswer(Holding.CALLBACKS)
    if free := [until for step in steps.values() if (until := free_at(step)) is not None]:
        return WhyAnswer(Holding.NONE_DUE, min(free))
    return WhyAnswer(Holding.ALL_BUSY_LEADS if "in_attempt" in steps else Holding.USED_UP)


def _of_run(view: CampaignView, mode: Mode) -> Holding:
    if view.trouble:
        return Holding.TROUBLE
    if mode is Mode.AGENTLESS:
        return Holding.LINE if view.reason in words.OF_THE_LINE else Holding.FINE
    if mode is Mode.PREVIEW:
        return Holding.FINE if sum(view.agents.values()) else Holding.NO_DESK
    if not sum(view.agents.values()):
        return Holding.NOBODY
    if view.reason in words.OF_THE_LINE:
        return Holding.LINE
    if view.reason == words.LIMIT_SPENT or view.share > view.limit:
        return Holding.LIMIT
    if not view.agents.get(AgentState.READY) and not view.decided:
        return Holding.AGENTS_BUSY
    return Holding.FINE
