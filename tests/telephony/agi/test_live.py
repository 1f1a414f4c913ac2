"""Sessions against a real Asterisk, each question asked in one call."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio

from domain.identity import LineName, NodeName, StationName
from engine.inbound.secret_digits import SecretDigits
from telephony.agi.agi_wire import AgiError, HungUp
from telephony.agi.server import AgiServer
from telephony.agi.session import KeyedIn, Session
from telephony.ami.link import Link
from tests.pair import Pair
from tests.telephony.ami.watch import Running, Watch
from tests.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.long, pytest.mark.asyncio(loop_scope="module")]

Script = Callable[[Session], Awaitable[object]]


class Hotline:
    """A controller whose only session is played by the test."""

    def __init__(self, pair: Pair) -> None:
        self._far = pair.far
        self.number = pair.pbx.centre.hotlines[0].number
        agi = pair.pbx.ports.agi
        self.server = AgiServer("127.0.0.1", agi, {"call": self._route}, pair.pbx.secrets.agi)
        self._script: Script
        self._over: asyncio.Future[None]

    async def _route(self, session: Session) -> None:
        try:
            await session.answer()
            await self._script(session)
            self._over.set_result(None)
        except BaseException as error:
            self._over.set_exception(error)
            raise
        finally:
            if not session.hung_up:
                await session.set_variable("OFFHOOK_DONE", "1")
                await session.hang_up()

    async def call(self, steps: str, script: Script) -> None:
        """A customer calls and does ``steps``; their session is ``script``, which ends well."""
        self._script, self._over = script, asyncio.get_running_loop().create_future()
        caller = await self._far.customer(self.number, steps, line=LineName("carrier"))
        async with asyncio.timeout(60):
            await self._over
        await self._far.ended(caller)


@pytest_asyncio.fixture(loop_scope="module")
async def hotline(pair: Pair) -> AsyncIterator[Hotline]:
    """One that is called; it leaves no session and no connection behind."""
    one = Hotline(pair)
    await one.server.start()
    try:
        yield one
        await until(lambda: (one.server.sessions, one.server.connections) == (0, 0))
    finally:
        await one.server.close()


async def test_what_asterisk_refuses_is_an_error(hotline: Hotline) -> None:
    async def refusals(session: Session) -> None:
        with pytest.raises(AgiError, match="no-such-sound"):
            await session.stream("no-such-sound")
        with pytest.raises(AgiError, match="no-such-sound"):
            await session.get_data("no-such-sound", 0.2, 1)
        with pytest.raises(AgiError, match="Danse"):
            await session.execute("Danse")
        with pytest.raises(AgiError, match="520"):
            await session.command("STREAM FILE")
        with pytest.raises(AgiError, match="510"):
            await session.command("DANCE")

    await hotline.call("stay", refusals)


async def test_variables_come_back_as_they_were_set(hotline: Hotline) -> None:
    async def variables(session: Session) -> None:
        assert session.extension == hotline.number
        text = 'a "b" \\c, (d) ü 中文'
        await session.set_variable("ODD", text)
        assert await session.get_variable("ODD") == text
        assert await session.get_variable("UNSET") is None
        assert await session.get_variable("CHANNEL(state)") == "Up"

    await hotline.call("stay", variables)


async def test_no_key_is_an_answer(hotline: Hotline) -> None:
    async def silence(session: Session) -> None:
        assert await session.get_data("", 0.2, 4) == KeyedIn("", True)
        assert await session.wait_for_digit(0.1) == ""
        assert (await session.stream("beep")).digit == ""

    await hotline.call("stay", silence)


async def test_keys_are_collected(hotline: Hotline) -> None:
    async def keys(session: Session) -> None:
        await session.music_on()
        assert await session.get_data("demo-instruct", 5, 4) == KeyedIn("12", False)
        assert (await session.stream("demo-instruct", "123")).digit == "3"
        assert await session.wait_for_digit(5) == "4"
        assert await session.get_data("", 5, 4, 0.6) == KeyedIn("56", True)
        assert await session.get_data("demo-instruct", 5, 2, 0.6) == KeyedIn("7", False)
        assert await session.get_data("", 0.5, 1, 0.6) == KeyedIn("", True)

    pressed = "wait-1,press-12#,wait-1,press-3,wait-1,press-4,wait-0.5,press-56,wait-2.5,press-7#"
    await hotline.call(f"{pressed},stay", keys)


async def idle(session: Session) -> None:
    await session.idle(asyncio.get_running_loop().create_future())


IN_THE_MIDDLE: dict[str, Script] = {
    "of nothing": idle,
    "of a prompt": lambda session: session.stream("demo-instruct"),
    "of keying in": lambda session: session.get_data("demo-instruct", 20, 4),
    "of a wait for a key": lambda session: session.wait_for_digit(20),
    "of ringing": lambda session: session.execute("Dial", "PJSIP/1001", "20", "g"),
}


@pytest.mark.parametrize("command", IN_THE_MIDDLE.values(), ids=IN_THE_MIDDLE)
async def test_a_caller_who_leaves_ends_the_command(
    hotline: Hotline, pair: Pair, command: Script
) -> None:
    await pair.far.phone(StationName("1001"), "ring")

    async def left(session: Session) -> None:
        with pytest.raises(HungUp):
            await command(session)
        assert session.hung_up
        with pytest.raises(HungUp):
            await session.stream("beep")

    await hotline.call("wait-0.7,hangup", left)


async def test_keys_pressed_in_secret_are_in_no_event(hotline: Hotline, pair: Pair) -> None:
    """Asterisk reports each key after the session has read it, and in order."""
    watch = Watch()
    host, port = pair.pbx.ami
    link = Link(NodeName("pbx1"), host, port, pair.pbx.ami_user, pair.pbx.secrets.ami)

    async def secret(session: Session) -> None:
        digits = SecretDigits(session, link.secret_keys)
        await digits.hide()
        for key in "739":
            assert await session.wait_for_digit(5) == key
        await digits.show()
        assert await session.wait_for_digit(5) == "4"
        await until(lambda: "4" in keys(), seen=keys)

    def keys() -> list[str]:
        return [message.get("Digit") for message in watch.messages if "DTMF" in message.name]

    async with Running(link, watch):
        await link.wait_up(20)
        await hotline.call("wait-0.3,press-739,wait-0.3,press-4,stay", secret)
    assert keys() == ["4"], "once: nobody needs DTMFBegin"
    assert link.secret_keys.dropped == 3
    assert not watch.of("UserEvent"), "nobody else hears where the secret ends"
