"""Brings a customer to an agent whose phone is nailed up: into the phone's room.

Nothing rings, and nothing has to be answered: the customer joins the conference in which the phone
waits (docs/decisions/0021-agents-in-rooms.md). What comes of it is as after Dial.
"""

import re

from acd.commands import Offer
from domain.reasons import OfferFailure
from engine.agents.live_talks import is_talk
from recordings.capture import Capture
from telephony.agi.session import Session
from telephony.room_names import conference

_LEFT = re.compile(r"([A-Z]*)/([01])/(-?\d{1,15})")
"""What [from-room] returns: how the customer left, whether the phone is still there, and after how
many milliseconds."""

_NOT_FREE = {
    "taken": OfferFailure.BUSY,  # another customer is in the room
    "gone": OfferFailure.UNREACHABLE,  # the phone has left it
}


class Room:
    """Brings one customer into rooms, in one session."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.phone_gone = False
        """Whether the last talk ended because the agent's phone left the room."""

    async def talk(
        self, offer: Offer, recording: Capture, *, asked: bool = False
    ) -> OfferFailure | None:
        """Join the agent and wait for the end of the talk; None if they talked, else why not.

        ``recording`` begins before they meet, once a call. ``asked``: a colleague has asked the
        agent, and their link may still be in the room. Raises HungUp if the customer leaves, from
        the talk too.
        """
        self.phone_gone = False
        beside = "1" if asked else "0"
        free = await self._session.subroutine(
            "to-room", offer.station, offer.agent, recording.file, recording.options, beside
        )
        if free != "free":
            return _NOT_FREE.get(free, OfferFailure.UNREACHABLE)
        await self._session.execute(
            "ConfBridge", conference(offer.station), "room", "customer", "customer-keys"
        )
        left = _LEFT.fullmatch(await self._session.subroutine("from-room"))
        if left is None:
            return OfferFailure.DROPPED
        self.phone_gone = left[2] == "0"
        # However short it was: the agent has ended it, and the phone is there.
        ended = left[1] == "KICKED" and left[2] == "1"
        return None if ended or is_talk(int(left[3])) else OfferFailure.DROPPED
