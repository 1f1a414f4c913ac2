"""The channels that Asterisk's own log has, and which of them are in one bridge. No I/O."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from telephony.log_rows import LogPlace, LogRow
from telephony.logged_call import LoggedCall, LoggedTalk

_GUEST = re.compile(r"(Local/\d+@room-guest-[0-9a-f]+);([12])")
"""Half of a pair that stands for a caller in an agent's room: [room-guest] in extensions.conf."""


@dataclass(slots=True, eq=False)
class LoggedChannel:
    """A channel that is there, by the log."""

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


class LoggedBridges:
    """Who is with whom. ``channels`` are those that are there, by their uniqueid."""

    def __init__(self) -> None:
        self.channels: dict[str, LoggedChannel] = {}
        self._members: dict[str, set[str]] = {}

    def members(self, bridge: str) -> list[LoggedChannel]:
        """The channels in this bridge."""
        return [self.channels[uniqueid] for uniqueid in self._members.get(bridge, ())]

    def enter(
        self, channel: LoggedChannel, bridge: str
    ) -> Sequence[tuple[LoggedChannel, LoggedChannel]]:
        """Put a channel that is in no bridge into this one; returns whom that brings together."""
        members = self._members.setdefault(bridge, set())
        joined = list(self._joined(channel, bridge))
        members.add(channel.uniqueid)
        channel.bridge = bridge
        return joined

    def leave(self, channel: LoggedChannel) -> Sequence[tuple[LoggedChannel, LoggedChannel]]:
        """Take a channel out of its bridge, if it is in one; returns whom that parts."""
        members = self._members.get(channel.bridge)
        if members is None:
            return ()
        members.discard(channel.uniqueid)
        parted = list(self._joined(channel, channel.bridge))
        if not members:
            del self._members[channel.bridge]
        channel.bridge = ""
        return parted

    def clear(self) -> None:
        """Nothing is there any more."""
        self.channels.clear()
        self._members.clear()

    def _joined(
        self, channel: LoggedChannel, bridge: str
    ) -> Iterator[tuple[LoggedChannel, LoggedChannel]]:
        """Whom the channel brings together in this bridge, in which it is not at the moment.

        It is itself one of them, or half of a pair by which Asterisk's own queue has brought a
        caller into an agent's room: then it stands for those with whom its other half is.
        """
        here = self.members(bridge)
        here += [far for half in here for far in self._beyond(half)]
        there = self._beyond(channel) if _GUEST.fullmatch(channel.name) else [channel]
        for one in there:
            for other in here:
                yield one, other

    def _beyond(self, half: LoggedChannel) -> list[LoggedChannel]:
        """Those with whom the other half of such a pair is; nobody if it isn't half of one."""
        found = _GUEST.fullmatch(half.name)
        if found is None:
            return []
        name = f"{found[1]};{'1' if found[2] == '2' else '2'}"
        other = next((one for one in self.channels.values() if one.name == name), None)
        if other is None:
            return []
        members = self._members.get(other.bridge, set()) - {other.uniqueid}
        return [self.channels[uniqueid] for uniqueid in members]
