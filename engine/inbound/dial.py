"""Rings an agent's phone for a waiting caller, and sits out the talk: the application Dial."""

from datetime import UTC, datetime

import structlog

from acd.commands import Offer
from engine.calls.call import LiveCall
from engine.inbound.bookmark import Bookmark
from engine.inbound.dial_outcome import DialOutcome, accepted, is_talk
from engine.inbound.queued_calls import QueuedCalls
from recordings.capture import capture
from telephony.agi.agi_wire import HungUp
from telephony.agi.session import Session
from telephony.variables import TWIN, ChannelVariable

log = structlog.get_logger()


class Dial:
    """Rings phones for one caller, in one session."""

    def __init__(
        self, session: Session, call: LiveCall, bookmark: Bookmark, queued: QueuedCalls
    ) -> None:
        self._session = session
        self._call = call
        self._turn = call.turn
        self._bookmark = bookmark
        self._queued = queued

    async def ring(self, offer: Offer, since: float) -> bool:
        """Ring the agent and wait for the end of the talk, if any; returns whether they talked.

        If they didn't, the caller goes on waiting, as one who has since ``since`` (epoch s).
        """
        try:
            # `r`: the caller hears ringing, not what the phone sends before it answers, which
            # breaks recordings, as `m` does (docs/decisions/0006-recording.md). `B`: the dialplan
            # remembers who the caller is offered to, and starts the recording. `i`: a phone that
            # forwards its calls doesn't send the caller anywhere. `U`: notes when it answered.
            told = capture(self._call.id)
            before = f"B(offered^s^1({offer.agent}^{told.file}^{told.options}))"
            self._call.recorded = True
            dialled_at = datetime.now(UTC)
            answered = self._queued.dialling(self._call, offer)
            try:
                outcome = await self._dial(offer, f"gir{before}b(phone-offer^s^1)U(answered)")
            finally:
                answered.cancel()
            if self._call.music:  # the agent hung up while the caller was on hold
                self._call.music = False
                await self._session.music_off()
            if outcome.answered and await self._talked():
                self._queued.talk_over(self._call, offer, dialled_at)
                await self._bookmark.talked()
                return True
            why = outcome.failure(await self._answer_of_the_phone())
            self._queued.offer_failed(self._call, offer, why, since)
            return False
        except HungUp:
            if self._call.turn == self._turn:  # otherwise a later session has the caller
                self._queued.caller_left_ringing(self._call, offer)
            raise

    async def _dial(self, offer: Offer, options: str) -> DialOutcome:
        """Ring the phone; returns what Dial says about it.

        A phone that refuses our first offer of sound gets the other one: a phone that accepts only
        encrypted sound is rung through its twin endpoint (telephony/asterisk/centre_files.py).
        """
        session = self._session
        endpoints = [str(offer.station)]
        for endpoint in endpoints:
            await session.execute("Dial", f"PJSIP/{endpoint}", f"{offer.ring_s:.0f}", options)
            outcome = DialOutcome(
                await session.get_variable("DIALSTATUS"), await session.get_variable("HANGUPCAUSE")
            )
            if not outcome.unacceptable:
                return outcome
            if accepted(await self._answer_of_the_phone()):
                return outcome  # it did answer, but nobody could be heard
            other = await session.get_variable(f"{TWIN}{offer.station}")
            if other and other not in endpoints:
                endpoints.append(other)
        log.warning(
            "a phone refuses the sound it is offered and can't be rung: its encryption (SRTP)"
            " and codecs must fit what the configuration says about its station",
            station=offer.station,
        )
        return outcome

    async def _talked(self) -> bool:
        """Whether they were connected long enough for anything to be said."""
        now = await self._session.get_variable("STRFTIME(,,%s%3q)")
        answered = await self._session.get_variable(f"SHARED({ChannelVariable.ANSWERED_AT})")
        return bool(now and answered) and is_talk(int(now or 0) - int(answered or 0))

    async def _answer_of_the_phone(self) -> str | None:
        """The final answer of the phone that was rung, as in ``SIP 486 Busy Here``.

        None if there is none: the phone is still ringing, or Asterisk dropped the answer.
        """
        phones = await self._session.get_variable("HANGUPCAUSE_KEYS()")
        if not phones:
            return None
        return await self._session.get_variable(f"HANGUPCAUSE({phones.split(',')[-1]},tech)")
