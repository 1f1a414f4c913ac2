"""Calls that agents dial by hand, as one of the campaigns that let them."""

import asyncio
from collections.abc import Iterable

from acd.events import Away, Ready
from acd.match import able
from acd.seat import AUTOMATIC_PAUSES, SeatView
from campaigns.attempts import NotReserved
from campaigns.campaign import CampaignSettings, Mode
from campaigns.do_not_call import is_e164
from domain.agent_facts import AgentState
from domain.identity import AgentCode, CampaignName, LineName, QueueName
from engine.agents.live_floor import LiveFloor
from engine.calls.call import LiveCall
from engine.calls.live_calls import LiveCalls
from engine.centre_in_force import CentreInForce
from engine.clock import Clock
from engine.desk_ports import DialFault, DialNotice, DialStep, HandWay
from engine.outbound.call_for_agent import CallForAgent
from engine.outbound.campaign_runs import CampaignRuns
from engine.outbound.desk_dials import AgentDial, DeskDials, dial_of, not_reached
from engine.outbound.live_run import LiveRun
from engine.outbound.running_attempt import KEPT_GRACE_S, RunningAttempt
from engine.outbound.way_out import NO_TURN, Shut, WayOut, WishedCall
from telephony.numbers import whole

_FREE = (AgentState.READY, AgentState.PAUSED, AgentState.WRAP_UP)
_WRITTEN_BETWEEN = {ord(each): None for each in " \t\u00a0-.()/"}
"""What people write between the digits of a number."""


class HandCalls:
    """The calls by hand that are under way. An agent on a break may dial, and is on it again
    afterwards."""

    def __init__(
        self,
        runs: CampaignRuns,
        door: WayOut,
        desks: DeskDials,
        in_force: CentreInForce,
        floor: LiveFloor,
        calls: LiveCalls,
        clock: Clock,
    ) -> None:
        self.runs = runs
        self.door = door
        self.desks = desks
        self._in_force = in_force
        self.floor = floor
        self.calls = calls
        self.clock = clock
        self._going: set[asyncio.Task[None]] = set()
        self._last: dict[AgentCode, _HandCall] = {}
        """Each agent's last call by hand."""

    def ways(self, agent: AgentCode) -> tuple[HandWay, ...]:
        """The campaigns as which the agent may dial now."""
        seat = self.floor.core.agent(agent)
        found = () if seat is None else self.runs.by_name.values()
        return tuple(
            HandWay(run.campaign.name, run.campaign.project, run.settings.title)
            for run in found
            if seat is not None and self._lets(run, seat)
        )

    def _lets(self, run: LiveRun, seat: SeatView) -> bool:
        queue = self._in_force.queues.get(QueueName(run.settings.queue or ""))
        by_hand = run.settings.by_hand and run.dials
        return by_hand and queue is not None and able(seat.skills, queue)

    def dial(self, agent: AgentCode, typed: str, campaign: CampaignName) -> DialNotice | None:
        """Call the number that the agent has typed; None: it is being done."""
        seat, run = self.floor.core.agent(agent), self.runs.by_name.get(campaign)
        typed = typed.strip()
        if seat is None or seat.state not in _FREE or seat.kept is not None:
            return DialNotice(DialFault.NOT_NOW, typed)
        if run is None or not self._lets(run, seat) or self.desks.at(agent) is not None:
            return DialNotice(DialFault.NOT_ALLOWED, typed)
        number = self._number(typed, run.settings)
        if number is None:
            return DialNotice(DialFault.NOT_A_NUMBER, typed)
        dial = AgentDial(agent, run.campaign, number, step=DialStep.CONNECTING, mode=Mode.MANUAL)
        paused = seat.state is AgentState.PAUSED and seat.reason not in AUTOMATIC_PAUSES
        call = _HandCall(self, run.settings, dial, seat.reason if paused else None)
        self._last[agent] = call
        self.desks.begin(dial)
        if seat.state is not AgentState.READY:
            self.floor.feed(Ready(agent))
        self.runs.share_out()
        task = asyncio.get_running_loop().create_task(call.place(dial))
        self._going.add(task)
        task.add_done_callback(self._going.discard)
        return None

    def _number(self, typed: str, settings: CampaignSettings) -> str | None:
        lines = (line for line in self._in_force.centre.lines if line.name == settings.line)
        line = next(lines, None)
        plain = typed.translate(_WRITTEN_BETWEEN)
        number = None if line is None or len(typed) > 40 else whole(plain, line.country)
        return number if number is not None and is_e164(number) else None

    def hang_up(self, agent: AgentCode) -> bool:
        """End the agent's call before it is answered; returns whether it is one by hand."""
        dial = self.desks.at(agent)
        if dial is None or dial.mode is Mode.PREVIEW:
            return False
        dial.cancelled = True
        if dial.call is not None:
            self.door.cut(dial.call)
        elif dial.step is DialStep.CONNECTING:
            last = self._last.get(agent)
            if last is None or not last.give_up(dial):
                self.desks.end(dial, not_reached(dial, closed=True))
        return True

    def host(self, call: LiveCall) -> RunningAttempt | None:
        """The attempt of a call by hand, also of one that an earlier controller placed; None if no
        campaign of its project lets anybody dial by hand any more."""
        if isinstance(call.follower, RunningAttempt):
            return call.follower
        placed = call.placed
        runs: Iterable[LiveRun] = self.runs.by_name.values()
        run = next(
            (
                one
                for one in runs
                if placed is not None
                and one.campaign.project == placed.project
                and one.settings.by_hand
            ),
            None,
        )
        if run is None or placed is None:
            return None
        return _HandCall(self, run.settings, dial_of(call, run.campaign)).take_up(call)


