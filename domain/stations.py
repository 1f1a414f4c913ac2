"""What is known of an agent's phone."""

from enum import StrEnum

from domain.identity import StationName

_TWIN = "-srtp"


def twin(station: StationName) -> str:
    """The second endpoint of a phone, through which it is offered encrypted sound only."""
    return f"{station}{_TWIN}"


def phone_of(endpoint: str) -> str:
    """The name of the phone behind an endpoint, whichever of its two it is."""
    return endpoint.removesuffix(_TWIN)


class StationState(StrEnum):
    """A phone as Asterisk sees it."""

    IDLE = "idle"
    RINGING = "ringing"
    BUSY = "busy"
    UNREACHABLE = "unreachable"
