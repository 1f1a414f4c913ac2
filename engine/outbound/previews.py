"""The customers of a preview campaign who are at its agents' desks, each for one agent.

The agent dials or skips theirs; whatever ends that, the lead is given back or has its attempt.
"""

from collections.abc import Callable, Coroutine, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Protocol

from acd.events import Away
from campaigns.attempts import NotReserved
from campaigns.campaign import CampaignSettings
from campaigns.claims import ClaimedLead, LeadClaims
from campaigns.lead_skips import LeadSkips
from campaigns.stored_campaign import Campaign
from dialer.pacing_facts import Lead, PacingFact, PersonConnected
from domain.agent_facts import AgentState
from domain.identity import AgentCode
from engine.agents.live_floor import LiveFloor
from engine.calls.call import LiveCall
from engine.desk_ports import DialFault, DialNotice, DialStep
from engine.outbound.claimed_leads import LEASE_S, give_back, lead_to_pace
from engine.outbound.desk_dials import AgentDial, DeskDials, dial_of, not_reached
from engine.outbound.running_attempt import RunFigures, RunningAttempt
from engine.outbound.way_out import NO_TURN, Shut, WayOut, WishedCall
from storage.database_errors import AWAY

NOT_CHOSEN = "missed"
"""Why an agent is away whose customer was given back because they did nothing."""


class Previewing(Protocol):
    """The campaign's run."""

    campaign: Campaign
    figures: RunFigures

    @property
    def settings(self) -> CampaignSettings:
        """The campaign's, as they are now."""

    @property
    def dials(self) -> bool:
        """Whether new numbers are dialled."""

    def wish(self, claimed: ClaimedLead, agent: AgentCode | None = None) -> WishedCall:
        """The call to a claimed lead, for which this agent is kept."""


