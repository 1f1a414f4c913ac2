"""Brings a caller to the agent to whom the floor offers them, and sits out the talk."""

from datetime import UTC, datetime

from acd.commands import Offer
from domain.identity import AgentCode, QueueName, StationName
from domain.reasons import OfferFailure
from engine.calls.call import LiveCall, PassedOn
from engine.inbound.bookmark import Bookmark
from engine.inbound.dial import Dial
from engine.inbound.queued_calls import QueuedCalls
from engine.inbound.room import Room
from recordings.capture import capture
from telephony.agi.agi_wire import HungUp
from telephony.agi.session import Session

RING_S = 25.0
"""How long a colleague's phone rings for a caller who is passed on to them unasked."""


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
        self._call.passed_in_vain = False
        try:
            begun_at = datetime.now(UTC)
            why = await self._bring(offer)
            onward = self._queued.onward(self._call, phone_gone=self._room.phone_gone)
            if self._call.music:  # the talk has ended while the caller was on hold
                self._call.music = False
                await self._session.music_off()
            if why is None or onward is not None:
                self._queued.talk_over(self._call, offer, begun_at)
                if onward is not None:
                    await self._pass_on(onward)
                await self._bookmark.talked()
                return True
            self._queued.offer_failed(self._call, offer, why, since)
            return False
        except HungUp:
            if self._call.turn == self._turn:  # otherwise a later session has the caller
                self._queued.caller_left_ringing(self._call, offer)
            raise

    async def _pass_on(self, to: PassedOn) -> None:
        """Take the caller to whom their agent has sent them, and from there perhaps further."""
        onward: PassedOn | None = to
        while onward is not None:
            await self._bookmark.waiting()  # should we be lost now
            if onward.station is None:
                self._call.passed = onward  # to a queue
                return
            onward = await self._to_room(onward, onward.station)

    async def _to_room(self, to: PassedOn, station: StationName) -> PassedOn | None:
        """Take the caller to a colleague, or to somebody outside."""
        queue, agent = self._call.queue or QueueName(""), to.agent or AgentCode("")
        offer = Offer(self._call.id, queue, agent, station, RING_S)
        told = capture(self._call.id)
        why: OfferFailure | None
        if to.agent is None and not to.asked:
            await self._session.music_on()
            came = await self._session.until(self._queued.somebody_comes(self._call))
            await self._session.music_off()
            why = await self._room.talk(offer, told) if came else OfferFailure.NO_ANSWER
        elif to.asked or self._queued.comes_into_room(offer):
            why = await self._room.talk(offer, told, asked=to.asked)
        else:
            self._queued.passed_on(self._call, agent)
            why = await self._dial.talk(offer, told)
        onward = self._queued.onward(self._call, phone_gone=self._room.phone_gone)
        if onward is None and why is not None:
            self._queued.passed_in_vain(self._call)
        if self._call.music:
            self._call.music = False
            await self._session.music_off()
        return onward

    async def _bring(self, offer: Offer) -> OfferFailure | None:
        told = capture(self._call.id)
        self._call.recorded = True
        nailed_up = self._queued.comes_into_room(offer)
        timer = self._queued.dialling(self._call, offer, rings=not nailed_up)
        try:
            return await (self._room if nailed_up else self._dial).talk(offer, told)
        finally:
            timer.cancel()
