"""What a rehearsal begins with, and what it shows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from domain.identity import QueueName
from ivr_flows.steps import Step, StepOutcome
from ivr_flows.walkable import OneFlow


@dataclass(frozen=True, slots=True)
class HeardPrompt:
    """Something that the caller heard. ``prompt``: its name, with the values that it says."""

    at: datetime
    node: str
    prompt: str
    text: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class Happened:
    """Something else that happened, as a plain word and what it is about."""

    at: datetime
    node: str
    what: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class RehearsedStep:
    """A step that the flow asked for, what came of it, and when. ``outcome`` None: the caller hung
    up, or the call is not that far yet."""

    step: Step
    outcome: StepOutcome | None
    at: datetime
    ahead: bool = False
    """The keys were pressed ahead, and cut short what is said."""


@dataclass(frozen=True, slots=True)
class PassedNode:
    """A node that the call has left, and by which exit; None: the call ended there."""

    at: datetime
    node: str
    exit: str | None
    flow: str


@dataclass(frozen=True, slots=True)
class CallBegins:
    """Where a rehearsal begins: who calls which number, and when by the centre's clock."""

    at: datetime
    caller: str | None = None
    called: str | None = None
    known: bool | None = None
    queue: QueueName | None = None
    languages: tuple[str, ...] = ()
    usual: str | None = None
    """The language with which they begin, and stay if they don't choose; None: the first."""
    flows: Mapping[str, OneFlow] = field(default_factory=dict)
    lots: float = 0.0
    """What each drawing of lots gives."""
    lots_at: Mapping[str, float] = field(default_factory=dict)
    """What it gives at some nodes instead."""
    placed: bool = True
    """Whether we have called them, so that they can ask not to be called again."""