class Previews:
    """Those of one campaign, by agent.

    ``begin`` does work in the background, ``take`` follows a call that goes out, and ``changed`` is
    called when an agent may be shown somebody else.
    """

    def __init__(
        self,
        run: Previewing,
        door: WayOut,
        claims: LeadClaims,
        desks: DeskDials,
        skips: LeadSkips,
        floor: LiveFloor,
        *,
        begin: Callable[[Coroutine[None, None, None]], None],
        take: Callable[[LiveCall, Lead], RunningAttempt],
        changed: Callable[[], None],
    ) -> None:
        self._run = run
        self._door = door
        self._claims = claims
        self._desks = desks
        self._skips = skips
        self._floor = floor
        self._begin = begin
        self._take = take
        self._changed = changed
        self._dials: dict[AgentCode, AgentDial] = {}
        self._dialled: dict[AgentCode, int] = {}  # the lead of their last press

    def __iter__(self) -> Iterator[AgentDial]:
        return iter(tuple(self._dials.values()))

    def __len__(self) -> int:
        return len(self._dials)

    def __contains__(self, agent: AgentCode) -> bool:
        """Whether a customer is at this agent's desk."""
        return agent in self._dials

    @property
    def undecided(self) -> list[AgentDial]:
        """Those whom the agent is looking at."""
        return [dial for dial in self if dial.step is DialStep.SHOWN]

    # --- at the desk

    def show(self, claimed: ClaimedLead, agent: AgentCode) -> None:
        """Show the agent a claimed lead."""
        run = self._run
        until = datetime.now(UTC) + timedelta(seconds=run.settings.preview_s)
        dial = AgentDial(agent, run.campaign, claimed.number.number, claimed, until)
        self._dials[agent] = dial
        self._desks.begin(dial)

    def look_at(self, dial: AgentDial) -> None:
        """Take the customer back if the agent is gone, or has looked at them for too long."""
        seat, now = self._desks.seat(dial.agent), datetime.now(UTC)
        ready = seat is not None and seat.state is AgentState.READY
        match dial.step:
            case DialStep.SHOWN:
                if not (ready and self._run.dials and self._desks.is_open(dial.agent)):
                    self.take_back(dial)
                elif dial.until is not None and now >= dial.until:
                    self._time_over(dial)
            case DialStep.CONNECTING:
                if not ready:
                    self.take_back(dial)
            case DialStep.DIALLING | DialStep.RINGING:
                if dial.call is not None and not self._desks.phone_is_there(dial):
                    self._door.cut(dial.call)
            case _:
                pass

    def _time_over(self, dial: AgentDial) -> None:
        if self._run.settings.preview_end == "dial" and not dial.tried:
            self._go(dial)
            return
        self.take_back(dial, DialNotice(DialFault.TIME_OVER, dial.number))
        self._floor.feed(Away(dial.agent, NOT_CHOSEN))

    def change(self, campaign: Campaign) -> None:
        """The campaign's settings are others now."""
        for dial in self:
            dial.campaign = campaign
            self._desks.touch(dial.agent)

    async def renew(self) -> None:
        """Keep their leads claimed, and take those back that somebody has changed."""
        held = {dial.lead: dial for dial in self if dial.call is None}
        leads = [lead for lead in held if lead is not None]
        try:
            kept = await self._claims.renew(
                leads, by=self._door.name, now=datetime.now(UTC), lease_s=LEASE_S
            )
        except AWAY:
            return
        for lead, dial in held.items():
            if lead not in kept and dial.call is None and dial.step is DialStep.SHOWN:
                self.take_back(dial, DialNotice(DialFault.CHANGED, dial.number))

    def take_back(self, dial: AgentDial, notice: DialNotice | None = None) -> None:
        """Let others claim the customer."""
        self._end(dial, notice)
        if dial.claimed is not None:
            self._begin(self.release([dial.claimed]))

    async def release(self, leads: Iterable[ClaimedLead]) -> None:
        """Let others claim these leads."""
        await give_back(self._claims, leads, by=self._door.name)

    def _end(self, dial: AgentDial, notice: DialNotice | None = None) -> None:
        if self._dials.get(dial.agent) is dial:
            del self._dials[dial.agent]
        self._desks.end(dial, notice)
        self._changed()

    async def close(self) -> None:
        """Take all back who haven't been called."""
        left = [dial for dial in self if dial.call is None]
        for dial in left:
            self._end(dial)
        await self.release(dial.claimed for dial in left if dial.claimed is not None)

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
        name, settings, now = self._run.campaign.name, self._run.settings, datetime.now(UTC)
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
            self.take_back(dial, not_reached(dial, closed=True))

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
            self._run.figures.dialled += 1
            return self._take(call, lead_to_pace(claimed))

        came = await self._door.place(
            self._run.wish(claimed, dial.agent),
            follower,
            wanted=lambda: self._run.dials and not (dial.over or dial.cancelled),
        )
        if dial.over:
            return  # given back meanwhile
        if isinstance(came, NotReserved):
            self._run.figures.refused += 1
            fault = DialFault.CHANGED if came.rule is None else DialFault.RULE
            self.take_back(dial, DialNotice(fault, dial.number, came.rule, came.until))
        elif isinstance(came, Shut) and dial.cancelled:
            self.take_back(dial, not_reached(dial, closed=True))
        elif came is NO_TURN:
            self._again(dial, DialNotice(DialFault.NO_TURN, dial.number, back=True))
        elif isinstance(came, Shut):
            self._run.figures.trouble = came.why
            self._again(dial, DialNotice(DialFault.NO_WAY, dial.number, back=True))

    def _again(self, dial: AgentDial, notice: DialNotice) -> None:
        """They can try once more, for as long again."""
        dial.until = datetime.now(UTC) + timedelta(seconds=self._run.settings.preview_s)
        self._desks.step(dial, DialStep.SHOWN, notice)

    # --- what happens to their calls

    def take_up(self, call: LiveCall) -> None:
        """Keep the agent again for whom an earlier controller placed this call."""
        dial = dial_of(call, self._run.campaign)
        if dial is not None and self._desks.take_up(dial):
            self._dials[dial.agent] = dial
            self._changed()

    def agent_waits_for(self, call: LiveCall) -> bool:
        """Whether the agent for whom it was placed is at the phone for it."""
        dial = self._of(call.id)
        return dial is not None and self._desks.phone_is_there(dial)

    def feed(self, fact: PacingFact) -> None:
        """Something happened to a call of the campaign's."""
        dial = self._of(getattr(fact, "attempt", None))
        if dial is None:
            return
        if isinstance(fact, PersonConnected):
            self._end(dial)
        elif dial.tell(fact):
            self._desks.touch(dial.agent)

    def over(self, attempt: RunningAttempt) -> None:
        """The call is over; if they talked, the customer isn't here any more."""
        dial = self._of(attempt.id)
        if dial is not None:
            self._end(dial, not_reached(dial, closed=dial.cancelled))

    def _of(self, attempt: str | None) -> AgentDial | None:
        """The customer who is called by this attempt."""
        return next((one for one in self if one.call is not None and one.call.id == attempt), None)
