"""Sessions against a real Asterisk, each question asked in one call."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from domain.identity import LineName, StationName
from telephony.agi.agi_wire import AgiError, HungUp
from telephony.agi.server import AgiServer
from telephony.agi.session import KeyedIn, Session
from tests.conftest import FarEndFactory, InstanceFactory
from tests.waiting import until

pytestmark = pytest.mark.live


async def test_sessions(instance: InstanceFactory, far_end: FarEndFactory) -> None:
    one = await instance()
    world = await far_end(one)
    number = one.centre.hotlines[0].number
    await world.phone(StationName("1001"), "ring")

    play: Callable[[Session], Awaitable[None]]
    over: asyncio.Future[None]

    async def route(session: Session) -> None:
        try:
            await session.answer()
            await play(session)
            over.set_result(None)
        except BaseException as error:
            over.set_exception(error)
            raise
        finally:
            if not session.hung_up:
                await session.set_variable("OFFHOOK_DONE", "1")
                await session.hang_up()

    async def call(steps: str, script: Callable[[Session], Awaitable[None]]) -> None:
        nonlocal play, over
        play, over = script, asyncio.get_running_loop().create_future()
        caller = await world.customer(number, steps, line=LineName("carrier"))
        async with asyncio.timeout(60):
            await over
        await world.ended(caller)

    async def refusals(session: Session) -> None:
        assert session.extension == number
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
        text = 'a "b" \\c, (d) ü 中文'
        await session.set_variable("ODD", text)
        assert await session.get_variable("ODD") == text
        assert await session.get_variable("UNSET") is None
        assert await session.get_variable("CHANNEL(state)") == "Up"
        assert await session.get_data("", 0.2, 4) == KeyedIn("", True)
        assert await session.wait_for_digit(0.1) == ""
        assert (await session.stream("beep")).digit == ""

    async def keys(session: Session) -> None:
        await session.music_on()
        assert await session.get_data("demo-instruct", 5, 4) == KeyedIn("12", False)
        assert (await session.stream("demo-instruct", "123")).digit == "3"
        assert await session.wait_for_digit(5) == "4"
        assert await session.get_data("", 5, 4, 0.6) == KeyedIn("56", True)
        assert await session.get_data("demo-instruct", 5, 2, 0.6) == KeyedIn("7", False)
        assert await session.get_data("", 0.5, 1, 0.6) == KeyedIn("", True)

    async def leaves_in(command: Callable[[Session], Awaitable[object]], session: Session) -> None:
        with pytest.raises(HungUp):
            await command(session)
        assert session.hung_up
        with pytest.raises(HungUp):
            await session.stream("beep")

    async def idle(session: Session) -> None:
        await session.idle(asyncio.get_running_loop().create_future())

    server = AgiServer("127.0.0.1", one.ports.agi, {"call": route}, one.secrets.agi)
    await server.start()
    try:
        await call("stay", refusals)
        await call(
            "wait-1,press-12#,wait-1,press-3,wait-1,press-4,wait-0.5,press-56,wait-2.5,press-7#,stay",
            keys,
        )
        for command in (
            idle,
            lambda session: session.stream("demo-instruct"),
            lambda session: session.get_data("demo-instruct", 20, 4),
            lambda session: session.wait_for_digit(20),
            lambda session: session.execute("Dial", "PJSIP/1001", "20", "g"),
        ):
            await call("wait-0.7,hangup", lambda s, c=command: leaves_in(c, s))  # type: ignore[misc]
        await until(lambda: (server.sessions, server.connections) == (0, 0))
    finally:
        await server.close()
