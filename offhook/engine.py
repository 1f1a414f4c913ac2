"""The live loop: what happens goes to the cores, what they command is carried out.

Everything runs on the event loop's thread, one thing after the other: an event is fed to the
floor, and the commands that come back are done before the next event is looked at.
"""

import asyncio
import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
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
from acd.events import CallGone as CallGoneFromFloor
from acd.floor import Floor
from console.ports import CallStage
from domain.centre import Centre
from domain.facts import AgentFact, AgentState, CallFact, CallFactKind
from domain.identity import AgentCode, CallId, ChannelId, LineName, NodeName, QueueName, StationName
from offhook.live_calls import LiveCall
from storage.outbox import Outbox
from telephony.agi.session import Session
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
    StationConnected,
    StationDisconnected,
    StationRinging,
)
from telephony.calls import StationChanged as PhoneChanged

log = structlog.get_logger()

INTERRUPT = "D"
"""A key no caller has: pressed on his channel, it cuts an announcement short."""


class Engine:
    """The running centre. Times handed to the floor are monotonic, those written down civil."""

    def __init__(
        self,
        centre: Centre,
        outbox: Outbox,
        *,
        clock: Callable[[], float] = monotonic,
        on_call_over: Callable[[CallId], None] = lambda call: None,
    ) -> None:
        self.centre = centre
        self.floor = Floor(centre.queues)
        self.live: dict[CallId, LiveCall] = {}
        self.links: dict[NodeName, Link] = {}
        self.version = 1
        self._outbox = outbox
        self._clock = clock
        self._on_call_over = on_call_over
        self._calls = Calls(
            (station.name for station in centre.stations), (line.name for line in centre.lines)
        )
        self._hotlines = {hotline.number: hotline for hotline in centre.hotlines}
        self._at_station: dict[StationName, AgentCode] = {}
        self._withdrawn: set[tuple[CallId, StationName]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._watchers: list[asyncio.Future[None]] = []
        self._tasks: set[asyncio.Task[None]] = set()

    # Clocks

    def civil(self, at: float) -> datetime:
        """The civil time of a monotonic one."""
        return datetime.now(UTC) - timedelta(seconds=self._clock() - at)

    def monotonic(self, at: datetime) -> float:
        """The monotonic time of a civil one."""
        return self._clock() - (datetime.now(UTC) - at).total_seconds()

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
            self._act(
                call.channel.node,
                "PlayDTMF",
                {"Channel": call.channel_name, "Digit": INTERRUPT, "Receive": "true"},
            )

    def _withdraw(self, command: Withdraw) -> None:
        self._withdrawn.add((command.call, command.station))
        self._stop_ringing(command.call, command.station)

    def _stop_ringing(self, call: CallId, station: StationName) -> None:
        """Hang up the phone's channel, if it is there yet; else as soon as it rings."""
        if channel := self._calls.station_channel(call, station):
            self._act(channel.id.node, "Hangup", {"Channel": channel.name, "Cause": "26"})

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
        *,
        at: datetime | None = None,
        **detail: Any,
    ) -> None:
        """Write a line into a call's timeline.

        What can happen only once in a call has one id, so that a restarted controller that
        writes it again changes nothing.
        """
        call_id = call.id if isinstance(call, LiveCall) else call
        once = kind in (CallFactKind.ENTERED, CallFactKind.ENDED)
        fact_id = uuid.uuid5(_FACTS, f"{call_id} {kind}") if once else uuid.uuid4()
        self._outbox.put(CallFact(str(fact_id), call_id, at or datetime.now(UTC), kind, detail))

    def stage(self, call: LiveCall, stage: CallStage) -> None:
        """Say how far the call has come, for the board."""
        call.stage, call.stage_since = stage, datetime.now(UTC)
        self.touch()

    # What sessions tell

    def enter(self, session: Session) -> LiveCall | None:
        """A session drives this call from now on; None if it came for a number nobody has."""
        node = NodeName(session.query["node"])
        channel = ChannelId(node, session.uniqueid)
        call = self.live.get(channel.call)
        if call is None:
            hotline = self._hotlines.get(session.query["hotline"])
            if hotline is None:
                log.error(
                    "a call came for a number that is no hotline; add it to the configuration's"
                    " hotlines, or take it out of the carrier's routing",
                    number=session.query["hotline"],
                    line=session.query.get("line"),
                )
                return None
            now = datetime.now(UTC)
            call = self.live[channel.call] = LiveCall(
                channel=channel,
                channel_name=session.channel,
                line=LineName(session.query.get("line", "")),
                caller=session.env.get("agi_callerid", ""),
                hotline=hotline,
                entered_at=now,
                stage=CallStage.FLOW,
                stage_since=now,
            )
            self.note(
                call,
                CallFactKind.ENTERED,
                at=now,
                hotline=hotline.number,
                project=hotline.project,
                line=call.line,
                caller=call.caller,
                flow=hotline.flow,
            )
        call.attached = True
        call.inbox.clear()
        self.touch()
        return call

    def taken_back(self, call: LiveCall, language: str | None) -> None:
        """The call was under way before this session: a controller has been lost meanwhile."""
        call.language = language
        self.note(call, CallFactKind.CONTROLLER_LOST)

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

    def talk_over(self, call: LiveCall, offer: Offer, answered_s: float) -> None:
        """The caller is back from a talk. Fills in what AMI didn't tell while it was down."""
        agent = self.floor.agent(offer.agent)
        if agent is not None and agent.state is AgentState.OFFERED and agent.call == call.id:
            ended = datetime.now(UTC)
            self._connected(call, offer.station, ended - timedelta(seconds=answered_s))
            self._disconnected(call, offer.station, "unknown", ended)
        self.stage(call, CallStage.AFTER)

    def flow_ended(self, call: LiveCall, why: str) -> None:
        """The flow hangs up on purpose."""
        call.flow_ended = why

    def session_over(self, call: LiveCall) -> None:
        """No session drives the call any more; it may be gone, transferred, or lost."""
        call.attached = False
        self.touch()

    # What Asterisk tells

    def on_message(self, node: NodeName, message: Message) -> None:
        """One AMI event, in order."""
        for event in self._calls.handle(node, message, self._clock()):
            self._on_call_event(event)

    def on_snapshot(self, node: NodeName, snapshot: Snapshot) -> None:
        """What is there after a login; what changed meanwhile comes out as events."""
        for event in self._calls.reconcile(node, snapshot, self._clock()):
            self._on_call_event(event)
        self.touch()

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
        now = datetime.now(UTC)
        match event:
            case StationRinging():
                if (event.call, event.station) in self._withdrawn:
                    self._stop_ringing(event.call, event.station)
            case StationConnected():
                self._connected(call, event.station, now)
            case StationDisconnected():
                self._disconnected(call, event.station, event.by, now)
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
            case CallGone():
                self._gone(call, event)
            case _:
                assert_never(event)

    def _seen(self, event: CallSeen) -> None:
        """A call that came while nobody looked, or before its session did."""
        ...

    def _connected(self, call: LiveCall, station: StationName, at: datetime) -> None:
        if station in call.stations:
            return
        call.stations.add(station)
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
        agent = self._at_station.get(station)
        self.note(call, CallFactKind.DISCONNECTED, at=at, agent=agent, station=station, by=by)
        if agent is not None:
            self.feed(Disconnected(call.id, agent))

    def _gone(self, call: LiveCall, event: CallGone) -> None: ...
