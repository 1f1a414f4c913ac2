"""Customers who are for one agent: shown at the agent's desk, then called with the agent at hand.

The agent is kept from the queues meanwhile. Their phone is in a room before the customer is called:
if it isn't nailed up, it is called first, for this call alone. So nobody answers into silence.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime

from acd.commands import AgentChanged
from acd.events import KeepAgent, LetAgentGo
from acd.seat import SeatView
from campaigns.campaign import Mode
from campaigns.claims import ClaimedLead
from campaigns.stored_campaign import Campaign
from campaigns.stored_leads import StoredLead
from dialer.pacing_facts import Answered, NotAnswered, PacingFact, Ringing
from domain.agent_facts import AgentState
from domain.identity import AgentCode, StationName
from domain.reasons import Cause
from engine.agents.agent_news import AgentNews
from engine.agents.live_floor import LiveFloor
from engine.agents.live_talks import has_talked
from engine.agents.nailed_up import NailedUp
from engine.board_ports import AheadOf, AheadView, LegState
from engine.calls.call import LiveCall
from engine.calls.placed import CALLBACK, HAND
from engine.centre_ports import CommandOutcome
from engine.changes import Changes
from engine.clock import Clock
from engine.desk_ports import DeskView, DialFault, DialNotice, DialStep, DialView

CLOSED_AFTER_S = 10.0
"""A desk that has not asked for so long is closed: its browser is gone, or lost its network."""
CONNECTS_WITHIN_S = 45.0


@dataclass(slots=True, eq=False)
class AgentDial:
    """A customer who is for one agent, until they talk, or it comes to nothing."""

    agent: AgentCode
    campaign: Campaign
    number: str
    claimed: ClaimedLead | None = None
    """None: it is no preview, or an earlier controller called them."""
    until: datetime | None = None
    step: DialStep = DialStep.SHOWN
    call: LiveCall | None = None
    cause: Cause | None = None
    tried: bool = False
    """Somebody has wanted to call them once already."""
    over: bool = False
    cancelled: bool = False
    """The agent hung up before anybody answered."""
    mode: Mode = Mode.PREVIEW
    promised: StoredLead | None = None
    """Who is called back, once they are claimed."""
    since: float = 0.0
    """Since when the agent does what they do for them, in monotonic seconds."""

    @property
    def kept_for(self) -> str:
        """What the agent is kept for meanwhile."""
        if self.mode is Mode.CALLBACK:
            return CALLBACK
        return HAND if self.mode is Mode.MANUAL else self.campaign.name

    @property
    def lead(self) -> int | None:
        """The lead that is shown."""
        shown = self._shown
        return None if shown is None else shown.lead

    @property
    def _shown(self) -> StoredLead | None:
        return self.promised if self.claimed is None else self.claimed.lead

    def view(self) -> DialView:
        """What the desk shows."""
        lead = self._shown
        return DialView(
            self.step,
            self.number,
            self.campaign.name,
            self.campaign.settings.title,
            by_hand=self.mode is Mode.MANUAL,
            lead=None if lead is None else lead.lead,
            name="" if lead is None else lead.name,
            fields={} if lead is None else lead.fields,
            until=self.until if self.step is DialStep.SHOWN else None,
            dials_itself=self.campaign.settings.preview_end == "dial",
            callback=self.mode is Mode.CALLBACK,
            attempts=0 if lead is None else lead.attempts,
            last_attempt_at=None if lead is None else lead.last_attempt_at,
            project=self.campaign.project,
        )

    @property
    def ahead(self) -> AheadOf:
        """What the agent does for them."""
        if self.mode is Mode.CALLBACK:
            return AheadOf.CALLBACK
        if self.mode is Mode.MANUAL:
            return AheadOf.BY_HAND
        return AheadOf.LOOKING if self.step is DialStep.SHOWN else AheadOf.DIALLING

    def tell(self, fact: PacingFact) -> bool:
        """Take in what happened to its call; returns whether the desk shows something else now."""
        match fact:
            case Ringing():
                self.step = DialStep.RINGING
            case Answered():
                self.step = DialStep.ANSWERED
            case NotAnswered():
                self.cause = fact.cause
            case _:
                return False
        return True


@dataclass(slots=True)
class _Desk:
    """One agent's desk."""

    version: int = 1
    dial: AgentDial | None = None
    notice: DialNotice | None = None
    asked_at: float = float("-inf")
    asking: int = 0
    changed: asyncio.Event | None = None


