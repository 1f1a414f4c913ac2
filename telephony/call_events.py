"""What the fold of a switch's events says about calls and stations."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from domain.identity import CallId, LineName, StationName
from domain.reasons import Party, TransferKind
from domain.stations import StationState


@dataclass(frozen=True, slots=True)
class CallSeen:
    """A caller is in a hotline: the dialplan has marked their channel with OFFHOOK_CALL."""

    call: CallId
    channel_name: str
    line: LineName
    caller_number: str | None
    """None: withheld."""
    dialled: str
    variables: Mapping[str, str] = field(default_factory=dict)
    """The channel variables that were set by then."""
    caller_name: str | None = None


@dataclass(frozen=True, slots=True)
class StationRinging:
    """A phone rings for this caller (it has said so itself)."""

    call: CallId
    station: StationName


@dataclass(frozen=True, slots=True)
class RingingEnded:
    """A phone stopped ringing and had not answered."""

    call: CallId
    station: StationName
    why: str
    """The dial status in lower case: noanswer, busy, cancel, chanunavail, ... or unknown."""


@dataclass(frozen=True, slots=True)
class StationConnected:
    """Caller and phone hear each other from now on."""

    call: CallId
    station: StationName


@dataclass(frozen=True, slots=True)
class StationDisconnected:
    """Caller and phone no longer hear each other; a hold that was on ends with it."""

    call: CallId
    station: StationName
    by: Party
    """Who hung up, or ("agent") transferred the call away."""
    cause: int
    """Q.850; 0 if not known."""
    ago_s: float = 0.0
    """So long ago: it was not known at once whether they would be bridged again."""


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
class CallTransferred:
    """A station passed the caller on. Told before, between or after what it does to the legs."""

    call: CallId
    station_from: StationName
    to: str
    """A station, or what was dialled."""
    kind: TransferKind


@dataclass(frozen=True, slots=True)
class TransferRefused:
    """A phone asked for a blind transfer that Asterisk can't do in a mixing bridge."""

    call: CallId
    station_from: StationName
    context: str
    to: str
    """The extension in ``context`` where the caller should go."""


@dataclass(frozen=True, slots=True)
class TransferAstray:
    """A phone has passed the caller to where nobody serves them: into a feature code, to another
    caller, or into the place of their own talk."""

    call: CallId


@dataclass(frozen=True, slots=True)
class CallerGone:
    """The caller's channel is gone."""

    call: CallId
    by: Party
    """Who ended it: the agent, if nobody else asked for it after the agent had hung up."""
    cause: int
    """Q.850; 0 if not known."""
    lost: bool = False
    """Nobody hung up: nothing answers any more at the caller's line."""


@dataclass(frozen=True, slots=True)
class PhoneChanged:
    station: StationName
    state: StationState


CallEvent = (
    CallSeen
    | StationRinging
    | RingingEnded
    | StationConnected
    | StationDisconnected
    | CallHeld
    | CallResumed
    | CallTransferred
    | TransferRefused
    | TransferAstray
    | CallerGone
    | PhoneChanged
)
