"""Finds out for a flow what it can't know by itself: opening hours, what services answer."""

import asyncio

from engine.calls.call import LiveCall
from engine.inbound.flow_means import FlowMeans
from engine.inbound.speaking import Speech
from ivr_flows.steps import AskHours, LookedUp, LookUp, LookUpFailed, NotDone, Opening, Play
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

    async def look_up(self, step: LookUp) -> LookedUp | LookUpFailed:
        """Ask a service; what the caller hears meanwhile is said to its end. Raises HungUp if they
        leave."""
        asked = asyncio.ensure_future(self._means.look_ups.ask(step))
        try:
            if step.meanwhile:
                language = step.meanwhile[0].language
                await self._speech.play(
                    Play(step.node, step.meanwhile, language, interruptible=False)
                )
            return await self._session.idle(asked)
        finally:
            asked.cancel()
