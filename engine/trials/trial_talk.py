"""Walks a robot's call through a flow, as it was rehearsed, and notes what should be heard.

The prompts and the keys are real: they go through the very code that speaks to callers. Whatever
else a flow asks for (a queue, a transfer, a look-up, a recording, a callback) isn't done; what came
of it in the rehearsal comes of it here. So nobody waits for an agent in the in-queue flow, either.
"""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar

from domain.identity import CallId, ProjectName
from domain.prompts import PromptText
from engine.calls.call import Inbox
from engine.inbound.speaking import Sounding, Speech
from engine.trial_ports import TrialMiss, TrialPart, TrialPrompt, TrialStep
from ivr_flows.interpreter import Conversation
from ivr_flows.steps import (
    AgentFound,
    AnswerCall,
    AskHours,
    Collect,
    Digits,
    DrawLots,
    Hangup,
    LookUp,
    Note,
    Play,
    Step,
    StepOutcome,
)
from ivr_flows.trying.rehearsal import Rehearsal, clock_values
from ivr_flows.trying.rehearsed import RehearsedStep
from ivr_flows.walkable import OneFlow
from prompts.sounds import Prompts
from telephony.agi.agi_wire import HungUp
from telephony.agi.session import Streamed

HeardT = TypeVar("HeardT", Streamed, str)

INTO_A_PROMPT_S = 0.3

_UNSEEN = (AnswerCall, AskHours, DrawLots, Note)
"""Steps of which a caller notices nothing."""


class Robot(Protocol):
    """The caller's side of the call."""

    async def press(self, key: str) -> None:
        """Press a key."""

    async def hang_up(self) -> None:
        """Leave."""


@dataclass(slots=True)
class TrialCaller:
    """What speaking to a caller needs to know of them; they are in no list of calls."""

    id: CallId
    project: ProjectName
    inbox: Inbox = field(default_factory=Inbox)
    announcing: bool = False


class _WithRobot:
    """The flow's side, at which a robot presses keys as soon as somebody listens for them."""

    def __init__(self, spoken: Sounding, robot: Robot, into_s: float) -> None:
        self._spoken = spoken
        self._robot = robot
        self._into_s = into_s
        self.keys = ""
        """Those that are to be pressed."""
        self.ahead = False
        """Whether they are pressed while something is said."""
        self.leaves = False
        """Whether the robot hangs up when it is asked for a key."""

    async def stream(self, sound: str, escape: str = "") -> Streamed:
        """Play a sound; a key that is to be pressed ahead is pressed into it."""
        if not (self.ahead and self.keys and escape):
            return await self._spoken.stream(sound, escape)
        return await self._meanwhile(self._spoken.stream(sound, escape), self._into_s)

    async def wait_for_digit(self, timeout_s: float) -> str:
        """Wait for a key, and have it pressed."""
        if self.leaves:
            await self._robot.hang_up()
        elif self.keys:
            return await self._meanwhile(self._spoken.wait_for_digit(timeout_s), 0.0)
        return await self._spoken.wait_for_digit(timeout_s)

    async def _meanwhile(self, listening: Awaitable[HeardT], after_s: float) -> HeardT:
        key, self.keys = self.keys[0], self.keys[1:]
        pressing = asyncio.ensure_future(self._press(key, after_s))
        try:
            came = await listening
            await pressing  # the next key must not come before this one is over
            return came
        finally:
            pressing.cancel()

    async def _press(self, key: str, after_s: float) -> None:
        await asyncio.sleep(after_s)
        await self._robot.press(key)


