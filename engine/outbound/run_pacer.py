"""Makes the pacer of a campaign that is run on the phones."""

from datetime import UTC, datetime, tzinfo

from campaigns.campaign import CampaignSettings, Mode
from dialer.abandon_count import History
from dialer.pacing import Pacer, Settings
from dialer.pacing_facts import (
    AgentGone,
    AgentReady,
    AgentTalking,
    AgentWrapUp,
    DayBegan,
    PacingFact,
)
from dialer.policies import make
from dialer.policy import Policy
from domain.agent_facts import AgentState
from domain.identity import AgentCode


def day_of(zone: tzinfo | None) -> int:
    """Today in this zone, numbered as by ``date.toordinal``."""
    return datetime.now(zone).date().toordinal()


def new_pacer(
    settings: CampaignSettings, history: History, zone: tzinfo | None, now: float
) -> Pacer:
    """A pacer by these settings, whose limit has counted ``history`` before; ``now`` is monotonic.

    Its days begin at midnight in ``zone``.
    """
    pacing = Settings(
        lines=settings.lines,
        calls_per_second=settings.calls_per_second,
        limit=settings.limit,
        detection=settings.detection,
    )
    local = datetime.now(zone)
    day = local.date().toordinal()
    pacer = Pacer(_policy(settings), pacing, now=now, day=day, history=history)
    midnight = datetime.combine(local.date(), datetime.min.time(), local.tzinfo)
    since_midnight = (datetime.now(UTC) - midnight.astimezone(UTC)).total_seconds()
    pacer.handle(DayBegan(day, now - since_midnight), now)
    return pacer


def paced_by(settings: CampaignSettings) -> tuple[object, ...]:
    """What a pacer is made of: if it changes, another one is needed."""
    return (
        settings.mode, settings.policy, settings.ratio, settings.lines,
        settings.calls_per_second, settings.limit, settings.detection,
    )  # fmt: skip


def fact_of(agent: AgentCode, state: AgentState) -> PacingFact:
    """What a pacer is told of an agent in this state."""
    match state:
        case AgentState.READY:
            return AgentReady(agent)
        case AgentState.TALKING | AgentState.OFFERED:
            return AgentTalking(agent)
        case AgentState.WRAP_UP:
            return AgentWrapUp(agent)
        case _:
            return AgentGone(agent)


def _policy(settings: CampaignSettings) -> Policy:
    match settings.mode:
        case Mode.PREDICTIVE:
            return make(settings.policy)
        case Mode.POWER:
            return make("fixed_ratio", ratio=settings.ratio)
        case _:
            return make("progressive")
