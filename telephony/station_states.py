"""Turns Asterisk's device states into the state of a station. No I/O."""

from collections.abc import Iterable

from domain.identity import StationName
from domain.stations import StationState
from telephony.ami.snapshot import Snapshot
from telephony.channels import Channel

# DeviceStateChange's words, and EndpointList's in the same form.
_STATES = {
    "NOT_INUSE": StationState.IDLE,
    "NOT_IN_USE": StationState.IDLE,
    "RINGING": StationState.RINGING,
    "INUSE": StationState.BUSY,
    "IN_USE": StationState.BUSY,
    "BUSY": StationState.BUSY,
    "ONHOLD": StationState.BUSY,
    "ON_HOLD": StationState.BUSY,
    "RINGINUSE": StationState.BUSY,
    "RING+INUSE": StationState.BUSY,
}
_RANK = (StationState.UNREACHABLE, StationState.IDLE, StationState.RINGING, StationState.BUSY)


def state_of(
    device_state: str,
    channels: Iterable[Channel],
    *,
    calls_us: bool = False,
    has_guest: bool | None = None,
) -> StationState:
    """One node's view of a station, from its device state and its channels there. ``calls_us``: it
    is in a call to one of our own numbers, which outlasts its channel by a moment. ``has_guest``:
    whether somebody is with a nailed-up phone in its room; None: it isn't nailed up."""
    if has_guest is not None:
        channels = list(channels)
        return StationState.BUSY if has_guest or len(channels) > 1 else StationState.IDLE
    state = _STATES.get(device_state, StationState.UNREACHABLE)
    if state in (StationState.BUSY, StationState.IDLE):
        # With device_state_busy_at=1, a phone counts as busy as soon as it is called; one that is
        # called through its twin endpoint counts as idle.
        called = [channel.being_called for channel in channels]
        if called:
            return StationState.RINGING if all(called) else StationState.BUSY
        if calls_us:
            return StationState.BUSY
    return state


def sum_of(states: Iterable[StationState]) -> StationState:
    """A station's state by all nodes: it is registered at one, the others can't reach it."""
    return max(states, key=_RANK.index, default=StationState.UNREACHABLE)


def listed_states(snapshot: Snapshot) -> dict[StationName, str]:
    """Each PJSIP endpoint's device state; empty if Asterisk gave no list."""
    found = {}
    for message in snapshot.device_states:
        technology, _, endpoint = message.get("Device").partition("/")
        if technology == "PJSIP":
            found[StationName(endpoint)] = message.get("State")
    # The list above is from a cache and may lack phones; this one is fresh.
    for message in snapshot.endpoints:
        state = message.get("DeviceState").replace(" ", "_").upper()
        found[StationName(message.get("ObjectName"))] = state
    return found
