"""The live loop: what happens goes to the cores, what they command is carried out.

Everything runs on the event loop's thread, one thing after the other: an event is fed to the
floor, and the commands that come back are done before the next event is looked at.
"""

import asyncio
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from time import monotonic
from typing import Any, assert_never

import structlog

from acd.commands import (
    AgentChanged,
    Announce,
    Command,
    GiveUp,
    Offer,
    Refused,
    Withdraw,
)
from acd.events import CallGone as CallOver
from acd.events import (
    CallLeft,
    CallQueued,
    Connected,
    Disconnected,
    FloorEvent,
    OfferFailed,
    OfferFailure,
    Restore,
    StationChanged,
)
from acd.floor import Floor
from console.ports import CallStage
from domain.centre import Centre
from domain.facts import AgentFact, AgentState, CallFact, CallFactKind
from domain.identity import AgentCode, CallId, ChannelId, LineName, NodeName, QueueName, StationName
from offhook.live.calls import Gap, LiveCall
from storage.calls import StoredCall
from storage.outbox import Outbox
from telephony.ami.link import Link
from telephony.ami.protocol import ActionFailed
from telephony.ami.snapshot import Snapshot
from telephony.ami.wire import Message
from telephony.calls import (
    CallEvent,
    CallGone,
    CallHeld,
    CallResumed,
    Calls,
    CallSeen,
    CallTransferred,
    RingingEnded,
    StationConnected,
    StationDisconnected,
    StationRinging,
    TransferRefused,
)
from telephony.calls import StationChanged as PhoneChanged

log = structlog.get_logger()

_SILENCE_AGAIN_S = 0.02
"""What stops a sound is lost if it comes before the sound has begun."""

ASTERISK_ENDED = "Asterisk ended during the call"

_FACTS = uuid.UUID("6f1c9a54-5d0e-4b0c-9f6e-0a8f2f6a7c11")
_LOOK_AFTER_S = 5.0
_CLOCK_SET_S = 0.05
_JUST_OVER_S = 10.0
_TOLD_WITHIN_S = 1.0
_TALKS = frozenset({CallFactKind.CONNECTED, CallFactKind.DISCONNECTED})


def fact_id(call: CallId, what: str) -> str:
    """The id of what can happen only once in a call; who writes it again changes nothing."""
    return str(uuid.uuid5(_FACTS, f"{call} {what}"))