class DeskDials:
    """The customers who are for one agent each, and the agents' desks."""

    def __init__(
        self,
        floor: LiveFloor,
        nailed_up: NailedUp,
        changes: Changes,
        clock: Clock,
        news: AgentNews,
        *,
        closed_after_s: float = CLOSED_AFTER_S,
    ) -> None:
        self._floor = floor
        self._nailed_up = nailed_up
        self._changes = changes
        self._clock = clock
        self._closed_after_s = closed_after_s
        self._desks: dict[AgentCode, _Desk] = {}
        self._once: dict[AgentCode, StationName] = {}
        """Whose phones are in a room for one call."""
        news.listen(self._agent_changed)

    # --- the desk

    def is_open(self, agent: AgentCode) -> bool:
        """Whether the agent's desk is open in a browser."""
        desk = self._desks.get(agent)
        if desk is None:
            return False
        return desk.asking > 0 or self._clock.now() - desk.asked_at < self._closed_after_s

    def at(self, agent: AgentCode) -> AgentDial | None:
        """The customer who is for this agent now."""
        desk = self._desks.get(agent)
        return None if desk is None else desk.dial

    def view(self, agent: AgentCode) -> DeskView:
        """What the desk shows."""
        desk = self._desk(agent)
        dial = None if desk.dial is None else desk.dial.view()
        return DeskView(desk.version, dial, desk.notice)

    async def changed(self, agent: AgentCode, seen: int, within_s: float) -> None:
        """Wait until the desk shows another version than ``seen``, at most ``within_s``."""
        desk = self._desk(agent)
        desk.asking += 1
        try:
            async with asyncio.timeout(within_s):
                while desk.version == seen:
                    desk.changed = desk.changed or asyncio.Event()
                    await desk.changed.wait()
        except TimeoutError:
            return
        finally:
            desk.asking -= 1
            desk.asked_at = self._clock.now()

    def note_asking(self, agent: AgentCode) -> None:
        """The agent's desk has just been opened, and is about to ask."""
        self._desk(agent).asked_at = self._clock.now()

    def touch(self, agent: AgentCode) -> None:
        """Let the desk show what has changed."""
        desk = self._desk(agent)
        desk.version += 1
        if desk.changed is not None:
            desk.changed.set()
            desk.changed = None
        self._changes.touch()  # the board shows it, too

    def ahead(self) -> dict[AgentCode, AheadView]:
        """For which customers to come agents are kept now."""
        civil = self._clock.civil
        return {
            code: AheadView(dial.ahead, civil(dial.since))
            for code, desk in self._desks.items()
            if (dial := desk.dial) is not None
        }

    def notify(self, agent: AgentCode, notice: DialNotice | None) -> None:
        """Let the desk say what came of a customer."""
        self._desk(agent).notice = notice
        self.touch(agent)

    def _desk(self, agent: AgentCode) -> _Desk:
        return self._desks.setdefault(agent, _Desk())

    # --- a customer

    def seat(self, agent: AgentCode) -> SeatView | None:
        """The agent, as the floor knows them."""
        return self._floor.core.agent(agent)

    def begin(self, dial: AgentDial) -> None:
        """Show the customer to the agent, and keep the agent for them."""
        desk = self._desk(dial.agent)
        desk.dial, desk.notice = dial, None
        dial.since = self._clock.now()
        self._floor.feed(KeepAgent(dial.agent, dial.kept_for))
        self.touch(dial.agent)

    def take_up(self, dial: AgentDial) -> bool:
        """Go on with a customer whom an earlier controller was calling (``dial_of``); returns False
        if the agent has another one by now."""
        if self.at(dial.agent) is not None:
            return False
        seat = self.seat(dial.agent)
        station = None if seat is None else seat.station
        if station is not None and self._nailed_up.is_borrowed(station):
            self._nailed_up.take_over(station)
            self._once[dial.agent] = station
        if dial.call is not None:
            dial.call.kept_again = False
        self.begin(dial)
        return True

    def step(self, dial: AgentDial, step: DialStep, notice: DialNotice | None = None) -> None:
        """The customer has come so far."""
        before, dial.step = dial.ahead, step
        if dial.ahead is not before:
            dial.since = self._clock.now()
        self.notify(dial.agent, notice)

    async def connect(self, dial: AgentDial) -> bool:
        """Have the agent's phone in its room; returns whether it is."""
        seat = self.seat(dial.agent)
        if seat is None or seat.station is None:
            return False
        if self._nailed_up.is_open(seat.station):
            return True
        self.step(dial, DialStep.CONNECTING)
        if await self._nailed_up.connect(dial.agent, once=True) is not CommandOutcome.DONE:
            return False
        self._once[dial.agent] = seat.station
        try:
            async with asyncio.timeout(CONNECTS_WITHIN_S):
                while not dial.over and not self._nailed_up.is_open(seat.station):
                    version = self._changes.version
                    if self._nailed_up.state(seat.station) is not LegState.CALLING:
                        break
                    await self._changes.after(version)
        except TimeoutError:
            pass
        if dial.over or not self._nailed_up.is_open(seat.station):
            self._let_phone_go(dial.agent)
            return False
        return True

    def phone_is_there(self, dial: AgentDial) -> bool:
        """Whether the agent is still at a phone that is in its room."""
        seat = self.seat(dial.agent)
        if seat is None or seat.station is None or not self._nailed_up.is_open(seat.station):
            return False
        return seat.state in (AgentState.READY, AgentState.OFFERED, AgentState.TALKING)

    def end(self, dial: AgentDial, notice: DialNotice | None = None) -> None:
        """It has come to nothing, or they talk: the agent is kept for nobody any more."""
        if dial.over:
            return
        dial.over = True
        desk = self._desk(dial.agent)
        if desk.dial is dial:
            desk.dial = None
        seat = self.seat(dial.agent)
        if seat is None or seat.state is not AgentState.TALKING:
            self._let_phone_go(dial.agent)
        asyncio.get_running_loop().call_soon(self._let_agent_go, dial)
        self.notify(dial.agent, notice)

    def _let_agent_go(self, dial: AgentDial) -> None:
        # Later, because this may come of what the floor is just reporting.
        if (now := self.at(dial.agent)) is None or now.kept_for != dial.kept_for:
            self._floor.feed(LetAgentGo(dial.agent, dial.kept_for))

    def _let_phone_go(self, agent: AgentCode) -> None:
        if (station := self._once.pop(agent, None)) is not None:
            self._nailed_up.let_go(station)

    def _agent_changed(self, change: AgentChanged) -> None:
        if change.agent in self._once and change.state in (
            AgentState.WRAP_UP, AgentState.PAUSED, AgentState.LOGGED_OUT,
        ):  # fmt: skip
            asyncio.get_running_loop().call_soon(self._let_phone_go, change.agent)
        elif change.agent in self._once and change.state is AgentState.READY:
            dial = self.at(change.agent)
            if dial is None:  # a queue without after-call work
                asyncio.get_running_loop().call_soon(self._let_phone_go, change.agent)


def dial_of(call: LiveCall, campaign: Campaign) -> AgentDial | None:
    """The customer whom an earlier controller called for an agent, if that agent is still to talk
    with them."""
    placed = call.placed
    if placed is None or placed.agent is None or has_talked(call):
        return None
    if placed.mode is None or not placed.for_agent:
        return None
    return AgentDial(
        placed.agent,
        campaign,
        placed.number,
        step=DialStep.ANSWERED if call.picked_up else DialStep.RINGING,
        call=call,
        mode=Mode(placed.mode),
    )


def not_reached(dial: AgentDial, *, closed: bool) -> DialNotice:
    """What the desk says of a customer who was called in vain."""
    fault = DialFault.CANCELLED if closed else DialFault.NOT_REACHED
    return DialNotice(fault, dial.number, cause=dial.cause)
