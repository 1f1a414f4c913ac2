"""One customer's call, from the first prompt to the goodbye: the flow's steps over FastAGI.

Read this beside ``ivr_flows.steps``: the flow yields a step, this does it on the channel and
sends back what came of it. Everything a next controller needs to go on with the call stands in
the channel's own variables (``OFFHOOK_*``), so nothing is lost if this process dies.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from time import time
from typing import assert_never

import structlog

from acd.commands import Announce, GiveUp, Offer
from domain.facts import LanguageChosen, PositionAnnounced
from domain.identity import ChannelId, LineName, NodeName
from domain.prompts import PromptText
from domain.reasons import GiveUpReason, OfferFailure
from engine.agents.live_talks import HARDLY_S, must_wait_again
from engine.calls.call import LiveCall
from engine.clock import epoch
from engine.inbound.caller_sessions import Closing, Sessions
from ivr_flows.announcements import announcement
from ivr_flows.flow import Flow
from ivr_flows.interpreter import UnknownNodeError, run
from ivr_flows.steps import (
    AnswerCall,
    Collect,
    Digits,
    Done,
    Enqueue,
    Hangup,
    Left,
    Note,
    Play,
    QueueExit,
    Step,
    StepOutcome,
)
from ivr_flows.walk import FlowContext
from prompts.sounds import PATIENCE_S, PromptError, Prompts
from recordings.capture import capture
from telephony.agi.agi_wire import AgiError, HungUp, SessionRefused
from telephony.agi.session import Session
from telephony.caller import name_of, number_of
from telephony.complaints import shown
from telephony.variables import TWIN, ChannelVariable

log = structlog.get_logger()

KEYS = "0123456789*#"
_UNACCEPTABLE = ("CHANUNAVAIL", "58")
"""What Dial says of a phone that answers 488 (measured): it doesn't take the sound we offer."""
_ASKS_FOR_A_PASSWORD = ("SIP 401", "SIP 407")
"""Nobody declined: the phone's settings are at fault."""
_EXITS = {
    GiveUpReason.TIMEOUT: QueueExit.TIMEOUT,
    GiveUpReason.NOBODY_LOGGED_IN: QueueExit.NOBODY,
    GiveUpReason.UNKNOWN_QUEUE: QueueExit.FAILED,
}


_CONGESTION = "42"
"""Q.850; SIP's 503: a carrier may try elsewhere."""


class Stage:
    """What OFFHOOK_STAGE says; the dialplan sets ``talked`` too, after a transfer."""

    FLOW = "flow"
    QUEUE = "queue"
    DIALLING = "dialling"
    TALKED = "talked"


@dataclass(frozen=True, slots=True)
class Arguments:
    """What the dialplan hands over, in this order; empty: not known.

    Those from ``stage`` to ``recording`` are for a call that an earlier session has left, perhaps
    one of an earlier controller.
    """

    hotline: str
    line: str
    entered_at: str
    stage: str = Stage.FLOW
    return_to: str = ""
    after_talk: str = ""
    language: str = ""
    queued_at: str = ""
    recording: str = ""
    caller_name: str = ""

    @classmethod
    def of(cls, given: tuple[str, ...]) -> "Arguments":
        """As a session brings them. Raises SessionRefused."""
        if not 3 <= len(given) <= len(fields(cls)):
            raise SessionRefused(
                "arguments", f"it has {len(given)} arguments; is the dialplan ours?"
            )
        found = cls(*given)
        if found.stage not in (Stage.FLOW, Stage.QUEUE, Stage.DIALLING, Stage.TALKED):
            raise SessionRefused("arguments", f"there is no stage {shown(found.stage)}")
        return found

    @property
    def resumed(self) -> bool:
        """The call was under way before this session."""
        return bool(self.return_to) or self.stage != Stage.FLOW

    @property
    def start(self) -> str | None:
        """The node to go on at; None: the flow's first."""
        return (self.after_talk if self.stage == Stage.TALKED else self.return_to) or None


