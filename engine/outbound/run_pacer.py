"""Makes the pacer of a campaign that is run on the phones."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

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


def day_began(at: datetime, zone: ZoneInfo, now: float) -> DayBegan:
    """Which day it is in ``zone`` at this time (aware), numbered as by ``date.toordinal``, and when
    it began; ``now`` is the same time on the monotonic clock.

    Days have 23 or 25 hours where clocks change, and a clock that is put back over midnight shows
    yesterday again.
    """
    day = at.astimezone(zone).date()
    midnight = datetime.combine(day, time(), zone)
    since = at.astimezone(UTC) - midnight.astimezone(UTC)
    return DayBegan(day.toordinal(), now - since.total_seconds())


def new_pacer(settings: CampaignSettings, history: History, today: DayBegan, now: float) -> Pacer:
    """A pacer by these settings, whose limit has counted ``history`` before; ``now`` is
    monotonic."""
    pacing = Settings(
        lines=settings.lines,
        calls_per_second=settings.calls_per_second,
        limit=settings.limit,
        detection=settings.detection,
    )
    pacer = Pacer(_policy(settings), pacing, now=now, day=today.day, history=history)
    pacer.handle(today, now)
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
