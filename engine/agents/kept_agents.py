"""Keeps agents again for whom an earlier controller was calling a customer.

The customer may answer at any moment, so the agent must not be offered anybody else meanwhile, and
a phone that was borrowed for the call stays in its room. That holds until whoever had the call
placed takes it up (``LiveCall.kept_again``), the agent talks to somebody, or the call is over.
"""

import asyncio

import structlog

from acd.commands import AgentChanged
from acd.events import KeepAgent, LetAgentGo
from domain.agent_facts import AgentState
from domain.identity import AgentCode, NodeName, StationName
from engine.agents.agent_news import AgentNews
from engine.agents.live_floor import LiveFloor
from engine.agents.live_talks import has_talked
from engine.agents.nailed_up import NailedUp
from engine.calls.call import LiveCall
from engine.calls.live_calls import LiveCalls

log = structlog.get_logger()


class KeptAgents:
    """The agents who are kept for calls of an earlier controller."""

    def __init__(
        self, calls: LiveCalls, floor: LiveFloor, nailed_up: NailedUp, news: AgentNews
    ) -> None:
        self._calls = calls
        self._floor = floor
        self._nailed_up = nailed_up
        news.listen(self._agent_changed)

    @property
    def phones(self) -> frozenset[StationName]:
        """Where they sit."""
        agents = {call.placed.agent for call in self._calls.by_id.values()
                  if call.kept_again and call.placed is not None}  # fmt: skip
        return frozenset(at for at, agent in self._floor.at_station.items() if agent in agents)

    def seen_in_snapshot(self, node: NodeName) -> None:
        """After a login: calls that an earlier controller placed may be there still."""
        for call in self._calls.by_id.values():
            if call.channel.node == node and call.adopted and call.follower is None:
                self._keep(call)

    def _keep(self, call: LiveCall) -> None:
        placed = call.placed
        if placed is None or call.kept_again or has_talked(call):
            return
        agent, by = placed.agent, placed.kept_for
        if agent is None or by is None:
            return
        call.kept_again = True
        self._floor.feed(KeepAgent(agent, by))
        log.info("an agent is kept again, whose customer is being called", agent=agent,
                 call=call.id)  # fmt: skip

    def call_over(self, call: LiveCall) -> None:
        """The call is over, and nobody has taken it up."""
        if call.kept_again:
            self._let_go(call)

    def _agent_changed(self, change: AgentChanged) -> None:
        if change.state is AgentState.TALKING:
            # Later, because the floor is just reporting it.
            asyncio.get_running_loop().call_soon(self._talks, change.agent)

    def _talks(self, agent: AgentCode) -> None:
        for call in list(self._calls.by_id.values()):
            if call.kept_again and call.placed is not None and call.placed.agent == agent:
                self._let_go(call)

    def _let_go(self, call: LiveCall) -> None:
        call.kept_again = False
        placed = call.placed
        if placed is None or placed.agent is None or placed.kept_for is None:
            return
        seat = self._floor.core.agent(placed.agent)
        if seat is not None and seat.station is not None and seat.state is not AgentState.TALKING:
            self._nailed_up.let_go(seat.station)
        self._floor.feed(LetAgentGo(placed.agent, placed.kept_for))
