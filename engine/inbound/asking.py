"""Finds out for a flow what it can't know by itself: opening hours, what services answer."""

import asyncio

from engine.calls.call import LiveCall
from engine.inbound.flow_means import FlowMeans
from engine.inbound.speaking import Speech
from ivr_flows.steps import (
    AgentFound,
    AskHours,
    LookedUp,
    LookUp,
    LookUpFailed,
    NotDone,
    Opening,
    Play,
)
from telephony.agi.session import Session


class Asking:
    """Asks for one caller, in one session."""

    def __init__(self, session: Session, call: LiveCall, speech: Speech, means: FlowMeans) -> None:
        self._session = session
        self._call = call
        self._speech = speech
        self._means = means

    def hours(self, step: AskHours) -> Opening | NotDone:
        """Whether a calendar is open; NotDone if there is none, or none of that name any more."""
        centre = self._means.sessions.calls.in_force.centre
        if step.calendar is not None:
            calendar = centre.calendars.get(step.calendar)
        else:
            calendar = None if self._call.placed else self._call.hotline.calendar
        if calendar is None:
            return NotDone()
        return Opening(self._means.hours.state(calendar, centre))

    async def look_up(self, step: LookUp, *, waits: bool) -> LookedUp | LookUpFailed | AgentFound:
        """Ask a service. Raises HungUp if the caller leaves; then the service is asked no more, and
        neither if they wait for an agent who is found.

        Meanwhile they hear the prompts, each to its end but none once the answer is there, and
        then music.
        """
        asked = asyncio.ensure_future(self._means.look_ups.ask(step, self._call.project))
        music = False
        try:
            for prompt in step.meanwhile:
                if not asked.done():
                    said = Play(step.node, (prompt,), prompt.language, False, waits)
                    if isinstance(await self._speech.play(said), AgentFound):
                        return AgentFound()
            if step.meanwhile and not asked.done():
                music = True
                await self._session.music_on()
            if waits:
                await self._session.until(self._decided_before(asked))
                if not asked.done():
                    return AgentFound()
            outcome = await self._session.idle(asked)
            if music:
                await self._session.music_off()
            return outcome
        finally:
            asked.cancel()

    async def _decided_before(self, asked: "asyncio.Future[LookedUp | LookUpFailed]") -> None:
        """Wait for the answer, or until the floor has decided about the waiting caller."""
        found = asyncio.ensure_future(self._call.inbox.arrival(deciding=True))
        try:
            await asyncio.wait((asked, found), return_when=asyncio.FIRST_COMPLETED)
        finally:
            found.cancel()
