"""The first steps of a new centre, up to a call that an agent answers: what is done, what is next.

Pure. A step waits for others that have to be done before it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from centre.directory import Directory
from centre.endpoint_settings import StationSettings
from centre.inbound_settings import HotlineSettings, QueueSettings
from centre.kinds import Kind
from centre.organisation_settings import AgentSettings
from domain.agent_facts import AgentState
from domain.identity import AgentCode, StationName
from domain.stations import StationState

PHONES = 2
"""For a test call: an agent's phone, and one that calls."""


class FirstStep(StrEnum):
    """A step; in this order."""

    PROJECT = "project"
    SKILL = "skill"
    QUEUE = "queue"
    NUMBER = "number"
    PHONES = "phones"
    REGISTER = "register"
    """The phones register with Asterisk."""
    AGENT = "agent"
    LOG_IN = "log_in"
    """An agent logs in and gets ready."""
    CALL = "call"
    """A call comes in, and an agent answers it."""
    LINE = "line"
    """The public can call. The guide is complete without it."""


class StepState(StrEnum):
    """How far a step is."""

    DONE = "done"
    NEXT = "next"
    POSSIBLE = "possible"
    """Nothing keeps it from being done, but another step goes first."""
    WAITS = "waits"


NEEDS: Mapping[FirstStep, tuple[FirstStep, ...]] = MappingProxyType(
    {
        FirstStep.QUEUE: (FirstStep.PROJECT, FirstStep.SKILL),
        FirstStep.NUMBER: (FirstStep.PROJECT, FirstStep.QUEUE),
        FirstStep.REGISTER: (FirstStep.PHONES,),
        FirstStep.AGENT: (FirstStep.PROJECT, FirstStep.SKILL),
        FirstStep.LOG_IN: (FirstStep.REGISTER, FirstStep.AGENT),
        FirstStep.CALL: (FirstStep.NUMBER, FirstStep.LOG_IN),
    }
)
MAKES: Mapping[FirstStep, Kind] = MappingProxyType(
    {
        FirstStep.PROJECT: Kind.PROJECT,
        FirstStep.SKILL: Kind.SKILL,
        FirstStep.QUEUE: Kind.QUEUE,
        FirstStep.NUMBER: Kind.HOTLINE,
        FirstStep.PHONES: Kind.STATION,
        FirstStep.AGENT: Kind.AGENT,
        FirstStep.LINE: Kind.LINE,
    }
)
"""What is made in a step."""


@dataclass(frozen=True, slots=True)
class LiveSigns:
    """What of the first steps only the running centre shows."""

    phones: Mapping[StationName, StationState] = field(default_factory=dict)
    agents: Mapping[AgentCode, AgentState] = field(default_factory=dict)
    answered: bool = False
    """An agent has answered a call, at any time."""

    @property
    def registered(self) -> tuple[StationName, ...]:
        """The phones that can be called."""
        return tuple(
            name for name, state in self.phones.items() if state is not StationState.UNREACHABLE
        )

    @property
    def at_work(self) -> bool:
        """Whether an agent is logged in and not away."""
        away = (AgentState.LOGGED_OUT, AgentState.PAUSED)
        return any(state not in away for state in self.agents.values())


@dataclass(frozen=True, slots=True)
class GuideStep:
    """One step and how far it is."""

    step: FirstStep
    state: StepState
    waits_for: FirstStep | None = None
    """The first of those that have to be done before it."""


@dataclass(frozen=True, slots=True)
class Guide:
    """All steps."""

    steps: tuple[GuideStep, ...]

    @property
    def next(self) -> FirstStep | None:
        """What to do next; None if the centre takes calls."""
        return next((each.step for each in self.steps if each.state is StepState.NEXT), None)

    @property
    def complete(self) -> bool:
        """Whether the centre takes calls."""
        return self.next is None


def guide(directory: Directory, live: LiveSigns) -> Guide:
    """How far a centre is."""
    done = _done(directory, live)
    found: list[GuideStep] = []
    is_next = True
    for step in FirstStep:
        missing = next((need for need in NEEDS.get(step, ()) if need not in done), None)
        if step in done:
            state = StepState.DONE
        elif missing is not None:
            state = StepState.WAITS
        elif is_next and step is not FirstStep.LINE:
            state, is_next = StepState.NEXT, False
        else:
            state = StepState.POSSIBLE
        found.append(GuideStep(step, state, missing if state is StepState.WAITS else None))
    return Guide(tuple(found))


def _done(directory: Directory, live: LiveSigns) -> set[FirstStep]:
    # A centre that has taken a call has seen to all that is only for the first one.
    done = {step for step, kind in MAKES.items() if directory.things.get(kind)}
    if not live.answered and len(directory.of(StationSettings)) < PHONES:
        done.discard(FirstStep.PHONES)
    if not live.answered and not serving(directory):
        done.discard(FirstStep.AGENT)
    if live.answered or len(live.registered) >= PHONES:
        done.add(FirstStep.REGISTER)
    if live.answered or live.at_work:
        done.add(FirstStep.LOG_IN)
    if live.answered and directory.of(HotlineSettings):
        done.add(FirstStep.CALL)
    return done


def serving(directory: Directory) -> tuple[AgentSettings, ...]:
    """The agents who can be offered the calls of some queue."""
    queues = directory.of(QueueSettings).values()
    return tuple(
        agent
        for agent in directory.of(AgentSettings).values()
        if any(agent.skills.get(queue.skill, 0) >= queue.min_level for queue in queues)
    )
