"""Which caller gets which agent: the caller of the highest priority, then the one who has waited
longest, gets the agent with the skill who has been idle longest. A caller whom no free agent can
serve blocks no other. A caller's priority is their queue's, raised by what is due to themselves.

:func:`match` answers it for two plain lists; :class:`Pool` is the same answer, kept up to date
while callers and agents come and go, so that a decision costs no walk over all of them.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from domain.centre import Queue
from domain.identity import AgentCode, CallId, QueueName, SkillName


def able(skills: Mapping[SkillName, int], queue: Queue) -> bool:
    """Whether somebody with these skills may serve the queue."""
    level = skills.get(queue.skill)
    return level is not None and level >= queue.min_level


@dataclass(frozen=True, slots=True)
class Caller:
    """A caller who may be offered now; ``order`` separates those who came at the same moment, and
    ``raised`` is how much they raise the queue's priority."""

    call: CallId
    queue: Queue
    since: float
    order: int = 0
    raised: int = 0


@dataclass(frozen=True, slots=True)
class FreeAgent:
    """An agent who may be offered a caller now."""

    agent: AgentCode
    skills: Mapping[SkillName, int]
    idle_since: float


@dataclass(frozen=True, slots=True)
class Match:
    """This caller is for this agent; how long both had waited says why."""

    call: CallId
    queue: QueueName
    agent: AgentCode
    waited_s: float
    idle_s: float


CallerKey = tuple[int, float, int, CallId]
"""A caller's place in a queue: the most raised first, then the longest waiting."""
_AgentKey = tuple[float, AgentCode]


@dataclass(slots=True)
class _Side:
    """One queue's callers and the free agents who can serve it, each the longest first."""

    queue: Queue
    callers: list[CallerKey] = field(default_factory=list)
    agents: list[_AgentKey] = field(default_factory=list)


class Pool:
    """The callers who may be offered and the agents who are free."""

    def __init__(self, queues: Iterable[Queue]) -> None:
        self.reset(queues)

    def reset(self, queues: Iterable[Queue]) -> None:
        """Starts anew and empty with these queues."""
        self._sides = {queue.name: _Side(queue) for queue in queues}
        self._by_skill: dict[SkillName, list[Queue]] = {}
        for side in self._sides.values():
            self._by_skill.setdefault(side.queue.skill, []).append(side.queue)
        self._callers: dict[CallId, tuple[QueueName, CallerKey]] = {}
        self._agents: dict[AgentCode, tuple[Sequence[QueueName], _AgentKey]] = {}

    def serves(self, skills: Mapping[SkillName, int]) -> tuple[QueueName, ...]:
        """The queues that somebody with these skills may serve."""
        return tuple(
            queue.name
            for skill in skills
            for queue in self._by_skill.get(skill, ())
            if able(skills, queue)
        )

    def add_caller(self, queue: QueueName, key: CallerKey) -> None:
        """Add one; does nothing if they are in already."""
        call = key[-1]
        if call not in self._callers:
            self._callers[call] = (queue, key)
            insort(self._sides[queue].callers, key)

    def remove_caller(self, call: CallId) -> None:
        """Remove one; does nothing if they are not in."""
        if found := self._callers.pop(call, None):
            queue, key = found
            _remove(self._sides[queue].callers, key)

    def add_agent(self, agent: AgentCode, serves: Sequence[QueueName], idle_since: float) -> None:
        """Replace what was known of this agent."""
        key = (idle_since, agent)
        if self._agents.get(agent) == (serves, key):
            return
        self.remove_agent(agent)
        self._agents[agent] = (serves, key)
        for queue in serves:
            insort(self._sides[queue].agents, key)

    def remove_agent(self, agent: AgentCode) -> None:
        """Remove one; does nothing if they are not in."""
        if found := self._agents.pop(agent, None):
            serves, key = found
            for queue in serves:
                _remove(self._sides[queue].agents, key)

    def take(self, now: float) -> Match | None:
        """The next match; its caller and its agent leave the pool."""
        if not self._agents or not self._callers:
            return None
        best: CallerKey | None = None
        chosen: _Side | None = None
        for side in self._sides.values():
            if side.callers and side.agents:
                first = side.callers[0]
                rank = (first[0] - side.queue.priority, *first[1:])
                if best is None or rank < best:
                    best, chosen = rank, side
        if chosen is None:
            return None
        _, since, _, call = chosen.callers[0]
        idle_since, agent = chosen.agents[0]
        self.remove_caller(call)
        self.remove_agent(agent)
        return Match(call, chosen.queue.name, agent, now - since, now - idle_since)


def match(waiting: Iterable[Caller], agents: Iterable[FreeAgent], now: float) -> list[Match]:
    """All matches that can be made now, the most deserving caller first."""
    waiting = list(waiting)
    pool = Pool({caller.queue.name: caller.queue for caller in waiting}.values())
    for caller in waiting:
        key = (-caller.raised, caller.since, caller.order, caller.call)
        pool.add_caller(caller.queue.name, key)
    for agent in agents:
        pool.add_agent(agent.agent, pool.serves(agent.skills), agent.idle_since)
    matches = []
    while found := pool.take(now):
        matches.append(found)
    return matches


def _remove(ordered: list[_AgentKey] | list[CallerKey], key: _AgentKey | CallerKey) -> None:
    del ordered[bisect_left(ordered, key)]
