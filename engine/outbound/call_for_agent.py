"""A call to a customer for whom one agent is at the phone: by hand, or because it was promised."""

import asyncio

from campaigns.campaign import CampaignSettings
from dialer.pacing_facts import Lead, PacingFact, PersonConnected
from domain.identity import ListName
from engine.calls.call import LiveCall
from engine.calls.live_calls import LiveCalls
from engine.clock import Clock
from engine.desk_ports import DialNotice
from engine.outbound.desk_dials import AgentDial, DeskDials, not_reached
from engine.outbound.running_attempt import RunFigures, RunningAttempt
from engine.outbound.way_out import WayOut

_LOOK_EVERY_S = 1.0


class CallForAgent:
    """One such call: what its attempt reports to (``PacedRun``).

    ``dial`` is what the agent's desk shows of it; None: nothing, they have talked already.
    """

    def __init__(
        self,
        settings: CampaignSettings,
        calls: LiveCalls,
        clock: Clock,
        door: WayOut,
        desks: DeskDials,
        dial: AgentDial | None = None,
    ) -> None:
        self.settings = settings
        self.calls = calls
        self.clock = clock
        self.figures = RunFigures()
        self._door = door
        self._desks = desks
        self._dial = dial

    def follow(self, call: LiveCall) -> RunningAttempt:
        """Begin to follow the call."""
        if self._dial is not None:
            self._dial.call = call
            asyncio.get_running_loop().call_soon(self._look)
        attempt = RunningAttempt(self, call, Lead(ListName("")), self.clock.now())
        call.follower = attempt
        return attempt

    def agent_waits_for(self, call: LiveCall) -> bool:
        """Whether the agent for whom it was placed is at the phone for it."""
        dial = self._dial
        return dial is not None and dial.call is call and self._desks.phone_is_there(dial)

    def take_up(self, call: LiveCall) -> RunningAttempt:
        """Follow a call that an earlier controller placed; ``dial`` is what is known of it."""
        attempt = self.follow(call)
        if self._dial is not None and not self._desks.take_up(self._dial):
            self._dial = None
        attempt.catch_up()
        return attempt

    def _look(self) -> None:
        """Nobody is called whose agent has left."""
        dial = self._dial
        if dial is None or dial.over or dial.call is None or dial.call.picked_up:
            return
        if not self._desks.phone_is_there(dial) or not self._door.open:
            self._door.cut(dial.call)
        asyncio.get_running_loop().call_later(_LOOK_EVERY_S, self._look)

    def feed(self, fact: PacingFact) -> None:
        if isinstance(fact, PersonConnected):
            self._end()
        elif self._dial is not None and not self._dial.over and self._dial.tell(fact):
            self._desks.touch(self._dial.agent)

    def forget(self, attempt: RunningAttempt) -> None:  # noqa: ARG002 - it has only this one
        if self._dial is not None:
            self._end(not_reached(self._dial, closed=self._dial.cancelled))

    def _end(self, notice: DialNotice | None = None) -> None:
        if self._dial is not None and not self._dial.over:
            self._desks.end(self._dial, notice)
