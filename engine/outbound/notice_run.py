"""Runs a campaign without agents: whoever answers hears a notice or enters a flow.

A notice is played by the dialplan itself; a flow is walked by ``flow_calls``.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime

from campaigns.attempts import NotReserved
from campaigns.campaign import CampaignSettings
from campaigns.claims import ClaimedLead, LeadClaims
from campaigns.stored_campaign import Campaign
from dialer.notice_pacing import NoticePacing
from dialer.pacing_facts import Dialled, PacingFact
from domain.agent_facts import AgentState
from domain.identity import AgentCode, CallId, LineName
from engine.board_ports import CallStage
from engine.calls.call import LiveCall
from engine.calls.live_calls import LiveCalls
from engine.clock import Clock
from engine.outbound.campaign_run import LATE_S, OnDecision
from engine.outbound.claimed_leads import ClaimedLeads, hopper_size, lead_to_pace
from engine.outbound.live_run import LiveRun, StaffNow
from engine.outbound.running_attempt import Decision, RunningAttempt
from engine.outbound.way_out import NO_TURN, Shut, WayOut, WishedCall


class NoticeRun(LiveRun):
    """One campaign without agents. ``decided`` is told each decision to dial; ``flow_is_there``
    says whether there is a flow of this name."""

    def __init__(
        self,
        campaign: Campaign,
        calls: LiveCalls,
        door: WayOut,
        claims: LeadClaims,
        clock: Clock,
        *,
        sound: str = "",
        decided: OnDecision = lambda *_: None,
        open_now: Callable[[CampaignSettings], bool] = lambda _: True,
        flow_is_there: Callable[[str], bool] = lambda _: True,
    ) -> None:
        super().__init__(campaign, calls, door, clock, sound=sound, open_now=open_now)
        self._flow_is_there = flow_is_there
        self._leads = ClaimedLeads(campaign.name, claims, door, clock)
        self._decided = decided
        self._pacing = NoticePacing(self.settings.lines, self.settings.calls_per_second)
        self._closed = False
        self._timer: asyncio.TimerHandle | None = None
        self._look_in(0.0)

    def takes(self, agent: AgentCode) -> bool:  # noqa: ARG002 - it needs nobody
        return False

    @property
    def dials(self) -> bool:
        return super().dials and self._lacks_flow is None

    @property
    def _lacks_flow(self) -> str | None:
        """Why nobody can be called because of the flow, in one line; None: because of nothing."""
        flow = self.settings.flow
        if flow is None or self._flow_is_there(flow):
            return None
        return f"the flow {flow!r} is not published any more; publish it, or choose another"

    @property
    def _waiting(self) -> int | None:
        """How many of its customers wait for an agent whom they have asked for; None: it has no
        flow in which they could."""
        if self.settings.flow is None:
            return None
        return sum(one.call.stage is CallStage.QUEUE for one in self.under_way.values())

    @property
    def has_leads(self) -> bool:
        return self._leads.has_leads

    @property
    def claimed(self) -> int:
        return len(self._leads)

    def change(self, campaign: Campaign, sound: str) -> None:
        before, self.campaign, self._sound = self.campaign, campaign, sound
        old, new = before.settings, campaign.settings
        self._pacing.lines = new.lines
        if old.calls_per_second != new.calls_per_second:
            self._pacing = NoticePacing(new.lines, new.calls_per_second)
            for attempt in self.under_way.values():
                self._pacing.handle(Dialled(attempt.id, attempt.lead), self.clock.now())
        if campaign.lists != before.lists:
            self._leads.empty(self._give_back)
        self.look_again()

    def look_again(self) -> None:
        if not self.dials:
            self._leads.empty(self._give_back)
        self._leads.look_now()
        self._look_in(0.0)

    def staff(self, agents: StaffNow, *, wanted: bool = False) -> None:
        """It needs nobody."""

    def agent(self, agent: AgentCode, state: AgentState, call: CallId | None = None) -> None:
        """It needs nobody."""

    def feed(self, fact: PacingFact) -> None:
        self._pacing.handle(fact, self.clock.now())

    def forget(self, attempt: RunningAttempt) -> None:
        super().forget(attempt)
        self._pacing.over(attempt.id)
        self._look_in(0.0)

    def wish(self, claimed: ClaimedLead, agent: AgentCode | None = None) -> WishedCall:
        wish, flow = super().wish(claimed, agent), self.settings.flow
        if flow is None:
            return replace(wish, with_agent=False, notice=True)
        return replace(wish, with_agent=False, flow=flow, language=claimed.lead.language or "")

    def _look_in(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if not self._closed:
            self._timer = asyncio.get_running_loop().call_later(seconds, self._look)

    def _look(self) -> None:
        settings, leads = self.settings, self._leads
        if not self._door.open:
            self.cut_ringing()  # Offhook is stopping; who has answered hears the notice
        free = self._door.free_lines(LineName(settings.line), settings.lines_for_inbound)
        going = len(leads.sending)
        pace = self._pacing.decide(
            self.clock.now(),
            free=free,
            leads=len(leads),
            going=going,
            waiting=self._waiting,
            line=self._door.line_rate(LineName(settings.line), self.campaign.name),
        )
        if (lacking := self._lacks_flow) is not None:
            self.figures.trouble = lacking
        if self.dials:
            if pace.wants_more:
                self._door.wants_more(LineName(settings.line), self.campaign.name)
            decision = Decision(datetime.now(UTC), pace.count, pace.reason)
            self.figures.decided = decision
            if pace.count:
                self._decided(self.campaign, decision, settings)
            for _ in range(pace.count):
                self._begin(self._dial(leads.take(), self.clock.now() + LATE_S))
            wanted = hopper_size(settings.calls_per_second)
            if leads.wants(wanted):
                self._begin(self._fill(wanted))
        self._look_in(pace.again_s)

    async def _dial(self, claimed: ClaimedLead, until: float) -> None:
        def follower(call: LiveCall) -> RunningAttempt:
            attempt = self._take(call, lead_to_pace(claimed))
            self.figures.dialled += 1
            self._leads.sending.remove(claimed)
            self.feed(Dialled(attempt.id, attempt.lead))
            return attempt

        try:
            came = await self._door.place(
                self.wish(claimed),
                follower,
                wanted=lambda: self.dials and self.clock.now() < until,
            )
            if isinstance(came, Shut):
                self.figures.trouble = None if came is NO_TURN else came.why
            elif isinstance(came, NotReserved):
                self.figures.refused += 1
            else:
                self.figures.trouble = None
                return
            await self._leads.give_back([claimed])
        finally:
            if claimed in self._leads.sending:
                self._leads.sending.remove(claimed)

    async def _fill(self, wanted: int) -> None:
        await self._leads.fill(wanted, claims=True)
        self.figures.trouble = self._leads.trouble
        if not self.dials:
            self._leads.empty(self._give_back)
        self._look_in(0.0)

    def _give_back(self, leads: Iterable[ClaimedLead]) -> None:
        self._begin(self._leads.give_back(leads))

    async def close(self) -> None:
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        await self._leads.close(self._going)
