"""Brings a caller to the agent to whom the floor offers them, and sits out the talk."""

from datetime import UTC, datetime

from acd.commands import Offer
from domain.reasons import OfferFailure
from engine.calls.call import LiveCall
from engine.inbound.bookmark import Bookmark
from engine.inbound.dial import Dial
from engine.inbound.queued_calls import QueuedCalls
from engine.inbound.room import Room
from recordings.capture import capture
from telephony.agi.agi_wire import HungUp
from telephony.agi.session import Session


class ToAgent:
    """Brings one caller to agents, in one session: their phones ring, or are nailed up."""

    def __init__(
        self, session: Session, call: LiveCall, bookmark: Bookmark, queued: QueuedCalls
    ) -> None:
        self._session = session
        self._call = call
        self._turn = call.turn
        self._bookmark = bookmark
        self._queued = queued
        self._dial = Dial(session)
        self._room = Room(session)

    async def bring(self, offer: Offer, since: float) -> bool:
        """Wait for the end of the talk with this agent, if any; returns whether they talked.

        If they didn't, the caller goes on waiting, as one who has since ``since`` (epoch s).
        """
        try:
            begun_at = datetime.now(UTC)
            why = await self._bring(offer)
            if self._call.music:  # the talk has ended while the caller was on hold
                self._call.music = False
                await self._session.music_off()
            if why is None:
                self._queued.talk_over(self._call, offer, begun_at)
                await self._bookmark.talked()
                return True
            self._queued.offer_failed(self._call, offer, why, since)
            return False
        except HungUp:
            if self._call.turn == self._turn:  # otherwise a later session has the caller
                self._queued.caller_left_ringing(self._call, offer)
            raise

    async def _bring(self, offer: Offer) -> OfferFailure | None:
        told = capture(self._call.id)
        self._call.recorded = True
        nailed_up = self._queued.comes_into_room(offer)
        timer = self._queued.dialling(self._call, offer, rings=not nailed_up)
        try:
            return await (self._room if nailed_up else self._dial).talk(offer, told)
        finally:
            timer.cancel()
