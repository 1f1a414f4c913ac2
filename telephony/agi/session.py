"""A FastAGI session: one caller's channel, under our control until the caller or we leave."""

import asyncio
from collections import deque
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog

from telephony.agi.agi_wire import (
    ENCODING,
    Address,
    AgiError,
    ConnectionGone,
    HungUp,
    Reply,
    ReplyReader,
    Unasked,
    encode,
    quoted,
)
from telephony.agi.connection import Connection

T = TypeVar("T")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Streamed:
    """How a sound ended: ``digit`` is the key that stopped it, or empty."""

    digit: str
    end_position: int
    """In samples; 8 a millisecond for 8 kHz sounds."""


@dataclass(frozen=True, slots=True)
class KeyedIn:
    """What the caller keyed in; ``timed_out`` if neither ``#`` nor the last key ended it."""

    digits: str
    timed_out: bool


class Session:
    """The commands that a route can give about its caller. They are sent in the order given and
    answered in that order, so the late reply to a cancelled command is never taken for
    another's."""

    def __init__(self, env: Mapping[str, str], connection: Connection) -> None:
        self.env = env
        """What Asterisk sent about the session: ``agi_channel`` and so on."""
        said = Address.of(env.get("agi_network_script", ""))
        self.route = said.route
        self.node = said.node
        """The Asterisk whose channel it is: uniqueids are unique on one node only."""
        self.hung_up = False
        """The caller has left; some commands (GET VARIABLE) still work until we leave too."""
        self._connection = connection
        self._replies = ReplyReader()
        self._pending: deque[tuple[str, asyncio.Future[Reply]]] = deque()
        self._left: asyncio.Future[None] | None = None
        self._works: set[asyncio.Timeout] = set()
        """What is being done for as long as the caller is there."""

    @property
    def channel(self) -> str:
        """The channel's name, such as ``PJSIP/line1-00000001``."""
        return self.env.get("agi_channel", "")

    @property
    def uniqueid(self) -> str:
        return self.env.get("agi_uniqueid", "")

    @property
    def extension(self) -> str:
        return self.env.get("agi_extension", "")

    @property
    def args(self) -> tuple[str, ...]:
        """The arguments after the URL in the dialplan's AGI()."""
        found: list[str] = []
        while (value := self.env.get(f"agi_arg_{len(found) + 1}")) is not None:
            found.append(value)
        return tuple(found)

    def end(self) -> None:
        """End the session from outside its route, which sees HungUp; the call goes on."""
        self._connection.close(at_once=True)

    # What the connection brings

    def line_received(self, line: bytes) -> None:
        reply = self._replies.feed(line.decode(ENCODING, "replace"))
        if reply is Unasked.HANGUP:
            self._mark_hung_up()
        elif isinstance(reply, Reply):
            if self._pending:
                _, future = self._pending.popleft()
                if not future.done():
                    future.set_result(reply)
            else:
                # Not what it says: it may be the key that answers an earlier command.
                log.debug("agi reply to no command", channel=self.channel, code=reply.code)

    def connection_lost(self) -> None:
        self._mark_hung_up()
        while self._pending:
            command, future = self._pending.popleft()
            if not future.done():
                future.set_exception(ConnectionGone(f"the connection was lost during {command!r}"))
                future.exception()  # retrieved, even if nobody waits for it any more

    def _mark_hung_up(self) -> None:
        self.hung_up = True
        if self._left is not None and not self._left.done():
            self._left.set_result(None)
        while self._works:
            self._works.pop().reschedule(0)  # as if the work's time were up

    # Commands

    async def command(self, line: str, *, in_parts: bool = False) -> Reply:
        """Send a line as it is and wait for its reply, however long that takes.

        Raises ValueError if the line has a line break, HungUp if the caller is gone, AgiError if
        Asterisk doesn't know the command or its usage is wrong. Returns a result of -1 only while
        the caller is still there. ``in_parts``: Asterisk says first that it tries (``GOSUB``).
        """
        reply = await self._ask(line, in_parts=in_parts)
        if reply.code == 511:
            self._mark_hung_up()
            raise HungUp(f"the caller had left before {line!r}")
        if reply.code != 200:
            raise AgiError(line, reply.code, reply.data)
        if reply.result == -1 and await self._caller_has_left():
            raise HungUp(f"the caller left during {line!r}")
        return reply

    async def _ask(self, line: str, *, in_parts: bool = False) -> Reply:
        data = encode(line)
        if not self._connection.is_open:
            raise HungUp(f"the connection was closed before {line!r}")
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._pending.append((line, future))
        self._connection.write(data)
        if in_parts:
            self._connection.acknowledge_at_once()
        return await future

    async def _caller_has_left(self) -> bool:
        """Tell a hang-up from a failure: -1 means both, and HANGUP comes after the reply.

        Asterisk looks at the channel before it reads the next command, so HANGUP comes before the
        answer to any further question.
        """
        if not self.hung_up:
            await self._ask("GET VARIABLE CHANNEL(state)")
        return self.hung_up

    async def answer(self) -> None:
        """Answer the call. Raises AgiError if that fails."""
        _succeeded(await self.command("ANSWER"), "ANSWER")

    async def hang_up(self) -> None:
        """Hang up the caller; does nothing if they are gone already."""
        try:
            await self.command("HANGUP")
        except HungUp:
            return
        self._mark_hung_up()

    async def stream(self, sound: str, escape: str = "") -> Streamed:
        """Play a sound (path without extension); keys in ``escape`` stop it.

        Raises AgiError if the sound does not exist or can't be played.
        """
        line = f"STREAM FILE {quoted(sound)} {quoted(escape)}"
        reply = _succeeded(await self.command(line), line)
        if not reply.result and reply.end_position == 0:
            log.debug("sound of no length", channel=self.channel, sound=sound)
        return Streamed(_key(reply), reply.end_position or 0)

    async def record(
        self, path: str, form: str, escape: str, longest_s: float, silence_s: float
    ) -> Streamed:
        """Record the caller into a file (path without suffix), until a key in ``escape``, so much
        silence, or the longest time, all in seconds.

        Raises AgiError if the file can't be written; HungUp if the caller leaves, with all that
        they said in the file, and ConnectionGone if Asterisk may still be writing it.
        """
        longest = max(1, round(longest_s * 1000))
        ends = f"{longest} s={max(1, round(silence_s))}"
        line = f"RECORD FILE {quoted(path)} {form} {quoted(escape)} {ends}"
        try:
            reply = _succeeded(await self.command(line), line)
        except ConnectionGone:
            raise
        except HungUp as left:
            await self._closed()
            raise left
        await self._closed()
        return Streamed(_key(reply), reply.end_position or 0)

    async def _closed(self) -> None:
        """Wait until Asterisk has closed the file: it answers before, but does nothing else."""
        try:
            await self._ask("NOOP")
        except HungUp:
            return  # it has gone on, and is done with the session

    async def tone(self, hertz: int, seconds: float) -> None:
        """Let the caller hear a tone, and wait until it is over."""
        await self.execute("Playtones", f"!{hertz}/{round(seconds * 1000)}")
        await self.wait_for_digit(seconds)
        await self.execute("StopPlaytones")

    async def get_data(
        self, sound: str, timeout_s: float, max_digits: int, digit_timeout_s: float | None = None
    ) -> KeyedIn:
        """Play a sound ("" for none) and collect keys; the first stops the sound, ``#`` ends.

        ``timeout_s`` runs from the end of the sound to the first key, ``digit_timeout_s`` between
        keys (None: the same). Raises AgiError if the sound can't be played; no key is taken then.
        """
        if max_digits == 1 or digit_timeout_s in (None, timeout_s):
            return await self._take_keys(sound, timeout_s, max_digits)
        # Asterisk knows only one timeout (TIMEOUT(digit) changes nothing here). Nobody is fast
        # enough to end a second key before the second command arrives.
        first = await self._take_keys(sound, timeout_s, 1)
        if not first.digits:
            return first
        rest = await self._take_keys("", digit_timeout_s or timeout_s, max_digits - 1)
        return KeyedIn(first.digits + rest.digits, rest.timed_out)

    async def _take_keys(self, sound: str, timeout_s: float, most: int) -> KeyedIn:
        line = f"GET DATA {quoted(sound)} {max(1, round(timeout_s * 1000))} {most}"
        reply = _succeeded(await self.command(line), line)
        return KeyedIn(reply.digits, reply.data == "timeout")

    async def wait_for_digit(self, timeout_s: float) -> str:
        """Wait for the next key; "" if none comes in ``timeout_s`` seconds."""
        line = f"WAIT FOR DIGIT {max(1, round(timeout_s * 1000))}"
        return _key(_succeeded(await self.command(line), line))

    async def set_variable(self, name: str, value: str) -> None:
        """Set a channel variable, or a function such as ``TIMEOUT(digit)``."""
        await self.command(f"SET VARIABLE {quoted(name)} {quoted(value)}")

    async def get_variable(self, name: str) -> str | None:
        """The value of a channel variable or function, at most 1,023 bytes; None if not set."""
        reply = await self.command(f"GET VARIABLE {quoted(name)}")
        return reply.data if reply.result == 1 else None

    async def long_variable(self, name: str) -> str | None:
        """The value of a channel variable of more than 1,023 bytes, perhaps; None if not set."""
        reply = await self.command(f"GET FULL VARIABLE {quoted('${' + name + '}')}")
        return reply.data if reply.result == 1 and reply.data else None

    async def execute(self, app: str, *args: str) -> int:
        """Run a dialplan application and return its result. Raises AgiError if Asterisk hasn't got
        it.

        Arguments are joined with commas, as in the dialplan, so a comma inside one splits it.
        """
        line = f"EXEC {app} {quoted(','.join(args))}"
        reply = await self.command(line)
        if reply.result == -2:
            raise AgiError(line, reply.code, f"Asterisk has no application {app}")
        return reply.result

    async def subroutine(self, context: str, *args: str) -> str:
        """Run the dialplan's subroutine ``context``,s,1 and return what it returns.

        For short ones only: if the call is sent elsewhere meanwhile, it doesn't leave them.
        """
        await self.command(f"GOSUB {context} s 1 {quoted(','.join(args))}", in_parts=True)
        return await self.get_variable("GOSUB_RETVAL") or ""

    async def say_digits(self, digits: str, escape: str = "") -> str:
        """Say digit by digit; returns the key that stopped it, or ""."""
        line = f"SAY DIGITS {quoted(digits)} {quoted(escape)}"
        return _key(_succeeded(await self.command(line), line))

    async def say_number(self, number: int, escape: str = "") -> str:
        """Say a number; returns the key that stopped it, or ""."""
        line = f"SAY NUMBER {number} {quoted(escape)}"
        return _key(_succeeded(await self.command(line), line))

    async def music_on(self, klass: str = "default") -> None:
        """Play music until ``music_off``, the next sound, or Dial; it goes on while we are idle."""
        await self.execute("StartMusicOnHold", klass)

    async def music_off(self) -> None:
        await self.execute("StopMusicOnHold")

    async def idle(self, future: "asyncio.Future[T]") -> T:
        """Wait for ``future`` without sending anything; raises HungUp as soon as the caller leaves.

        If both have happened, the hang-up wins. ``future`` is not cancelled.
        """
        if not self.hung_up:
            if self._left is None:
                self._left = asyncio.get_running_loop().create_future()
            await asyncio.wait((future, self._left), return_when=asyncio.FIRST_COMPLETED)
        if self.hung_up:
            raise HungUp("the caller left while waiting")
        return await future

    async def until(self, work: Coroutine[Any, Any, T]) -> T:
        """Do ``work`` and return its result; if the caller leaves, cancel it and raise HungUp.

        If both have happened, the hang-up wins. Work that need not wait costs next to nothing.
        """
        if self.hung_up:
            work.close()
            raise HungUp("the caller had left before")
        try:
            async with asyncio.timeout(None) as here:
                self._works.add(here)
                try:
                    result = await work
                finally:
                    self._works.discard(here)
        except Exception as error:
            if self.hung_up:
                raise HungUp("the caller left meanwhile") from error
            raise
        if self.hung_up:
            raise HungUp("the caller left meanwhile")
        return result


def _succeeded(reply: Reply, line: str) -> Reply:
    if reply.result == -1:
        raise AgiError(line, reply.code, "it failed, and the caller is still there")
    return reply


def _key(reply: Reply) -> str:
    return chr(reply.result) if 0 < reply.result < 127 else ""
