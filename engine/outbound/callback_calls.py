"""Calls back customers who asked for it, each with an agent kept for them.

Beside the campaigns' pace, and while they are paused, too: a promise is kept. Who waits in one of
the agent's queues goes first. The row is written before Asterisk is asked (``way_out``), and nobody
claims the lead as long as it is open: so a callback is called once, whatever dies meanwhile.
"""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache

import structlog

from acd.commands import AgentChanged
from campaigns.attempts import NotReserved
from campaigns.callback_claims import CallbackClaims, CallbackTerms, ClaimedCallback, DueCallback
from campaigns.campaign import CampaignState, Mode
from campaigns.stored_campaign import Campaign
from domain.agent_facts import AgentState
from domain.identity import AgentCode, CallId, CampaignName, LineName, ProjectName
from engine.agents.agent_news import AgentNews
from engine.agents.live_floor import LiveFloor
from engine.calls.call import LiveCall
from engine.calls.live_calls import LiveCalls
from engine.centre_in_force import CentreInForce
from engine.clock import Clock
from engine.desk_ports import DialFault, DialNotice, DialStep
from engine.outbound.call_for_agent import CallForAgent
from engine.outbound.callback_plan import Booking, a_caller_waits, is_free, plan
from engine.outbound.campaign_runs import CampaignRuns
from engine.outbound.desk_dials import AgentDial, DeskDials, dial_of, not_reached
from engine.outbound.running_attempt import KEPT_GRACE_S, RunningAttempt
from engine.outbound.way_out import Shut, WayOut, WishedCall
from machine.one_line import in_one_line
from storage.database_errors import AWAY
from telephony.complaints import Complaints
from telephony.numbers import whole

log = structlog.get_logger()
_in_full = lru_cache(maxsize=4096)(whole)

LOOK_EVERY_S = 1.0
LEASE_S = 60.0
"""Longer than it takes to have the agent's phone at hand."""
AGAIN_AFTER_S = 10.0
"""How long a callback rests that could not go out, for want of a line, say."""
AGENT_RESTS_S = 60.0
"""How long nobody is called back with an agent whose phone could not be reached, or who has
cancelled a callback before anybody was called."""


class CallbackCalls:
    """The callbacks that are due, and those that are being called."""

    def __init__(
        self,
        claims: CallbackClaims,
        runs: CampaignRuns,
        door: WayOut,
        desks: DeskDials,
        in_force: CentreInForce,
        floor: LiveFloor,
        calls: LiveCalls,
        clock: Clock,
        news: AgentNews,
    ) -> None:
        self.claims = claims
        self.runs = runs
        self.door = door
        self.desks = desks
        self.floor = floor
        self.calls = calls
        self.clock = clock
        self._in_force = in_force
        self._due: list[DueCallback] = []
        self._booked: dict[int, Booking] = {}
        self._under_way: dict[int, asyncio.Task[None] | None] = {}
        """Leads that are being called, with the work until the call has gone out."""
        self._again_at: dict[int, float] = {}
        self._rests_until: dict[AgentCode, float] = {}
        self._before: Mapping[CallId, CallbackTerms] = {}
        """The terms of calls that an earlier controller placed."""
        self._begun = asyncio.Event()
        self._complain = Complaints()
        news.listen(self._agent_changed)

    async def begun(self) -> None:
        """Wait until it is known whom an earlier controller has called back."""
        await self._begun.wait()

    async def run(self) -> None:
        """Call back whom it is due, until cancelled; calls that have gone out go on."""
        try:
            while True:
                try:
                    await self._look()
                except AWAY as error:
                    self._complain("callbacks wait for the database", why=in_one_line(error))
                except Exception:
                    log.exception("callbacks can't be looked at because of a bug; trying again")
                await asyncio.sleep(LOOK_EVERY_S)
        finally:
            for task in self._under_way.values():
                if task is not None:
                    task.cancel()

    async def _look(self) -> None:
        if not self._begun.is_set():
            self._before = await self.claims.open_calls()
            self._begun.set()
        self._due = await self.claims.due(datetime.now(UTC)) if self.door.open else []
        self._plan()

    def _agent_changed(self, change: AgentChanged) -> None:
        if self._due and change.state is AgentState.READY:
            # Later, because the floor is just reporting it.
            asyncio.get_running_loop().call_soon(self._plan)

    def _plan(self) -> None:
        """Book agents for what is due, and begin with those who are free."""
        now, core = self.clock.now(), self.floor.core
        self._again_at = {lead: at for lead, at in self._again_at.items() if at > now}
        self._rests_until = {who: at for who, at in self._rests_until.items() if at > now}
        calling = self._calling_us()
        due = [
            one
            for one in self._due
            if one.lead not in self._under_way
            and one.lead not in self._again_at
            and one.caller not in calling
        ]
        booked_before = {one.agent for one in self._booked.values()}
        queues = self._in_force.queues
        resting = self._rests_until.keys()
        civil = datetime.now(UTC)
        self._booked = plan(due, core.agents, queues, self._booked, resting, now, civil)
        if (booked := {one.agent for one in self._booked.values()}) != booked_before:
            self.runs.spare(booked)
        for lead, booking in list(self._booked.items()):
            seat = core.agent(booking.agent)
            if (
                seat is not None
                and is_free(seat)
                and not a_caller_waits(seat, core.waiting, queues)
                and not self.runs.calls_for(booking.agent, booking.since)
            ):
                del self._booked[lead]
                self._begin(booking)

    def _calling_us(self) -> frozenset[str]:
        """The numbers of callers who are on the line: nobody rings a phone that is calling us."""
        if not any(one.caller for one in self._due):
            return frozenset()
        callers = (
            _in_full(call.caller, self._in_force.country(call.line))
            for call in self.calls.by_id.values()
            if call.placed is None and call.caller is not None
        )
        return frozenset(number for number in callers if number is not None)

    def _begin(self, booking: Booking) -> None:
        callback = booking.callback
        # Kept at once: nobody else may have the agent while the database is asked.
        campaign = self._campaign(callback.terms, callback.project)
        dial = AgentDial(booking.agent, campaign, "", step=DialStep.CONNECTING, mode=Mode.CALLBACK)
        call = _CallbackCall(self, callback.terms, callback.lead, dial)
        self.desks.begin(dial)
        task = asyncio.get_running_loop().create_task(call.place(callback, dial))
        self._under_way[callback.lead] = task
        task.add_done_callback(lambda done: self._gone_out(callback.lead, done))

    def _gone_out(self, lead: int, task: "asyncio.Task[None]") -> None:
        if self._under_way.get(lead) is task:
            self._under_way[lead] = None
        if not task.cancelled() and (error := task.exception()) is not None:
            self.forget(lead)
            log.error("a customer could not be called back because of a bug in Offhook",
                      lead=lead, why=in_one_line(error), exc_info=error)  # fmt: skip

    def _campaign(self, terms: CallbackTerms, project: ProjectName) -> Campaign:
        """As the agent's desk shows it; a caller's is called as the queue they came to."""
        at = datetime.now(UTC)
        name = terms.campaign
        title = terms.settings.title if name else terms.settings.queue or ""
        settings = terms.settings.model_copy(update={"title": title})
        return Campaign(name or CampaignName(""), project, CampaignState.RUNNING,
                        settings, (), 0, at, at)  # fmt: skip

    def forget(self, lead: int, *, again: bool = False) -> None:
        """The call is over, or has not gone out; ``again``: it is tried soon."""
        self._under_way.pop(lead, None)
        if again:
            self._again_at[lead] = self.clock.now() + AGAIN_AFTER_S

    def rest(self, agent: AgentCode) -> None:
        """Let an agent alone whose phone could not be reached, or who did not want to call now."""
        self._rests_until[agent] = self.clock.now() + AGENT_RESTS_S

    def host(self, call: LiveCall) -> RunningAttempt | None:
        """The attempt of a callback, also of one that an earlier controller placed; None if nothing
        is known of it."""
        if isinstance(call.follower, RunningAttempt):
            return call.follower
        terms = self._before.get(call.id)
        if terms is None:
            return None
        campaign = self._campaign(terms, call.project)
        lead = None if call.placed is None else call.placed.lead
        return _CallbackCall(self, terms, lead, dial_of(call, campaign)).take_up(call)


