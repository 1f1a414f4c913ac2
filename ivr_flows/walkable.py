"""What a walk begins with and goes through: the call's context, flows, their nodes and exits."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeVar

from domain.identity import QueueName
from ivr_flows.steps import Step, StepOutcome
from ivr_flows.texts import Prompt
from ivr_flows.values import Value, Variable

if TYPE_CHECKING:
    from ivr_flows.walk import Walk

T = TypeVar("T")
Script = Generator[Step, StepOutcome, T]
"""A piece of a flow: steps out, outcomes in, a result at its end."""


@dataclass(frozen=True, slots=True)
class Returned:
    """The way out of a sub-flow, or of the flow of a waiting caller."""

    exit: str | None


@dataclass(frozen=True, slots=True)
class GoOnIn:
    """The call goes on at the start of another flow, and doesn't come back."""

    flow: str


Went = str | Returned | GoOnIn | None
"""The exit by which a node was left; None: the call is over."""


class Visited(Protocol):
    """What a node does to a call."""

    @property
    def enters(self) -> str | None:
        """The flow that stands in this node, and returns to it."""

    def visit(self, walk: "Walk") -> Script[Went]:
        """Do the node's work, and return how it was left."""


class OneNode(Protocol):
    """A node of a flow."""

    @property
    def id(self) -> str:
        """Its name in the flow."""

    @property
    def settings(self) -> Visited:
        """What it does."""

    @property
    def exits(self) -> Mapping[str, str]:
        """Where each exit leads."""


class OneFlow(Protocol):
    """A flow, as far as a walk through it needs."""

    @property
    def name(self) -> str:
        """Its name in the centre."""

    @property
    def start(self) -> str:
        """The first node."""

    @property
    def nodes(self) -> Mapping[str, OneNode]:
        """The nodes by id."""

    @property
    def prompts(self) -> Mapping[str, Prompt]:
        """The prompts by name."""

    @property
    def languages(self) -> tuple[str, ...]:
        """Those in which it speaks; the first is the default."""

    @property
    def variables(self) -> Mapping[str, Variable]:
        """All that its nodes can name, the built-in ones too."""

    @property
    def back(self) -> str | None:
        """The prompt for callers taken back into a queue after the controller was lost."""


@dataclass(frozen=True, slots=True)
class FlowContext:
    """What is known about the call before its flow starts.

    ``language`` and ``answered`` are those of a call already under way. ``taken_back``: the
    controller was lost while the caller waited, and the queue node where they start says so.
    ``languages`` are those that the caller may choose from (none: the flow's), ``usual`` is for
    those who don't choose, whatever the flow says. ``queue`` is that of the number called.
    ``known`` are the built-in variables, ``kept`` the others of a call under way, as text.
    ``flows`` are those that this one may lead to.
    """

    language: str | None = None
    answered: bool = False
    taken_back: bool = False
    languages: tuple[str, ...] = ()
    usual: str | None = None
    queue: QueueName | None = None
    known: Mapping[str, Value] = field(default_factory=dict)
    kept: Mapping[str, str] = field(default_factory=dict)
    flows: Mapping[str, OneFlow] = field(default_factory=dict)
