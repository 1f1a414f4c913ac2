"""Runs one campaign on the phones: feeds its pacer with what happens, and does what it says.

Nothing here decides how many numbers to dial: that is ``dialer.pacing``, the same as in the
simulation. Leads are claimed a little ahead (the hopper) and given back when they are not dialled.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Coroutine, Iterable
from dataclasses import replace
from datetime import UTC, datetime, tzinfo

import structlog

from campaigns.attempts import NotReserved, ReserveRefusal
from campaigns.campaign import CampaignSettings, CampaignState
from campaigns.campaign_service import Campaign
from campaigns.claims import ClaimedLead, LeadClaims
from dialer.abandon_count import NO_HISTORY, History
from dialer.pacing import Pacer, Pacing
from dialer.pacing_facts import (
    AgentGone,
    DayBegan,
    Dialled,
    Hopper,
    Lead,
    PacingFact,
)
from domain.facts import AgentState
from domain.identity import AgentCode, CallId, LineName, ListName
from engine.agents.live_talks import has_talked
from engine.calls.call import LiveCall
from engine.calls.live_calls import LiveCalls
from engine.clock import Clock
from engine.outbound.claimed_leads import (
    HOPPER_S,
    LEAST_IN_HOPPER,
    MOST_IN_HOPPER,
    ClaimedLeads,
    lead_to_pace,
)
from engine.outbound.run_pacer import day_of, fact_of, new_pacer, paced_by
from engine.outbound.running_attempt import Decision, RunFigures, RunningAttempt
from engine.outbound.way_out import Shut, WayOut, WishedCall
from engine.ports import CampaignView
from machine.one_line import in_one_line

log = structlog.get_logger()

LOOK_FOR_LEADS_EVERY_S = 1.0
LATE_S = 4.0
"""A decision is carried out within this time or not at all: the pacer expects nothing of it after
five seconds, and decides anew."""


OnDecision = Callable[[Campaign, Decision, CampaignSettings], None]
"""Is told each decision of a run, and by which settings it was made."""


class CampaignRun:
    """One campaign that is running, paused or draining.

    ``sound`` is the message for customers for whom nobody is free, as Asterisk finds it; "" for
    none. ``zone`` is the one in which its days begin. ``history`` is what its limit has counted
    before. ``agents`` says who is at work for it now; ``decided`` is told each decision;
    ``open_now`` says whether the plan of these settings lets it dial now.
    """

    def __init__(
        self,
        campaign: Campaign,
        calls: LiveCalls,
        door: WayOut,
        claims: LeadClaims,
        clock: Clock,
        zone: tzinfo | None,
        *,
        sound: str = "",
        history: History = NO_HISTORY,
        decided: OnDecision = lambda *_: None,
        open_now: Callable[[CampaignSettings], bool] = lambda _: True,
    ) -> None:
        self.campaign = campaign
        self.figures = RunFigures()
        self.under_way: dict[CallId, RunningAttempt] = {}
        self.calls = calls
        self._door = door
        self._hopper = ClaimedLeads(campaign.name, claims, door, clock)
        self.clock = clock
        self._zone = zone
        self._sound = sound
        self._decided = decided
        self._open_now = open_now
        self._staff: dict[AgentCode, AgentState] = {}
        self._wanted_by_agents = False
        """Whether somebody at work could serve its customers, if not for it at the moment."""
        self._going: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self.pacer = self._new_pacer(history)

    # --- its settings

    @property
    def settings(self) -> CampaignSettings:
        return self.campaign.settings

    @property
    def dials(self) -> bool:
        """Whether new numbers are dialled."""
        running = self.campaign.state is CampaignState.RUNNING and self._door.open
        return running and self._open_now(self.settings)

    @property
    def has_leads(self) -> bool:
        """Whether there is somebody to dial, as far as is known."""
        return self._hopper.has_leads

    def change(self, campaign: Campaign, sound: str) -> None:
        """Go on with other settings, or in another state. Calls under way go on as they began."""
        before, self.campaign, self._sound = self.campaign, campaign, sound
        old, new = before.settings, campaign.settings
        if paced_by(old) != paced_by(new):
            self.pacer = self._new_pacer(self.pacer.limit.history(self.clock.now()))
        if campaign.lists != before.lists:
            self._hopper.empty(self._give_back)
        self.look_again()

    def look_again(self) -> None:
        """Something has changed that decides whether it dials. Leads are kept only if it does."""
        if not self.dials:
            self._hopper.empty(self._give_back)
        self._hopper.look_now()
        self._look()

    def _new_pacer(self, history: History) -> Pacer:
        now, self._day = self.clock.now(), day_of(self._zone)
        pacer = new_pacer(self.settings, history, self._zone, now)
        # Without this it would ask for leads before the first are claimed, and wait for them.
        pacer.handle(Hopper(self._hopper.leads()), now)
        for agent, state in self._staff.items():
            pacer.handle(fact_of(agent, state), now)
        for attempt in self.under_way.values():
            for fact in attempt.facts_so_far():
                pacer.handle(fact, now)
        return pacer

    # --- agents

    def staff(
        self,
        agents: Iterable[tuple[AgentCode, AgentState, CallId | None]],
        *,
        wanted: bool = False,
    ) -> None:
        """Plan with these agents, each with the call they are in, and with no others. ``wanted``:
        others could serve its customers, if it had any."""
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
        """One of its agents is in this state now, perhaps because of one of its own calls."""
        if self._staff.get(agent) is state:
            return
        self._staff[agent] = state
        own = call in self.under_way
        if own and state in (AgentState.OFFERED, AgentState.TALKING):
            return  # reported as the customer's being connected
        self._feed(fact_of(agent, state))

    @property
    def agents(self) -> Collection[AgentCode]:
        """Those at work for it."""
        return self._staff.keys()

    # --- what happens to its calls

    def host(self, call: LiveCall) -> RunningAttempt:
        """The attempt of a call of this campaign, also of one that an earlier controller placed."""
        found = self.under_way.get(call.id)
        if found is None:
            found = self._take(call, Lead(ListName("")))
            self._feed(Dialled(found.id, found.lead))
            if call.picked_up:
                found.answered()
            if has_talked(call):
                found.talks(call.agent)
        return found

    def _take(self, call: LiveCall, lead: Lead) -> RunningAttempt:
        found = self.under_way[call.id] = RunningAttempt(self, call, lead, self.clock.now())
        call.follower = found
        return found

    def feed(self, fact: PacingFact) -> None:
        """Something happened to one of its calls."""
        self._feed(fact)

    def forget(self, attempt: RunningAttempt) -> None:
        """The attempt is over."""
        self.under_way.pop(attempt.call.id, None)

    def view(self) -> CampaignView:
        """What it is doing now."""
        figures, now = self.figures, self.clock.now()
        tally = self.pacer.limit.worst(now)
        decided = figures.decided
        attempts = self.under_way.values()
        answered = [one for one in attempts if one.answered_at is not None]
        return CampaignView(
            name=self.campaign.name,
            at=datetime.now(UTC),
            agents=Counter(self._staff.values()),
            ringing=len(attempts) - len(answered),
            waiting=sum(one.agent is None and not one.lost for one in answered),
            talking=sum(one.agent is not None for one in answered),
            hopper=len(self._hopper),
            dialled=figures.dialled,
            answered=figures.answered,
            connected=figures.connected,
            abandoned_run=figures.abandoned,
            abandoned=tally.abandoned,
            base=tally.base,
            limit=self.settings.limit.share,
            decided_at=None if decided is None else decided.at,
            decided=0 if decided is None else decided.count,
            reason=None if decided is None else decided.reason.text,
            reason_figures={} if decided is None else decided.reason.figures,
            trouble=figures.trouble,
        )

    # --- pacing

    def _feed(self, fact: PacingFact) -> None:
        self._know_the_line()
        self._carry_out(self.pacer.handle(fact, self.clock.now()))

    def _know_the_line(self) -> None:
        """Let the pacer plan with what the line carries beside other campaigns and callers."""
        settings, pacer = self.settings, self.pacer
        free = self._door.free_lines(LineName(settings.line), settings.lines_for_inbound)
        lines = min(settings.lines, pacer.under_way.lines + free)
        if lines != pacer.settings.lines:
            pacer.settings = replace(pacer.settings, lines=lines)

    def _look(self) -> None:
        self._timer = None
        if not self._door.open:
            self.cut_ringing()  # nobody would be there for those who answer
        self._know_the_line()
        now = self.clock.now()
        if (day := day_of(self._zone)) != self._day:
            self._day = day
            self._carry_out(self.pacer.handle(DayBegan(day, now), now))
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
        decision = Decision(datetime.now(UTC), pacing.count, pacing.reason)
        self.figures.decided = decision
        self._decided(self.campaign, decision, self.settings)
        for _ in range(min(pacing.count, len(self._hopper))):
            self._begin(self._dial(self._hopper.take(), self.clock.now() + LATE_S))

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._going.add(task)
        task.add_done_callback(self._gone_out)

    def _gone_out(self, task: "asyncio.Task[None]") -> None:
        self._going.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error(
                "a lead could not be dialled because of a bug in Offhook",
                campaign=self.campaign.name,
                why=in_one_line(error),
                exc_info=error,
            )

    async def _dial(self, claimed: ClaimedLead, until: float) -> None:
        """Dial this lead, or if it may not be dialled after all, one that comes after it."""
        try:
            while True:
                came = await self._place(claimed, until)
                if isinstance(came, Shut):
                    self.figures.trouble = came.why
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
        settings, lead = self.settings, lead_to_pace(claimed)

        def follower(call: LiveCall) -> RunningAttempt:
            attempt = self._take(call, lead)
            self.figures.dialled += 1
            self._hopper.sending.remove(claimed)
            self._feed(Dialled(attempt.id, lead))
            return attempt

        wish = WishedCall(
            self.campaign.name,
            self.campaign.project,
            claimed.lead.lead,
            claimed.number.number,
            LineName(settings.line),
            settings.mode,
            settings.ring_s,
            settings.caller_id,
            claimed.agent,
            claimed.guaranteed,
            self._sound,
            settings.opt_out_key,
            self.campaign.project if settings.opt_out_of == "project" else "",
            settings.detection,
            settings.lines_for_inbound,
            settings.limit.grace_s,
        )
        return await self._door.place(
            wish, follower, wanted=lambda: self.dials and self.clock.now() < until
        )

    # --- leads

    def _refill(self) -> None:
        wanted = min(MOST_IN_HOPPER, max(LEAST_IN_HOPPER, self._wanted()))
        if self.dials and self._hopper.wants(wanted):
            self._begin(self._fill(wanted))

    def _wanted(self) -> int:
        """About as many leads as are dialled in HOPPER_S."""
        per_second = min(self.settings.calls_per_second, max(1.0, 0.5 * len(self._staff)))
        return round(per_second * HOPPER_S)

    async def _fill(self, wanted: int) -> None:
        claims = bool(self._staff or self._wanted_by_agents)
        await self._hopper.fill(wanted, self._staff, claims=claims)
        self.figures.trouble = self._hopper.trouble
        if not self.dials:
            self._hopper.empty(self._give_back)
        self._hopper_changed()

    def _hopper_changed(self) -> None:
        self._feed(Hopper(self._hopper.leads()))

    def _give_back(self, leads: Iterable[ClaimedLead]) -> None:
        self._begin(self._hopper.give_back(leads))

    # --- its end

    def cut_ringing(self) -> None:
        """Hang up all calls that nobody has answered."""
        for attempt in list(self.under_way.values()):
            self._door.cut(attempt.call)

    async def close(self) -> None:
        """Stop dialling, and give back what is in the hopper; calls under way go on."""
        if self._timer is not None:
            self._timer.cancel()
        await self._hopper.close(self._going)
        if self._timer is not None:
            self._timer.cancel()
