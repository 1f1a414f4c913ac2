"""AMI events and snapshots as Asterisk would send them, for tests of the fold."""

from collections.abc import Iterable, Sequence

from domain.identity import LineName, NodeName, StationName
from telephony.ami.ami_wire import Message
from telephony.ami.snapshot import Snapshot
from telephony.call_events import CallEvent, PhoneChanged
from telephony.centre_calls import Calls

NODE = NodeName("pbx1")
STATIONS = (StationName("1001"), StationName("1002"), StationName("1003"))
LINES = (LineName("line1"), LineName("line2"))


def new_calls() -> Calls:
    return Calls(STATIONS, LINES)


def about(
    name: str, channel: str, uniqueid: str, state: int, linkedid: str = "", **more: str
) -> Message:
    """An event about one channel; callers' channels carry the dialplan's mark."""
    mark = f"{NODE}-{uniqueid}" if channel.startswith("PJSIP/line") else ""
    return Message.of(
        {
            "Event": name,
            "Channel": channel,
            "ChannelState": str(state),
            "CallerIDNum": "13800138000",
            "Exten": "4001",
            "Uniqueid": uniqueid,
            "Linkedid": linkedid or uniqueid,
            "ChanVariable": (f"OFFHOOK_CALL={mark}", "OFFHOOK_LANG="),
            **more,
        }
    )


def hang_up(channel: str, uniqueid: str, state: int, cause: int = 16) -> Message:
    return about("Hangup", channel, uniqueid, state, Cause=str(cause))


def device(station: str, state: str) -> Message:
    return Message.of({"Event": "DeviceStateChange", "Device": f"PJSIP/{station}", "State": state})


def snapshot(channels: Iterable[Message] = (), devices: Sequence[Message] = ()) -> Snapshot:
    """Bridges are taken from the channels' BridgeId, as telephony.ami.snapshot does."""
    channels = tuple(channels)
    members: dict[str, list[str]] = {}
    for channel in channels:
        if bridge := channel.get("BridgeId"):
            members.setdefault(bridge, []).append(channel.get("Uniqueid"))
    bridges = tuple((bridge, tuple(inside)) for bridge, inside in members.items())
    return Snapshot(channels, bridges=bridges, device_states=tuple(devices))


def feed(calls: Calls, messages: Iterable[Message]) -> list[CallEvent]:
    return [event for message in messages for event in calls.handle(NODE, message, 0.0)]


def of_calls(events: Iterable[CallEvent]) -> list[CallEvent]:
    return [event for event in events if not isinstance(event, PhoneChanged)]


def told(events: Iterable[CallEvent]) -> list[str]:
    """Each event about a call in a few words."""
    return [
        " ".join(
            [type(event).__name__]
            + [
                str(getattr(event, name))
                for name in ("station", "station_from", "to", "kind", "by", "why", "cause")
                if hasattr(event, name)
            ]
        )
        for event in of_calls(events)
    ]
