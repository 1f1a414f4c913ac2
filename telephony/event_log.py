"""Reads calls out of Asterisk's own log of channel events (cel_custom). No I/O.

The log says when a call came and by which line, which phones it was bridged with, which of them
passed it on, whether Asterisk's own queue took it, and who hung up. The columns are those of
asterisk-conf/cel_custom.conf.
"""

import csv
import json
import re
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass, field

from domain.identity import CallId, ChannelId, LineName, StationName
from domain.reasons import Party, TransferKind
from domain.stations import OWN_PHONES, is_own_phone_call, outside_number, phone_of
from telephony.call_changes import REBRIDGED_WITHIN_S
from telephony.caller import name_of, number_of
from telephony.channels import PLACED

FALLBACK = "OFFHOOK_FALLBACK"
"""The dialplan's own event: Asterisk's queue takes the caller."""
CALLER = "OFFHOOK_CALLER"
"""The dialplan's own event: the caller's name, percent-encoded."""
NOBODY_FREE = "OFFHOOK_NOBODY_FREE"
"""The dialplan's own event: no agent was free in time for a customer whom we called."""
MESSAGE_PLAYED = "OFFHOOK_MESSAGE_PLAYED"
LISTENS = "OFFHOOK_LISTENS"
PERSON = "OFFHOOK_PERSON"
MACHINE = "OFFHOOK_MACHINE"
"""The dialplan's own event: such a customer heard the message, with 1 if they heard all of it."""
OPTED_OUT = "OFFHOOK_OPTED_OUT"
"""The dialplan's own event: such a customer asked not to be called again."""
LINE_FULL = "OFFHOOK_LINE_FULL"
"""The dialplan's own event: the line is full, and this call is refused."""

_COLUMNS = 12
_AT_ONCE_S = 3.0
"""A caller who hangs up this soon after leaving a bridge left it by hanging up."""


@dataclass(frozen=True, slots=True, order=True)
class LogPlace:
    """Where a row is: in which of the log's files, counted as they rotate, and at which byte."""

    file: int
    offset: int


@dataclass(frozen=True, slots=True)
class LogRow:
    """One event of the log. ``at`` is in epoch seconds."""

    at: float
    event: str
    user_event: str
    uniqueid: str
    channel: str
    exten: str
    caller: str | None
    call: str
    """The call's name, if this is a caller in a hotline (the channel's userfield)."""
    extra: dict[str, object]


