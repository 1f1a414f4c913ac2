"""The endpoints and states of an agent's phone."""

import re
from enum import StrEnum

from domain.identity import LineName, StationName

OWN_PHONES = LineName("own.phones")
"""The line of calls that phones of the centre make to its own numbers, to try them out. Lines of
the directory can't have this name."""

_OWN_PHONE_CALL = re.compile(r"Local/[+0-9]+@own-phone-[0-9a-f]+;2")
"""The second half of a local channel in the dialplan's [own-phone]: it stands for the customer."""
_OUTSIDE = re.compile(r"(\+?[0-9]{3,20})\.[0-9a-f]{12}")
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


def is_own_phone_call(channel: str) -> bool:
    """Whether a channel of this name is such a call's customer."""
    return _OWN_PHONE_CALL.fullmatch(channel) is not None


def outside_room(number: str, token: str) -> StationName:
    """The room of somebody outside whom an agent asks: it stands for their phone, in which no agent
    sits. ``token``, twelve hexadecimal digits, makes it this consultation's alone.

    Raises ValueError for what can't be one.
    """
    room = StationName(f"{number}.{token}")
    if outside_number(room) is None:
        raise ValueError(f"{room!r} can't name a room: digits, after a + if any, and a token")
    return room


def outside_number(station: str) -> str | None:
    """The number behind such a room; None if it is another phone."""
    found = _OUTSIDE.fullmatch(station)
    return None if found is None else found[1]


class StationState(StrEnum):
    """A phone as Asterisk sees it."""

    IDLE = "idle"
    RINGING = "ringing"
    BUSY = "busy"
    UNREACHABLE = "unreachable"