class HotlineCalls:
    """Serves the route ``call`` of the FastAGI server."""

    def __init__(self, sessions: Sessions, flows: Mapping[str, Flow], prompts: Prompts):
        self._sessions = sessions
        self._flows = flows
        self._prompts = prompts

    async def serve(self, session: Session) -> None:
        """Drive one caller to the end of their flow; HungUp ends it quietly.

        Raises SessionRefused for what can't be a call of ours; the dialplan keeps the caller.
        """
        given = Arguments.of(session.args)
        number = number_of(session.env.get("agi_callerid", ""))
        channel = ChannelId(NodeName(session.node), session.uniqueid)
        await session.until(self._sessions.admit(channel, given.line, given.hotline))
        while self._sessions.is_driven(channel.call):
            await session.until(self._sessions.released(channel.call))
        closing = self._sessions.closing
        if closing is Closing.OWN_QUEUE and not given.resumed:
            # As if we had been away for long: the dialplan goes on with its own queue at once.
            await session.set_variable(ChannelVariable.LOST_AT, "1")
            return
        call = self._sessions.enter(
            channel,
            session.channel,
            LineName(given.line),
            number,
            given.hotline,
            epoch(given.entered_at, time()),
            name_of(given.caller_name, number),
            session,
        )
        if call is None:
            return
        if closing is Closing.REFUSE and not given.resumed:
            log.info("a call is refused: offhook is stopping", call=call.id)
            self._sessions.refused(call)
            await session.execute("Hangup", _CONGESTION)
            return
        call.recorded = bool(given.recording)
        if given.stage == Stage.TALKED and must_wait_again(call):
            given = replace(given, stage=Stage.QUEUE)
        turn = call.turn
        flow = self._flows[call.hotline.flow]
        caller = _Caller(session, call, flow, self._sessions, self._prompts)
        try:
            await caller.walk(given)
        finally:
            if call.turn == turn:  # else another session has the caller already
                self._sessions.session_over(call)
        # No OFFHOOK_DONE is needed: a channel that is hung up does not go on in the dialplan.
        await session.hang_up()


