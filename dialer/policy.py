"""The interface of a pacing policy: it looks at the situation and says how many to dial and why.

A policy is one file in ``dialer/policies`` with a class registered under a name. It knows nothing
about lines or calls per second, and need not know about the hard stop: ``dialer.pacing`` cuts its
wish down.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from dialer.abandon_count import AbandonCount, Counted
from dialer.lessons import Lesson
from dialer.pacing_facts import Lead
from dialer.under_way import UnderWay
from domain.errors import OffhookError
from domain.identity import AttemptId


@dataclass(frozen=True, slots=True)
class Reason:
    """Why this number of calls: a sentence with the figures' names in braces, and the figures."""

    text: str
    figures: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.text.format_map(self.figures)


@dataclass(slots=True)  # one per decision; a frozen one takes twice as long to make
class Wish:
    """What a policy wants to be done."""

    count: int
    reason: Reason
    hang_up: tuple[AttemptId, ...] = ()
    """Ringing attempts it wants hung up."""
    look_at: float | None = None
    """The latest time at which it wants to be asked again, even if nothing happens."""
    sure: bool = False
    """If all of them are dialled, the chance of abandoning anybody is small enough, by the policy's
    own measure, even while nobody may be abandoned. A policy that can't judge leaves it False."""
    at_least: bool = False
    """Whether it may want more than ``count``, and looked no further because of what is allowed."""


@dataclass(slots=True)
class Situation:
    """Everything a policy may look at; the same object at every decision."""

    under_way: UnderWay
    limit: AbandonCount
    midnight: float = 0.0
    placing: int = 0
    """Calls that were requested and have not gone out yet."""
    next_leads: tuple[Lead, ...] | None = None
    """The leads that would be dialled next; None if they have not been reported."""
    most: int = 1_000_000
    """How many may go out now, whatever the policy wants. It need not look further than one more,
    which shows that it wants more than is allowed."""
    ended: int = 0
    """Attempts since the start whose result is known: a person answered or not."""
    reached: int = 0
    """Those among them that a person answered."""

    @property
    def open(self) -> int:
        """Attempts that may need an agent, including those that have not gone out yet."""
        return self.under_way.open + self.placing


class Policy(Protocol):
    """Decides how many to dial: asked at every event that may matter, given every lesson."""

    def learn(self, lesson: Lesson, now: float) -> None:
        """Learn from something that ended: how long it took, or how it turned out."""

    def counted(self, counted: Counted, now: float) -> None:
        """Take note that a person was added to the limit's count."""

    def decide(self, at: Situation, now: float) -> Wish:
        """Return how many to dial now, and why."""


class UnsuitableOption(OffhookError, ValueError):  # noqa: N818
    """A policy option has a value that the policy can't work with."""

    def __init__(self, option: str, value: object, expected: str) -> None:
        super().__init__(f"{option} is {value}; expected {expected}")
        self.option = option


POLICIES: dict[str, type[Policy]] = {}
P = TypeVar("P", bound=type[Any])


def policy(name: str) -> Callable[[P], P]:
    """Register a policy class under a name. Its options are its constructor's arguments; the
    constructor raises UnsuitableOption for a value that it can't work with."""

    def register(cls: P) -> P:
        if name in POLICIES:
            raise ValueError(f"there is a policy {name!r} already")
        POLICIES[name] = cls
        return cls

    return register


def free_agents(at: Situation) -> int:
    """Return the number of ready agents without a call under way for them; may be negative."""
    under_way = at.under_way
    return under_way.ready - under_way.open - at.placing
