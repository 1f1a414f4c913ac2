"""The one door through which calls to customers go out.

An attempt is a row before it is a call: the channel's id is chosen, the row is committed, the fact
is in the outbox, and only then is Asterisk asked. Whatever is lost after that, the attempt is known
by its id and looked up, and no number is dialled again because nobody knows what became of a call.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import structlog

from campaigns.attempts import Attempts, NotReserved, WishedAttempt
from campaigns.campaign import Mode
from campaigns.hand_dialling import HandDialling, WishedHandCall
from dialer.line_rate import LineRateNow
from domain.centre import Line
from domain.identity import AgentCode, CampaignName, ChannelId, LineName, NodeName, ProjectName
from domain.outbound_facts import FateUnknown
from domain.reasons import Party
from engine.agents.live_talks import LiveTalks
from engine.calls.call import Follower, LiveCall
from engine.calls.live_calls import LiveCalls
from engine.calls.placed import PlacedFor
from engine.lines_out import LinesOut, Turn
from engine.outbound.unplaced import UnplacedAttempts
from machine.one_line import in_one_line
from storage.database_errors import AWAY
from telephony.ami.link import Link
from telephony.ami.originate import Extension, Originate, new_channel_id
from telephony.ami.protocol import ActionFailed, ActionRefused, OutcomeUnknown
from telephony.caller_ids import caller_id_headers, caller_id_of
from telephony.centre_calls import Calls
from telephony.numbers import for_carrier
from telephony.variables import ChannelVariable

log = structlog.get_logger()

_SEEN_WITHIN_S = 5.0
"""A call that Asterisk has accepted shows a channel at once, or none if its line is unreachable."""
_CUT_AGAIN_S = 0.25
CONTEXT = "outbound"
_RESERVED_AT_ONCE = 8
"""Rows that are written at a time. If the database is slow, some are in time, where all at once
would all be late, and be withdrawn."""


@dataclass(frozen=True, slots=True)
class WishedCall:
    """A customer to call now, and how."""

    campaign: CampaignName | None
    """None: it is dialled by hand, or calls back a caller."""
    project: ProjectName
    lead: int | None
    """None: nobody's, or by hand."""
    number: str
    line: LineName
    mode: Mode
    ring_s: float
    caller_id: str | None = None
    agent: AgentCode | None = None
    """For whom it is placed, if for somebody."""
    with_agent: bool = False
    """Whether an agent is kept for it."""
    message: str = ""
    """The sound that a customer hears for whom nobody is free; "" for none."""
    opt_out_key: str = ""
    opt_out_of: str = ""
    """The project that the key takes the number off; "": the whole centre."""
    detect: bool = False
    """Whether to hang up on machines."""
    lines_for_inbound: int = 0
    """So many of the line's channels are to stay free."""
    grace_s: float = 0.0
    """How long the customer may wait for an agent."""
    notice: bool = False
    """Whether whoever answers hears ``message``, without an agent."""
    flow: str = ""
    """The flow that whoever answers enters; "": none."""
    language: str = ""
    """The customer's, in that flow, as far as it is known."""
    rules: str = ""
    """Of a call by hand: the name of a preset in ``dialer.rules``."""
    name: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    """The lead's, which its agent is shown."""
    tested_by: str = ""
    """Of a test call: the user who placed it."""


@dataclass(frozen=True, slots=True)
class Shut:
    """The call did not go out, and no row was written."""

    why: str


NO_TURN = Shut("the line takes no more calls a second just now")
"""No trouble: it may go out a moment later."""
_TOO_LATE = Shut("the database took too long, or the campaign was paused meanwhile")