class _Caller:
    """A caller on the line, and the means to speak to them."""

    def __init__(
        self,
        session: Session,
        call: LiveCall,
        flow: Flow,
        sessions: Sessions,
        prompts: Prompts,
    ) -> None:
        self._session = session
        self._call = call
        self._flow = flow
        self._sessions = sessions
        self._prompts = prompts
        self._node = ""
        self._queued_at: float | None = None
        self._turn = call.turn
        self._served = False

    async def walk(self, given: Arguments) -> None:
        """The whole flow, or the rest of it."""
        context, start = FlowContext(), given.start
        self._served = given.stage == Stage.TALKED
        if given.resumed:
            waited = given.stage in (Stage.QUEUE, Stage.DIALLING)
            context = FlowContext(given.language or None, answered=True, taken_back=waited)
            if waited and given.queued_at:
                self._queued_at = epoch(given.queued_at, time())
            self._sessions.taken_back(self._call, given.language or None)
        elif self._call.caller_name is not None:
            await self._name_on_phones(self._call.caller_name)
        if self._served and start is None:
            return  # Asterisk's own queue brought the caller to an agent, before any flow did
        try:
            steps = run(self._flow, context, start)
        except UnknownNodeError as gone:
            log.warning("call goes on at the flow's start", call=self._call.id, why=str(gone))
            steps = run(self._flow, context)
        try:
            step = next(steps)
            while True:
                step = steps.send(await self._do(step))
        except StopIteration:
            return
        finally:
            steps.close()

    async def _name_on_phones(self, name: str) -> None:
        """Agents' phones show it. What quotes names in SIP is left out."""
        plain = "".join(c for c in name if c not in '"\\<>')
        await self._session.set_variable("CALLERID(name)", plain)

    async def _do(self, step: Step) -> StepOutcome:
        match step:
            case AnswerCall():
                await self._session.answer()
            case Play():
                return await self._play(step)
            case Collect():
                return await self._collect(step)
            case Enqueue():
                return Left(await self._wait_for_agent(step))
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
                await self._remember({ChannelVariable.LANG: language})

    async def _remember(self, values: Mapping[ChannelVariable, str]) -> None:
        """Write variables on the channel, for whoever drives this call next."""
        pairs = (f"{name}={value}" for name, value in values.items())
        await self._session.execute("MSet", *pairs)

    async def _at(self, node: str) -> None:
        if node != self._node:
            self._node = node
            if self._served:  # nobody is to ring for them, should we be lost now
                await self._remember(
                    {ChannelVariable.STAGE: Stage.TALKED, ChannelVariable.AFTER_TALK: node}
                )
            else:
                await self._remember(
                    {ChannelVariable.STAGE: Stage.FLOW, ChannelVariable.RETURN: node}
                )

    # Speaking and listening

    async def _say(self, prompts: tuple[PromptText, ...], escape: str) -> str:
        """Play prompts; the key that cut them short, or empty."""
        for prompt in prompts:
            try:
                sound = await self._prompts.sound(prompt, patience_s=PATIENCE_S)
                key = (await self._session.stream(sound, escape)).digit
            except (PromptError, AgiError) as error:
                self._not_played(prompt, error)
                continue
            if key:
                return key
        return ""

    def _not_played(self, prompt: PromptText, error: PromptError | AgiError) -> None:
        # A missing sound must not cost the caller the call. Why there is none has been logged, once
        # for all calls.
        if isinstance(error, AgiError):
            log.error("prompt not played", call=self._call.id, prompt=prompt.name, why=str(error))

    async def _play(self, step: Play) -> StepOutcome:
        key = await self._say(step.prompts, KEYS if step.interruptible else "")
        return Digits(key) if key else Done()

    async def _collect(self, step: Collect) -> Digits:
        await self._at(step.node)
        key = await self._say(step.prompts, KEYS)
        digits = ""
        timeout = step.first_timeout_s
        while True:
            key = key or await self._session.wait_for_digit(timeout)
            if not key:
                return Digits(digits, timed_out=True)
            if key not in KEYS:
                key = ""  # A to D: of our own, for music (engine.orders), when a talk ends
                continue
            if key in step.terminators:
                return Digits(digits)
            digits += key
            if len(digits) >= step.max_digits:
                return Digits(digits)
            key, timeout = "", step.digit_timeout_s

    # Waiting for an agent

    @property
    def _in_charge(self) -> bool:
        """Not if the caller came with a later session before we knew that this one is over."""
        return self._call.turn == self._turn

    async def _wait_for_agent(self, step: Enqueue) -> QueueExit:
        since = self._sessions.queue(self._call, step.queue, self._queued_at)
        self._queued_at = None
        self._node, self._served = step.node, False
        try:
            await self._remember(
                {
                    ChannelVariable.STAGE: Stage.QUEUE,
                    ChannelVariable.RETURN: step.node,
                    ChannelVariable.AFTER_TALK: step.exits[QueueExit.TALKED],
                    ChannelVariable.QUEUE: step.queue,
                    ChannelVariable.QUEUED_AT: f"{since:.6f}",
                }
            )
            if step.back:
                await self._say_waiting(step.back)
            if not self._call.inbox:
                await self._session.music_on(step.music)
            while True:
                command = await self._session.idle(self._call.inbox.next())
                match command:
                    case Announce():
                        await self._announce(command, step)
                    case Offer():
                        if await self._ring(command, since):
                            if not must_wait_again(self._call):
                                return QueueExit.TALKED
                            await self._wait_again(step, since)
                            continue
                        await self._remember({ChannelVariable.STAGE: Stage.QUEUE})
                        await self._session.music_on(step.music)
                    case GiveUp():
                        await self._session.music_off()
                        return _EXITS[command.why]
                    case _:
                        assert_never(command)
        finally:
            if self._in_charge:
                self._sessions.left_queue(self._call)

    async def _wait_again(self, step: Enqueue, since: float) -> None:
        """The phone died in the talk, or the colleague left as the caller was passed on: the
        caller waits as one who came at ``since``."""
        self._served = False
        self._sessions.queue(self._call, step.queue, since)
        await self._remember({ChannelVariable.STAGE: Stage.QUEUE})
        await self._say_waiting(step.again)
        if not self._call.inbox:
            await self._session.music_on(step.music)

    async def _announce(self, command: Announce, step: Enqueue) -> None:
        texts = announcement(self._flow, command.position, command.expected_wait_s, step.language)
        announced = PositionAnnounced(command.position, command.expected_wait_s)
        self._sessions.calls.note(self._call, announced)
        await self._say_waiting(texts)
        if not self._call.inbox:
            await self._session.music_on(step.music)

    async def _say_waiting(self, texts: tuple[PromptText, ...]) -> None:
        """Speak to a waiting caller until there is something better for them."""
        for text in texts:
            try:
                sound = await self._made_in_time(text)
                if sound is None or self._call.inbox:
                    return
                self._call.announcing = True  # the engine may cut it short from here on
                await self._session.stream(sound)
            except (PromptError, AgiError) as error:
                self._not_played(text, error)
            finally:
                self._call.announcing = False

    async def _made_in_time(self, text: PromptText) -> str | None:
        """The sound, or None if a command comes for the caller while it is still being made."""
        making = asyncio.ensure_future(self._prompts.sound(text))
        called = asyncio.ensure_future(self._call.inbox.arrival())
        try:
            await asyncio.wait((making, called), return_when=asyncio.FIRST_COMPLETED)
            return making.result() if making.done() else None
        finally:
            making.cancel()
            called.cancel()

    async def _ring(self, offer: Offer, since: float) -> bool:
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
            answered = self._sessions.dialling(self._call, offer)
            try:
                status, cause = await self._dial(offer, f"gir{before}b(phone-offer^s^1)U(answered)")
            finally:
                answered.cancel()
            if self._call.music:  # hung up while the caller was held
                self._call.music = False
                await self._session.music_off()
            if status == "ANSWER" and await self._talked():
                self._sessions.talk_over(self._call, offer, dialled_at)
                self._served = True
                await self._remember({ChannelVariable.STAGE: Stage.TALKED})
                return True
            why = _failure(status, cause, await self._answer_of_the_phone())
            self._sessions.offer_failed(self._call, offer, why, since)
            return False
        except HungUp:
            if self._in_charge:
                self._sessions.caller_left_ringing(self._call, offer)
            raise

    async def _dial(self, offer: Offer, options: str) -> tuple[str | None, str | None]:
        """Ring the phone; what Dial says of it, and the Q.850 cause.

        A phone that refuses our offer of sound gets the other one: the one that takes encrypted
        sound only is rung through its twin endpoint (telephony/asterisk/generated_files.py).
        """
        session = self._session
        endpoints = [str(offer.station)]
        for endpoint in endpoints:
            await session.execute("Dial", f"PJSIP/{endpoint}", f"{offer.ring_s:.0f}", options)
            status = await session.get_variable("DIALSTATUS")
            cause = await session.get_variable("HANGUPCAUSE")
            if (status, cause) != _UNACCEPTABLE:
                return status, cause
            if (await self._answer_of_the_phone() or "").startswith("SIP 2"):
                return status, cause  # it did answer, and nobody could be heard
            other = await session.get_variable(f"{TWIN}{offer.station}")
            if other and other not in endpoints:
                endpoints.append(other)
        log.warning(
            "a phone refuses the sound it is offered, and can't be rung: its encryption (SRTP)"
            " and its codecs must fit what the configuration says of its station",
            station=offer.station,
        )
        return status, cause

    async def _talked(self) -> bool:
        """Whether they were together for so long that anything can have been said.

        DIALSTATUS doesn't say: it is ANSWER for a phone that answers and hangs up at once, too.
        """
        now = await self._session.get_variable("STRFTIME(,,%s%3q)")
        answered = await self._session.get_variable(f"SHARED({ChannelVariable.ANSWERED_AT})")
        return bool(now and answered) and _is_talk(int(now or 0) - int(answered or 0))

    async def _answer_of_the_phone(self) -> str | None:
        """The final answer of the phone that was rung, as in ``SIP 486 Busy Here``.

        None if there is none: it is still ringing, or Asterisk threw it away.
        """
        phones = await self._session.get_variable("HANGUPCAUSE_KEYS()")
        if not phones:
            return None
        return await self._session.get_variable(f"HANGUPCAUSE({phones.split(',')[-1]},tech)")


