"""Runs a campaign whose agents see each customer before they are called: preview.

Each free agent whose desk is open is shown one lead, which is claimed for them. They dial or skip
it; whatever ends that, the lead is given back or has its attempt. The rules judge it when it is
claimed, and once more when it is dialled.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime, timedelta

import structlog

from acd.events import Away
from campaigns.attempts import NotReserved
from campaigns.campaign import CampaignSettings
from campaigns.campaign_service import Campaign
from campaigns.claims import ClaimedLead, LeadClaims
from campaigns.lead_skips import LeadSkips
from dialer.pacing_facts import PacingFact, PersonConnected
from domain.facts import AgentState
from domain.identity import AgentCode, CallId
from engine.agents.live_floor import LiveFloor
from engine.calls.call import LiveCall
from engine.calls.live_calls import LiveCalls
from engine.clock import Clock
from engine.desk_ports import DialFault, DialNotice, DialStep
from engine.outbound.claimed_leads import (
    AGAIN_AFTER_S,
    LEASE_S,
    RENEW_EVERY_S,
    give_back,
    lead_to_pace,
)
from engine.outbound.desk_dials import AgentDial, DeskDials, dial_of, not_reached
from engine.outbound.live_run import LiveRun, StaffNow
from engine.outbound.running_attempt import RunningAttempt
from engine.outbound.way_out import Shut, WayOut
from machine.one_line import in_one_line
from storage.database_errors import AWAY

log = structlog.get_logger()

LOOK_EVERY_S = 1.0
NOT_CHOSEN = "missed"
"""Why an agent is away whose customer was given back because they did nothing."""


class PreviewRun(LiveRun):
    """One preview campaign."""

    def __init__(
        self,
        campaign: Campaign,
        calls: LiveCalls,
        door: WayOut,
        claims: LeadClaims,
        clock: Clock,
        desks: DeskDials,
        skips: LeadSkips,
        floor: LiveFloor,
        *,
        sound: str = "",
        open_now: Callable[[CampaignSettings], bool] = lambda _: True,
    ) -> None:
        super().__init__(campaign, calls, door, clock, sound=sound, open_now=open_now)
        self._claims = claims
        self._desks = desks
        self._skips = skips
        self._floor = floor
        self._dials: dict[AgentCode, AgentDial] = {}
        self._dialled: dict[AgentCode, int] = {}  # the lead of their last press
        self._claiming = False
        self._closed = False
        self._dry = False
        self._claim_at = self._renew_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._look_soon()

    def takes(self, agent: AgentCode) -> bool:
        return agent in self._dials or self._desks.is_open(agent)

    @property
    def has_leads(self) -> bool:
        return bool(self._dials) or not self._dry

    @property
    def claimed(self) -> int:
        return sum(dial.step is DialStep.SHOWN for dial in self._dials.values())

    def change(self, campaign: Campaign, sound: str) -> None:
        before, self.campaign, self._sound = self.campaign, campaign, sound
        if campaign.lists != before.lists:
            for dial in self._shown():
                self._give_back(dial)
        for dial in self._dials.values():
            dial.campaign = campaign
            self._desks.touch(dial.agent)
        self.look_again()

    def look_again(self) -> None:
        self._claim_at = 0.0
        self._look_soon()

    # --- agents

    def staff(self, agents: StaffNow, *, wanted: bool = False) -> None:
        now = {agent: state for agent, state, _ in agents}
        if wanted and not self._staff:
            self._claim_at = 0.0
        self._staff = dict(now)
        self._look_soon()

    def agent(
        self,
        agent: AgentCode,
        state: AgentState,
        call: CallId | None = None,  # noqa: ARG002 - paced runs need it
    ) -> None:
        self._staff[agent] = state
        self._look_soon()

    def _look_soon(self) -> None:
        """Later, because this may come of what the floor is just reporting."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(0.0, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._closed:
            return
        if not self._door.open:
            self.cut_ringing()  # nobody would be there for those who answer
        for dial in list(self._dials.values()):
            self._look_at(dial)
        may_claim = self.dials and not self._claiming and self.clock.now() >= self._claim_at
        if may_claim and self._idle():
            self._claiming = True
            self._begin(self._claim())
        if self._dials and self.clock.now() >= self._renew_at:
            self._renew_at = self.clock.now() + RENEW_EVERY_S
            self._begin(self._renew())
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(LOOK_EVERY_S, self._look)

    def _look_at(self, dial: AgentDial) -> None:
        seat, now = self._desks.seat(dial.agent), datetime.now(UTC)
        ready = seat is not None and seat.state is AgentState.READY
        match dial.step:
            case DialStep.SHOWN:
                if not (ready and self.dials and self._desks.is_open(dial.agent)):
                    self._give_back(dial)
                elif dial.until is not None and now >= dial.until:
                    self._time_over(dial)
            case DialStep.CONNECTING:
                if not ready:
                    self._give_back(dial)
            case DialStep.DIALLING | DialStep.RINGING:
                if dial.call is not None and not self._desks.phone_is_there(dial):
                    self._door.cut(dial.call)
            case _:
                pass

    def _time_over(self, dial: AgentDial) -> None:
        if self.settings.preview_end == "dial" and not dial.tried:
            self._go(dial)
            return
        notice = DialNotice(DialFault.TIME_OVER, dial.number)
        self._give_back(dial, notice)
        self._floor.feed(Away(dial.agent, NOT_CHOSEN))

    def _idle(self) -> list[AgentCode]:
        """Agents to whom a lead can be shown, the longest idle first."""
        seats = [self._desks.seat(agent) for agent in self._staff]
        free = [
            seat
            for seat in seats
            if seat is not None
            and seat.state is AgentState.READY
            and seat.kept is None
            and self._desks.at(seat.code) is None
            and self._desks.is_open(seat.code)
        ]
        return [seat.code for seat in sorted(free, key=lambda seat: (seat.since, seat.code))]

    # --- leads

    async def _claim(self) -> None:
        idle = self._idle()
        try:
            found = await self._claims.claim(
                self.campaign.name,
                len(idle),
                by=self._door.name,
                now=datetime.now(UTC),
                lease_s=LEASE_S,
            )
            self.figures.trouble = None
        except AWAY as error:
            self.figures.trouble = f"the database is away: {in_one_line(error)}"
            self._claim_at = self.clock.now() + AGAIN_AFTER_S
            return
        finally:
            self._claiming = False
        self._dry = not found
        if self._dry:
            self._claim_at = self.clock.now() + AGAIN_AFTER_S
        await self._release(self._show(found))

    def _show(self, found: Iterable[ClaimedLead]) -> list[ClaimedLead]:
        """Show the leads to who is idle now; returns those that nobody can have."""
        idle = self._idle() if self.dials and not self._closed else []
        left: list[ClaimedLead] = []
        for claimed in found:
            agent = next(iter(idle), None)
            if agent is None:
                left.append(claimed)
                continue
            idle.remove(agent)
            until = datetime.now(UTC) + timedelta(seconds=self.settings.preview_s)
            dial = AgentDial(agent, self.campaign, claimed.number.number, claimed, until)
            self._dials[agent] = dial
            self._desks.begin(dial)
        return left

    async def _renew(self) -> None:
        held = {dial.lead: dial for dial in self._dials.values() if dial.call is None}
        leads = [lead for lead in held if lead is not None]
        try:
            kept = await self._claims.renew(
                leads, by=self._door.name, now=datetime.now(UTC), lease_s=LEASE_S
            )
        except AWAY:
            return
        for lead, dial in held.items():
            if lead not in kept and dial.call is None and dial.step is DialStep.SHOWN:
                self._give_back(dial, DialNotice(DialFault.CHANGED, dial.number))

    async def _release(self, leads: Iterable[ClaimedLead]) -> None:
        await give_back(self._claims, leads, by=self._door.name)

    def _shown(self) -> Collection[AgentDial]:
        return [dial for dial in self._dials.values() if dial.step is DialStep.SHOWN]

    def _give_back(self, dial: AgentDial, notice: DialNotice | None = None) -> None:
        self._end(dial, notice)
        if dial.claimed is not None:
            self._begin(self._release([dial.claimed]))

    def _end(self, dial: AgentDial, notice: DialNotice | None = None) -> None:
        if self._dials.get(dial.agent) is dial:
            del self._dials[dial.agent]
        self._desks.end(dial, notice)
        self._look_soon()

    # --- what the agent does

    def dial(self, agent: AgentCode, lead: int) -> DialNotice | None:
        """The agent wants to call the customer whom they look at.

        The second press of a double click changes nothing, even if the call is over by then.
        """
        dial = self._dials.get(agent)
        if dial is not None and dial.lead == lead:
            if dial.step is DialStep.SHOWN:
                self._dialled[agent] = lead
                self._go(dial)
            return None
        if self._dialled.get(agent) == lead:
            return None
        return DialNotice(DialFault.CHANGED, "")

    async def skip(self, agent: AgentCode, lead: int, reason: str, note: str) -> DialNotice | None:
        """The agent doesn't want to call them."""
        dial = self._dials.get(agent)
        if dial is None or dial.lead != lead or dial.step is not DialStep.SHOWN:
            return DialNotice(DialFault.CHANGED, "")
        name, settings, now = self.campaign.name, self.settings, datetime.now(UTC)
        try:
            await self._skips.skip(
                lead, name, settings, agent, reason, note, by=self._door.name, now=now
            )
        except AWAY:
            return DialNotice(DialFault.NO_WAY, dial.number, back=True)
        self._end(dial)
        return None

    def hang_up(self, agent: AgentCode) -> None:
        """The agent ends the call before it is answered."""
        dial = self._dials.get(agent)
        if dial is None or dial.step is DialStep.SHOWN:
            return
        dial.cancelled = True
        if dial.call is not None:
            self._door.cut(dial.call)
        elif dial.step is DialStep.CONNECTING:
            self._give_back(dial, not_reached(dial, closed=True))

    def _go(self, dial: AgentDial) -> None:
        dial.tried = True
        self._desks.step(dial, DialStep.CONNECTING)
        self._begin(self._place(dial))

    async def _place(self, dial: AgentDial) -> None:
        claimed = dial.claimed
        assert claimed is not None  # noqa: S101 - a preview has a lead
        if not await self._desks.connect(dial):
            if not dial.over:
                self._again(dial, DialNotice(DialFault.PHONE, dial.number, back=True))
            return
        if dial.over:
            return
        self._desks.step(dial, DialStep.DIALLING)

        def follower(call: LiveCall) -> RunningAttempt:
            dial.call = call
            self.figures.dialled += 1
            return self._take(call, lead_to_pace(claimed))

        came = await self._door.place(
            self.wish(claimed, dial.agent),
            follower,
            wanted=lambda: self.dials and not (dial.over or dial.cancelled),
        )
        if dial.over:
            return  # given back meanwhile
        if isinstance(came, NotReserved):
            self.figures.refused += 1
            fault = DialFault.CHANGED if came.rule is None else DialFault.RULE
            self._give_back(dial, DialNotice(fault, dial.number, came.rule, came.until))
        elif isinstance(came, Shut) and dial.cancelled:
            self._give_back(dial, not_reached(dial, closed=True))
        elif isinstance(came, Shut):
            self.figures.trouble = came.why
            self._again(dial, DialNotice(DialFault.NO_WAY, dial.number, back=True))

    def _again(self, dial: AgentDial, notice: DialNotice) -> None:
        """They can try once more, for as long again."""
        dial.until = datetime.now(UTC) + timedelta(seconds=self.settings.preview_s)
        self._desks.step(dial, DialStep.SHOWN, notice)

    # --- what happens to its calls

    def host(self, call: LiveCall) -> RunningAttempt:
        """The attempt of a call; of one that an earlier controller placed, the agent is kept
        again."""
        known = call.id in self.under_way
        found = super().host(call)
        dial = None if known else dial_of(call, self.campaign)
        if dial is not None and self._desks.take_up(dial):
            self._dials[dial.agent] = dial
            self._look_soon()
        return found

    def agent_waits_for(self, call: LiveCall) -> bool:
        """Whether the agent for whom it was placed is at the phone for it."""
        dial = next((one for one in self._dials.values() if one.call is call), None)
        return dial is not None and self._desks.phone_is_there(dial)

    def feed(self, fact: PacingFact) -> None:
        attempt = getattr(fact, "attempt", None)
        dial = next((one for one in self._dials.values() if _id(one) == attempt), None)
        if dial is None:
            return
        if isinstance(fact, PersonConnected):
            self._end(dial)
        elif dial.tell(fact):
            self._desks.touch(dial.agent)

    def forget(self, attempt: RunningAttempt) -> None:
        super().forget(attempt)
        dial = next((one for one in self._dials.values() if _id(one) == attempt.id), None)
        if dial is not None:
            self._end(dial, not_reached(dial, closed=dial.cancelled))

    async def close(self) -> None:
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        left = [dial for dial in self._dials.values() if dial.call is None]
        for dial in left:
            self._end(dial)
        await self._release(dial.claimed for dial in left if dial.claimed is not None)
        for task in tuple(self._going):
            if not task.done():
                await asyncio.wait([task])
        if self._timer is not None:
            self._timer.cancel()


def _id(dial: AgentDial) -> str | None:
    return None if dial.call is None else dial.call.id
