"""Takes what the Asterisks report: events in order, and snapshots after a lost link."""

import asyncio
from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta

from domain.identity import CallId, ChannelId, NodeName
from domain.reasons import Party
from engine.admission import Admission
from engine.agents.asides import Asides
from engine.agents.kept_agents import KeptAgents
from engine.agents.live_floor import LiveFloor
from engine.agents.live_talks import LiveTalks
from engine.agents.nailed_up import NailedUp
from engine.agents.outside_calls import OutsideCalls
from engine.agents.rooms import Rooms
from engine.call_reactions import CallReactions
from engine.calls.call import LiveCall
from engine.calls.gap import Gap
from engine.calls.live_calls import LiveCalls
from engine.changes import Changes
from engine.clock import Clock, epoch
from engine.dialplan_reports import DialplanReports
from engine.orders import Orders
from telephony.ami.ami_wire import Message
from telephony.ami.snapshot import Snapshot
from telephony.centre_calls import Calls
from telephony.channels import number
from telephony.registrations import Registrations

LATEST_S = 60.0
"""An event that seems to be older has been stamped by a clock that was set since, or is wrong."""


class Switches:
    """All nodes' Asterisks; each link reports its node's events and snapshots.

    ``on_doubt`` is given a call that a snapshot doesn't have but that may be younger. ``on_gap`` is
    given each gap, to close it once more is known than the snapshot shows; None if nobody knows
    more.
    """

    def __init__(
        self,
        clock: Clock,
        changes: Changes,
        calls: LiveCalls,
        floor: LiveFloor,
        talks: LiveTalks,
        nailed_up: NailedUp,
        rooms: Rooms,
        asides: Asides,
        outside: OutsideCalls,
        kept_agents: KeptAgents,
        orders: Orders,
        channels: Calls,
        admission: Admission,
        reactions: CallReactions,
        on_doubt: Callable[[LiveCall], None],
        on_gap: Callable[[Gap], None] | None,
    ) -> None:
        self._clock = clock
        self._changes = changes
        self._calls = calls
        self._floor = floor
        self._talks = talks
        self._nailed_up = nailed_up
        self._rooms = rooms
        self._asides = asides
        self._outside = outside
        self._kept_agents = kept_agents
        self._orders = orders
        self._channels = channels
        self._admission = admission
        self._reactions = reactions
        self._dialplan = DialplanReports(calls)
        self._on_doubt = on_doubt
        self._on_gap = on_gap or self.close_gap
        self._registrations = Registrations()
        self._started_at = datetime.now(UTC)
        self._lost_at: dict[NodeName, datetime] = {}
        self._seen: set[NodeName] = set()
        self._timer: asyncio.TimerHandle | None = None

    def on_message(self, node: NodeName, message: Message) -> None:
        """Take one AMI event, in order."""
        if message.name == "UserEvent":
            self._dialplan.take(node, message)
        elif message.name == "Registry":
            self._registrations.handle(node, message, self._calls.in_force.centre.lines)
        happened_at = _happened_at(message)
        for event in self._channels.handle(node, message, self._clock.now()):
            self._reactions.react_to(event, happened_at=happened_at)
        if message.name == "Hangup":
            channel = ChannelId(node, message.get("Uniqueid"))
            rung = self._nailed_up.ended(channel, number(message.get("Cause")))
            if rung is not None:
                self._asides.phone_ended(rung)
            cause, sip = message.get("Cause"), message.get("TechCause")
            self._outside.ended(channel, number(cause), number(sip))
            self._asides.ended(channel)
        if message.name == "BridgeEnter":
            self._asides.entered(ChannelId(node, message.get("Uniqueid")))
        if message.name == "Newchannel":
            self._asides.arrived(ChannelId(node, message.get("Uniqueid")))
            self._admission.arrived(ChannelId(node, message.get("Uniqueid")))
        self._wind()

    def _wind(self) -> None:
        """Set a timer for when the channels' fold wants to be asked again."""
        deadline = self._channels.next_deadline()
        if deadline is not None and self._timer is None:
            delay = max(0.0, deadline - self._clock.now())
            self._timer = asyncio.get_running_loop().call_later(delay, self._tick)

    def _tick(self) -> None:
        self._timer = None
        for event in self._channels.tick(self._clock.now()):
            self._reactions.react_to(event)
        self._wind()

    def on_down(self, node: NodeName, _why: str, /) -> None:
        """A node's events have stopped coming."""
        self._lost_at.setdefault(node, datetime.now(UTC))
        self._calls.out_of_sight(node)
        self._changes.touch()

    def on_snapshot(self, node: NodeName, snapshot: Snapshot) -> None:
        """Take what is there after a login; what changed meanwhile comes out as events."""
        since = self._lost_at.pop(node, self._started_at)
        first = node not in self._seen
        gap = self._gap(node, since, snapshot, first=first)
        self._seen.add(node)
        there = {channel.get("Uniqueid") for channel in snapshot.channels}
        for event in self._channels.reconcile(node, snapshot, self._clock.now()):
            self._reactions.react_to(event, gap)
        for call in list(self._calls.by_id.values()):
            if call.channel.node != node or call.channel.uniqueid in there:
                continue
            if call.attached_at is None or not call.attached or call.attached_at < gap.since:
                self._talks.gone(call, Party.UNKNOWN, 0, gap)
            else:  # it may be younger than the snapshot
                self._on_doubt(call)
        self._talks.seen_in_snapshot(node)
        for name, stored in list(self._calls.unclosed.items()):
            channel = ChannelId.of(name)
            if channel.node == node and channel.uniqueid not in there:
                gap.lost.append(stored)
                del self._calls.unclosed[name]
        gap.going_on = [call for call in self._calls.by_id.values() if call.channel.node == node]
        for call in (*gap.over, *gap.going_on):
            call.ledger.gap_over(gap.until)
        for call in gap.going_on:
            # Nobody knows whether they are still on hold: better silence than music over a voice.
            asks = self._asides.about(call.id)
            if call.ledger.phones and (call.music or call.adopted) and asks is None:
                call.music = False
                self._orders.music(call, False)
                self._rooms.sound_again(call)
        self._nailed_up.seen_in_snapshot()
        self._kept_agents.seen_in_snapshot(node)
        self._asides.seen_in_snapshot(node, there, self._kept_agents.phones)
        talking = {phone for call in self._calls.by_id.values() for phone in call.ledger.phones}
        self._outside.seen_in_snapshot(talking)
        self._on_gap(gap)
        self._changes.touch()

    def lose(self, node: NodeName, calls: Collection[CallId]) -> None:
        """Treat this node's calls whose record has no end, and that Asterisk doesn't have, as a gap
        that has just ended."""
        mine = [name for name in calls if ChannelId.of(name).node == node]
        if not mine:
            return
        gap = self._gap(node, self._started_at, None, first=False)
        gap.lost = [self._calls.unclosed.pop(name) for name in mine]
        self._on_gap(gap)

    def _gap(self, node: NodeName, since: datetime, shown: Snapshot | None, *, first: bool) -> Gap:
        """A gap that ends now, with a snapshot or without."""
        now = datetime.now(UTC)
        gap = Gap(
            node=node,
            since=since,
            until=now,
            events_from=(shown and shown.events_from) or now,
            first=first,
            restarted=shown is not None and shown.restarted,
            known=frozenset([*self._calls.by_id, *(call.id for call in self._calls.just_over())]),
            agents=dict(self._floor.at_station),
        )
        self._calls.await_settlement(gap)
        return gap

    def close_gap(self, gap: Gap) -> None:
        """Record what must have happened in a gap, as the snapshot shows it."""
        for call in (*gap.over, *gap.going_on):
            self._calls.write(call, call.ledger.settle_as_supposed(gap.until))
        for call in gap.over:
            self._talks.on_call_over(call)
        self._calls.settled(gap)


def _happened_at(message: Message) -> datetime | None:
    """When it happened by Asterisk's stamp; None if that can't be. Events come late while a
    controller starts on a busy machine."""
    now = datetime.now(UTC)
    at = datetime.fromtimestamp(epoch(message.get("Timestamp"), now.timestamp()), UTC)
    return at if now - at <= timedelta(seconds=LATEST_S) else None
