"""Names an agent's room: the conference in which a nailed-up phone stays (extensions.conf)."""

from domain.identity import StationName
from telephony.ami.originate import Extension
from telephony.channels import ROOM

BEEP, REFUSED = "A", "B"
"""Keys for the agent's leg (AMI PlayDTMF), at which it hears a sound (confbridge.conf)."""
LINK_ASKS = "room-asks"
"""The context in which a link enters the room of the agent who asks; see ``channels.LINK``."""
END_TALK = "*16"
"""What Asterisk itself takes from the agent's keys: it sends the customer out of the room, or, in a
consultation, the link to whom is asked."""
SWAP, CONFERENCE, COMPLETE = "*17", "*18", "*19"
"""Codes for a consultation, which the controller takes."""


def conference(station: StationName) -> str:
    """The name of a phone's room in Asterisk."""
    return f"agent-{station}"


def way_in(station: StationName) -> Extension:
    """Where in the dialplan a phone that we called enters its room."""
    return Extension(ROOM, station)
