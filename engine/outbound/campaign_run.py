"""Runs one campaign on the phones: feeds its pacer with what happens, and does what it says.

Nothing here decides how many numbers to dial: that is ``dialer.pacing``, the same as in the
simulation. Leads are claimed a little ahead (the hopper) and given back when they are not dialled.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Collection, Coroutine, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo

import structlog

from campaigns.attempts import NotReserved, ReserveRefusal
from campaigns.campaign import CampaignSettings, CampaignState, Mode
from campaigns.campaign_service import Campaign
from campaigns.claims import ClaimedLead, LeadClaims
from dialer.abandon_count import NO_HISTORY, History
from dialer.pacing import Pacer, Pacing, Settings
from dialer.pacing_facts import (
    Abandoned,
    AgentGone,
    AgentReady,
    AgentTalking,
    AgentWrapUp,
    Answered,
    DayBegan,
    Dialled,
    GreetingEnded,
    Hopper,
    Lead,
    Machine,
    NotAnswered,
    PacingFact,
    Person,
    PersonConnected,
    Ringing,
)
from dialer.policies import make
from dialer.policy import Policy, Reason
from domain.facts import AgentState, CustomerAbandoned
from domain.identity import AgentCode, AttemptId, CallId, LineName, ListName, QueueName
from domain.reasons import Cause
from engine.agents.live_talks import has_talked
from engine.calls.call import LiveCall
from engine.calls.live_calls import LiveCalls
from engine.clock import Clock
from engine.outbound.way_out import Shut, WayOut, WishedCall
from engine.ports import CampaignView
from machine.one_line import in_one_line
from storage.database_errors import AWAY

log = structlog.get_logger()

LEASE_S = 60.0
RENEW_EVERY_S = 20.0
HOPPER_S = 10.0
"""The hopper holds about what is dialled in this time, and LEAST_IN_HOPPER at least."""
LEAST_IN_HOPPER = 10
MOST_IN_HOPPER = 500
LOOK_FOR_LEADS_EVERY_S = 1.0
AGAIN_AFTER_S = 5.0
"""How long after the database was away, or a claim brought nothing, it is asked again."""
LATE_S = 4.0
"""A decision is carried out within this time or not at all: the pacer expects nothing of it after
five seconds, and decides anew."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided last, and why; ``at`` is civil time."""

    at: datetime
    count: int
    reason: Reason


OnDecision = Callable[[Campaign, Decision, CampaignSettings], None]
"""Is told each decision of a run, and by which settings it was made."""


@dataclass(slots=True)
class RunFigures:
    """What a run has done since it began."""

    dialled: int = 0
    answered: int = 0
    connected: int = 0
    abandoned: int = 0
    refused: int = 0
    """Leads that were claimed and may not be dialled after all."""
    decided: Decision | None = None
    trouble: str | None = None
    """Why nothing is dialled at the moment, if something is broken, in one line."""
    answer_to_agent_s: deque[float] = field(default_factory=lambda: deque(maxlen=500))
    """How long the last customers waited for their agent."""


