"""What Asterisk's events mean for calls and stations: a type for each thing that can happen."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from domain.identity import CallId, ChannelId, LineName, StationName
from domain.reasons import Party, TransferKind
from domain.stations import StationState


@dataclass(frozen=True, slots=True)
class CallSeen:
    """A caller is in a hotline: the dialplan has marked their channel with OFFHOOK_CALL."""

    call: CallId
    channel_name: str
    line: LineName
    caller_number: str | None
    """None if withheld."""
    dialled: str
    variables: Mapping[str, str] = field(default_factory=dict)
    """The channel variables set by then."""
    caller_name: str | None = None


@dataclass(frozen=True, slots=True)
class CustomerRings:
    """The phone of a customer whom we called began to ring, by what the carrier says."""

    call: CallId


@dataclass(frozen=True, slots=True)
class CustomerPickedUp:
    """Somebody or something answered at the number that we called."""

    call: CallId


@dataclass(frozen=True, slots=True)
class StationRinging:
    """A phone rings for this caller; the phone has reported so itself."""

    call: CallId
    station: StationName


@dataclass(frozen=True, slots=True)
class RingingEnded:
    """A phone stopped ringing without having answered."""

    call: CallId
    station: StationName
    why: str
    """The dial status in lower case: noanswer, busy, cancel, chanunavail, ... or unknown."""


@dataclass(frozen=True, slots=True)
class StationConnected:
    """Caller and phone can hear each other from now on."""

    call: CallId
    station: StationName


@dataclass(frozen=True, slots=True)
class StationDisconnected:
    """Caller and phone no longer hear each other; this also ends a hold."""

    call: CallId
    station: StationName
    by: Party
    """Who hung up; the agent, too, if they transferred the call away."""
    cause: int
    """Q.850; 0 if not known."""
    ago_s: float = 0.0
    """How long ago that was: at first they might still have been bridged again."""


@dataclass(frozen=True, slots=True)
class CallHeld:
    call: CallId
    station: StationName
    by: Party


@dataclass(frozen=True, slots=True)
class CallResumed:
    call: CallId
    station: StationName
    by: Party


@dataclass(frozen=True, slots=True)
class CallerPressed:
    """The caller has pressed a key while nobody was connected with them."""

    call: CallId
    key: str


@dataclass(frozen=True, slots=True)
class CallTransferred:
    """A station passed the caller on. May come before, between or after the events of the legs."""

    call: CallId
    station_from: StationName
    to: str
    """A station, or what was dialled."""
    kind: TransferKind


@dataclass(frozen=True, slots=True)
class TransferRefused:
    """A phone asked for a blind transfer that Asterisk can't do from a mixing bridge."""

    call: CallId
    station_from: StationName
    context: str
    to: str
    """The extension in ``context`` where the caller was to go."""


@dataclass(frozen=True, slots=True)
class TransferAstray:
    """A phone has passed the caller on to where nobody serves them: into a feature code, to another
    caller, or back into their own talk."""

    call: CallId


@dataclass(frozen=True, slots=True)
class CallerGone:
    """The caller's channel is gone."""

    call: CallId
    by: Party
    """Who ended the call; the agent, if they hung up and nobody else asked for its end."""
    cause: int
    """Q.850; 0 if not known."""
    lost: bool = False
    """Nobody hung up; the caller's line has stopped answering."""
    sip: int = 0
    """The final response to a call of ours that was refused; 0 if there was none."""


@dataclass(frozen=True, slots=True)
class RoomOpened:
    """A phone has been nailed up: its leg is in its room."""

    station: StationName


@dataclass(frozen=True, slots=True)
class RoomClosed:
    """The leg of a nailed-up phone is gone."""

    station: StationName
    leg: ChannelId


@dataclass(frozen=True, slots=True)
class RoomKey:
    """Somebody pressed a key of a nailed-up phone."""

    station: StationName
    key: str


@dataclass(frozen=True, slots=True)
class PhoneChanged:
    station: StationName
    state: StationState


EventOfCall = (
    StationRinging
    | RingingEnded
    | StationConnected
    | StationDisconnected
    | CallHeld
    | CallResumed
    | CallerPressed
    | CallTransferred
    | TransferRefused
    | TransferAstray
    | CallerGone
    | CustomerRings
    | CustomerPickedUp
)
"""What happens in a call that is known."""

CallEvent = CallSeen | EventOfCall | PhoneChanged | RoomOpened | RoomClosed | RoomKey
