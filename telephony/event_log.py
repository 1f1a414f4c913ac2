"""Reads calls out of Asterisk's own log of channel events (cel_custom). No I/O.

The log says when a call came and by which line, which phones it was bridged with, which of them
passed it on, whether Asterisk's own queue took it, and who hung up.
"""

from collections.abc import Iterable, Set

from domain.identity import CallId, ChannelId, LineName, StationName
from domain.reasons import Party, TransferKind
from domain.stations import OWN_PHONES, is_own_phone_call, outside_number, phone_of
from telephony.channels import PLACED
from telephony.log_rows import LogPlace, LogRow
from telephony.logged_call import LoggedCall, LoggedTalk, LoggedTransfer
from telephony.logged_channels import LoggedBridges, LoggedChannel

_AT_ONCE_S = 3.0
"""A caller who hangs up this soon after leaving a bridge left it by hanging up."""


class EventLog:
    """Calls as the log has them, fed with its rows in order. Keeps ended calls until ``forget``.

    The names of ``stations`` and ``lines`` may become more meanwhile.
    """

    def __init__(self, stations: Set[StationName], lines: Set[LineName]) -> None:
        self._stations = stations
        self._lines = lines
        self._bridges = LoggedBridges()
        self._channels = self._bridges.channels
        self._last_at = 0.0
        self.calls: dict[CallId, LoggedCall] = {}

    @property
    def last_at(self) -> float:
        """The newest row's time, in epoch seconds."""
        return self._last_at

    @property
    def needed_from(self) -> LogPlace | None:
        """The first row of a call that is not over or not forgotten; None if there is none."""
        places = [channel.place for channel in self._channels.values()]
        places += [call.place for call in self.calls.values()]
        return min(places, default=None)

    def forget(self, before: float) -> None:
        """Drop the calls that ended before this time."""
        for name, call in list(self.calls.items()):
            if call.ended_at is not None and call.ended_at < before:
                del self.calls[name]

    def feed(self, row: LogRow, place: LogPlace) -> None:
        """Take the next row."""
        started = row.event == "CHAN_START"
        if started and row.uniqueid.endswith(".0"):
            self._all_died()  # channels are counted from 0 again: Asterisk has restarted
        self._last_at = max(self._last_at, row.at)
        channel = self._channels.get(row.uniqueid)
        if channel is None:
            if row.event in ("CHAN_END", "LINKEDID_END"):
                return
            channel = LoggedChannel(
                row.uniqueid, row.channel, _endpoint(row.channel), place, row if started else None
            )
            self._channels[row.uniqueid] = channel
        if channel.uniqueid.startswith(PLACED) and outside_number(row.exten) is not None:
            channel.endpoint = row.exten  # somebody outside whom an agent asks: their room
        if row.call and channel.call is None and channel.endpoint in self._lines:
            self._mark(channel, row)
        if channel.call is not None:
            channel.call.dialplan_says(row)
        match row.event:
            case "BRIDGE_ENTER":
                self._enter(channel, str(row.extra.get("bridge_id", "")), row.at)
            case "BRIDGE_EXIT":
                bridge = str(row.extra.get("bridge_id", ""))
                if not channel.bridge:  # an heir may leave before the one it replaced is gone
                    for member in self._bridges.members(bridge):
                        if member.heir == channel.uniqueid:
                            self._inherit(member, row.at)
                self._leave(channel, row.at)
            case "ATTENDEDTRANSFER" | "BLINDTRANSFER":
                self._transferred(channel, row)
            case "HANGUP":
                self._inherit(channel, row.at)
                self._leave(channel, row.at)
                self._hung_up(channel, row)
            case "CHAN_END":
                self._leave(channel, row.at)
                del self._channels[channel.uniqueid]

    def _mark(self, channel: LoggedChannel, row: LogRow) -> None:
        """The dialplan has marked the channel as a caller in a hotline."""
        began = channel.began
        channel.call = self.calls[CallId(row.call)] = LoggedCall(
            call=CallId(row.call),
            line=LineName(channel.endpoint),
            number=began.exten if began else row.exten,
            caller=row.caller,  # known only now: the channel begins without one
            entered_at=began.at if began else None,
            place=channel.place,
            placed=channel.uniqueid.startswith(PLACED),
        )

    def _enter(self, channel: LoggedChannel, bridge: str, at: float) -> None:
        self._leave(channel, at)
        if not bridge:
            return
        channel.moved_on = True
        for one, other in self._bridges.enter(channel, bridge):
            for call, station, phone in _pairs(one, other):
                if not self._is_phone(station) or call.open_talk(station) is not None:
                    continue
                phone.in_call = call
                if (before := call.interrupted_talk(station, at)) is not None:
                    before.disconnected_at = None
                else:
                    in_room = phone.uniqueid.startswith(PLACED)
                    call.talks.append(LoggedTalk(StationName(station), at, in_room=in_room))

    def _leave(self, channel: LoggedChannel, at: float) -> None:
        for one, other in self._bridges.leave(channel):
            for call, station, _ in _pairs(one, other):
                if (talk := call.open_talk(station)) is not None:
                    talk.disconnected_at, talk.left_by = at, channel.uniqueid
                    one.talk = other.talk = talk
                    one.moved_on = other.moved_on = False

    def _inherit(self, channel: LoggedChannel, at: float) -> None:
        """Move the heir into its bridge, as ``telephony.channels`` does: no row says so."""
        heir, bridge = self._channels.get(channel.heir), channel.bridge
        if heir is not None and bridge and not heir.bridge:
            self._leave(channel, at)
            self._enter(heir, bridge, at)

    def _transferred(self, channel: LoggedChannel, row: LogRow) -> None:
        """Note a transfer. An attended one's row is about one of the transferer's two channels."""
        second = self._channels.get(str(row.extra.get("channel2_uniqueid", "")))
        call = channel.in_call or (second.in_call if second is not None else None)
        if call is None or channel.endpoint not in self._stations:
            return
        station = StationName(channel.endpoint)
        blind = row.event == "BLINDTRANSFER"
        kind = TransferKind.BLIND if blind else TransferKind.ATTENDED
        if blind:
            to = str(row.extra.get("extension", ""))
        else:
            to = self._target(channel, second, row)
            for each in (channel, second):
                if each is not None:
                    each.heir = ChannelId.of(call.call).uniqueid
        call.transfers.append(LoggedTransfer(station, to, kind, row.at))
        talks = [talk for talk in call.talks if talk.station == station]
        if talks and talks[-1].by is Party.UNKNOWN:
            talks[-1].by = Party.AGENT

    def _target(self, channel: LoggedChannel, second: LoggedChannel | None, row: LogRow) -> str:
        """The other phone in the joined bridges, or what was dialled to reach it."""
        for key in ("bridge2_id", "bridge1_id"):
            for member in self._bridges.members(str(row.extra.get(key, ""))):
                endpoint = member.endpoint
                if endpoint in self._stations and endpoint != channel.endpoint:
                    return endpoint
        dialled = (each.began.exten for each in (second, channel) if each and each.began)
        return next((exten for exten in dialled if exten in self._stations), "")

    def _hung_up(self, channel: LoggedChannel, row: LogRow) -> None:
        source = _endpoint(str(row.extra.get("hangupsource", "")))
        by: Party = Party.SYSTEM
        if source in self._stations or (source and outside_number(channel.endpoint)):
            by = Party.AGENT
        elif source in self._lines or (not row.extra.get("hangupsource") and self._left(row)):
            by = Party.CALLER
        call, talk = channel.call, channel.talk
        if call is not None and call.ended_at is None:
            cause = row.extra.get("hangupcause")
            if by is Party.SYSTEM and call.talks and call.talks[-1].by is Party.AGENT:
                by = Party.AGENT  # the caller only stayed in case something came after the talk
            call.ended_at, call.by = row.at, by
            call.cause = cause if isinstance(cause, int) else 0
        if call is not None and call.talks:
            last = call.talks[-1]
            alone_s = row.at - (last.disconnected_at or row.at)
            if last.in_room and last.by is Party.UNKNOWN and alone_s >= _AT_ONCE_S:
                last.by = Party.AGENT  # the caller was sent out, and nobody else does that
        if talk is None or talk.by is not Party.UNKNOWN or by is Party.SYSTEM or channel.moved_on:
            return
        # A phone that has not been elsewhere since then ended the talk, or knows who did, however
        # late its row is. A caller stays for what comes after a talk, and may hang up then.
        at_once = row.at - (talk.disconnected_at or 0.0) < _AT_ONCE_S
        if call is None or (at_once and talk.left_by == channel.uniqueid):
            talk.by = by
            ended = channel.in_call
            if by is Party.AGENT and ended and ended.by is Party.SYSTEM and ended.talks[-1] is talk:
                ended.by = Party.AGENT  # the agent's row came after the caller's

    def _is_phone(self, endpoint: str) -> bool:
        """Whether it is a phone of ours, or the room of somebody outside, which stands for one."""
        return endpoint in self._stations or outside_number(endpoint) is not None

    def _left(self, row: LogRow) -> bool:
        """Whether this is a customer at a phone of ours who has hung up. Asterisk then names no
        source (measured), but the phone has left the pair's other half, or never was with it."""
        other_half = row.channel.removesuffix("2") + "1"
        return is_own_phone_call(row.channel) and not any(
            channel.name == other_half and channel.bridge for channel in self._channels.values()
        )

    def _all_died(self) -> None:
        for channel in self._channels.values():
            call = channel.call
            if call is not None and call.ended_at is None:
                call.ended_at, call.by, call.died = self._last_at, Party.SYSTEM, True
        self._bridges.clear()


def _pairs(
    one: LoggedChannel, other: LoggedChannel
) -> Iterable[tuple[LoggedCall, str, LoggedChannel]]:
    """The call, the phone's station and its channel, if the two are a caller and a phone."""
    if one.call is not None:
        yield one.call, other.endpoint, other
    if other.call is not None:
        yield other.call, one.endpoint, one


def _endpoint(channel: str) -> str:
    if is_own_phone_call(channel):
        return OWN_PHONES
    technology, _, rest = channel.partition("/")
    return phone_of(rest.rpartition("-")[0]) if technology == "PJSIP" else ""
