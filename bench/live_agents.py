"""Plays agents as the simulation does: after-call work of drawn lengths, and breaks.

A supervisor's commands on the board end their after-call work and send them away, as they would do
at their desks. Where each customer is comes from Asterisk's events of their rooms.
"""

import asyncio
from collections import Counter
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from random import Random

from aiohttp import ClientError

from bench.dialled_centre import CARRIER, DialledCentre
from domain.identity import AgentCode, StationName
from farend.agents_at_work import board_command
from farend.ami_client import FarEndError, Remote
from simulation.scenario import Scenario
from telephony.room_names import conference

LOOK_EVERY_S = 10.0
REASON = "break"
WRAP_UP_S = 900
"""The queue's after-call time: longer than any that is drawn, for the agents end it."""


@dataclass(slots=True, eq=False)
class _PlayedAgent:
    code: AgentCode
    state: str = "ready"
    wants_break: bool = False
    turn: int = 0
    """Counts changes of state, so that what was planned for an earlier one does nothing."""


@dataclass(slots=True)
class LiveAgents:
    """All agents of a centre, from the moment at which they are ready. ``watch`` is a connection
    to the centre's AMI."""

    centre: DialledCentre
    watch: Remote
    world: Scenario
    rng: Random
    troubles: Counter[str] = field(default_factory=Counter)
    """What the agents met that the simulation has not, and how often."""
    _by_room: dict[str, _PlayedAgent] = field(default_factory=dict)
    _going: set[asyncio.Task[None]] = field(default_factory=set)

    def begin(self) -> None:
        """Play from now on."""
        for code, station in self.centre.agents.items():
            agent = self._by_room[conference(StationName(station))] = _PlayedAgent(code)
            self._plan_break(agent)
        self.watch.tell(self._see)
        self._go(self._look())

    async def end(self) -> None:
        """Play no more."""
        going, self._going = self._going, set()
        for task in going:
            task.cancel()
        await asyncio.gather(*going, return_exceptions=True)

    def _see(self, event: Mapping[str, str]) -> None:
        agent = self._by_room.get(event.get("Conference", ""))
        if agent is None or not event.get("Channel", "").startswith(f"PJSIP/{CARRIER}-"):
            return
        if event.get("Event") == "ConfbridgeJoin":
            self._becomes(agent, "talking")
        elif event.get("Event") == "ConfbridgeLeave" and agent.state == "talking":
            turn = self._becomes(agent, "wrap_up")
            self._go(self._wrap_up(agent, turn, self.world.wrap_up.draw()(self.rng)))

    async def _wrap_up(self, agent: _PlayedAgent, turn: int, seconds: float) -> None:
        await asyncio.sleep(seconds)
        if agent.turn != turn:
            return
        if agent.wants_break:
            await self._takes_break(agent)
        else:
            await self._is_ready(agent)

    async def _is_ready(self, agent: _PlayedAgent) -> None:
        self._becomes(agent, "ready")
        await self._command(agent, "ready")

    def _plan_break(self, agent: _PlayedAgent) -> None:
        if self.world.breaks is not None:
            self._go(self._wants_break(agent, self.rng.expovariate(1 / self.world.breaks.every_s)))

    async def _wants_break(self, agent: _PlayedAgent, after_s: float) -> None:
        await asyncio.sleep(after_s)
        if agent.state == "ready":
            await self._takes_break(agent)
        else:
            agent.wants_break = True

    async def _takes_break(self, agent: _PlayedAgent) -> None:
        assert self.world.breaks is not None
        agent.wants_break = False
        turn = self._becomes(agent, "gone")
        await self._command(agent, "away", reason=REASON)
        await asyncio.sleep(self.world.breaks.last_s)
        if agent.turn == turn:
            await self._is_ready(agent)
        self._plan_break(agent)

    async def _look(self) -> None:
        """Get agents ready whom something else has set away, or who were not seen to be done."""
        before: dict[AgentCode, tuple[str, float]] = {}
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                board = await self.centre.console.board()
            except (ClientError, FarEndError) as error:
                self.troubles[f"the board: {type(error).__name__}"] += 1
                continue
            now = {AgentCode(row["code"]): row for row in board["agents"]}
            for agent in self._by_room.values():
                row = now[agent.code]
                seen = (row["state"], row["since"])
                if agent.state != "ready" or row["state"] not in ("paused", "wrap_up"):
                    before.pop(agent.code, None)
                elif before.get(agent.code) == seen:
                    self.troubles[f"{row['state']} {row.get('reason') or ''}".strip()] += 1
                    await self._command(agent, "ready")
                else:
                    before[agent.code] = seen

    async def _command(self, agent: _PlayedAgent, verb: str, **form: str) -> None:
        try:
            await board_command(self.centre.console, agent.code, verb, **form)
        except (ClientError, FarEndError) as error:
            self.troubles[f"{verb}: {str(error)[:120]}"] += 1

    def _becomes(self, agent: _PlayedAgent, state: str) -> int:
        agent.state = state
        agent.turn += 1
        return agent.turn

    def _go(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._going.add(task)
        task.add_done_callback(self._going.discard)
