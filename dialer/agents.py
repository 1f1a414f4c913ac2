"""What each agent does, folded from facts: who can be planned with, and since when he is busy.

Who wants a break goes on with what he does, but is not planned with any more.
"""

from dataclasses import dataclass
from enum import StrEnum

from dialer.ages import Ages, Kinds
from dialer.lessons import Lesson, Talked, WrappedUp
from domain.identity import AgentCode


class State(StrEnum):
    """What an agent does."""

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
    """All agents of one campaign as they are now."""

    def __init__(self) -> None:
        self._agents: dict[AgentCode, _Agent] = {}
        self._left: set[AgentCode] = set()
        self._kinds: Kinds[AgentCode] = Kinds()
        self.codes = self._kinds.all
        """The agents by the number that ``kinds`` gives them; who comes back has his old one."""
        self.talking: Ages[AgentCode] = Ages()
        """Agents who talk and are to go on after it; those who want a break are in ``leaving``."""
        self.wrapping_up: Ages[AgentCode] = Ages()
        self.planned = 0
        """Agents to plan with: all but those who want a break."""
        self.ready = 0
        self.leaving = 0
        """Busy agents who want a break."""
        self.odd = 0
        """Facts that did not fit."""

    def __contains__(self, code: AgentCode) -> bool:
        return code in self._agents

    def becomes(self, code: AgentCode, state: State, now: float) -> tuple[Lesson, ...]:
        """He does this now."""
        agent = self._agents.get(code)
        if agent is None:
            if code in self._left and state is not State.READY:
                self.odd += 1  # late: who has gone comes back with AgentReady
                return ()
            self._left.discard(code)
            agent = self._agents[code] = _Agent(state, now, self._kinds.of(code))
            self._count(code, agent, +1)
            return ()
        if agent.state is state:
            if state is State.READY and agent.wants_break:  # he has changed his mind
                self._count(code, agent, -1)
                agent.wants_break = False
                self._count(code, agent, +1)
            else:
                self.odd += state is not State.TALKING  # Connected and AgentTalking say the same
            return ()
        lessons = _lessons(code, agent, state, now)
        self._count(code, agent, -1)
        agent.state, agent.since = state, now
        if state is State.READY:
            agent.wants_break = False
        self._count(code, agent, +1)
        return lessons

    def gone(self, code: AgentCode, now: float) -> tuple[Lesson, ...]:
        """He has left."""
        agent = self._agents.pop(code, None)
        self._left.add(code)
        if agent is None:
            self.odd += 1
            return ()
        self._count(code, agent, -1)
        # Only an end that he chose himself tells how long the work takes.
        return (WrappedUp(now - agent.since, code),) if agent.state is State.WRAP_UP else ()

    def wants_break(self, code: AgentCode) -> None:
        """He will leave when he is done."""
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
    """What an agent's next state teaches about talks and wrap-up."""
    spent = now - agent.since
    if agent.state is State.TALKING:
        talked = Talked(spent)
        return (talked,) if state is State.WRAP_UP else (talked, WrappedUp(0.0, code))
    if agent.state is State.WRAP_UP and state is State.READY:
        return (WrappedUp(spent, code),)
    return ()
