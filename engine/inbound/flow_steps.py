"""The interpreter's loop: does each step that a flow yields, and sends the outcome back.

Read this beside ``ivr_flows.steps``. Each family of steps is carried out in a module of its own.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from time import monotonic, time
from typing import assert_never

import structlog

from domain.flow_facts import LanguageChosen
from domain.identity import AgentCode
from engine.calls.call import LiveCall
from engine.calls.way import TO_PEOPLE
from engine.clock import epoch
from engine.inbound.asking import Asking
from engine.inbound.bookmark import Arguments, Bookmark
from engine.inbound.flow_entry import FlowEntry, known_of
from engine.inbound.flow_means import FlowMeans
from engine.inbound.notice import Notice
from engine.inbound.queueing import Queueing
from engine.inbound.secret_digits import SecretDigits
from engine.inbound.speaking import Speech
from engine.inbound.transfers import Transfers
from engine.inbound.voice_steps import VoiceSteps
from ivr_flows.flow import Flow
from ivr_flows.interpreter import Conversation, UnknownNodeError
from ivr_flows.steps import (
    AgentFound,
    AnswerCall,
    Apologise,
    AskHours,
    BookCallback,
    Collect,
    Done,
    DrawLots,
    Drawn,
    Enqueue,
    Hangup,
    LeaveQueue,
    Left,
    LookUp,
    MenuIsDue,
    NotDone,
    Note,
    OptOut,
    Play,
    QueueExit,
    RecordVoice,
    Step,
    StepOutcome,
    TransferToAgent,
    TransferToNumber,
)
from ivr_flows.values import NOW, TODAY, Value
from ivr_flows.walkable import FlowContext
from telephony.agi.session import Session

log = structlog.get_logger()

_CLOCK_S = 1.0
"""How often a flow is told the time, in seconds: it has minutes."""


class FlowSteps:
    """Takes one caller through their flow, or what is left of it, in one session."""

    def __init__(
        self,
        session: Session,
        call: LiveCall,
        given: Arguments,
        entry: FlowEntry,
        means: FlowMeans,
    ) -> None:
        self._session = session
        self._call = call
        self._given = given
        self._entry = entry
        self._means = means
        self._sessions = means.sessions
        self._walked: Conversation | None = None
        self._known_at = monotonic()  # the clock may be set back
        self._bookmark = Bookmark(
            session,
            served=given.talked,
            written=(given.flow, given.entered_in),
            complain=means.complain,
        )
        self._bookmark.in_flow(entry.name, entry.edition)
        self._speech = Speech(session, call, means.prompts)
        self._digits = SecretDigits(session, means.sessions.secret_keys(call))
        self._asking = Asking(session, call, self._speech, means)
        self._voice = VoiceSteps(session, call, self._bookmark, means.sessions.calls, means.voice)
        self._queueing = Queueing(
            session,
            call,
            means.sessions.calls,
            means.queued,
            self._bookmark,
            self._speech,
            entry.raised,
            epoch(given.queued_at, time()) if given.waited and given.queued_at else None,
        )
        self._transfers = Transfers(session, call, means, self._bookmark)

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
        given, entry = self._given, self._entry
        if given.resumed:
            self._sessions.taken_back(self._call, given.language or None)
        elif self._call.caller_name is not None:
            await self._name_on_phones(self._call.caller_name)
        if given.talked and given.start is None:
            return  # Asterisk's own queue brought the caller to an agent, before any flow did
        kept = await self._bookmark.kept() if given.resumed and entry.has_variables else {}
        steps = self._walked = self._conversation(kept)
        self._bookmark.follow(steps)
        secretive = self._means.secret_flows.asks(entry.flow, entry.flows)
        calls, call = self._sessions.calls, self._call
        way = calls.way_in(
            call,
            entry.name or entry.flow.name,
            entry.edition or None,
            entry.revision or None,
            revisions=entry.revisions,
            secretive=secretive,
        )
        if secretive:
            await self._digits.hide()
        try:
            step: Step | None = steps.begin()
            while step is not None:
                if steps.outermost is not entry.flow:
                    self._bookmark.in_flow(steps.outermost.name, entry.edition)
                way.reached(steps, step, now := datetime.now(UTC))
                if way.is_due(now):
                    calls.note_way(call, now)
                outcome = (
                    await self._among_people(step) if secretive else await self.carry_out(step)
                )
                way.answered(step, outcome)
                if (at := monotonic()) - self._known_at >= _CLOCK_S:
                    self._known_at = at
                    steps.know(self._clock())
                step = steps.go_on(outcome)
            way.reached(steps, None, now := datetime.now(UTC))
            calls.note_way(call, now)
        finally:
            self._queueing.leave()
            steps.close()

    async def _among_people(self, step: Step) -> StepOutcome:
        """Do a step; the caller's keys may be seen while they wait for somebody, or talk."""
        if not isinstance(step, TO_PEOPLE):
            return await self.carry_out(step)
        await self._digits.show()
        outcome = await self.carry_out(step)
        await self._digits.hide()
        return outcome

    def _conversation(self, kept: Mapping[str, str]) -> Conversation:
        """Where the call is in its flow, at the beginning or with what an earlier session kept."""
        given, entry = self._given, self._entry
        context = FlowContext(
            given.language or None,
            answered=entry.answered or given.resumed,
            taken_back=given.waited,
            languages=entry.languages,
            usual=entry.usual,
            queue=entry.queue,
            known=known_of(self._call, self._sessions.calls.in_force) | self._clock(),
            kept=kept,
            flows=entry.flows,
        )
        try:
            return Conversation(entry.flow, context, given.start)
        except UnknownNodeError as gone:
            log.warning("a call goes on at the flow's start", call=self._call.id, why=str(gone))
            return Conversation(entry.flow, replace(context, kept={}))

    def _clock(self) -> dict[str, Value]:
        """What the centre's clock shows, to the minute."""
        now = self._means.hours.local(self._sessions.calls.in_force.centre)
        return {TODAY: now.date(), NOW: now.time().replace(second=0, microsecond=0)}

    async def _name_on_phones(self, name: str) -> None:
        """Set the name that agents' phones show, without the characters that quote names in SIP."""
        plain = "".join(c for c in name if c not in '"\\<>')
        await self._session.set_variable("CALLERID(name)", plain)

    async def carry_out(self, step: Step) -> StepOutcome:
        """Do one step and return its outcome. Raises HungUp if the caller leaves."""
        waits = self._walked is not None and self._walked.waits
        if waits and not isinstance(step, Note | OptOut) and self._call.inbox.decided:
            return AgentFound()
        if not waits and not isinstance(step, Enqueue):
            self._queueing.leave()  # the in-queue flow has come to a sudden end
        match step:
            case AnswerCall():
                await self._session.answer()
            case Play():
                return await self._speech.play(step)
            case Collect():
                await (self._bookmark.remember() if waits else self._bookmark.at(step.node))
                return await self._speech.collect(step)
            case Enqueue():
                return await self._wait(step)
            case LeaveQueue():
                return self._queueing.leave_unless_found()
            case TransferToAgent():
                return await self._to_agent(step)
            case TransferToNumber():
                return await self._transfers.to_number(step)
            case AskHours():
                return self._asking.hours(step)
            case LookUp():
                return await self._asking.look_up(step, waits=waits)
            case DrawLots():
                return Drawn(self._means.draw())
            case RecordVoice():
                return await self._voice.record(step)
            case BookCallback():
                return await self._voice.book(step)
            case Note():
                await self._note(step)
            case OptOut():
                return Done() if await self._opt_out() else NotDone()
            case Apologise():
                await self._speech.play(self._means.apologies.words(step, self._flow.name))
            case Hangup():
                self._sessions.flow_ended(self._call, step.why)
            case _:
                assert_never(step)
        return Done()

    async def _to_agent(self, step: TransferToAgent) -> Left | MenuIsDue:
        language = self._call.language or self._flow.languages[0]
        wait = self._transfers.wait_for(step, self._entry.queue, language)
        if wait is None:
            return Left(QueueExit.FAILED)
        return await self._wait(wait, step.agent)

    async def _wait(self, step: Enqueue, only: AgentCode | None = None) -> Left | MenuIsDue:
        return await self._queueing.wait(step, self._flow, only)

    @property
    def _flow(self) -> Flow:
        """The flow that the call is in."""
        return (
            self._entry.flow
            if self._walked is None
            else self._entry.flow_named(self._walked.flow.name)
        )

    async def _opt_out(self) -> bool:
        """Whether it is noted that nobody is to call them again; callers were called by nobody."""
        return False

    async def _note(self, step: Note) -> None:
        self._sessions.calls.note(self._call, step.what)
        match step.what:
            case LanguageChosen(str(language)):
                self._call.language = language
                await self._bookmark.language(language)
