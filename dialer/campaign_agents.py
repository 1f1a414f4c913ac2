"""What each agent of a campaign is doing and since when, folded from facts.

Agents who have asked for a break finish what they are doing but are left out of the planning.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from dialer.ages import Ages, Kinds
from dialer.lessons import Lesson, Talked, WrappedUp
from domain.identity import AgentCode, StageName

STAGES = 30
"""How many stages of scripts are told apart. Any further word is taken for UNKNOWN_STAGE: a script
that reports a new word with every call must not fill the memory."""
UNKNOWN_STAGE = StageName("")
_MOST_STAGES = 50
"""The number of stages of one talk that are remembered."""


class State(StrEnum):
    """What an agent is doing."""

    READY = "ready"
    TALKING = "talking"
    WRAP_UP = "wrap_up"


@dataclass(slots=True)
class _Agent:
    state: State
    since: float
    kind: int
    wants_break: bool = False
    stage: int = 0
    stage_since: float = 0.0
    stages: list[tuple[StageName, float]] = field(default_factory=list)
    """The stages of this talk, each with its start."""
    talked: Talked | None = None
    """In wrap-up: the talk before it, if stages of it were reported."""


class Agents:
    """The current state of all agents of one campaign."""

    def __init__(self) -> None:
        self._agents: dict[AgentCode, _Agent] = {}
        self._left: set[AgentCode] = set()
        self._kinds: Kinds[AgentCode] = Kinds()
        self.codes = self._kinds.all
        """The agents by the number ``kinds`` gives them; those who come back keep theirs."""
        self.talking: Ages[AgentCode] = Ages()
        """Agents on a call who will go on afterwards; those who want a break are in ``leaving``."""
        self.stages: Ages[AgentCode] = Ages()
        """The same agents in the same order: the stage of their talk and since when they are at it.
        The kind is the stage's number; 0 is UNKNOWN_STAGE."""
        self.ended_at: Ages[AgentCode] = Ages()
        """The agents in ``wrapping_up`` in the same order; the kind is the number of the stage at
        which their talk ended."""
        self._stage_kinds: Kinds[StageName] = Kinds()
        self._stage_kinds.of(UNKNOWN_STAGE)
        self.stage_names = self._stage_kinds.all
        """The stages by number."""
        self.wrapping_up: Ages[AgentCode] = Ages()
        self.planned = 0
        """The number of agents to plan with: all but those who want a break."""
        self.ready = 0
        self.leaving = 0
        """The number of busy agents who want a break."""
        self.odd = 0
        """The number of facts that did not fit."""

    def __contains__(self, code: AgentCode) -> bool:
        return code in self._agents

    def becomes(self, code: AgentCode, state: State, now: float) -> tuple[Lesson, ...]:
        """Record an agent's new state and return what it teaches."""
        agent = self._agents.get(code)
        if agent is None:
            if code in self._left and state is not State.READY:
                self.odd += 1  # late: an agent who has left comes back with AgentReady
                return ()
            self._left.discard(code)
            agent = self._agents[code] = _Agent(state, now, self._kinds.of(code))
            self._count(code, agent, +1)
            return ()
        if agent.state is state:
            if state is State.READY and agent.wants_break:  # they changed their mind
                self._count(code, agent, -1)
                agent.wants_break = False
                self._count(code, agent, +1)
            else:
                self.odd += state is not State.TALKING  # Connected and AgentTalking report the same
            return ()
        lessons = _lessons(code, agent, state, now)
        self._count(code, agent, -1)
        if state is not State.WRAP_UP or agent.state is not State.TALKING:
            agent.stage = 0
        agent.stage_since, agent.stages = now, []
        agent.state, agent.since = state, now
        staged = (each for each in lessons if isinstance(each, Talked) and each.stages)
        agent.talked = next(staged, None)
        if state is State.READY:
            agent.wants_break = False
        self._count(code, agent, +1)
        return lessons

    def gone(self, code: AgentCode, now: float) -> tuple[Lesson, ...]:
        """Record that an agent has left and return what that teaches."""
        agent = self._agents.pop(code, None)
        self._left.add(code)
        if agent is None:
            self.odd += 1
            return ()
        self._count(code, agent, -1)
        # Only an end that the agent chose shows how long the work takes.
        if agent.state is not State.WRAP_UP:
            return ()
        return (WrappedUp(now - agent.since, code, agent.talked),)

    def wants_break(self, code: AgentCode) -> None:
        """Record that an agent will leave after the current call and its after-call work."""
        agent = self._agents.get(code)
        if agent is None or agent.wants_break:
            self.odd += 1
            return
        self._count(code, agent, -1)
        agent.wants_break = True
        self._count(code, agent, +1)

    def at_stage(self, code: AgentCode, stage: StageName, now: float) -> None:
        """Record the stage of an agent's talk. The same stage again changes nothing."""
        agent = self._agents.get(code)
        if agent is None or agent.state is not State.TALKING:
            self.odd += 1  # early or late; in which talk, nobody knows
            return
        kinds = self._stage_kinds
        if stage not in kinds and len(kinds.all) > STAGES:
            stage = UNKNOWN_STAGE
        number = kinds.of(stage)
        if agent.stages and agent.stage == number:
            self.odd += 1
            return
        agent.stage, agent.stage_since = number, now
        if len(agent.stages) < _MOST_STAGES:
            agent.stages.append((stage, now))
        if not agent.wants_break:
            self.stages.change(code, now, number)

    def _count(self, code: AgentCode, agent: _Agent, one: int) -> None:
        if agent.wants_break:
            self.leaving += one * (agent.state is not State.READY)
            return
        self.planned += one
        if agent.state is State.READY:
            self.ready += one
            return
        if agent.state is State.TALKING:
            agents, stages, stage_since = self.talking, self.stages, agent.stage_since
        else:
            agents, stages, stage_since = self.wrapping_up, self.ended_at, agent.since
        if one > 0:
            agents.add(code, agent.since, agent.kind)
            stages.add(code, stage_since, agent.stage)
        else:
            agents.remove(code)
            stages.remove(code)


def _lessons(code: AgentCode, agent: _Agent, state: State, now: float) -> tuple[Lesson, ...]:
    """Return what an agent's next state teaches about talks and wrap-up."""
    spent = now - agent.since
    if agent.state is State.TALKING:
        stages = tuple((stage, since - agent.since) for stage, since in agent.stages)
        talked = Talked(spent, stages)
        if state is State.WRAP_UP:
            return (talked,)
        return (talked, WrappedUp(0.0, code, talked if stages else None))
    if agent.state is State.WRAP_UP and state is State.READY:
        return (WrappedUp(spent, code, agent.talked),)
    return ()