class CampaignRun:
    """One campaign that is running, paused or draining.

    ``sound`` is the message for customers for whom nobody is free, as Asterisk finds it; "" for
    none. ``zone`` is the one in which its days begin. ``history`` is what its limit has counted
    before. ``agents`` says who is at work for it now; ``decided`` is told each decision.
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
    ) -> None:
        self.campaign = campaign
        self.figures = RunFigures()
        self.under_way: dict[CallId, RunningAttempt] = {}
        self._calls = calls
        self._door = door
        self._claims = claims
        self._clock = clock
        self._zone = zone
        self._sound = sound
        self._decided = decided
        self._staff: dict[AgentCode, AgentState] = {}
        self._hopper: deque[ClaimedLead] = deque()
        self._sending: list[ClaimedLead] = []
        """Taken from the hopper to be dialled, and not yet reported to the pacer as gone out."""
        self._dry = True
        """The last claim has brought nobody."""
        self._wanted_by_agents = False
        """Whether somebody at work could serve its customers, if not for it at the moment."""
        self._going: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._claiming = False
        self._claim_at = self._renew_at = 0.0
        self._rate = 1.0
        self.pacer = self._new_pacer(history)

    # --- its settings

    @property
    def settings(self) -> CampaignSettings:
        return self.campaign.settings

    @property
    def dials(self) -> bool:
        """Whether new numbers are dialled."""
        return self.campaign.state is CampaignState.RUNNING and self._door.open

    @property
    def has_leads(self) -> bool:
        """Whether there is somebody to dial, as far as is known."""
        return bool(self._hopper or self._sending) or not self._dry

    def change(self, campaign: Campaign, sound: str) -> None:
        """Go on with other settings, or in another state. Calls under way go on as they began."""
        before, self.campaign, self._sound = self.campaign, campaign, sound
        old, new = before.settings, campaign.settings
        if _pacing_of(old) != _pacing_of(new):
            self.pacer = self._new_pacer(self.pacer.limit.history(self._clock.now()))
        if campaign.lists != before.lists or not self.dials:
            self._empty_hopper()
        self._claim_at = 0.0
        self._look()

    def _new_pacer(self, history: History) -> Pacer:
        settings, now = self.settings, self._clock.now()
        pacing = Settings(
            lines=settings.lines,
            calls_per_second=settings.calls_per_second,
            limit=settings.limit,
            detection=settings.detection,
        )
        local = datetime.now(self._zone)
        day = local.date().toordinal()
        pacer = Pacer(_policy(settings), pacing, now=now, day=day, history=history)
        midnight = datetime.combine(local.date(), datetime.min.time(), local.tzinfo)
        since_midnight = (datetime.now(UTC) - midnight.astimezone(UTC)).total_seconds()
        pacer.handle(DayBegan(day, now - since_midnight), now)
        self._day = day
        # Without this it would ask for leads before the first are claimed, and wait for them.
        pacer.handle(Hopper(self._next_leads()), now)
        for agent, state in self._staff.items():
            pacer.handle(_fact(agent, state), now)
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
            self._claim_at = 0.0  # leads are wanted now, not when it is next looked for them
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
        self._feed(_fact(agent, state))

    @property
    def agents(self) -> Collection[AgentCode]:
        """Those at work for it."""
        return self._staff.keys()

    # --- what happens to its calls

    def host(self, call: LiveCall) -> "RunningAttempt":
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

    def _take(self, call: LiveCall, lead: Lead) -> "RunningAttempt":
        found = self.under_way[call.id] = RunningAttempt(self, call, lead, self._clock.now())
        call.follower = found
        return found

    def feed(self, fact: PacingFact) -> None:
        """Something happened to one of its calls."""
        self._feed(fact)

    def forget(self, attempt: "RunningAttempt") -> None:
        """The attempt is over."""
        self.under_way.pop(attempt.call.id, None)

    def view(self) -> CampaignView:
        """What it is doing now."""
        figures, now = self.figures, self._clock.now()
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
        self._carry_out(self.pacer.handle(fact, self._clock.now()))

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
        now = self._clock.now()
        local = datetime.now(self._zone)
        if (day := local.date().toordinal()) != self._day:
            self._day = day
            self._carry_out(self.pacer.handle(DayBegan(day, now), now))
        self._carry_out(self.pacer.tick(now))

    def _carry_out(self, pacing: Pacing | None) -> None:
        if pacing is not None:
            self._decide(pacing)
        deadline = self.pacer.next_deadline()
        now = self._clock.now()
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
            self._begin(self._dial(self._take_lead(), self._clock.now() + LATE_S))

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._going.add(task)
        task.add_done_callback(self._gone_out)

    def _take_lead(self) -> ClaimedLead:
        self._sending.append(lead := self._hopper.popleft())
        return lead

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
                claimed = self._take_lead()
        finally:
            if claimed in self._sending:
                self._sending.remove(claimed)

    def _may_follow(self, refused: ClaimedLead) -> bool:
        """Whether the next lead may take the place of one that may not be dialled."""
        if not self.dials or not self._hopper:
            return False
        return refused.guaranteed or not self._hopper[0].guaranteed

    async def _let_go(self, claimed: ClaimedLead) -> None:
        self._sending.remove(claimed)
        await self._give_back([claimed])
        self._hopper_changed()

    async def _place(self, claimed: ClaimedLead, until: float) -> LiveCall | NotReserved | Shut:
        settings, lead = self.settings, _lead(claimed)

        def follower(call: LiveCall) -> RunningAttempt:
            attempt = self._take(call, lead)
            self.figures.dialled += 1
            self._sending.remove(claimed)
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
        )
        return await self._door.place(
            wish, follower, wanted=lambda: self.dials and self._clock.now() < until
        )

    # --- leads

    def _refill(self) -> None:
        now = self._clock.now()
        if self._claiming or not self.dials or now < self._claim_at:
            return
        wanted = min(MOST_IN_HOPPER, max(LEAST_IN_HOPPER, self._wanted()))
        if len(self._hopper) * 2 > wanted and now < self._renew_at:
            return
        self._claiming = True
        self._begin(self._claim(wanted - len(self._hopper)))

    def _wanted(self) -> int:
        """About as many leads as are dialled in HOPPER_S."""
        per_second = min(self.settings.calls_per_second, max(1.0, 0.5 * len(self._staff)))
        return round(per_second * HOPPER_S)

    async def _claim(self, most: int) -> None:
        now, by = datetime.now(UTC), self._door.name
        try:
            if self._hopper and self._clock.now() >= self._renew_at:
                held = [one.lead.lead for one in self._hopper]
                kept = await self._claims.renew(held, by=by, now=now, lease_s=LEASE_S)
                self._hopper = deque(one for one in self._hopper if one.lead.lead in kept)
            found = []
            if most > 0 and (self._staff or self._wanted_by_agents):
                found = await self._claims.claim(
                    self.campaign.name,
                    most,
                    by=by,
                    now=now,
                    lease_s=LEASE_S,
                    agents=list(self._staff),
                )
            self._renew_at = self._clock.now() + RENEW_EVERY_S
            self._hopper.extend(found)
            self._dry = most > 0 and not found
            if not found:
                self._claim_at = self._clock.now() + AGAIN_AFTER_S
            self.figures.trouble = None
        except AWAY as error:
            self._claim_at = self._clock.now() + AGAIN_AFTER_S
            self.figures.trouble = f"the database is away: {in_one_line(error)}"
        finally:
            self._claiming = False
        if not self.dials:
            self._empty_hopper()
        self._hopper_changed()

    def _hopper_changed(self) -> None:
        self._feed(Hopper(self._next_leads()))

    def _next_leads(self) -> tuple[Lead, ...]:
        return tuple(_lead(claimed) for claimed in (*self._sending, *self._hopper))

    def _empty_hopper(self) -> None:
        left, self._hopper = list(self._hopper), deque()
        if left:
            self._begin(self._give_back(left))

    async def _give_back(self, leads: Iterable[ClaimedLead]) -> None:
        try:
            await self._claims.release((one.lead.lead for one in leads), by=self._door.name)
        except AWAY:
            return  # their leases end

    # --- its end

    def cut_ringing(self) -> None:
        """Hang up all calls that nobody has answered."""
        for attempt in list(self.under_way.values()):
            self._door.cut(attempt.call)

    async def close(self) -> None:
        """Stop dialling, and give back what is in the hopper; calls under way go on."""
        if self._timer is not None:
            self._timer.cancel()
        self._claim_at = float("inf")
        for task in tuple(self._going):
            if not task.done():
                await asyncio.wait([task])
        left, self._hopper = list(self._hopper), deque()
        await self._give_back(left)
        if self._timer is not None:
            self._timer.cancel()


@dataclass(slots=True, eq=False)
class RunningAttempt:
    """One attempt of a run, from the moment when it goes out."""

    run: CampaignRun
    call: LiveCall
    lead: Lead
    dialled_at: float
    answered_at: float | None = None
    greeted_at: float | None = None
    """When machine detection, if it is on, found that a person's greeting was over."""
    machine: bool = False
    agent: AgentCode | None = None
    lost: bool = False
    """They got no agent in time."""

    @property
    def id(self) -> AttemptId:
        return AttemptId(self.call.id)

    @property
    def queue(self) -> QueueName | None:
        found = self.run.settings.queue
        return None if found is None else QueueName(found)

    @property
    def raised(self) -> int:
        return self.run.settings.priority

    def grace_left_s(self) -> float:
        """How much longer the customer may wait for an agent."""
        now = self.run._clock.now()  # noqa: SLF001 - they are one machine
        answered_at = now if self.answered_at is None else self.answered_at
        return self.run.settings.limit.due_at(answered_at, None, self.greeted_at) - now

    def rings(self) -> None:
        self.run.feed(Ringing(self.id))

    def answered(self) -> None:
        if self.answered_at is None:
            self.answered_at = self.run._clock.now()  # noqa: SLF001
            self.run.figures.answered += 1
            self.run.feed(Answered(self.id))

    def is_person(self) -> None:
        self.answered()
        if self.greeted_at is None and not self.machine:
            self.greeted_at = self.run._clock.now()  # noqa: SLF001
            self.run.feed(GreetingEnded(self.id))
            self.run.feed(Person(self.id))

    def is_machine(self) -> None:
        if self.greeted_at is None and not self.machine:
            self.machine = True
            self.run.feed(Machine(self.id))

    def talks(self, agent: AgentCode | None) -> None:
        if self.agent is None and not self.lost:
            self.answered()
            # Somebody talked with them, even if nobody knows any more who sat at the phone.
            self.agent = agent = agent or AgentCode("")
            self.run.figures.connected += 1
            waited = self.run._clock.now() - (self.answered_at or 0.0)  # noqa: SLF001
            self.run.figures.answer_to_agent_s.append(waited)
            self.run.feed(PersonConnected(self.id, agent))

    def abandoned(self) -> None:
        """The grace is over, and nobody was free."""
        if self.agent is None and not self.lost:
            self.lost = True
            self.run.figures.abandoned += 1
            self.run.feed(Abandoned(self.id))

    def over(self, cause: Cause | None) -> None:
        if cause is not None:
            self.run.feed(NotAnswered(self.id, cause))
        elif not self.call.picked_up:
            # Nobody saw what became of it. Most calls are not answered; if this one was, Asterisk's
            # log says so, and the limit's next count from the attempts has it.
            self.run.feed(NotAnswered(self.id, Cause.NO_ANSWER))
        elif self.agent is None and not self.lost and not self.machine:
            self.lost = True
            self.run.figures.abandoned += 1
            self.run._calls.note(self.call, CustomerAbandoned(by_customer=True))  # noqa: SLF001
            self.run.feed(Abandoned(self.id, by_customer=True))
        self.run.forget(self)

    def facts_so_far(self) -> Iterable[PacingFact]:
        """For a pacer that begins now."""
        yield Dialled(self.id, self.lead)
        if self.agent is not None:
            yield PersonConnected(self.id, self.agent)
        elif self.answered_at is not None and not self.lost:
            yield Answered(self.id)
            if self.greeted_at is not None:
                yield GreetingEnded(self.id)
                yield Person(self.id)


def _policy(settings: CampaignSettings) -> Policy:
    match settings.mode:
        case Mode.PREDICTIVE:
            return make(settings.policy)
        case Mode.POWER:
            return make("fixed_ratio", ratio=settings.ratio)
        case _:
            return make("progressive")


def _pacing_of(settings: CampaignSettings) -> tuple[object, ...]:
    """What a pacer is made of."""
    return (
        settings.mode, settings.policy, settings.ratio, settings.lines,
        settings.calls_per_second, settings.limit, settings.detection,
    )  # fmt: skip


def _lead(claimed: ClaimedLead) -> Lead:
    return Lead(ListName(str(claimed.lead.list)), guaranteed=claimed.guaranteed)


def _fact(agent: AgentCode, state: AgentState) -> PacingFact:
    match state:
        case AgentState.READY:
            return AgentReady(agent)
        case AgentState.TALKING | AgentState.OFFERED:
            return AgentTalking(agent)
        case AgentState.WRAP_UP:
            return AgentWrapUp(agent)
        case _:
            return AgentGone(agent)
