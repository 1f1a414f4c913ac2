"""What is known of an agent's phone."""

from enum import StrEnum


class StationState(StrEnum):
    """A phone as Asterisk sees it."""

    IDLE = "idle"
    RINGING = "ringing"
    BUSY = "busy"
    UNREACHABLE = "unreachable"
