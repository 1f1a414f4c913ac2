"""What each agent of a campaign is doing and since when, folded from facts.

Agents who have asked for a break finish what they are doing but are left out of the planning.
"""

from dataclasses import dataclass
from enum import StrEnum

from dialer.ages import Ages, Kinds
from dialer.lessons import Lesson, Talked, WrappedUp
from domain.identity import AgentCode


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
        agent.state, agent.since = state, now
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
        return (WrappedUp(now - agent.since, code),) if agent.state is State.WRAP_UP else ()

    def wants_break(self, code: AgentCode) -> None:
        """Record that an agent will leave after the current call and its after-call work."""
        agent = self._agents.get(code)
        if agent is None or agent.wants_break:
            self.odd += 1
            return
        self._count(code, agent, -1)
        agent.wants_break = True
        self._count(code, agent, +1)

    def _count(self, code: AgentCode, agent: _Agent, one: int) -> None:
        if agent.wants_break:
            self.leaving += one * (agent.state is not State.READY)
            return
        self.planned += one
        if agent.state is State.READY:
            self.ready += one
        else:
            column = self.talking if agent.state is State.TALKING else self.wrapping_up
            if one > 0:
                column.add(code, agent.since, agent.kind)
            else:
                column.remove(code)


def _lessons(code: AgentCode, agent: _Agent, state: State, now: float) -> tuple[Lesson, ...]:
    """Return what an agent's next state teaches about talks and wrap-up."""
    spent = now - agent.since
    if agent.state is State.TALKING:
        talked = Talked(spent)
        return (talked,) if state is State.WRAP_UP else (talked, WrappedUp(0.0, code))
    if agent.state is State.WRAP_UP and state is State.READY:
        return (WrappedUp(spent, code),)
    return ()