class _HandCall(CallForAgent):
    """One call by hand."""

    def __init__(
        self,
        of: HandCalls,
        settings: CampaignSettings,
        dial: AgentDial | None = None,
        back_to: str | None = None,
    ) -> None:
        super().__init__(settings, of.calls, of.clock, of.door, of.desks, dial)
        self._of = of
        self._back_to = back_to
        """Why the agent is away again afterwards; None: they are not."""

    async def place(self, dial: AgentDial) -> None:
        """Have the agent's phone at hand, then call the customer."""
        desks = self._desks
        if not await desks.connect(dial):
            self._end(DialNotice(DialFault.PHONE, dial.number))
            return
        if dial.over:
            return
        desks.step(dial, DialStep.DIALLING)
        came = await self._door.place(
            self._wish(dial),
            self.follow,
            wanted=lambda: not (dial.over or dial.cancelled),
        )
        if isinstance(came, NotReserved):
            fault = DialFault.CHANGED if came.rule is None else DialFault.RULE
            self._end(DialNotice(fault, dial.number, came.rule, came.until))
        elif isinstance(came, Shut):
            cancelled = not_reached(dial, closed=True)
            fault = DialFault.NO_TURN if came is NO_TURN else DialFault.NO_WAY
            self._end(cancelled if dial.cancelled else DialNotice(fault, dial.number))

    def give_up(self, dial: AgentDial) -> bool:
        """The agent hung up before the customer was called; returns whether it was this call."""
        if dial is not self._dial:
            return False
        self._end(not_reached(dial, closed=True))
        return True

    def _wish(self, dial: AgentDial) -> WishedCall:
        settings = self.settings
        return WishedCall(
            None,
            dial.campaign.project,
            None,
            dial.number,
            LineName(settings.line),
            Mode.MANUAL,
            settings.ring_s,
            settings.caller_id,
            dial.agent,
            with_agent=True,
            grace_s=KEPT_GRACE_S,
            rules=settings.rules,
        )

    def _end(self, notice: DialNotice | None = None) -> None:
        dial = self._dial
        if dial is None or dial.over:
            return
        loop = asyncio.get_running_loop()
        if self._back_to is not None:
            # Before the agent is let go, or they would be offered a caller on their break. In a
            # talk, it is noted for its end.
            loop.call_soon(self._of.floor.feed, Away(dial.agent, self._back_to))
        super()._end(notice)
        loop.call_soon(self._of.runs.share_out)