class TrialTalk:
    """One call. ``steps`` grows as it goes on."""

    def __init__(
        self,
        flow: OneFlow,
        rehearsed: Rehearsal,
        caller: TrialCaller,
        prompts: Prompts,
        into_s: float = INTO_A_PROMPT_S,
    ) -> None:
        """``into_s``: how long the robot listens before it presses a key ahead."""
        self.steps: list[TrialStep] = []
        self.played: list[tuple[int, int, PromptText]] = []
        """The prompts that should have been heard in whole: step, place in it, text."""
        self._flow = flow
        self._rehearsed = rehearsed
        self._caller = caller
        self._prompts = prompts
        self._into_s = into_s

    async def walk(self, spoken: Sounding, robot: Robot) -> None:
        """Walk to the rehearsal's end, or to where the call goes another way. Raises HungUp if it
        ends before its time."""
        ear = _WithRobot(spoken, robot, self._into_s)
        speech = Speech(ear, self._caller, self._prompts)
        talk = Conversation(self._flow, self._rehearsed.context)
        try:
            step: Step | None = talk.begin()
            for one in self._rehearsed.trace:
                if step != one.step:
                    self._miss(TrialMiss.ELSEWHERE)
                    return
                if one.outcome is None:
                    await self._leave(ear, speech, robot, one)
                    return
                came = await self._carry_out(ear, speech, one, one.outcome)
                if came != one.outcome:
                    self._miss(TrialMiss.KEYS)
                    return
                talk.know(clock_values(one.at))
                step = talk.go_on(came)
        finally:
            talk.close()

    async def _carry_out(
        self, ear: _WithRobot, speech: Speech, one: RehearsedStep, outcome: StepOutcome
    ) -> StepOutcome:
        ear.ahead = one.ahead
        match one.step:
            case Play() as play:
                ear.keys = outcome.digits if isinstance(outcome, Digits) else ""
                whole = not one.ahead
                self._note(play.node, TrialPart.SAYS, play.prompts, whole=whole, pressed=ear.keys)
                return await speech.play(replace(play, waiting=False))
            case Collect() as collect if isinstance(outcome, Digits):
                ear.keys = _keys(collect, outcome)
                self._note(
                    collect.node,
                    TrialPart.ASKS,
                    collect.prompts,
                    whole=not one.ahead,
                    pressed=ear.keys,
                    secret=collect.secret,
                )
                return await speech.collect(replace(collect, waiting=False))
            case Collect() as collect if isinstance(outcome, AgentFound):
                self._note(collect.node, TrialPart.ASKS, collect.prompts)
                await speech.play(Play(collect.node, collect.prompts, collect.language, False))
            case LookUp() as look_up:
                self._note(look_up.node, TrialPart.SCRIPTED, look_up.meanwhile, what="LookUp")
                language = look_up.meanwhile[0].language if look_up.meanwhile else ""
                await speech.play(Play(look_up.node, look_up.meanwhile, language, False))
            case Hangup(node, why):
                self._note(node, TrialPart.ENDS, (), what=why)
            case step if not isinstance(step, _UNSEEN):
                self._note(step.node, TrialPart.SCRIPTED, (), what=type(step).__name__)
        return outcome

    async def _leave(
        self, ear: _WithRobot, speech: Speech, robot: Robot, one: RehearsedStep
    ) -> None:
        """The robot hangs up in this step."""
        if isinstance(one.step, Collect):
            self._note(one.step.node, TrialPart.ASKS, one.step.prompts, what="hung_up")
            ear.leaves = True
            try:
                await speech.collect(replace(one.step, waiting=False))
            except HungUp:
                return
            self._miss(TrialMiss.ELSEWHERE)
            return
        self._note(one.step.node, TrialPart.ENDS, (), what="hung_up")
        await robot.hang_up()

    def _note(
        self,
        node: str,
        part: TrialPart,
        prompts: tuple[PromptText, ...],
        *,
        whole: bool = True,
        pressed: str = "",
        secret: bool = False,
        what: str = "",
    ) -> None:
        number = len(self.steps)
        self.played += [(number, place, text) for place, text in enumerate(prompts) if whole]
        shown = tuple(TrialPrompt(text.name, text.text, None if whole else 0.0) for text in prompts)
        step = TrialStep(node, part, shown, "" if secret else pressed, len(pressed), what)
        self.steps.append(step)

    def _miss(self, miss: TrialMiss) -> None:
        self.steps[-1] = replace(self.steps[-1], misses=(*self.steps[-1].misses, miss))

    def compared(self, place: tuple[int, int], share: float, miss: TrialMiss | None) -> None:
        """Note how much of a prompt was heard."""
        number, within = place
        step = self.steps[number]
        prompts = list(step.prompts)
        prompts[within] = replace(prompts[within], share=share, miss=miss)
        self.steps[number] = replace(step, prompts=tuple(prompts))


def _keys(step: Collect, outcome: Digits) -> str:
    """What has to be pressed for this outcome."""
    if outcome.timed_out or len(outcome.digits) >= step.max_digits:
        return outcome.digits
    return outcome.digits + step.terminators[:1]
