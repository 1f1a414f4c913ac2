"""Ringing an agent's phone for a waiting caller, and the talk, if there is one: Dial."""

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
        """Ring the agent and, if they answer, wait for the end of the talk. True: they talked.

        If not, the caller waits on, as one who has since ``since`` (epoch s).
        """
        try:
            # `r`: the caller hears ringing and not what the phone sends before its answer, which
            # breaks recordings, as `m` does (docs/decisions/0006-recording.md). `B`: the dialplan
            # remembers to whom the caller is offered and starts the recording. `i`: a phone that
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
            if self._call.music:  # hung up while the caller was held
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
            if self._call.turn == self._turn:  # else a later session has the caller already
                self._queued.caller_left_ringing(self._call, offer)
            raise

    async def _dial(self, offer: Offer, options: str) -> DialOutcome:
        """Ring the phone; what Dial says of it.

        A phone that refuses our offer of sound gets the other one: the one that takes encrypted
        sound only is rung through its twin endpoint (telephony/asterisk/generated_files.py).
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
                return outcome  # it did answer, and nobody could be heard
            other = await session.get_variable(f"{TWIN}{offer.station}")
            if other and other not in endpoints:
                endpoints.append(other)
        log.warning(
            "a phone refuses the sound it is offered, and can't be rung: its encryption (SRTP)"
            " and its codecs must fit what the configuration says of its station",
            station=offer.station,
        )
        return outcome

    async def _talked(self) -> bool:
        """Whether they were together for so long that anything can have been said."""
        now = await self._session.get_variable("STRFTIME(,,%s%3q)")
        answered = await self._session.get_variable(f"SHARED({ChannelVariable.ANSWERED_AT})")
        return bool(now and answered) and is_talk(int(now or 0) - int(answered or 0))

    async def _answer_of_the_phone(self) -> str | None:
        """The final answer of the phone that was rung, as in ``SIP 486 Busy Here``.

        None if there is none: it is still ringing, or Asterisk threw it away.
        """
        phones = await self._session.get_variable("HANGUPCAUSE_KEYS()")
        if not phones:
            return None
        return await self._session.get_variable(f"HANGUPCAUSE({phones.split(',')[-1]},tech)")
