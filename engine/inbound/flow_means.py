"""What carries out the steps of callers' flows: one group, the same for all calls."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import random

from engine.agents.passes_outside import PassesOutside
from engine.inbound.apologies import Apologies
from engine.inbound.caller_sessions import Sessions
from engine.inbound.look_ups import LookUps
from engine.inbound.opening_hours import OpeningHours
from engine.inbound.queued_calls import QueuedCalls
from engine.inbound.secret_digits import SecretFlows
from engine.inbound.voice_steps import VoiceMeans
from prompts.sounds import Prompts
from telephony.complaints import Complaints


@dataclass(frozen=True, slots=True)
class FlowMeans:
    """What the steps of a flow need besides the caller's own session."""

    sessions: Sessions
    queued: QueuedCalls
    prompts: Prompts
    look_ups: LookUps
    apologies: Apologies
    outside: PassesOutside
    hours: OpeningHours = field(default_factory=OpeningHours)
    voice: VoiceMeans | None = None
    """None: nothing is recorded, and nobody called back."""
    draw: Callable[[], float] = random
    """A number from 0 up to, but not, 1."""
    secret_flows: SecretFlows = field(default_factory=SecretFlows)
    complain: Complaints = field(default_factory=Complaints)