_BEGINNING = re.compile(r'(?="[0-9]{9,11}\.[0-9]{6}","[A-Z_]+",")')
"""How a row begins. A quote within a field is doubled, so no field can hold this."""
_GUEST = re.compile(r"(Local/\d+@room-guest-[0-9a-f]+);([12])")
"""Half of a pair that stands for a caller in an agent's room: [room-guest] in extensions.conf."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def parse(line: str) -> LogRow | None:
    """A row; None if the line isn't one (torn, cut short, in another format).

    If Asterisk was killed while it wrote a row, the next row is on the same line; that one counts.
    """
    beginnings = [found.start() for found in _BEGINNING.finditer(line)]
    return _row(line[beginnings[-1] :]) if beginnings else None


def _row(line: str) -> LogRow | None:
    line = line.removesuffix("\r")
    if _CONTROL.search(line):
        return None
    try:
        fields = next(csv.reader([line], strict=True), [])
        if len(fields) != _COLUMNS:
            return None
        extra = json.loads(fields[11]) if fields[11] else {}
        return LogRow(
            at=float(fields[0]),
            event=fields[1],
            user_event=fields[2],
            uniqueid=fields[3],
            channel=fields[5],
            exten=fields[7],
            caller=number_of(fields[8]),
            call=fields[9],
            extra=extra if isinstance(extra, dict) else {},
        )
    except (csv.Error, ValueError, RecursionError):
        return None


@dataclass(slots=True)
class LoggedTalk:
    """Caller and phone were in one bridge."""

    station: StationName
    connected_at: float
    disconnected_at: float | None = None
    by: Party = Party.UNKNOWN
    left_by: str = ""
    """Uniqueid of the channel that left first; empty while nobody has."""
    in_room: bool = False
    """The phone was nailed up: the caller came into its room."""


@dataclass(slots=True)
class LoggedTransfer:
    """A phone passed the caller on. ``to`` is a station, or what was dialled."""

    station: StationName
    to: str
    kind: TransferKind
    at: float


@dataclass(slots=True)
class LoggedCall:
    """A hotline call as the log has it. Times are in epoch seconds."""

    call: CallId
    line: LineName
    number: str
    caller: str | None
    entered_at: float | None
    """None if the log begins in mid-call."""
    place: LogPlace
    """Its first row."""
    talks: list[LoggedTalk] = field(default_factory=list)
    transfers: list[LoggedTransfer] = field(default_factory=list)
    caller_name: str | None = None
    blocked: bool = False
    """Refused because the line was full."""
    fallback_at: float | None = None
    fallback_queue: str = ""
    placed: bool = False
    """We called the customer, who is the caller here; the following is about such calls."""
    answered_at: float | None = None
    listens_at: float | None = None
    """Since when machine detection listened."""
    person_at: float | None = None
    machine_at: float | None = None
    nobody_free_at: float | None = None
    message_at: float | None = None
    message_whole: bool = False
    opted_out_at: float | None = None
    opted_out_of: str = ""
    """The project by which they are not to be called again; "": by nobody in the centre."""
    ended_at: float | None = None
    by: Party = Party.UNKNOWN
    cause: int = 0
    died: bool = False
    """Asterisk ended in mid-call: ``ended_at`` is its last row, and talks may have no end."""


@dataclass(slots=True, eq=False)
class _Channel:
    uniqueid: str
    name: str
    endpoint: str
    place: LogPlace
    began: LogRow | None
    """Its CHAN_START; None if the log begins after that."""
    bridge: str = ""
    call: LoggedCall | None = None
    """The call whose caller it is."""
    in_call: LoggedCall | None = None
    """For a phone: the call in which it talks, or last did."""
    talk: LoggedTalk | None = None
    """The talk that it left last."""
    moved_on: bool = False
    """It has been in another bridge since then."""
    heir: str = ""
    """Uniqueid of the caller whom an attended transfer puts in its place."""


class EventLog:
    """Calls as the log has them, fed with its rows in order. Keeps ended calls until ``forget``.

    The names of ``stations`` and ``lines`` may become more meanwhile.
    """

    def __init__(self, stations: Set[StationName], lines: Set[LineName]) -> None:
        self._stations = stations
        self._lines = lines
        self._channels: dict[str, _Channel] = {}
        self._bridges: dict[str, set[str]] = {}
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
            channel = _Channel(
                row.uniqueid, row.channel, _endpoint(row.channel), place, row if started else None
            )
            self._channels[row.uniqueid] = channel
        if channel.uniqueid.startswith(PLACED) and outside_number(row.exten) is not None:
            channel.endpoint = row.exten  # somebody outside whom an agent asks: their room
        if row.call and channel.call is None and channel.endpoint in self._lines:
            self._mark(channel, row)
        if row.user_event == FALLBACK and channel.call and channel.call.fallback_at is None:
            channel.call.fallback_at = row.at
            channel.call.fallback_queue = str(row.extra.get("extra", ""))
        if row.user_event == CALLER and channel.call:
            name = name_of(str(row.extra.get("extra", "")), channel.call.caller)
            channel.call.caller_name = name
        if row.user_event == LINE_FULL and channel.call:
            channel.call.blocked = True
        if channel.call and channel.call.placed:
            self._of_placed(channel.call, row)
        match row.event:
            case "BRIDGE_ENTER":
                self._enter(channel, str(row.extra.get("bridge_id", "")), row.at)
            case "BRIDGE_EXIT":
                bridge = str(row.extra.get("bridge_id", ""))
                if not channel.bridge:  # an heir may leave before the one it replaced is gone
                    for uniqueid in tuple(self._bridges.get(bridge, ())):
                        if self._channels[uniqueid].heir == channel.uniqueid:
                            self._inherit(self._channels[uniqueid], row.at)
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

    def _mark(self, channel: _Channel, row: LogRow) -> None:
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

    @staticmethod
    def _of_placed(call: LoggedCall, row: LogRow) -> None:
        if row.event == "ANSWER" and call.answered_at is None:
            call.answered_at = row.at
        elif row.user_event == LISTENS and call.listens_at is None:
            call.listens_at = row.at
        elif row.user_event == PERSON and call.person_at is None:
            call.person_at = row.at
        elif row.user_event == MACHINE and call.machine_at is None:
            call.machine_at = row.at
        elif row.user_event == NOBODY_FREE and call.nobody_free_at is None:
            call.nobody_free_at = row.at
        elif row.user_event == MESSAGE_PLAYED and call.message_at is None:
            call.message_at = row.at
            call.message_whole = str(row.extra.get("extra", "")) == "1"
        elif row.user_event == OPTED_OUT:
            call.opted_out_at, call.opted_out_of = row.at, str(row.extra.get("extra", ""))

    def _enter(self, channel: _Channel, bridge: str, at: float) -> None:
        self._leave(channel, at)
        if not bridge:
            return
        members = self._bridges.setdefault(bridge, set())
        channel.moved_on = True
        for one, other in self._joined(channel, bridge):
            for call, station, phone in _pairs(one, other):
                if not self._is_phone(station) or _open(call, station) is not None:
                    continue
                phone.in_call = call
                if (before := _gone_on(call, station, at)) is not None:
                    before.disconnected_at = None
                else:
                    in_room = phone.uniqueid.startswith(PLACED)
                    call.talks.append(LoggedTalk(StationName(station), at, in_room=in_room))
        members.add(channel.uniqueid)
        channel.bridge = bridge

    def _leave(self, channel: _Channel, at: float) -> None:
        members = self._bridges.get(channel.bridge)
        if members is None:
            return
        members.discard(channel.uniqueid)
        for one, other in self._joined(channel, channel.bridge):
            for call, station, _ in _pairs(one, other):
                if (talk := _open(call, station)) is not None:
                    talk.disconnected_at, talk.left_by = at, channel.uniqueid
                    one.talk = other.talk = talk
                    one.moved_on = other.moved_on = False
        if not members:
            del self._bridges[channel.bridge]
        channel.bridge = ""

    def _joined(self, channel: _Channel, bridge: str) -> Iterator[tuple[_Channel, _Channel]]:
        """Whom the channel brings together in this bridge, in which it is not at the moment.

        It is itself one of them, or half of a pair by which Asterisk's own queue has brought a
        caller into an agent's room: then it stands for those with whom its other half is.
        """
        here = [self._channels[uniqueid] for uniqueid in self._bridges.get(bridge, ())]
        here += [far for half in here for far in self._beyond(half)]
        there = self._beyond(channel) if _GUEST.fullmatch(channel.name) else [channel]
        for one in there:
            for other in here:
                yield one, other

    def _beyond(self, half: _Channel) -> list[_Channel]:
        """Those with whom the other half of such a pair is; nobody if it isn't half of one."""
        found = _GUEST.fullmatch(half.name)
        if found is None:
            return []
        name = f"{found[1]};{'1' if found[2] == '2' else '2'}"
        other = next((one for one in self._channels.values() if one.name == name), None)
        if other is None:
            return []
        members = self._bridges.get(other.bridge, set()) - {other.uniqueid}
        return [self._channels[uniqueid] for uniqueid in members]

    def _inherit(self, channel: _Channel, at: float) -> None:
        """Move the heir into its bridge, as ``telephony.channels`` does: no row says so."""
        heir, bridge = self._channels.get(channel.heir), channel.bridge
        if heir is not None and bridge and not heir.bridge:
            self._leave(channel, at)
            self._enter(heir, bridge, at)

    def _transferred(self, channel: _Channel, row: LogRow) -> None:
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

    def _target(self, channel: _Channel, second: _Channel | None, row: LogRow) -> str:
        """The other phone in the joined bridges, or what was dialled to reach it."""
        for key in ("bridge2_id", "bridge1_id"):
            for uniqueid in self._bridges.get(str(row.extra.get(key, "")), ()):
                endpoint = self._channels[uniqueid].endpoint
                if endpoint in self._stations and endpoint != channel.endpoint:
                    return endpoint
        dialled = (each.began.exten for each in (second, channel) if each and each.began)
        return next((exten for exten in dialled if exten in self._stations), "")

    def _hung_up(self, channel: _Channel, row: LogRow) -> None:
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
        self._channels.clear()
        self._bridges.clear()


def _pairs(one: _Channel, other: _Channel) -> Iterable[tuple[LoggedCall, str, _Channel]]:
    """The call, the phone's station and its channel, if the two are a caller and a phone."""
    if one.call is not None:
        yield one.call, other.endpoint, other
    if other.call is not None:
        yield other.call, one.endpoint, one


def _gone_on(call: LoggedCall, station: str, at: float) -> LoggedTalk | None:
    """The talk with this phone, if it has only moved to another bridge."""
    talk = next((t for t in reversed(call.talks) if t.station == station), None)
    if talk is None or talk.by is not Party.UNKNOWN:
        return None
    return talk if at - (talk.disconnected_at or at) <= REBRIDGED_WITHIN_S else None


def _open(call: LoggedCall, station: str) -> LoggedTalk | None:
    found = (t for t in call.talks if t.station == station and t.disconnected_at is None)
    return next(found, None)


def _endpoint(channel: str) -> str:
    if is_own_phone_call(channel):
        return OWN_PHONES
    technology, _, rest = channel.partition("/")
    return phone_of(rest.rpartition("-")[0]) if technology == "PJSIP" else ""