class _CallbackCall(CallForAgent):
    """One callback. ``lead`` is known of those that this controller calls."""

    def __init__(
        self,
        of: CallbackCalls,
        terms: CallbackTerms,
        lead: int | None = None,
        dial: AgentDial | None = None,
    ) -> None:
        super().__init__(terms.settings, of.calls, of.clock, of.door, of.desks, dial)
        self._of = of
        self._lead = lead

    async def place(self, callback: DueCallback, dial: AgentDial) -> None:
        """Claim the lead, have the agent's phone at hand, and call the customer."""
        of, gone_out = self._of, False
        claimed: ClaimedCallback | None = None
        try:
            claimed = await of.claims.claim(
                callback, by=of.door.name, now=datetime.now(UTC), lease_s=LEASE_S
            )
            if claimed is None:
                return
            dial.number, dial.promised = claimed.number.number, claimed.lead
            if dial.over:
                of.rest(dial.agent)
                return
            of.desks.touch(dial.agent)
            if not await of.desks.connect(dial):
                of.rest(dial.agent)
                self._end(DialNotice(DialFault.PHONE, dial.number))
                return
            of.desks.step(dial, DialStep.DIALLING)
            came = await of.door.place(
                self._wish(callback, claimed, dial),
                self.follow,
                wanted=lambda: not (dial.over or dial.cancelled),
            )
            gone_out = not isinstance(came, NotReserved | Shut)
            if isinstance(came, Shut) and dial.cancelled:
                of.rest(dial.agent)
                self._end(not_reached(dial, closed=True))
            elif isinstance(came, Shut):
                of.forget(callback.lead, again=True)
                log.info("a callback waits", lead=callback.lead, why=came.why)
        except AWAY:
            of.forget(callback.lead, again=True)
        finally:
            if not gone_out:
                await self._give_back(callback, claimed)

    async def _give_back(self, callback: DueCallback, claimed: ClaimedCallback | None) -> None:
        self._end()
        self._of.forget(callback.lead)
        if claimed is not None:
            try:
                await self._of.claims.release(callback.lead, by=self._of.door.name)
            except AWAY:
                return  # its lease ends

    def _wish(self, callback: DueCallback, claimed: ClaimedCallback, dial: AgentDial) -> WishedCall:
        settings, terms = self.settings, callback.terms
        run = None if terms.campaign is None else self._of.runs.by_name.get(terms.campaign)
        project = callback.project if settings.opt_out_of == "project" else ""
        return WishedCall(
            terms.campaign,
            callback.project,
            callback.lead,
            claimed.number.number,
            LineName(settings.line),
            Mode.CALLBACK,
            settings.ring_s,
            settings.caller_id,
            dial.agent,
            with_agent=True,
            message="" if run is None else run.sound,
            opt_out_key="" if run is None else settings.opt_out_key,
            opt_out_of=project,
            lines_for_inbound=settings.lines_for_inbound,
            grace_s=KEPT_GRACE_S,
        )

    def forget(self, attempt: RunningAttempt) -> None:
        super().forget(attempt)
        if self._lead is not None:
            self._of.forget(self._lead)
