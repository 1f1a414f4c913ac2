"""What a pacing policy is: it sees the situation, and says how many to dial and why.

A policy is one file in ``dialer/policies`` with a class that is registered under its name. It
knows nothing of lines or limits a second, and need know nothing of the hard stop:
``dialer.pacing`` cuts its wish down.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from dialer.facts import Lead
from dialer.lessons import Lesson
from dialer.limit import AbandonCount, Counted
from dialer.under_way import UnderWay
from domain.errors import OffhookError
from domain.identity import AttemptId


@dataclass(frozen=True, slots=True)
class Reason:
    """Why so many: a sentence with the names of figures in braces, and the figures."""

    text: str
    figures: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.text.format_map(self.figures)


@dataclass(slots=True)  # not frozen: it is made at each decision, and that takes twice as long
class Wish:
    """What a policy wants."""

    count: int
    reason: Reason
    hang_up: tuple[AttemptId, ...] = ()
    """Ringing attempts it would rather be rid of."""
    look_at: float | None = None
    """When it wants to be asked again at the latest, even if nothing happens."""
    sure: bool = False
    """With all of them nobody is abandoned, but for a chance that the policy keeps small enough
    for a time in which nobody may be. Who can't weigh that leaves it False."""


@dataclass(slots=True)
class Situation:
    """All that a policy may look at; the same object at every decision."""

    under_way: UnderWay
    limit: AbandonCount
    midnight: float = 0.0
    placing: int = 0
    """Calls that were asked for and have not gone out yet."""
    next_leads: tuple[Lead, ...] | None = None
    """Who would be dialled next; None if nobody has said so."""
    ended: int = 0
    """Attempts of which became known, since it began, whether a person answers."""
    reached: int = 0
    """Those among them whom a person answered."""

    @property
    def open(self) -> int:
        """Attempts that may need an agent, those that have not gone out yet included."""
        return self.under_way.open + self.placing


class Policy(Protocol):
    """Asked at every event that may matter; told everything that was learnt."""

    def learn(self, lesson: Lesson, now: float) -> None:
        """Something has ended and shown how long such things take, or what becomes of them."""

    def counted(self, counted: Counted, now: float) -> None:
        """A person was added to the limit's count."""

    def decide(self, at: Situation, now: float) -> Wish:
        """How many to dial now."""


class UnsuitableOption(OffhookError, ValueError):  # noqa: N818
    """A policy can't work with the value of one of its options."""

    def __init__(self, option: str, value: object, expected: str) -> None:
        super().__init__(f"{option} is {value}; expected {expected}")
        self.option = option


POLICIES: dict[str, type[Policy]] = {}
P = TypeVar("P", bound=type[Any])


def policy(name: str) -> Callable[[P], P]:
    """Register a class of policies under a name. Its options are its constructor's arguments;
    it raises UnsuitableOption for one that it can't work with."""

    def register(cls: P) -> P:
        if name in POLICIES:
            raise ValueError(f"there is a policy {name!r} already")
        POLICIES[name] = cls
        return cls

    return register


def free_agents(at: Situation) -> int:
    """Agents who are ready and for whom no call is under way; may be negative."""
    under_way = at.under_way
    return under_way.ready - under_way.open - at.placing
