"""Rings an agent's phone for a waiting caller, and sits out the talk: the application Dial."""

import structlog

from acd.commands import Offer
from domain.reasons import OfferFailure
from engine.agents.live_talks import is_talk
from engine.inbound.dial_outcome import DialOutcome, accepted
from recordings.capture import Capture
from telephony.agi.session import Session
from telephony.variables import TWIN, ChannelVariable

log = structlog.get_logger()


class Dial:
    """Rings phones for one caller, in one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def talk(self, offer: Offer, recording: Capture) -> OfferFailure | None:
        """Ring the agent and wait for the end of the talk; None if they talked, else why not.

        ``recording`` begins before the phone rings, once a call. Raises HungUp if the caller
        leaves, from the talk too.
        """
        # `r`: the caller hears ringing, not what the phone sends before it answers, which
        # breaks recordings, as `m` does (docs/decisions/0006-recording.md). `B`: the dialplan
        # remembers who the caller is offered to, and starts the recording. `i`: a phone that
        # forwards its calls doesn't send the caller anywhere. `U`: notes when it answered.
        before = f"B(offered^s^1({offer.agent}^{recording.file}^{recording.options}))"
        outcome = await self._dial(offer, f"gir{before}b(phone-offer^s^1)U(answered)")
        if outcome.answered and await self._talked():
            return None
        return outcome.failure(await self._answer_of_the_phone())

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
