"""Runs one campaign on the phones: feeds its pacer with what happens, and does what it says.

Nothing here decides how many numbers to dial: that is ``dialer.pacing``, the same as in the
simulation. Leads are claimed a little ahead (the hopper) and given back when they are not dialled.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import structlog

from campaigns.attempts import NotReserved, ReserveRefusal
from campaigns.campaign import CampaignSettings
from campaigns.claims import ClaimedLead, LeadClaims
from campaigns.stored_campaign import Campaign
from dialer.abandon_count import NO_HISTORY, History, Tally
from dialer.pacing import LINE_TOO_FAST, Pacer, Pacing
from dialer.pacing_facts import (
    AgentGone,
    Dialled,
    Hopper,
    PacingFact,
)
from domain.agent_facts import AgentState
from domain.identity import AgentCode, CallId, LineName
from engine.calls.call import LiveCall
from engine.calls.live_calls import LiveCalls
from engine.clock import Clock
from engine.outbound.claimed_leads import ClaimedLeads, hopper_size, lead_to_pace
from engine.outbound.live_run import LiveRun, StaffNow
from engine.outbound.run_pacer import day_began, fact_of, new_pacer, paced_by
from engine.outbound.running_attempt import Decision, RunningAttempt
from engine.outbound.way_out import NO_TURN, Shut, WayOut

log = structlog.get_logger()

LOOK_FOR_LEADS_EVERY_S = 1.0
LATE_S = 4.0
"""A decision is carried out within this time or not at all: the pacer expects nothing of it after
five seconds, and decides anew."""


OnDecision = Callable[[Campaign, Decision, CampaignSettings], None]
"""Is told each decision of a run, and by which settings it was made."""


class CampaignRun(LiveRun):
    """A campaign whose numbers are dialled for agents who are free, or will be: progressive, power
    or predictive.

    ``zone`` is the one in which its days begin. ``history`` is what its limit has counted before.
    ``decided`` is told each decision.
    """

    def __init__(
        self,
        campaign: Campaign,
        calls: LiveCalls,
        door: WayOut,
        claims: LeadClaims,
        clock: Clock,
        zone: ZoneInfo,
        *,
        sound: str = "",
        history: History = NO_HISTORY,
        decided: OnDecision = lambda *_: None,
        open_now: Callable[[CampaignSettings], bool] = lambda _: True,
    ) -> None:
        super().__init__(campaign, calls, door, clock, sound=sound, open_now=open_now)
        self._hopper = ClaimedLeads(campaign.name, claims, door, clock)
        self._zone = zone
        self._decided = decided
        self._wanted_by_agents = False
        """Whether somebody at work could serve its customers, if not for it at the moment."""
        self._timer: asyncio.TimerHandle | None = None
        self.pacer = self._new_pacer(history)

    # --- its settings

    @property
    def has_leads(self) -> bool:
        return self._hopper.has_leads

    def change(self, campaign: Campaign, sound: str) -> None:
        before, self.campaign, self._sound = self.campaign, campaign, sound
        old, new = before.settings, campaign.settings
        if paced_by(old) != paced_by(new):
            self.pacer = self._new_pacer(self.pacer.limit.history(self.clock.now()))
        if campaign.lists != before.lists:
            self._hopper.empty(self._give_back)
        self.look_again()

    def look_again(self) -> None:
        if not self.dials:
            self._hopper.empty(self._give_back)
        self._hopper.look_now()
        self._look()

    def _new_pacer(self, history: History) -> Pacer:
        now = self.clock.now()
        self._today = day_began(datetime.now(UTC), self._zone, now)
        pacer = new_pacer(self.settings, history, self._today, now)
        # Without this it would ask for leads before the first are claimed, and wait for them.
        pacer.handle(Hopper(self._hopper.leads()), now)
        for agent, state in self._staff.items():
            pacer.handle(fact_of(agent, state), now)
        for attempt in self.under_way.values():
            for fact in attempt.facts_so_far():
                pacer.handle(fact, now)
        return pacer

    # --- agents

    def staff(self, agents: StaffNow, *, wanted: bool = False) -> None:
        now = {agent: (state, call) for agent, state, call in agents}
        if (now or wanted) and not (self._staff or self._wanted_by_agents):
            self._hopper.look_now()  # leads are wanted now, not when it is next looked for them
        self._wanted_by_agents = wanted
        for agent in self._staff.keys() - now.keys():
            del self._staff[agent]
            self._feed(AgentGone(agent))
        for agent, (state, call) in now.items():
            self.agent(agent, state, call)
        if self._timer is None:
            self._look()

    def agent(self, agent: AgentCode, state: AgentState, call: CallId | None = None) -> None:
        if self._staff.get(agent) is state:
            return
        self._staff[agent] = state
        own = call in self.under_way
        if own and state in (AgentState.OFFERED, AgentState.TALKING):
            return  # reported as the customer's being connected
        self._feed(fact_of(agent, state))

    # --- what happens to its calls

    def feed(self, fact: PacingFact) -> None:
        self._feed(fact)

    @property
    def claimed(self) -> int:
        return len(self._hopper)

    @property
    def counted(self) -> Tally:
        return self.pacer.limit.worst(self.clock.now())

    # --- pacing

    def _feed(self, fact: PacingFact) -> None:
        self._know_the_line()
        self._carry_out(self.pacer.handle(fact, self.clock.now()))

    def _know_the_line(self) -> None:
        """Let the pacer plan with what the line carries beside other campaigns and callers."""
        settings, pacer = self.settings, self.pacer
        free = self._door.free_lines(LineName(settings.line), settings.lines_for_inbound)
        pacer.line = self._door.line_rate(LineName(settings.line), self.campaign.name)
        lines = min(settings.lines, pacer.under_way.lines + free)
        if lines != pacer.settings.lines:
            pacer.settings = replace(pacer.settings, lines=lines)

    def _look(self) -> None:
        self._timer = None
        if not self._door.open:
            self.cut_ringing()  # nobody would be there for those who answer
        self._know_the_line()
        now = self.clock.now()
        if (today := day_began(datetime.now(UTC), self._zone, now)).day != self._today.day:
            self._today = today
            self._carry_out(self.pacer.handle(today, now))
        self._carry_out(self.pacer.tick(now))

    def _carry_out(self, pacing: Pacing | None) -> None:
        if pacing is not None:
            self._decide(pacing)
        deadline = self.pacer.next_deadline()
        now = self.clock.now()
        at = min(now + LOOK_FOR_LEADS_EVERY_S, now + 1.0 if deadline is None else deadline)
        if self._timer is not None:
            self._timer.cancel()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(max(0.0, at - now), self._look)
        self._refill()

    def _decide(self, pacing: Pacing) -> None:
        for attempt in pacing.hang_up:
            if found := self.under_way.get(CallId(attempt)):
                self._door.cut(found.call)
        if not self.dials:
            return
        if pacing.reason.text == LINE_TOO_FAST:
            self._door.wants_more(LineName(self.settings.line), self.campaign.name)
        decision = Decision(datetime.now(UTC), pacing.count, pacing.reason)
        self.figures.decided = decision
        self._decided(self.campaign, decision, self.settings)
        for _ in range(min(pacing.count, len(self._hopper))):
            self._begin(self._dial(self._hopper.take(), self.clock.now() + LATE_S))

    async def _dial(self, claimed: ClaimedLead, until: float) -> None:
        """Dial this lead, or if it may not be dialled after all, one that comes after it."""
        try:
            while True:
                came = await self._place(claimed, until)
                if isinstance(came, Shut):
                    self.figures.trouble = None if came is NO_TURN else came.why
                    if came is NO_TURN:
                        self.pacer.is_not_placed()
                elif not isinstance(came, NotReserved):
                    self.figures.trouble = None
                    return
                await self._let_go(claimed)
                if not isinstance(came, NotReserved):
                    return
                self.figures.refused += 1
                if came.why is ReserveRefusal.CAMPAIGN_NOT_RUNNING or not self._may_follow(claimed):
                    return
                claimed = self._hopper.take()
        finally:
            if claimed in self._hopper.sending:
                self._hopper.sending.remove(claimed)

    def _may_follow(self, refused: ClaimedLead) -> bool:
        """Whether the next lead may take the place of one that may not be dialled."""
        first = self._hopper.first
        if not self.dials or first is None:
            return False
        return refused.guaranteed or not first.guaranteed

    async def _let_go(self, claimed: ClaimedLead) -> None:
        self._hopper.sending.remove(claimed)
        await self._hopper.give_back([claimed])
        self._hopper_changed()

    async def _place(self, claimed: ClaimedLead, until: float) -> LiveCall | NotReserved | Shut:
        lead = lead_to_pace(claimed)

        def follower(call: LiveCall) -> RunningAttempt:
            attempt = self._take(call, lead)
            self.figures.dialled += 1
            self._hopper.sending.remove(claimed)
            self._feed(Dialled(attempt.id, lead))
            return attempt

        return await self._door.place(
            self.wish(claimed), follower, wanted=lambda: self.dials and self.clock.now() < until
        )

    # --- leads

    def _refill(self) -> None:
        per_second = min(self.settings.calls_per_second, max(1.0, 0.5 * len(self._staff)))
        wanted = hopper_size(per_second)
        if self.dials and self._hopper.wants(wanted):
            self._begin(self._fill(wanted))

    async def _fill(self, wanted: int) -> None:
        claims = bool(self._staff or self._wanted_by_agents)
        await self._hopper.fill(wanted, claims=claims)
        self.figures.trouble = self._hopper.trouble
        if not self.dials:
            self._hopper.empty(self._give_back)
        self._hopper_changed()

    def _hopper_changed(self) -> None:
        self._feed(Hopper(self._hopper.leads()))

    def _give_back(self, leads: Iterable[ClaimedLead]) -> None:
        self._begin(self._hopper.give_back(leads))

    # --- its end

    async def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        await self._hopper.close(self._going)
        if self._timer is not None:
            self._timer.cancel()