class Engine:
    """The running centre. Times handed to the floor are monotonic, those written down civil."""

    def __init__(
        self,
        centre: Centre,
        outbox: Outbox,
        *,
        clock: Callable[[], float] = monotonic,
        on_call_over: Callable[[LiveCall], None] = lambda call: None,
    ) -> None:
        self.centre = centre
        self.floor = Floor(centre.queues)
        self.live: dict[CallId, LiveCall] = {}
        self.links: dict[NodeName, Link] = {}
        self.version = 1
        self.started_at = datetime.now(UTC)
        self._outbox = outbox
        self._clock = clock
        self._lead = 0.0
        self.on_call_over = on_call_over
        self._calls = Calls(
            (station.name for station in centre.stations), (line.name for line in centre.lines)
        )
        self._hotlines = {hotline.number: hotline for hotline in centre.hotlines}
        self._at_station: dict[StationName, AgentCode] = {}
        self._withdrawn: set[tuple[CallId, StationName]] = set()
        self.on_gap: Callable[[Gap], None] = self.close_gap
        self._gap: Gap | None = None
        self._unsure: list[CallFact] | None = None
        self._unseen: list[CallFact] = []
        self._seen_nodes: set[NodeName] = set()
        self._just_over: deque[tuple[float, CallId]] = deque()
        self._lost_at: dict[NodeName, datetime] = {}
        self._before: dict[CallId, StoredCall] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._watchers: list[asyncio.Future[None]] = []
        self._tasks: set[asyncio.Task[None]] = set()

    # Clocks

    def civil(self, at: float) -> datetime:
        """The civil time of a monotonic one."""
        return datetime.fromtimestamp(at + self._civil_lead(), UTC)

    def monotonic(self, at: datetime) -> float:
        """The monotonic time of a civil one."""
        return at.timestamp() - self._civil_lead()

    def _civil_lead(self) -> float:
        """How far civil time is ahead of the monotonic one.

        Read anew only when the civil clock was set: callers who came microseconds apart must not
        change places by the time it takes to read two clocks.
        """
        lead = datetime.now(UTC).timestamp() - self._clock()
        if abs(lead - self._lead) > _CLOCK_SET_S:
            self._lead = lead
        return self._lead

    # The floor

    def feed(self, event: FloorEvent) -> list[Command]:
        """Tell the floor, do what it commands, and say what that was."""
        commands = self.floor.handle(event, self._clock())
        self._carry_out(commands)
        return commands

    def _tick(self) -> None:
        self._timer = None
        self._carry_out(self.floor.tick(self._clock()))

    def _carry_out(self, commands: Iterable[Command]) -> None:
        for command in commands:
            match command:
                case Offer():
                    self._offer(command)
                case Withdraw():
                    self._withdraw(command)
                case Announce() | GiveUp():
                    if call := self.live.get(command.call):
                        call.inbox.put(command)
                        if isinstance(command, GiveUp):
                            self.note(
                                call,
                                CallFactKind.LEFT_QUEUE,
                                queue=call.queue,
                                why=str(command.why),
                            )
                case AgentChanged():
                    self._agent_changed(command)
                case Refused():
                    log.info("refused", agent=command.agent, what=command.what, why=command.why)
                case _:
                    assert_never(command)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        deadline = self.floor.next_deadline()
        if deadline is not None:
            delay = max(0.0, deadline - self._clock())
            self._timer = asyncio.get_running_loop().call_later(delay, self._tick)
        self.touch()

    def _offer(self, offer: Offer) -> None:
        call = self.live.get(offer.call)
        if call is None or not call.attached:
            # The caller left in this very moment; told later, so that the floor isn't re-entered.
            asyncio.get_running_loop().call_soon(
                self.feed, OfferFailed(offer.call, offer.agent, OfferFailure.CALLER_LEFT)
            )
            return
        self._withdrawn.discard((offer.call, offer.station))
        self.note(
            call,
            CallFactKind.OFFERED,
            agent=offer.agent,
            station=offer.station,
            queue=offer.queue,
        )
        call.agent = offer.agent
        self.stage(call, CallStage.RINGING)
        call.inbox.put(offer)
        if call.announcing:
            self._silence(call)

    def _silence(self, call: LiveCall) -> None:
        """Stop what is being said to a waiting caller; his session then looks into its inbox.

        Not by a key: Asterisk gives every key at least 80 ms.
        """
        if call.announcing and call.inbox:
            self._act(
                call.channel.node,
                "ControlPlayback",
                {"Channel": call.channel_name, "Control": "stop"},
            )
            asyncio.get_running_loop().call_later(_SILENCE_AGAIN_S, self._silence, call)

    def _withdraw(self, command: Withdraw) -> None:
        self._withdrawn.add((command.call, command.station))
        self._stop_ringing(command.station)

    def _stop_ringing(self, station: StationName) -> None:
        """Hang up what rings at the phone, if anything does yet; else as soon as it rings."""
        for channel in self._calls.ringing_channels(station):
            self._act(channel.node, "Hangup", {"Channel": channel.uniqueid})

    def _agent_changed(self, change: AgentChanged) -> None:
        for station, agent in list(self._at_station.items()):
            if agent == change.agent:
                del self._at_station[station]
        if change.station is not None and change.state is not AgentState.LOGGED_OUT:
            self._at_station[change.station] = change.agent
        self._outbox.put(
            AgentFact(
                id=str(uuid.uuid4()),
                agent=change.agent,
                at=self.civil(change.since),
                state=change.state,
                reason=change.reason,
                station=change.station,
                call=change.call,
            )
        )

    def _act(self, node: NodeName, action: str, headers: Mapping[str, str]) -> None:
        """Ask Asterisk for something whose effect comes as events; a failure is only logged."""

        async def ask() -> None:
            try:
                await self.links[node].action(action, headers)
            except ActionFailed as error:
                log.warning("action not done", node=node, action=action, why=str(error))

        task = asyncio.get_running_loop().create_task(ask())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # The record

    def note(
        self,
        call: LiveCall | CallId,
        kind: CallFactKind,
        /,
        *,
        at: datetime | None = None,
        **detail: Any,
    ) -> None:
        """Write a line into a call's timeline."""
        call_id = call.id if isinstance(call, LiveCall) else call
        # A restarted controller writes these again.
        once = kind in (CallFactKind.ENTERED, CallFactKind.ENDED)
        identity = fact_id(call_id, kind) if once else str(uuid.uuid4())
        fact = CallFact(identity, call_id, at or datetime.now(UTC), kind, detail)
        if isinstance(call, LiveCall):
            if self._unsure is not None and (kind in _TALKS or kind is CallFactKind.ENDED):
                # When it was, Asterisk's log may know better.
                call.gapped = True
                self._unsure.append(fact)
                return
            if kind in _TALKS or kind is CallFactKind.FALLBACK:
                call.noted.append(fact)
        self._outbox.put(fact)

    def stage(self, call: LiveCall, stage: CallStage) -> None:
        """Say how far the call has come, for the board."""
        call.stage, call.stage_since = stage, datetime.now(UTC)
        self.touch()

    # What sessions tell

    def enter(
        self,
        channel: ChannelId,
        channel_name: str,
        line: LineName,
        caller: str,
        number: str,
        entered_at: float,
    ) -> LiveCall | None:
        """A session drives this call from now on; None if ``number`` is no hotline.

        ``entered_at`` is in epoch seconds.
        """
        call = self._known(channel, channel_name, line, caller, number, entered_at)
        if call is not None:
            call.attached = True
            call.inbox.clear()
            self.touch()
        return call

    def _known(
        self,
        channel: ChannelId,
        channel_name: str,
        line: LineName,
        caller: str,
        number: str,
        entered_at: float,
    ) -> LiveCall | None:
        """The call, made and written down at its first sight, be it by session or by event."""
        if call := self.live.get(channel.call):
            return call
        hotline = self._hotlines.get(number)
        if hotline is None:
            log.error(
                "a call came for a number that is no hotline; add it to the configuration's"
                " hotlines, or take it out of Asterisk's",
                number=number,
                line=line,
            )
            return None
        at = datetime.fromtimestamp(entered_at, UTC)
        call = self.live[channel.call] = LiveCall(
            channel=channel,
            channel_name=channel_name,
            line=line,
            caller=caller,
            hotline=hotline,
            entered_at=at,
            stage=CallStage.FLOW,
            stage_since=at,
        )
        if before := self._before.pop(call.id, None):
            kinds = (*_TALKS, CallFactKind.FALLBACK)
            call.noted = [fact for fact in before.timeline if fact.kind in kinds]
        self.note(
            call,
            CallFactKind.ENTERED,
            at=at,
            hotline=hotline.number,
            project=hotline.project,
            line=line,
            caller=caller,
            flow=hotline.flow,
        )
        return call

    def taken_back(self, call: LiveCall, language: str | None) -> None:
        """The call was under way before this session, by a transfer or an earlier controller."""
        call.language = language
        if not call.served:
            self._adopt(call)

    def queue(self, call: LiveCall, queue: QueueName, since: float | None) -> float:
        """The caller waits; ``since`` (epoch s) if he did before. Returns since when."""
        at = datetime.fromtimestamp(since, UTC) if since else datetime.now(UTC)
        call.queue, call.agent = queue, None
        if since is None:
            skill = next((q.skill for q in self.centre.queues if q.name == queue), None)
            self.note(call, CallFactKind.QUEUED, at=at, queue=queue, skill=skill)
        self.stage(call, CallStage.QUEUE)
        self.feed(CallQueued(call.id, queue, self.monotonic(at)))
        return at.timestamp()

    def left_queue(self, call: LiveCall) -> None:
        """The caller's session no longer waits, whatever the reason."""
        call.inbox.clear()
        self.feed(CallLeft(call.id))

    def offer_failed(self, call: LiveCall, offer: Offer, why: OfferFailure) -> None:
        """The agent's phone has stopped ringing without an answer."""
        if (call.id, offer.station) in self._withdrawn:
            self._withdrawn.discard((call.id, offer.station))
            why = OfferFailure.WITHDRAWN
        self.note(
            call,
            CallFactKind.OFFER_FAILED,
            agent=offer.agent,
            station=offer.station,
            why=str(why),
        )
        call.agent = None
        self.stage(call, CallStage.QUEUE)
        self.feed(OfferFailed(call.id, offer.agent, why))

    def caller_left_ringing(self, call: LiveCall, offer: Offer) -> None:
        """The caller is gone from Dial: hung up or transferred, while it rang or after."""
        self._withdrawn.discard((call.id, offer.station))
        if offer.station not in call.stations:
            self.feed(OfferFailed(call.id, offer.agent, OfferFailure.CALLER_LEFT))

    def talk_over(self, call: LiveCall, offer: Offer, dialled_at: datetime) -> None:
        """The caller is back from a talk."""
        ended = datetime.now(UTC)
        if self.links[call.channel.node].up:
            # AMI tells of it too, and perhaps a moment later; unless it came up only just now.
            loop = asyncio.get_running_loop()
            loop.call_later(_TOLD_WITHIN_S, self._unseen_talk, call, offer, dialled_at, ended)
        else:
            self._unseen_talk(call, offer, dialled_at, ended)
        self.stage(call, CallStage.AFTER)

    def _unseen_talk(
        self, call: LiveCall, offer: Offer, dialled_at: datetime, ended: datetime
    ) -> None:
        """If AMI has told nothing of this talk, the floor hears of it all the same."""
        agent = self.floor.agent(offer.agent)
        if agent is None or agent.state is not AgentState.OFFERED or agent.call != call.id:
            return
        if not self.links[call.channel.node].up:
            self._unsure = self._unseen
        try:
            self._connected(call, offer.station, dialled_at)
            self._disconnected(call, offer.station, "unknown", ended)
        finally:
            self._unsure = None

    def flow_ended(self, call: LiveCall, why: str) -> None:
        """The flow hangs up on purpose."""
        call.flow_ended = why

    def session_over(self, call: LiveCall) -> None:
        """No session drives the call any more; it may be gone, transferred, or lost."""
        call.attached = False
        call.served = True
        self.touch()
        # Its end comes over AMI; if the link missed it, somebody has to look.
        asyncio.get_running_loop().call_later(_LOOK_AFTER_S, self._look_after, call)

    def _look_after(self, call: LiveCall) -> None:
        link = self.links.get(call.channel.node)
        known = self._calls.view(call.id) is not None
        if link is not None and link.up and not known and not call.attached:
            self._gone(call, "unknown", 0)

    # What Asterisk tells

    def on_message(self, node: NodeName, message: Message) -> None:
        """One AMI event, in order."""
        if message.name == "UserEvent":
            self._on_dialplan(node, message)
        for event in self._calls.handle(node, message, self._clock()):
            self._on_call_event(event)

    def _on_dialplan(self, node: NodeName, message: Message) -> None:
        """What the dialplan itself reports (UserEvent in extensions.conf)."""
        match message.get("UserEvent"):
            case "OffhookUnknownNumber":
                log.warning(
                    "a line dialled a number that is no hotline; add it to the configuration's"
                    " hotlines, or have the carrier stop sending it",
                    number=message.get("Number"),
                    line=message.get("Line"),
                    caller=message.get("Caller"),
                    node=node,
                )
            case "OffhookFallback":
                if call := self.live.get(CallId(message.get("Call"))):
                    self.note(call, CallFactKind.FALLBACK, queue=message.get("Queue") or None)
                    self.stage(call, CallStage.FALLBACK)

    def on_down(self, node: NodeName) -> None:
        """A node's events have stopped coming."""
        self._lost_at.setdefault(node, datetime.now(UTC))
        self.touch()

    def on_snapshot(self, node: NodeName, snapshot: Snapshot) -> None:
        """What is there after a login; what changed meanwhile comes out as events."""
        gap = self._gap = Gap(
            node=node,
            since=self._lost_at.pop(node, self.started_at),
            until=datetime.now(UTC),
            first=node not in self._seen_nodes,
            restarted=snapshot.restarted,
            known=frozenset(self.live).union(call for _, call in self._just_over),
            agents=dict(self._at_station),
        )
        unseen = {fact.call for fact in self._unseen}.intersection(self.live)
        gap.implied += [fact for fact in self._unseen if fact.call in unseen]
        self._unseen.clear()
        self._unsure = gap.implied
        self._seen_nodes.add(node)
        there = {channel.get("Uniqueid") for channel in snapshot.channels}
        try:
            for event in self._calls.reconcile(node, snapshot, self._clock()):
                self._on_call_event(event)
            for call in list(self.live.values()):
                if call.channel.node != node or call.channel.uniqueid in there:
                    continue
                # With a session it may be younger than the snapshot.
                if not call.attached or call.entered_at < gap.since:
                    self._gone(call, "unknown", 0)
        finally:
            self._gap = self._unsure = None
        for stored in list(self._before.values()):
            name, _, uniqueid = stored.record.call.rpartition("-")
            if name == node and uniqueid not in there:
                gap.lost.append(self._before.pop(stored.record.call))
        gap.going_on = [call for call in self.live.values() if call.channel.node == node]
        self.on_gap(gap)
        self.touch()

    def close_gap(self, gap: Gap) -> None:
        """Write down what a gap must have brought, as the snapshot has it."""
        for fact in gap.implied:
            self._outbox.put(fact)
        for call in gap.over:
            self.on_call_over(call)

    def _moment(self) -> datetime:
        """When what is told now has happened, as far as anybody can say."""
        if self._gap is not None and self._gap.restarted:
            return self._gap.since
        return datetime.now(UTC)

    def _on_call_event(self, event: CallEvent) -> None:
        if isinstance(event, PhoneChanged):
            self.feed(StationChanged(event.station, event.state))
            return
        if isinstance(event, CallSeen):
            self._seen(event)
            return
        call = self.live.get(event.call)
        if call is None:
            return
        match event:
            case StationRinging():
                if (event.call, event.station) in self._withdrawn:
                    self._stop_ringing(event.station)
            case RingingEnded():
                pass  # the session that dials tells it, with more certainty
            case StationConnected():
                self._connected(call, event.station, self._moment())
            case StationDisconnected():
                self._disconnected(call, event.station, event.by, self._moment())
            case CallHeld() | CallResumed():
                held = isinstance(event, CallHeld)
                kind = CallFactKind.HELD if held else CallFactKind.RESUMED
                self.note(call, kind, agent=self._at_station.get(event.station), by=event.by)
                self.stage(call, CallStage.HELD if held else CallStage.TALKING)
            case CallTransferred():
                self.note(
                    call,
                    CallFactKind.TRANSFERRED,
                    from_agent=self._at_station.get(event.station_from),
                    to=event.to,
                    kind=event.kind,
                )
            case TransferRefused():
                self._transfer(call, event)
            case CallGone():
                self._gone(call, event.by, event.cause)
            case _:
                assert_never(event)

    def _transfer(self, call: LiveCall, refused: TransferRefused) -> None:
        """Send the caller where the agent's phone said.

        Asterisk does that itself in two-party bridges only, and there recordings have gaps
        (docs/decisions/0002-recording.md).
        """
        agent = self._at_station.get(refused.station_from)
        self.note(call, CallFactKind.TRANSFERRED, from_agent=agent, to=refused.to, kind="blind")
        self._act(
            call.channel.node,
            "Redirect",
            {
                "Channel": call.channel_name,
                "Context": refused.context,
                "Exten": refused.to,
                "Priority": "1",
            },
        )

    def _seen(self, event: CallSeen) -> None:
        """A call that Asterisk shows: known from its session already, or from before our time."""
        node, _, uniqueid = event.call.rpartition("-")
        known = event.call in self.live
        variables = event.variables
        call = self._known(
            ChannelId(NodeName(node), uniqueid),
            event.channel_name,
            event.line,
            event.caller_number,
            variables.get("OFFHOOK_HOTLINE") or event.dialled,
            float(variables.get("OFFHOOK_ENTERED_AT") or datetime.now(UTC).timestamp()),
        )
        if call is not None and not known:
            call.language = variables.get("OFFHOOK_LANG") or None
            call.queue = QueueName(queue) if (queue := variables.get("OFFHOOK_QUEUE")) else None

    def _connected(self, call: LiveCall, station: StationName, at: datetime) -> None:
        if station in call.stations:
            return
        call.stations.add(station)
        call.bridged_at = call.bridged_at or at
        agent = self._at_station.get(station)
        self.note(call, CallFactKind.CONNECTED, at=at, agent=agent, station=station)
        call.agent = agent
        self.stage(call, CallStage.TALKING)
        if agent is not None:
            self.feed(Connected(call.id, agent))

    def _disconnected(self, call: LiveCall, station: StationName, by: str, at: datetime) -> None:
        if station not in call.stations:
            return
        call.stations.discard(station)
        if not call.stations and call.bridged_at is not None:
            call.bridged_s += (at - call.bridged_at).total_seconds()
            call.bridged_at = None
        agent = self._at_station.get(station)
        self.note(call, CallFactKind.DISCONNECTED, at=at, agent=agent, station=station, by=by)
        if agent is not None:
            self.feed(Disconnected(call.id, agent))

    def _gone(self, call: LiveCall, by: str, cause: int) -> None:
        """The customer's channel is no more: the record is closed, his agents are told."""
        if self.live.pop(call.id, None) is None:
            return
        self._just_over.append((self._clock(), call.id))
        while self._just_over[0][0] < self._clock() - _JUST_OVER_S:
            self._just_over.popleft()
        now, gap, why = self._moment(), self._gap, call.flow_ended
        for station in list(call.stations):
            self._disconnected(call, station, by, now)
        self._withdrawn = {(c, s) for c, s in self._withdrawn if c != call.id}
        if gap is not None and gap.restarted:
            by, why = "system", ASTERISK_ENDED
        elif by in ("system", "unknown") and _agent_hung_up(call):
            by = "agent"
        elif call.flow_ended is not None and by in ("system", "unknown"):
            by = "flow"
        self.note(call, CallFactKind.ENDED, at=now, by=by, cause=cause, why=why)
        self.feed(CallOver(call.id))
        if gap is None:
            self.on_call_over(call)
        else:
            gap.over.append(call)

    # After a restart

    def remember(self, open_calls: Iterable[StoredCall]) -> None:
        """Calls whose record has no end; before the links come up."""
        self._before = {stored.record.call: stored for stored in open_calls}

    def restore(self, last_states: Mapping[AgentCode, AgentFact]) -> None:
        """Agents as they were last written down; before the links come up."""
        agents = {agent.code: agent for agent in self.centre.agents}
        for code, fact in last_states.items():
            agent = agents.get(code)
            if agent is None or fact.station is None or fact.state is AgentState.LOGGED_OUT:
                continue
            talking = fact.state is AgentState.TALKING
            self.feed(
                Restore(
                    agent=code,
                    station=fact.station,
                    skills=agent.skills,
                    # An offer does not outlive its controller.
                    state=AgentState.READY if fact.state is AgentState.OFFERED else fact.state,
                    reason=fact.reason,
                    since=self.monotonic(fact.at),
                    call=fact.call if talking else None,
                )
            )

    def settle(self) -> None:
        """After the first snapshot: whoever was talking, and isn't any more, is in wrap-up."""
        talks = {
            (self._at_station.get(station), call.id)
            for call in self.live.values()
            for station in call.stations
        }
        for view in self.floor.agents:
            if (
                view.state is AgentState.TALKING
                and view.call is not None
                and (view.code, view.call) not in talks
            ):
                self.feed(Disconnected(view.call, view.code))
        for call in self.live.values():
            self._adopt(call)

    def _adopt(self, call: LiveCall) -> None:
        """An earlier controller had this call."""
        if not call.adopted:
            call.adopted = True
            self.note(call, CallFactKind.CONTROLLER_LOST)

    # For the board and the desk

    def now(self) -> float:
        """Monotonic seconds."""
        return self._clock()

    def agent_at(self, station: StationName) -> AgentCode | None:
        """Who is logged in at a phone."""
        return self._at_station.get(station)

    def touch(self) -> None:
        """Something that the board shows has changed."""
        self.version += 1
        watchers, self._watchers = self._watchers, []
        for watcher in watchers:
            if not watcher.done():
                watcher.set_result(None)

    async def changed(self, after: int) -> int:
        """Waits for a version above ``after``."""
        while self.version <= after:
            watcher: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._watchers.append(watcher)
            await watcher
        return self.version


def _agent_hung_up(call: LiveCall) -> bool:
    """Whether an agent ended the last talk while nobody looked (else the fold knows it)."""
    if not (call.adopted or call.gapped) or not call.noted:
        return False
    last = max(call.noted, key=lambda fact: fact.at)
    return last.kind is CallFactKind.DISCONNECTED and last.detail.get("by") == "agent"
