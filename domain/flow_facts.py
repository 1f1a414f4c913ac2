"""A call's way through its flow, and what the caller chose, answered and asked for there."""

from dataclasses import dataclass, field

from domain.happening import Happening
from domain.reasons import NoCallback, Unlisted


@dataclass(frozen=True, slots=True)
class LanguageChosen(Happening):
    """The caller chose a language, or got the flow's default by pressing nothing."""

    kind = "language"

    language: str | None


@dataclass(frozen=True, slots=True)
class ChoiceMade(Happening):
    """The caller pressed a menu's key."""

    kind = "chose"

    node: str | None
    digits: str | None
    choice: str | None
    """The choice's name in the flow, which stays the same if its key changes."""


@dataclass(frozen=True, slots=True)
class Misdialled(Happening):
    """The caller pressed a key that isn't a choice, or none."""

    kind = "misdialled"

    node: str | None
    digits: str
    """Empty: none."""
    attempt: int | None = field(metadata={"key": "try"})
    """Counted from 1."""


@dataclass(frozen=True, slots=True)
class NodePassed:
    """A node of a flow in which a call was. Times are in seconds."""

    node: str | None
    """The way to it: ``menu``, or ``identify>ask`` within a sub-flow."""
    exit: str | None
    """By which it was left; "": it was the end of its flow. None: the caller hung up there."""
    before_s: float
    """How long before the fact's time the call came to it."""
    lasted_s: float
    answers: str | None = None
    """What came of each question there, with commas between: the keys of an answer (none: silence),
    ``?`` for keys that are secret, ``=`` before anything else, with a detail after a colon
    (``=status:500``). None: nothing was asked."""
    flow: str | None = None
    """The flow that it is a node of, if that is not the fact's: it is in a sub-flow."""
    revision: int | None = None
    """Of that flow."""

    @property
    def silent(self) -> bool:
        """Whether a question there got no key as an answer."""
        return self.answers is not None and "" in self.answers.split(",")


@dataclass(frozen=True, slots=True)
class WayTaken(Happening):
    """The call's way through its flow since the fact of this kind before: the nodes that it has
    left, in order. It is written when the flow waits for long, and at its end."""

    kind = "way"

    flow: str | None
    edition: int | None = field(default=None, metadata={"optional": True})
    """The flows as they were met by this call; None: they come from files."""
    revision: int | None = field(default=None, metadata={"optional": True})
    """The flow's own, counted from 1."""
    nodes: tuple[NodePassed, ...] = field(default=(), metadata={"optional": True})


@dataclass(frozen=True, slots=True)
class Scored(Happening):
    """The caller gave the call a score."""

    kind = "scored"

    score: int | None
    """From 1, the worst, to 5; a customer's own flow may use another range."""
    question: str | None = field(default=None, metadata={"optional": True})
    """Its name in the flow."""


@dataclass(frozen=True, slots=True)
class CallbackAsked(Happening):
    """The caller asked to be called back."""

    kind = "callback_asked"

    number: str | None
    """Where; E.164 with + if it is booked, otherwise as it was keyed in."""
    at: str | None
    """When they will be called, in ISO 8601 and UTC; None: they won't."""
    why: NoCallback | Unlisted | None = field(default=None, metadata={"optional": True})
    """Why it is not booked."""
