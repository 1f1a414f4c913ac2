"""Runs a campaign whose agents see each customer before they are called: preview.

Each free agent whose desk is open is shown one lead, which is claimed for them (``previews``). The
rules judge it when it is claimed, and once more when it is dialled.
"""

import asyncio
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

import structlog

from campaigns.campaign import CampaignSettings
from campaigns.claims import ClaimedLead, LeadClaims
from campaigns.lead_skips import LeadSkips
from campaigns.stored_campaign import Campaign
from dialer.pacing_facts import PacingFact
from domain.agent_facts import AgentState
from domain.identity import AgentCode, CallId
from engine.agents.live_floor import LiveFloor
from engine.calls.call import LiveCall
from engine.calls.live_calls import LiveCalls
from engine.clock import Clock
from engine.outbound.claimed_leads import (
    AGAIN_AFTER_S,
    LEASE_S,
    RENEW_EVERY_S,
)
from engine.outbound.desk_dials import DeskDials
from engine.outbound.live_run import LiveRun, StaffNow
from engine.outbound.previews import Previews
from engine.outbound.running_attempt import RunningAttempt
from engine.outbound.way_out import WayOut
from machine.one_line import in_one_line
from storage.database_errors import AWAY

log = structlog.get_logger()

LOOK_EVERY_S = 1.0


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
        self.previews = Previews(
            self,
            door,
            claims,
            desks,
            skips,
            floor,
            begin=self._begin,
            take=self._take,
            changed=self._look_soon,
        )
        self._claims = claims
        self._desks = desks
        self._claiming = False
        self._closed = False
        self._dry = False
        self._claim_at = self._renew_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._look_soon()

    def takes(self, agent: AgentCode) -> bool:
        return agent in self.previews or self._desks.is_open(agent)

    @property
    def has_leads(self) -> bool:
        return bool(self.previews) or not self._dry

    @property
    def claimed(self) -> int:
        return len(self.previews.undecided)

    def change(self, campaign: Campaign, sound: str) -> None:
        before, self.campaign, self._sound = self.campaign, campaign, sound
        if campaign.lists != before.lists:
            for dial in self.previews.undecided:
                self.previews.take_back(dial)
        self.previews.change(campaign)
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
        for dial in self.previews:
            self.previews.look_at(dial)
        may_claim = self.dials and not self._claiming and self.clock.now() >= self._claim_at
        if may_claim and self._idle():
            self._claiming = True
            self._begin(self._claim())
        if self.previews and self.clock.now() >= self._renew_at:
            self._renew_at = self.clock.now() + RENEW_EVERY_S
            self._begin(self.previews.renew())
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(LOOK_EVERY_S, self._look)

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
        await self.previews.release(self._show(found))

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
            self.previews.show(claimed, agent)
        return left

    # --- what happens to its calls

    def host(self, call: LiveCall) -> RunningAttempt:
        """The attempt of a call; of one that an earlier controller placed, the agent is kept
        again."""
        known = call.id in self.under_way
        found = super().host(call)
        if not known:
            self.previews.take_up(call)
        return found

    def agent_waits_for(self, call: LiveCall) -> bool:
        """Whether the agent for whom it was placed is at the phone for it."""
        return self.previews.agent_waits_for(call)

    def feed(self, fact: PacingFact) -> None:
        self.previews.feed(fact)

    def forget(self, attempt: RunningAttempt) -> None:
        super().forget(attempt)
        self.previews.over(attempt)

    async def close(self) -> None:
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        await self.previews.close()
        for task in tuple(self._going):
            if not task.done():
                await asyncio.wait([task])
        if self._timer is not None:
            self._timer.cancel()
