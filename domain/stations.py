"""The endpoints and states of an agent's phone."""

import re
from enum import StrEnum

from domain.identity import StationName

_TWIN = "-srtp"
_PHONE = re.compile(rf"([0-9]+)(?:{_TWIN})?")
"""Digits only, because a line's name begins with a letter and may end as a twin's does."""


def twin(station: StationName) -> str:
    """The second endpoint of a phone, through which it is offered only encrypted sound."""
    return f"{station}{_TWIN}"


def phone_of(endpoint: str) -> str:
    """The name of the phone behind an endpoint, whichever of its two it is."""
    found = _PHONE.fullmatch(endpoint)
    return endpoint if found is None else found[1]


class StationState(StrEnum):
    """A phone as Asterisk sees it."""

    IDLE = "idle"
    RINGING = "ringing"
    BUSY = "busy"
    UNREACHABLE = "unreachable"
