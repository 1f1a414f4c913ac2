"""Asks an Asterisk what is there now. AMI has no replay, so each login starts with this."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from telephony.ami.ami_wire import Message
from telephony.ami.protocol import ActionRefused, Headers
from telephony.complaints import shown

_LONGEST = 255  # more than Asterisk has for a uniqueid or a name


def fault_of(message: Message) -> str | None:
    """What is wrong with a message about a channel; None if it is sound."""
    for header in ("Uniqueid", "Channel"):
        value = message.get(header)
        if not value:
            return f"no {header}"
        if len(value) > _LONGEST:
            return f"a {header} of {len(value)} characters"
    return None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was there at a login. It is taken while events are held; they come after it, though some
    may be older than it."""

    channels: tuple[Message, ...]
    """CoreShowChannel for each channel: Uniqueid, Linkedid, BridgeId, ChannelState, ..."""
    events_from: datetime | None = None
    """Events since then follow the snapshot; None: those since it arrived."""
    bridges: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Each bridge's BridgeUniqueid and the uniqueids of the channels in it."""
    device_states: tuple[Message, ...] = ()
    """DeviceStateChange for each device: Device (``PJSIP/1001``), State (``NOT_INUSE``, ...)."""
    endpoints: tuple[Message, ...] = ()
    """EndpointList for each PJSIP endpoint: ObjectName, DeviceState, Contacts, ActiveChannels."""
    boot: str = ""
    """When Asterisk started, by its own clock: ``2026-11-22 02:08:16``."""
    version: str = ""
    """Asterisk's version, as it names it; empty if it doesn't."""
    restarted: bool = False
    """Asterisk has restarted since the link's last snapshot: its old channels are gone."""
    missing: tuple[str, ...] = field(default=())
    """Lists that Asterisk refused (a module not loaded, a class the AMI user lacks)."""
    left_out: tuple[str, ...] = field(default=())
    """Entries of the list of channels that are not channels, and what is wrong with them."""

    def has_channel(self, uniqueid: str) -> bool:
        return any(channel.get("Uniqueid") == uniqueid for channel in self.channels)


class Lister(Protocol):
    def __call__(
        self, name: str, headers: Headers, item: str, complete: str, timeout: float
    ) -> Awaitable[list[Message]]: ...


async def take_snapshot(
    ask: Callable[[str, Headers, float], Awaitable[Message]],
    ask_list: Lister,
    events_from: datetime,
    last_boot: str,
    timeout: float,
) -> Snapshot:
    """Ask for everything. ``timeout`` (s) applies to each list; events since ``events_from`` are
    held.

    Raises ActionRefused if the AMI user may not see channels (it needs ``reporting`` in
    manager.conf's ``write``), and what asking raises.
    """
    status = await ask("CoreStatus", {}, timeout)
    if not status.succeeded:
        raise ActionRefused("CoreStatus", status)
    boot = f"{status.get('CoreStartupDate')} {status.get('CoreStartupTime')}"
    missing: list[str] = []

    async def optional(name: str, item: str, complete: str) -> tuple[Message, ...]:
        try:
            return tuple(await ask_list(name, {}, item, complete, timeout))
        except ActionRefused:
            missing.append(name)
            return ()

    settings = await ask("CoreSettings", {}, timeout)
    # The order doesn't matter: events that come meanwhile are held, and correct what has changed.
    device_states = await optional(
        "DeviceStateList", "DeviceStateChange", "DeviceStateListComplete"
    )
    endpoints = await optional("PJSIPShowEndpoints", "EndpointList", "EndpointListComplete")
    bridge_list = await optional("BridgeList", "BridgeListItem", "BridgeListComplete")
    channels = await ask_list(
        "CoreShowChannels", {}, "CoreShowChannel", "CoreShowChannelsComplete", timeout
    )
    channels, left_out = sifted(channels)
    # CoreShowChannel names the bridge, which saves a BridgeInfo for each of a thousand bridges.
    members: dict[str, list[str]] = {item.get("BridgeUniqueid"): [] for item in bridge_list}
    for channel in channels:
        if bridge := channel.get("BridgeId"):
            members.setdefault(bridge, []).append(channel.get("Uniqueid"))
    return Snapshot(
        channels=tuple(channels),
        events_from=events_from,
        bridges=tuple((bridge, tuple(inside)) for bridge, inside in members.items()),
        device_states=device_states,
        endpoints=endpoints,
        boot=boot,
        version=settings.get("AsteriskVersion"),
        restarted=bool(last_boot) and boot != last_boot,
        missing=tuple(missing),
        left_out=left_out,
    )


def sifted(channels: Iterable[Message]) -> tuple[list[Message], tuple[str, ...]]:
    """The entries of a list that are channels, each once; and what is wrong with the others.

    One bad entry must not cost all other calls.
    """
    good: dict[str, Message] = {}
    faults: list[str] = []
    for number, message in enumerate(channels, 1):
        fault = fault_of(message)
        if fault is None and message.get("Uniqueid") in good:
            fault = f"the uniqueid {message.get('Uniqueid')} a second time"
        if fault is None:
            good[message.get("Uniqueid")] = message
        else:
            faults.append(f"entry {number} ({shown(message.get('Channel'))}) has {fault}")
    return list(good.values()), tuple(faults)
