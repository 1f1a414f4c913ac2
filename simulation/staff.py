"""Simulates the agents of one day: they arrive, talk, wrap up, take breaks and leave."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Protocol

from dialer.pacing_facts import AgentGone, AgentReady, AgentWantsBreak, AgentWrapUp, PacingFact
from domain.identity import AgentCode
from simulation.distributions import Draw
from simulation.scenario import Scenario
from simulation.virtual_clock import VirtualClock


class Watcher(Protocol):
    """Collects the agents' figures."""

    def idle_ended(self, seconds: float) -> None: ...

    def agent(self, now: float, before: str | None, after: str | None) -> None: ...


@dataclass(slots=True, eq=False)
class SimulatedAgent:
    """One agent; only ``Staff`` changes their state."""

    code: AgentCode
    wrap_up_pace: float = 1.0
    """The factor by which their wrap-up is longer than the scenario says."""
    talk_pace: float = 1.0
    reports_stages: bool = False
    state: str = "gone"
    since: float = 0.0
    wants_break: bool = False
    told_to_leave: bool = False
    arrivals: int = 0
    """Counts arrivals, so that a break planned before they left is not taken after they return."""
    turn: int = 0
    """Counts changes of state, so that an action planned for an earlier state does nothing."""


class Staff:
    """All agents of the day. ``serve`` is called with each agent who has just become ready."""

    def __init__(
        self,
        scenario: Scenario,
        count: int,
        rng: Random,
        clock: VirtualClock,
        watcher: Watcher,
        *,
        tell: Callable[[PacingFact], None],
        serve: Callable[[SimulatedAgent], None],
    ) -> None:
        self._breaks = scenario.breaks
        self._draw_wrap_up = scenario.wrap_up.draw()
        self._rng, self._clock, self._watcher = rng, clock, watcher
        self._tell, self._serve = tell, serve
        wrap_up = _paces(scenario.paces.wrap_up, count, rng)
        talk = _paces(scenario.paces.talk, count, rng)
        self._agents = [
            SimulatedAgent(AgentCode(str(1_001 + n)), wrap_up[n], talk[n]) for n in range(count)
        ]
        if scenario.script is not None:
            for number, agent in enumerate(self._agents):
                agent.reports_stages = scenario.script.is_reported_by(number)
        self.ready: dict[SimulatedAgent, None] = {}
        """The agents who are ready; those ready for longest come first."""

    def __len__(self) -> int:
        return len(self._agents)

    def begin(self) -> None:
        """Have every agent arrive."""
        for agent in self._agents:
            self._arrives(agent)

    def end(self) -> None:
        """End the day for every agent."""
        for agent in self._agents:
            self._watcher.agent(self._clock.now, agent.state, None)

    def begins_to_talk(self, agent: SimulatedAgent) -> int:
        """Give an agent a call. Returns the number of this turn, for ``talk_ends``."""
        if agent.state == "ready":
            self._watcher.idle_ended(self._clock.now - agent.since)
        return self._becomes(agent, "talking")

    def talk_ends(self, agent: SimulatedAgent, turn: int, draw_wrap_up: Draw | None = None) -> None:
        """End the talk that began in this turn and start the wrap-up; ``draw_wrap_up`` if it
        differs from what is usual."""
        if agent.turn != turn:
            return
        turn = self._becomes(agent, "wrap_up")
        seconds = (draw_wrap_up or self._draw_wrap_up)(self._rng) * agent.wrap_up_pace
        if seconds > 0:
            self._clock.after(seconds, lambda: self._wrap_up_ends(agent, turn))
            self._tell(AgentWrapUp(agent.code))
        else:
            self._wrap_up_ends(agent, turn)

    def are_to_be(self, wanted: int) -> None:
        """Have the first ``wanted`` agents present from now on, and the others leave."""
        for number, agent in enumerate(self._agents):
            if number < wanted:
                if agent.state == "gone" and agent.told_to_leave:
                    self._arrives(agent)
                agent.told_to_leave = False
            elif not agent.told_to_leave:
                agent.told_to_leave = True
                if agent.state == "ready":
                    self._leaves(agent)

    def _arrives(self, agent: SimulatedAgent) -> None:
        agent.told_to_leave = False
        agent.arrivals += 1
        self._is_free(agent)
        self._plan_break(agent)

    def _plan_break(self, agent: SimulatedAgent) -> None:
        breaks = self._breaks
        if breaks is not None:
            arrival = agent.arrivals
            self._clock.after(
                self._rng.expovariate(1.0 / breaks.every_s),
                lambda: self._would_like_a_break(agent, arrival),
            )

    def _would_like_a_break(self, agent: SimulatedAgent, arrival: int) -> None:
        breaks = self._breaks
        if breaks is None or agent.state == "gone" or agent.arrivals != arrival:
            return
        if agent.state == "ready":
            self._leaves(agent)
            return
        agent.wants_break = True
        if breaks.announced:
            self._tell(AgentWantsBreak(agent.code))

    def _wrap_up_ends(self, agent: SimulatedAgent, turn: int) -> None:
        if agent.turn != turn:
            return
        if agent.told_to_leave or agent.wants_break:
            self._leaves(agent)
        else:
            self._is_free(agent)

    def _is_free(self, agent: SimulatedAgent) -> None:
        self._becomes(agent, "ready")
        self._tell(AgentReady(agent.code))
        if agent.state == "ready":
            self._serve(agent)

    def _leaves(self, agent: SimulatedAgent) -> None:
        breaks = self._breaks
        agent.wants_break = False
        turn = self._becomes(agent, "gone")
        self._tell(AgentGone(agent.code))
        if not agent.told_to_leave and breaks is not None:
            self._clock.after(breaks.last_s, lambda: self._comes_back(agent, turn))

    def _comes_back(self, agent: SimulatedAgent, turn: int) -> None:
        # An agent asked to leave while away stays away.
        if agent.turn == turn and not agent.told_to_leave:
            self._arrives(agent)

    def _becomes(self, agent: SimulatedAgent, state: str) -> int:
        now = self._clock.now
        self._watcher.agent(now, agent.state, state)
        if agent.state == "ready":
            del self.ready[agent]
        agent.state, agent.since = state, now
        if state == "ready":
            self.ready[agent] = None
        agent.turn += 1
        return agent.turn


def _paces(spread: float, count: int, rng: Random) -> list[float]:
    """Return each agent's factor. If all are alike none is drawn: a seed's day stays the same."""
    if not spread:
        return [1.0] * count
    return [rng.lognormvariate(-spread * spread / 2.0, spread) for _ in range(count)]
