"""Speaks to a caller and listens for their keys."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Protocol

import structlog

from domain.identity import CallId, ProjectName
from domain.prompts import PromptText
from engine.calls.call import Inbox
from ivr_flows.steps import AgentFound, Collect, Digits, Done, Play
from prompts.sounds import PATIENCE_S, PromptError, Prompts
from telephony.agi.agi_wire import AgiError
from telephony.agi.session import Streamed

log = structlog.get_logger()

KEYS = "0123456789*#"
_LONGEST_SILENCE_S = 10
"""Of Asterisk's own sounds, silence/1 to silence/10."""


class _Decided(Exception):  # noqa: N818 - good news
    """The floor has decided about a caller who walks an in-queue flow."""


class SpokenTo(Protocol):
    """Whom it is spoken to, as far as that matters for speaking."""

    announcing: bool

    @property
    def id(self) -> CallId:
        """The call's."""

    @property
    def project(self) -> ProjectName:
        """Whose recordings are played."""

    @property
    def inbox(self) -> Inbox:
        """What ends the speaking to a waiting caller."""


class Sounding(Protocol):
    """A channel on which sounds are played, and keys awaited: a session."""

    async def stream(self, sound: str, escape: str = "") -> Streamed:
        """Play a sound; keys in ``escape`` stop it."""

    async def wait_for_digit(self, timeout_s: float) -> str:
        """Wait for the next key; "" if none comes."""


class Speech:
    """Plays prompts on one caller's channel and collects their keys."""

    def __init__(self, session: Sounding, call: SpokenTo, prompts: Prompts) -> None:
        self._session = session
        self._call = call
        self._prompts = prompts

    async def play(self, step: Play) -> Digits | Done | AgentFound:
        """Say the prompts; returns the key that cut them short, if one did."""
        try:
            key = await self._say(step.prompts, KEYS if step.interruptible else "", step.waiting)
        except _Decided:
            return AgentFound()
        return Digits(key) if key else Done()

    async def collect(self, step: Collect) -> Digits | AgentFound:
        """Ask, and collect keys until there are enough or no more come."""
        try:
            return await self._collect(step)
        except _Decided:
            return AgentFound()

    async def _collect(self, step: Collect) -> Digits:
        key = await self._say(step.prompts, KEYS, step.waiting)
        digits = ""
        timeout = step.first_timeout_s
        while True:
            key = key or await self._key(timeout, step.waiting)
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

    async def _say(self, prompts: tuple[PromptText, ...], escape: str, waiting: bool) -> str:
        """Play prompts; returns the key that cut them short, or "".

        ``waiting``: the caller is in a queue; raises _Decided as soon as the floor has decided.
        """
        for prompt in prompts:
            try:
                if waiting:
                    key = await self._stream_waiting(await self._made_undecided(prompt), escape)
                else:
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

    async def _key(self, timeout_s: float, waiting: bool) -> str:
        """The next key, or "" if none comes in time; raises as ``_say`` does."""
        if not waiting:
            return await self._session.wait_for_digit(timeout_s)
        # Nothing can end WAIT FOR DIGIT but a key; but silence that is played can be stopped.
        left = max(1, round(timeout_s))
        while left > 0:
            seconds = min(left, _LONGEST_SILENCE_S)
            try:
                key = await self._stream_waiting(f"silence/{seconds}", KEYS)
            except AgiError:  # this Asterisk has no such sounds
                key = await self._session.wait_for_digit(seconds)
                self._raise_if_decided()
            if key:
                return key
            left -= seconds
        return ""

    async def _stream_waiting(self, sound: str, escape: str) -> str:
        self._raise_if_decided()
        self._call.announcing = True  # from here on the engine may cut it short
        try:
            key = (await self._session.stream(sound, escape)).digit
        finally:
            self._call.announcing = False
        self._raise_if_decided()
        return key

    async def _made_undecided(self, text: PromptText) -> str:
        """The sound; raises _Decided if the floor decides while it is still being made."""
        sound = await self._made_before(text, self._call.inbox.arrival(deciding=True))
        if sound is None:
            raise _Decided
        return sound

    def _raise_if_decided(self) -> None:
        if self._call.inbox.decided:
            raise _Decided

    async def say_waiting(self, texts: tuple[PromptText, ...]) -> None:
        """Speak to a waiting caller, until there is something better for them."""
        for text in texts:
            try:
                sound = await self._made_before(text, self._call.inbox.arrival())
                if sound is None or self._call.inbox:
                    return
                self._call.announcing = True  # from here on the engine may cut it short
                await self._session.stream(sound)
            except (PromptError, AgiError) as error:
                self._not_played(text, error)
            finally:
                self._call.announcing = False

    async def _made_before(
        self, text: PromptText, arrival: Coroutine[Any, Any, None]
    ) -> str | None:
        """The sound; None if what the caller waits for comes while it is still being made."""
        making = asyncio.ensure_future(self._prompts.sound(text, project=self._call.project))
        called = asyncio.ensure_future(arrival)
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
