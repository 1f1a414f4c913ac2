"""How a call enters its flow: as a number's caller, or as a customer whom we called. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from documents.graph.graph import reached
from domain.centre import Hotline
from domain.identity import QueueName
from engine.calls.call import LiveCall
from engine.centre_in_force import CentreInForce
from engine.flows_in_force import FlowsOfEdition
from ivr_flows.flow import Flow
from ivr_flows.values import (
    BUILT_IN,
    CALLED,
    CALLER,
    KNOWN,
    NotOfType,
    Value,
    VariableType,
    value_of,
)


@dataclass(frozen=True, slots=True)
class FlowEntry:
    """The flow, and what it depends on besides the caller's keys."""

    flow: Flow
    """That of the number or the campaign, or the one in which an earlier session left the call."""
    languages: tuple[str, ...]
    """Those that the caller may choose from; none: the flow's."""
    usual: str | None = None
    """The language of those who don't choose; None: as the flow says."""
    queue: QueueName | None = None
    """Where a queue node leads that names no queue."""
    raised: int | None = None
    """How much the caller raises a queue's priority; None: by who they are."""
    answered: bool = False
    """Whether the call is off the hook already."""
    name: str = ""
    """By which the flow was found."""
    edition: int = 0
    """The edition of the flows that the call keeps."""
    revision: int = 0
    """That of the flow, in this edition."""
    revisions: Mapping[str, int] = field(default_factory=dict)
    """Those of all flows in it."""
    flows: Mapping[str, Flow] = field(default_factory=dict)
    """All flows of the edition, those that this one leads to among them."""

    def flow_named(self, name: str) -> Flow:
        """One of them, or the one that is entered; that one too if there is no such flow."""
        return self.flow if name == self.flow.name else self.flows.get(name, self.flow)

    @property
    def has_variables(self) -> bool:
        """Whether it, or a flow that it leads to, has something to remember."""
        ways = {name: flow.entered for name, flow in self.flows.items()}
        there = reached([self.flow.name], ways | {self.flow.name: self.flow.entered})
        return any(self.flow_named(name).variables.keys() - BUILT_IN.keys() for name in there)


def known_of(call: LiveCall, in_force: CentreInForce) -> dict[str, Value]:
    """What is known of a call before its flow begins, but for the time."""
    return {
        CALLER: _digits(call.caller),
        CALLED: None if call.placed else _digits(call.hotline.number),
        KNOWN: in_force.knows(call.caller, call.line, call.project),
    }


def _digits(number: str | None) -> Value:
    try:
        return value_of(number, VariableType.DIGITS)
    except NotOfType:  # a name in a number's place
        return None


def by_hotline(
    name: str, flows: FlowsOfEdition, hotline: Hotline, languages: tuple[str, ...]
) -> FlowEntry:
    """How a number's caller enters the flow of this name; ``languages`` are those of the number, or
    the centre's. Raises KeyError if the edition has no such flow."""
    flow = flows.flows[name]
    own = hotline.languages
    wanted = languages if own else tuple(each for each in flow.languages if each in languages)
    return FlowEntry(
        flow,
        wanted,
        own[0] if own else None,
        hotline.queue,
        name=name,
        edition=flows.edition,
        revision=flows.revisions.get(name, 0),
        revisions=flows.revisions,
        flows=flows.flows,
    )
