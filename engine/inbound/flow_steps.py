"""The interpreter's loop: does each step that a flow yields, and sends the outcome back.

Read this beside ``ivr_flows.steps``.
"""

from dataclasses import replace
from time import time
from typing import assert_never

import structlog

from domain.facts import LanguageChosen
from engine.calls.call import LiveCall
from engine.clock import epoch
from engine.inbound.bookmark import Arguments, Bookmark
from engine.inbound.caller_sessions import Sessions
from engine.inbound.notice import Notice
from engine.inbound.queued_calls import QueuedCalls
from engine.inbound.queueing import Queueing
from engine.inbound.speaking import Speech
from ivr_flows.flow import Flow
from ivr_flows.interpreter import UnknownNodeError, run
from ivr_flows.steps import (
    AnswerCall,
    Collect,
    Done,
    Enqueue,
    Hangup,
    Left,
    Note,
    Play,
    Step,
    StepOutcome,
)
from ivr_flows.walk import FlowContext
from prompts.sounds import Prompts
from telephony.agi.session import Session

log = structlog.get_logger()


class FlowSteps:
    """Takes one caller through their flow, or what is left of it, in one session."""

    def __init__(
        self,
        session: Session,
        call: LiveCall,
        given: Arguments,
        flow: Flow,
        prompts: Prompts,
        sessions: Sessions,
        queued: QueuedCalls,
    ) -> None:
        self._session = session
        self._call = call
        self._given = given
        self._flow = flow
        self._sessions = sessions
        self._bookmark = Bookmark(session, served=given.talked)
        self._speech = Speech(session, call, prompts)
        self._queueing = Queueing(
            session,
            call,
            flow,
            sessions.calls,
            queued,
            self._bookmark,
            self._speech,
            epoch(given.queued_at, time()) if given.waited and given.queued_at else None,
        )

    async def say(self, notice: Notice) -> None:
        """Say what takes the place of the flow. Raises HungUp if the caller leaves."""
        self._sessions.turned_away(self._call, notice.why)
        self._sessions.flow_ended(self._call, notice.why.value)
        if notice.texts:
            await self._session.answer()
            language = notice.texts[0].language
            await self._speech.play(Play("", notice.texts, language, interruptible=False))

    async def walk(self) -> None:
        """Go on to the flow's end. Raises HungUp if the caller leaves."""
        given = self._given
        context = FlowContext()
        if given.resumed:
            context = FlowContext(given.language or None, answered=True, taken_back=given.waited)
            self._sessions.taken_back(self._call, given.language or None)
        elif self._call.caller_name is not None:
            await self._name_on_phones(self._call.caller_name)
        if given.talked and given.start is None:
            return  # Asterisk's own queue brought the caller to an agent, before any flow did
        own = self._call.hotline.languages
        context = replace(
            context,
            languages=self._languages(),
            usual=own[0] if own else None,
            queue=self._call.hotline.queue,
        )
        try:
            steps = run(self._flow, context, given.start)
        except UnknownNodeError as gone:
            log.warning("a call goes on at the flow's start", call=self._call.id, why=str(gone))
            steps = run(self._flow, context)
        try:
            step = next(steps)
            while True:
                step = steps.send(await self.carry_out(step))
        except StopIteration:
            return
        finally:
            steps.close()

    def _languages(self) -> tuple[str, ...]:
        """Those that the caller may choose from, in the hotline's order if it has its own."""
        wanted = self._call.languages
        if self._call.hotline.languages:
            return wanted
        return tuple(each for each in self._flow.languages if each in wanted)

    async def _name_on_phones(self, name: str) -> None:
        """Set the name that agents' phones show, without the characters that quote names in SIP."""
        plain = "".join(c for c in name if c not in '"\\<>')
        await self._session.set_variable("CALLERID(name)", plain)

    async def carry_out(self, step: Step) -> StepOutcome:
        """Do one step and return its outcome. Raises HungUp if the caller leaves."""
        match step:
            case AnswerCall():
                await self._session.answer()
            case Play():
                return await self._speech.play(step)
            case Collect():
                await self._bookmark.at(step.node)
                return await self._speech.collect(step)
            case Enqueue():
                return Left(await self._queueing.wait(step))
            case Note():
                await self._note(step)
            case Hangup():
                self._sessions.flow_ended(self._call, step.why)
            case _:
                assert_never(step)
        return Done()

    async def _note(self, step: Note) -> None:
        self._sessions.calls.note(self._call, step.what)
        match step.what:
            case LanguageChosen(str(language)):
                self._call.language = language
                await self._bookmark.language(language)
