"""How a call enters its flow: as a number's caller, or as a customer whom we called. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from domain.centre import Hotline
from domain.identity import QueueName
from ivr_flows.flow import Flow


@dataclass(frozen=True, slots=True)
class FlowEntry:
    """The flow, and what it depends on besides the caller's keys."""

    flow: Flow
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
    flows: Mapping[str, Flow] = field(default_factory=dict)
    """Those that it may lead to, by name."""


def by_hotline(
    flow: Flow, hotline: Hotline, languages: tuple[str, ...], flows: Mapping[str, Flow]
) -> FlowEntry:
    """How a number's caller enters; ``languages`` are those of the number, or the centre's."""
    own = hotline.languages
    wanted = languages if own else tuple(each for each in flow.languages if each in languages)
    return FlowEntry(flow, wanted, own[0] if own else None, hotline.queue, flows=flows)
