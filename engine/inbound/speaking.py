"""Speaks to a caller and listens for their keys."""

import asyncio

import structlog

from domain.prompts import PromptText
from engine.calls.call import LiveCall
from ivr_flows.steps import Collect, Digits, Done, Play
from prompts.sounds import PATIENCE_S, PromptError, Prompts
from telephony.agi.agi_wire import AgiError
from telephony.agi.session import Session

log = structlog.get_logger()

KEYS = "0123456789*#"


class Speech:
    """Plays prompts on one caller's channel and collects their keys."""

    def __init__(self, session: Session, call: LiveCall, prompts: Prompts) -> None:
        self._session = session
        self._call = call
        self._prompts = prompts

    async def play(self, step: Play) -> Digits | Done:
        """Say the prompts; returns the key that cut them short, if one did."""
        key = await self._say(step.prompts, KEYS if step.interruptible else "")
        return Digits(key) if key else Done()

    async def collect(self, step: Collect) -> Digits:
        """Ask, and collect keys until there are enough or no more come."""
        key = await self._say(step.prompts, KEYS)
        digits = ""
        timeout = step.first_timeout_s
        while True:
            key = key or await self._session.wait_for_digit(timeout)
            if not key:
                return Digits(digits, timed_out=True)
            if key not in KEYS:
                key = ""  # A to D are our own, for music (engine.orders), as a talk ends
                continue
            if key in step.terminators:
                return Digits(digits)
            digits += key
            if len(digits) >= step.max_digits:
                return Digits(digits)
            key, timeout = "", step.digit_timeout_s

    async def _say(self, prompts: tuple[PromptText, ...], escape: str) -> str:
        """Play prompts; returns the key that cut them short, or ""."""
        for prompt in prompts:
            try:
                sound = await self._prompts.sound(
                    prompt, project=self._call.project, patience_s=PATIENCE_S
                )
                key = (await self._session.stream(sound, escape)).digit
            except (PromptError, AgiError) as error:
                self._not_played(prompt, error)
                continue
            if key:
                return key
        return ""

    async def say_waiting(self, texts: tuple[PromptText, ...]) -> None:
        """Speak to a waiting caller, until there is something better for them."""
        for text in texts:
            try:
                sound = await self._made_in_time(text)
                if sound is None or self._call.inbox:
                    return
                self._call.announcing = True  # from here on the engine may cut it short
                await self._session.stream(sound)
            except (PromptError, AgiError) as error:
                self._not_played(text, error)
            finally:
                self._call.announcing = False

    async def _made_in_time(self, text: PromptText) -> str | None:
        """The sound; None if a command comes for the caller while it is still being made."""
        making = asyncio.ensure_future(self._prompts.sound(text, project=self._call.project))
        called = asyncio.ensure_future(self._call.inbox.arrival())
        try:
            await asyncio.wait((making, called), return_when=asyncio.FIRST_COMPLETED)
            return making.result() if making.done() else None
        finally:
            making.cancel()
            called.cancel()

    def _not_played(self, prompt: PromptText, error: PromptError | AgiError) -> None:
        # A missing sound must not cost the caller the call. Why it is missing has been logged, once
        # for all calls.
        if isinstance(error, AgiError):
            log.error(
                "a prompt could not be played",
                call=self._call.id,
                prompt=prompt.name,
                why=str(error),
            )
