"""What carries out the steps of callers' flows: one group, the same for all calls."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import random

from engine.calls.call import LiveCall
from engine.inbound.apologies import Apologies
from engine.inbound.caller_sessions import Sessions
from engine.inbound.look_ups import LookUps
from engine.inbound.opening_hours import OpeningHours
from engine.inbound.queued_calls import QueuedCalls
from ivr_flows.walk import NodeLeft
from prompts.sounds import Prompts

WayTold = Callable[[LiveCall, Sequence[NodeLeft], str | None], None]
"""Is told after each step which nodes the call has left since it was last told, perhaps none, and
at which it is now; None: its session is over, because the flow is or the caller has left."""


def _kept_nowhere(_call: LiveCall, _passed: Sequence[NodeLeft], _at: str | None, /) -> None:
    """The way of a call through its flow is kept nowhere."""


@dataclass(frozen=True, slots=True)
class FlowMeans:
    """What the steps of a flow need besides the caller's own session."""

    sessions: Sessions
    queued: QueuedCalls
    prompts: Prompts
    look_ups: LookUps
    apologies: Apologies
    hours: OpeningHours = field(default_factory=OpeningHours)
    draw: Callable[[], float] = random
    """A number from 0 up to, but not, 1."""
    passed: WayTold = _kept_nowhere
