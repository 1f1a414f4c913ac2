"""The limit on abandoned calls: the share allowed, what counts towards it, and over what period.

The rules differ (``dialer.rules`` names the sources), so each point is a field of ``Limit``, with
presets; ``dialer.abandon_count`` does the counting. A call is *abandoned* when a person answered
and got no agent within the grace period, counted from where the rule's clock starts. The base is
all persons: those abandoned and those passed to an agent.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import inf

LEAST_RING_S = 15.0
"""FTC 16 CFR 310.4(b)(4)(ii), FCC 47 CFR 64.1200(a)(6), Ofcom 2010: none allows less."""


class Window(StrEnum):
    """The period over which the share is calculated."""

    DAY = "day"  # midnight to midnight
    SLIDING_24H = "sliding_24h"
    DAYS_30 = "days_30"  # today and the 29 days before


class ClockStart(StrEnum):
    """When the grace period starts. If no speech or greeting was heard, it starts at the answer."""

    ANSWER = "answer"
    SPEECH = "speech"
    GREETING_END = "greeting_end"


class QuickHangUp(StrEnum):
    """How to count a customer who hangs up within the grace period."""

    ABANDONED = "abandoned"
    NOT_COUNTED = "not_counted"


@dataclass(frozen=True, slots=True)
class Limit:
    """How many calls one campaign may abandon, and how they are counted."""

    share: float = 0.03
    """The largest share of the base that may be abandoned, 0 to 1."""
    windows: tuple[Window, ...] = (Window.DAY,)
    grace_s: float = 2.0
    clock: ClockStart = ClockStart.ANSWER
    quick_hang_up: QuickHangUp = QuickHangUp.ABANDONED
    min_ring_s: float = LEAST_RING_S
    """How long we let a call ring before we hang up; LEAST_RING_S or more."""
    early_cut_counts: bool = False
    """Whether a call that we hang up before ``min_ring_s`` counts as abandoned."""
    people_taken_for_machines: float | None = None
    """With detection: the reasoned estimate of the share of the people who answer that it takes for
    machines and hangs up on, 0 or more and less than 1; None if nobody has made one. Nobody sees
    these people. For each person found, ``e / (1 - e)`` of them are added to the abandoned and to
    the base."""
    machines_abandoned: float = 0.0
    """Without detection: the reasoned estimate of the share of machines among the abandoned; UK
    only."""
    hard_stop: bool = True
    """When no more calls may be abandoned, dial only while an agent is free: one call per free
    agent, or as many as the policy has judged ``sure`` (``dialer.policy.Wish``)."""

    def __post_init__(self) -> None:
        for name in ("share", "machines_abandoned"):
            value = getattr(self, name)
            if not 0.0 <= value <= 1.0:
                raise ValueError(f"limit.{name} is {value}; expected a share between 0 and 1")
        people = self.people_taken_for_machines
        if people is not None and not 0.0 <= people < 1.0:
            raise ValueError(f"limit.people_taken_for_machines is {people}; expected a share from 0"
                             " to less than 1")  # fmt: skip
        for name in ("grace_s", "min_ring_s"):
            value = getattr(self, name)
            if not 0.0 <= value < inf:
                raise ValueError(f"limit.{name} is {value}; expected seconds, 0 or more")
        if self.min_ring_s < LEAST_RING_S:
            raise ValueError(f"limit.min_ring_s is {self.min_ring_s:g}; expected {LEAST_RING_S:g}"
                             " or more, which the rules require")  # fmt: skip
        if not self.windows:
            raise ValueError("limit.windows is empty; expected at least one of day, sliding_24h,"
                             " days_30")  # fmt: skip

    @property
    def unseen_for_each(self) -> float:
        """How many people detection is reckoned to take for machines for each one it finds."""
        share = self.people_taken_for_machines or 0.0
        return share / (1.0 - share)

    def due_at(
        self, answered_at: float, speech_at: float | None, greeted_at: float | None
    ) -> float:
        """Return the time by which the person must have an agent or hear the message."""
        start = answered_at
        if self.clock is ClockStart.SPEECH and speech_at is not None:
            start = speech_at
        elif self.clock is ClockStart.GREETING_END and greeted_at is not None:
            start = greeted_at
        return start + self.grace_s


_PEOPLE_TAKEN_FOR_MACHINES = 0.02
"""Our own assumption, to be replaced by what you measure; no rule names a figure. Ofcom (statement
on persistent misuse, 2008) found that even the most optimistic reckoning of the false positives of
its time was likely to exceed the 3 %. Since 2009 detection may listen for longer. At 2 % two thirds
of a limit of 3 % are taken."""

UK = Limit(
    clock=ClockStart.SPEECH,
    quick_hang_up=QuickHangUp.NOT_COUNTED,
    people_taken_for_machines=_PEOPLE_TAKEN_FOR_MACHINES,
)
"""Ofcom, statement on persistent misuse (2010): a campaign's share from midnight to midnight.
Since March 2017 Ofcom has not regarded 3 % as a safe threshold: a client may ask for less."""

US = Limit(
    windows=(Window.DAYS_30,),
    clock=ClockStart.GREETING_END,
    quick_hang_up=QuickHangUp.NOT_COUNTED,
    people_taken_for_machines=_PEOPLE_TAKEN_FOR_MACHINES,
)
"""FTC 16 CFR 310.4(b)(4), FCC 47 CFR 64.1200(a)(6),(7): the share over each 30 days."""

CAUTIOUS = Limit(
    windows=(Window.DAY, Window.DAYS_30),
    early_cut_counts=True,
    people_taken_for_machines=0.025,
)
"""The stricter of the two on every point; use it where no rule says anything."""

PRESETS: Mapping[str, Limit] = {"uk": UK, "us": US, "cautious": CAUTIOUS}
