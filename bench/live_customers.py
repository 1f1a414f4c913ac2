"""The simulation's world on real phones: its fates and times, as steps of the far end. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from bench.dialled_centre import CARRIER, QUEUE
from campaigns.campaign import CampaignSettings, Mode
from dialer.causes import Cause
from simulation.fates import Fate, Fates
from simulation.scenario import Breaks, LeadList, LimitSettings, Scenario

LINES, CALLS_PER_S = 200, 20.0
RULES = "us"
"""Whose limit is 3 % for an answer without an agent for 2 s, whatever day it is."""
ANSWER_RATE = 0.3
PREDICTIVE, PROGRESSIVE = "foresight", "progressive"

LEAST_TALK_S = 1.0
"""One talk in 300 would be shorter. Within 0.8 s nobody has been served, and the agent is set away;
the simulation's are not."""
NOTICED_S = 0.3
"""How long it takes a customer to notice that an agent is there: the beep that the agent hears, in
which nobody hears them, and 0.1 s of their voice."""
PATIENCE_S = 6.0
"""How long the far end waits for that voice. The centre hangs up after 2 s."""

_REFUSED = {Cause.INVALID: "refuse-404", Cause.BUSY: "busy", Cause.NO_ANSWER: "unavailable"}


def scenario(hours: float) -> Scenario:
    """The standard world (docs/pacing.md), with what the campaign on the phones is set to.

    Nobody tells the dialler on the phones that an agent wants a break, so nobody does here.
    """
    return Scenario(
        campaign="live against simulation",
        hours=hours,
        lines=LINES,
        calls_per_second=CALLS_PER_S,
        limit=LimitSettings(preset=RULES),
        lists=[LeadList(name="leads", answer_rate=ANSWER_RATE)],
        breaks=Breaks(announced=False),
    )


def settings(policy: str) -> CampaignSettings:
    """The campaign on the phones: the far end decides how long it rings, so that it is as in the
    simulation, where ringing begins to count when it begins."""
    return CampaignSettings(
        title="Live against simulation",
        mode=Mode.PROGRESSIVE if policy == PROGRESSIVE else Mode.PREDICTIVE,
        policy=policy,
        queue=QUEUE,
        line=CARRIER,
        lines=LINES,
        rules=RULES,
        calls_per_second=CALLS_PER_S,
        ring_s=100,
        most_attempts=1,
        message={"en": "Sorry, nobody is free."},
    )


@dataclass(frozen=True, slots=True)
class PlannedCustomer:
    """What the customer with this number does when they are called."""

    number: str  # E.164
    fate: Fate
    talk_s: float
    """From the moment at which they are with an agent."""

    @property
    def steps(self) -> str:
        """The same in the far end's words."""
        fate = self.fate
        begin = f"wait-{fate.delay_s:.3f}"
        if fate.cause is None:
            voice = max(0.0, self.talk_s - NOTICED_S)
            return (
                f"{begin},answer-{fate.rings_s or 0.0:.3f},hear-{PATIENCE_S:.0f},"
                f"speak-{voice:.3f},hangup"
            )
        refused = _REFUSED[fate.cause]
        if fate.rings_s is None:
            return f"{begin},{refused}"
        return f"{begin},ring-{fate.rings_s:.3f},{refused}"


def customers(world: Scenario, seed: int) -> Iterator[PlannedCustomer]:
    """Yield customers without end; the same ones for the same seed."""
    rng, fates, draw_talk = Random(seed), Fates(world), world.talk.draw()
    number = 13_700_000_000
    while True:
        fate = fates.draw(rng, ANSWER_RATE)
        talk_s = max(LEAST_TALK_S, draw_talk(rng))
        yield PlannedCustomer(f"+86{number}", fate, talk_s)
        number += 1
