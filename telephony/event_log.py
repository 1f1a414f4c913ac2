"""Asterisk's own log of its channels (cel_custom), folded into calls. No I/O.

What the log knows of a call: when it came and by which line, with which phones it was bridged,
whether Asterisk's own queue took it, who hung up. The columns are those of
asterisk-conf/cel_custom.conf.
"""

import csv
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from domain.identity import CallId, LineName, StationName
from domain.stations import phone_of
from telephony.call_events import HangUpParty
from telephony.caller import number_of

FALLBACK = "OFFHOOK_FALLBACK"
"""The dialplan's own event: Asterisk's queue takes the caller."""

_COLUMNS = 12
_AT_ONCE_S = 1.0


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a row stands: which of the log's files, counted as they rotate, and at which byte."""

    file: int
    offset: int


@dataclass(frozen=True, slots=True)
class Row:
    """One event. ``at`` is in epoch seconds."""

    at: float
    event: str
    user_event: str
    uniqueid: str
    channel: str
    exten: str
    caller: str | None
    call: str
    """The call's name, if this is a caller in a hotline (the channel's userfield)."""
    extra: dict[str, Any]


_BEGINNING = re.compile(r'(?="[0-9]{9,11}\.[0-9]{6}","[A-Z_]+",")')
"""A quote within a field is doubled, so no field can hold this."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def parse(line: str) -> Row | None:
    """A row, or None for what isn't one (torn, cut short, another format).

    A row that was begun and not ended, by an Asterisk that was killed, has the next one in its
    line: that one counts.
    """
    beginnings = [found.start() for found in _BEGINNING.finditer(line)]
    return _row(line[beginnings[-1] :]) if beginnings else None


def _row(line: str) -> Row | None:
    line = line.removesuffix("\r")
    if _CONTROL.search(line):
        return None
    try:
        fields = next(csv.reader([line], strict=True), [])
        if len(fields) != _COLUMNS:
            return None
        extra = json.loads(fields[11]) if fields[11] else {}
        return Row(
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
    by: str = "unknown"


@dataclass(slots=True)
class LoggedCall:
    """A hotline call as the log tells it. Times are in epoch seconds."""

    call: CallId
    line: LineName
    number: str
    caller: str | None
    entered_at: float | None
    """None: the log begins in mid-call."""
    place: Place
    """Its first row."""
    talks: list[LoggedTalk] = field(default_factory=list)
    fallback_at: float | None = None
    fallback_queue: str = ""
    ended_at: float | None = None
    by: HangUpParty = "unknown"
    cause: int = 0
    died: bool = False
    """Asterisk itself ended in mid-call: ``ended_at`` is the last that was heard of it, and
    talks may have no end."""


@dataclass(slots=True, eq=False)
class _Channel:
    uniqueid: str
    endpoint: str
    place: Place
    began: Row | None
    """Its CHAN_START; None if the log was cut off above that."""
    bridge: str = ""
    call: LoggedCall | None = None
    talk: LoggedTalk | None = None
    """The last that it left."""


class EventLog:
    """Fed with rows in their order. Ended calls are kept until ``forget``."""

    def __init__(self, stations: Iterable[StationName], lines: Iterable[LineName]) -> None:
        self._stations = frozenset(stations)
        self._lines = frozenset(lines)
        self._channels: dict[str, _Channel] = {}
        self._bridges: dict[str, set[str]] = {}
        self._last_at = 0.0
        self.calls: dict[CallId, LoggedCall] = {}

    @property
    def last_at(self) -> float:
        """The newest row's time, in epoch seconds."""
        return self._last_at

    @property
    def needed_from(self) -> Place | None:
        """The first row of what is not over, or not forgotten; None if there is nothing."""
        places = [channel.place for channel in self._channels.values()]
        places += [call.place for call in self.calls.values()]
        return min(places, default=None)

    def forget(self, before: float) -> None:
        """Calls that ended before this time will not be asked for."""
        for name, call in list(self.calls.items()):
            if call.ended_at is not None and call.ended_at < before:
                del self.calls[name]

    def feed(self, row: Row, place: Place) -> None:
        """Take the next row."""
        started = row.event == "CHAN_START"
        if started and row.uniqueid.endswith(".0"):
            self._all_died()  # it counts its channels from 0: another process than before
        self._last_at = max(self._last_at, row.at)
        channel = self._channels.get(row.uniqueid)
        if channel is None:
            if row.event in ("CHAN_END", "LINKEDID_END"):
                return
            channel = _Channel(
                row.uniqueid, _endpoint(row.channel), place, row if started else None
            )
            self._channels[row.uniqueid] = channel
        if row.call and channel.call is None and channel.endpoint in self._lines:
            self._mark(channel, row)
        if row.user_event == FALLBACK and channel.call and channel.call.fallback_at is None:
            channel.call.fallback_at = row.at
            channel.call.fallback_queue = str(row.extra.get("extra", ""))
        match row.event:
            case "BRIDGE_ENTER":
                self._enter(channel, str(row.extra.get("bridge_id", "")), row.at)
            case "BRIDGE_EXIT":
                self._leave(channel, row.at)
            case "HANGUP":
                self._leave(channel, row.at)
                self._hung_up(channel, row)
            case "CHAN_END":
                self._leave(channel, row.at)
                del self._channels[channel.uniqueid]

    def _mark(self, channel: _Channel, row: Row) -> None:
        """The dialplan has said that the channel is a caller in a hotline."""
        began = channel.began
        channel.call = self.calls[CallId(row.call)] = LoggedCall(
            call=CallId(row.call),
            line=LineName(channel.endpoint),
            number=began.exten if began else row.exten,
            caller=row.caller,  # known only now: the channel begins without one
            entered_at=began.at if began else None,
            place=channel.place,
        )

    def _enter(self, channel: _Channel, bridge: str, at: float) -> None:
        self._leave(channel, at)
        if not bridge:
            return
        members = self._bridges.setdefault(bridge, set())
        for uniqueid in members:
            for call, station in _pairs(channel, self._channels[uniqueid]):
                if station in self._stations and _open(call, station) is None:
                    call.talks.append(LoggedTalk(StationName(station), at))
        members.add(channel.uniqueid)
        channel.bridge = bridge

    def _leave(self, channel: _Channel, at: float) -> None:
        members = self._bridges.get(channel.bridge)
        if members is None:
            return
        members.discard(channel.uniqueid)
        for uniqueid in members:
            other = self._channels[uniqueid]
            for call, station in _pairs(channel, other):
                if (talk := _open(call, station)) is not None:
                    talk.disconnected_at = at
                    channel.talk = other.talk = talk
        if not members:
            del self._bridges[channel.bridge]
        channel.bridge = ""

    def _hung_up(self, channel: _Channel, row: Row) -> None:
        source = _endpoint(str(row.extra.get("hangupsource", "")))
        by: HangUpParty = "system"
        if source in self._stations:
            by = "agent"
        elif source in self._lines:
            by = "caller"
        call, talk = channel.call, channel.talk
        if call is not None and call.ended_at is None:
            cause = row.extra.get("hangupcause")
            if by == "system" and call.talks and call.talks[-1].by == "agent":
                by = "agent"  # the caller only stayed for what might come after the talk
            call.ended_at, call.by = row.at, by
            call.cause = cause if isinstance(cause, int) else 0
        if talk is None or talk.by != "unknown" or by == "system":
            return
        if row.at - (talk.disconnected_at or 0.0) < _AT_ONCE_S:
            talk.by = by  # it was in the bridge a moment before: this is what ended the talk

    def _all_died(self) -> None:
        for channel in self._channels.values():
            call = channel.call
            if call is not None and call.ended_at is None:
                call.ended_at, call.by, call.died = self._last_at, "system", True
        self._channels.clear()
        self._bridges.clear()


def _pairs(one: _Channel, other: _Channel) -> Iterable[tuple[LoggedCall, str]]:
    """Who is the caller and who the phone, if they are one of each."""
    if one.call is not None:
        yield one.call, other.endpoint
    if other.call is not None:
        yield other.call, one.endpoint


def _open(call: LoggedCall, station: str) -> LoggedTalk | None:
    found = (t for t in call.talks if t.station == station and t.disconnected_at is None)
    return next(found, None)


def _endpoint(channel: str) -> str:
    technology, _, rest = channel.partition("/")
    return phone_of(rest.rpartition("-")[0]) if technology == "PJSIP" else ""