class WayOut:
    """Places calls on one Asterisk. ``name`` is the one under which leads are claimed."""

    def __init__(
        self,
        name: str,
        lines: LinesOut,
        calls: LiveCalls,
        talks: LiveTalks,
        links: Mapping[NodeName, Link],
        channels: Calls,
        attempts: Attempts,
        by_hand: HandDialling,
        *,
        closing: Callable[[], bool] = lambda: False,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.name = name
        self._lines = lines
        self._calls = calls
        self._talks = talks
        self._links = links
        self._channels = channels
        self._attempts = attempts
        self.unplaced = UnplacedAttempts(attempts, clock=clock)
        self._by_hand = by_hand
        self._closing = closing
        self._clock = clock
        self._turns = asyncio.Semaphore(_RESERVED_AT_ONCE)
        self._cutting: set[asyncio.Task[None]] = set()

    @property
    def open(self) -> bool:
        """Whether calls may go out at all; not while Offhook waits for calls to end, to stop."""
        return not self._closing()

    def free_lines(self, line: LineName, for_inbound: int = 0) -> int:
        """How many more calls the line may carry, with so many channels left free."""
        return self._lines.free(line, for_inbound)

    def line_rate(self, line: LineName, campaign: CampaignName) -> LineRateNow:
        """How many calls more of a campaign may go out on the line now, and when more may."""
        return self._lines.rate(line, campaign)

    def wants_more(self, line: LineName, campaign: CampaignName) -> None:
        """The campaign would call more if the line took more calls a second."""
        self._lines.wants_more(line, campaign)

    async def place(
        self,
        wish: WishedCall,
        follower: Callable[[LiveCall], Follower],
        *,
        wanted: Callable[[], bool] = lambda: True,
    ) -> LiveCall | NotReserved | Shut:
        """Call a customer; returns the call once Asterisk has been asked, with its follower set.

        Whatever becomes of it is told to the follower. ``NotReserved`` and ``Shut``: nothing was
        sent. ``wanted`` is asked just before: the database may have taken its time, and whoever
        wanted the call may no longer do so. On a line with a rate the call waits for its turn:
        those first for which somebody waits. If it doesn't come, that is ``NO_TURN``.
        """
        line = self._lines.line(wish.line)
        node, link = next(iter(self._links.items()))
        if line is None:
            return Shut("the line is not in the centre any more")
        if not self.open:
            return Shut("Offhook is stopping")
        if not link.sends:
            return Shut("the connection to Asterisk is down")
        if self.free_lines(line.name, wish.lines_for_inbound) < 1:
            return Shut("the line has no free channel")
        ahead = wish.agent is not None or wish.mode is Mode.TEST
        with self._lines.going(line.name):
            async with self._lines.turn(line.name, wish.campaign, ahead=ahead) as turn:
                if turn is None:
                    return NO_TURN
                return await self._place(wish, line, node, link, follower, wanted, turn)

    async def _place(
        self,
        wish: WishedCall,
        line: Line,
        node: NodeName,
        link: Link,
        follower: Callable[[LiveCall], Follower],
        wanted: Callable[[], bool],
        turn: Turn,
    ) -> LiveCall | NotReserved | Shut:
        channel = ChannelId(node, new_channel_id())
        caller_id = caller_id_of(line, wish.caller_id)
        try:
            async with self._turns:
                if not (wanted() and link.sends and self.open):
                    return _TOO_LATE
                refused = await self._reserve(wish, channel, line, caller_id)
        except AWAY as error:
            self.unplaced.add(channel.call)  # the row may be there: its answer was lost
            return Shut(f"the database is away: {in_one_line(error)}")
        if refused is not None:
            return refused
        if not (wanted() and link.sends and self.open):
            return await self._withdraw(channel)
        placed = PlacedFor(
            wish.project,
            wish.number,
            wish.campaign,
            wish.lead,
            wish.mode.value,
            caller_id,
            wish.agent,
            wish.name,
            wish.fields,
        )
        call = self._calls.place(channel, line.name, placed)
        call.follower = follower(call)
        turn.goes_out()
        try:
            await link.originate(self._originate(wish, line, channel, caller_id))
        except OutcomeUnknown as error:
            log.warning("nobody knows whether a call went out", call=call.id, why=str(error))
            self._lost(call)
        except (ActionFailed, ValueError) as error:
            log.warning("a call could not be placed", call=call.id, line=line.name, why=str(error))
            self._talks.gone(call, Party.SYSTEM, 0)
        else:
            asyncio.get_running_loop().call_later(_SEEN_WITHIN_S, self._look_after, call)
        return call

    async def _reserve(
        self, wish: WishedCall, channel: ChannelId, line: Line, caller_id: str | None
    ) -> NotReserved | None:
        """Write the attempt's row, if the rules allow the call."""
        call, now = channel.call, self._clock()
        if wish.lead is not None:
            row = WishedAttempt(
                call, wish.campaign, wish.lead, wish.number, line.name, caller_id, wish.mode,
                wish.agent, wish.with_agent,
            )  # fmt: skip
            return await self._attempts.reserve(row, by=self.name, now=now)
        if wish.mode is Mode.TEST:
            return await self._by_hand.reserve_test(
                call, wish.project, wish.number, line.name, caller_id, by=wish.tested_by, now=now
            )
        assert wish.agent is not None  # noqa: S101 - who has no lead is dialled by an agent
        typed = WishedHandCall(
            call, wish.project, wish.number, wish.agent, line.name, caller_id, wish.rules
        )
        return await self._by_hand.reserve(typed, now)

    async def _withdraw(self, channel: ChannelId) -> Shut:
        """Take an attempt's row back whose call is not wanted any more."""
        try:
            await self._attempts.withdraw(channel.call, self._clock())
        except AWAY as error:
            log.warning("an attempt that was not placed stays open until the database is back",
                        call=channel.call, why=in_one_line(error))  # fmt: skip
            self.unplaced.add(channel.call)
        return _TOO_LATE

    def cut(self, call: LiveCall) -> None:
        """Hang up a call that nobody has answered yet."""
        if not call.picked_up and call.id in self._calls.by_id:
            call.cut = True
            task = asyncio.get_running_loop().create_task(self._hang_up(call))
            self._cutting.add(task)
            task.add_done_callback(self._cutting.discard)

    async def _hang_up(self, call: LiveCall) -> None:
        """A call that has only just been placed may have no channel yet: then again, once it has.
        Whoever has answered meanwhile is not hung up on."""
        link = self._links[call.channel.node]
        for _ in range(round(_SEEN_WITHIN_S / _CUT_AGAIN_S)):
            if call.picked_up or call.id not in self._calls.by_id:
                return
            try:
                await link.action("Hangup", {"Channel": call.channel.uniqueid, "Cause": "16"})
            except ActionRefused:
                await asyncio.sleep(_CUT_AGAIN_S)
            except ActionFailed as error:
                log.info("a call that rings could not be hung up", call=call.id, why=str(error))
                return
            else:
                return

    def _originate(
        self, wish: WishedCall, line: Line, channel: ChannelId, caller_id: str | None
    ) -> Originate:
        number = for_carrier(wish.number, line)
        variables = {
            ChannelVariable.CALL: channel.call,
            ChannelVariable.LINE: line.name,
            ChannelVariable.GRACE: str(round(wish.grace_s * 1000)),
            ChannelVariable.MESSAGE: wish.message,
            ChannelVariable.OPT_OUT_KEY: wish.opt_out_key,
            ChannelVariable.OPT_OUT_OF: wish.opt_out_of,
            ChannelVariable.NOTICE: "1" if wish.notice else "",
            ChannelVariable.FLOW: wish.flow,
            ChannelVariable.LANG: wish.language,
            ChannelVariable.DETECT: "1" if wish.detect else "",
        }
        return Originate(
            f"PJSIP/{number}@{line.name}",
            Extension(CONTEXT, "s"),
            channel.uniqueid,
            caller_id="" if caller_id is None else f"<{caller_id}>",
            variables={str(name): value for name, value in variables.items() if value},
            ring_s=wish.ring_s,
            userfield=channel.call,
            group=f"{line.name}@line",
            sip_headers=caller_id_headers(line, caller_id),
        )

    def _look_after(self, call: LiveCall) -> None:
        """A call without a channel was refused before it had one: its line is unreachable."""
        link = self._links[call.channel.node]
        seen = self._channels.channel(call.channel) is not None
        if call.id in self._calls.by_id and link.up and link.lag < 1.0 and not seen:
            self._talks.gone(call, Party.SYSTEM, 0)

    def _lost(self, call: LiveCall) -> None:
        if self._channels.channel(call.channel) is None:
            self._calls.note(call, FateUnknown())