def _is_talk(together_ms: int) -> bool:
    """Whether so long a time by Asterisk's clock is a talk.

    A negative one says only that the clock was set back meanwhile; to leave a caller who was
    served is better than to bring them back, and a phone that answers in vain is seldom besides.
    """
    return not 0 <= together_ms < HARDLY_S * 1000


def _failure(status: str | None, cause: str | None, answer: str | None) -> OfferFailure:
    """What DIALSTATUS, the Q.850 cause and the phone's answer say of an agent not reached."""
    if status == "ANSWER" or (answer or "").startswith("SIP 2"):
        return OfferFailure.DROPPED
    # Of a phone that wants to forward the call Asterisk says "busy", and nothing more.
    # Its last answer is then none, or the one before: it rang, and forwards whom nobody answers.
    words = answer or "SIP 1"
    if words.startswith("SIP 3") or (status == "BUSY" and words.startswith("SIP 1")):
        return OfferFailure.FORWARDED
    # A phone that rings out leaves the cause of the caller's last offer where it was.
    if cause == "21" and status != "NOANSWER" and not words.startswith(_ASKS_FOR_A_PASSWORD):
        return OfferFailure.REJECTED
    match status:
        case "NOANSWER":
            return OfferFailure.NO_ANSWER
        case "BUSY":
            return OfferFailure.BUSY
        case "CANCEL":
            return OfferFailure.CALLER_LEFT
        case _:
            return OfferFailure.UNREACHABLE
