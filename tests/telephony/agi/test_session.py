import asyncio
import inspect

import pytest

from telephony.agi.agi_wire import AgiError, HungUp
from telephony.agi.session import KeyedIn, Streamed
from tests.telephony.agi.peer import one_session
from tests.waiting import until


async def test_what_the_session_knows_of_its_call() -> None:
    async with one_session(agi_network_script="call?x=1&y=2", agi_arg_1="*12", agi_arg_2="b c") as (
        session,
        _,
    ):
        assert session.channel == "PJSIP/line1-00000001"
        assert session.uniqueid == "1700000000.1"
        assert session.extension == "4001"
        assert session.args == ("*12", "b c")
        assert session.route == "call"
        assert session.env["agi_callerid"] == "13800138000"


async def test_commands_and_their_lines() -> None:
    async with one_session() as (session, peer):

        async def asterisk() -> list[str]:
            return [
                await peer.answer(reply)
                for reply in (
                    "200 result=0",
                    "200 result=49 endpos=8000",
                    "200 result=0 endpos=16000",
                    "200 result=0012",
                    "200 result=1",
                    "200 result=2 (timeout)",
                    "200 result= (timeout)",
                    "200 result=53",
                    "200 result=0",
                    "200 result=1",
                    "200 result=1 (de)",
                    "200 result=0",
                    "200 result=0",
                    "200 result=0",
                    "200 result=0",
                )
            ]

        lines = asyncio.create_task(asterisk())
        await session.answer()
        assert await session.stream("/a b/c", "12") == Streamed("1", 8000)
        assert await session.stream("hello") == Streamed("", 16000)
        assert await session.get_data("a", 5, 4) == KeyedIn("0012", False)
        assert await session.get_data("b", 5, 4, digit_timeout_s=2.5) == KeyedIn("12", True)
        assert await session.get_data("", 0.5, 1) == KeyedIn("", True)
        assert await session.wait_for_digit(3) == "5"
        assert await session.wait_for_digit(3) == ""
        await session.set_variable("OFFHOOK_LANG", 'a "b" \\c')
        assert await session.get_variable("OFFHOOK_LANG") == "de"
        assert await session.get_variable("NO") is None
        assert await session.execute("Dial", "PJSIP/1001", "15", "g") == 0
        await session.music_on("waiting")
        await session.music_off()
        assert await lines == [
            "ANSWER",
            'STREAM FILE "/a b/c" "12"',
            'STREAM FILE "hello" ""',
            'GET DATA "a" 5000 4',
            'GET DATA "b" 5000 1',
            'GET DATA "" 2500 3',
            'GET DATA "" 500 1',
            "WAIT FOR DIGIT 3000",
            "WAIT FOR DIGIT 3000",
            'SET VARIABLE "OFFHOOK_LANG" "a \\"b\\" \\\\c"',
            'GET VARIABLE "OFFHOOK_LANG"',
            'GET VARIABLE "NO"',
            'EXEC Dial "PJSIP/1001,15,g"',
            'EXEC StartMusicOnHold "waiting"',
            'EXEC StopMusicOnHold ""',
        ]


async def test_hangup_lines_never_shift_the_replies() -> None:
    async with one_session() as (session, peer):
        first = asyncio.create_task(session.get_variable("A"))
        await peer.answer("HANGUP\n200 result=1 (a)")
        assert await first == "a"
        assert session.hung_up
        second = asyncio.create_task(session.get_variable("B"))
        await peer.answer("200 result=1 (b)")
        assert await second == "b"


async def test_refused_commands() -> None:
    async with one_session() as (session, peer):
        usage = asyncio.create_task(session.command("STREAM FILE"))
        await peer.answer(
            "520-Invalid command syntax.  Proper usage follows:\n"
            " Usage: STREAM FILE <filename>\n\nSend the given file.\n520 End of proper usage."
        )
        with pytest.raises(AgiError, match="STREAM FILE"):
            await usage
        unknown = asyncio.create_task(session.command("DANCE"))
        await peer.answer("510 Invalid or unknown command")
        with pytest.raises(AgiError, match="DANCE"):
            await unknown
        application = asyncio.create_task(session.execute("Danse"))
        await peer.answer("200 result=-2")
        with pytest.raises(AgiError, match="no application Danse"):
            await application
        with pytest.raises(ValueError, match="line break"):
            await session.set_variable("A", "b\nHANGUP")
        assert not session.hung_up


async def test_a_failure_is_told_from_a_hang_up() -> None:
    async with one_session() as (session, peer):
        missing = asyncio.create_task(session.stream("no-such-file"))
        await peer.answer("200 result=-1 endpos=0")
        await peer.answer("200 result=1 (Up)")
        with pytest.raises(AgiError, match="no-such-file"):
            await missing
        cut = asyncio.create_task(session.stream("hello"))
        await peer.answer("200 result=-1 endpos=4000")
        await peer.answer("HANGUP\n200 result=1 (Up)")
        with pytest.raises(HungUp):
            await cut
        later = asyncio.create_task(session.wait_for_digit(1))
        await peer.answer("200 result=-1")
        with pytest.raises(HungUp):
            await later


async def test_a_dead_channel_is_a_hang_up() -> None:
    async with one_session() as (session, peer):
        command = asyncio.create_task(session.answer())
        await peer.answer("511 Command Not Permitted on a dead channel or intercept routine")
        with pytest.raises(HungUp):
            await command
        assert session.hung_up


async def test_a_cut_in_the_middle_of_a_command_is_a_hang_up() -> None:
    async with one_session() as (session, peer):
        command = asyncio.create_task(session.execute("Dial", "PJSIP/1001"))
        await peer.command()
        peer.send(b"200 resu")
        peer.cut()
        with pytest.raises(HungUp):
            await command
        with pytest.raises(HungUp):
            await session.get_variable("DIALSTATUS")
        await session.hang_up()  # no error: the caller is gone


async def test_a_cancelled_command_takes_its_late_reply_with_it() -> None:
    async with one_session() as (session, peer):
        dial = asyncio.create_task(session.execute("Dial", "PJSIP/1001"))
        await peer.command()
        dial.cancel()
        value = asyncio.create_task(session.get_variable("A"))
        await peer.command()
        peer.send(b"200 result=0\n200 result=1 (a)\n")
        assert await value == "a"


async def test_idle_returns_what_was_waited_for_and_sends_nothing() -> None:
    async with one_session() as (session, peer):
        offer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        waiting = asyncio.create_task(session.idle(offer))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(peer.reader.read(1), 0.1)
        offer.set_result("1001")
        assert await waiting == "1001"
        again: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        again.set_exception(LookupError("nobody"))
        with pytest.raises(LookupError):
            await session.idle(again)


@pytest.mark.parametrize("how", ["hangup", "end", "cut"])
async def test_idle_ends_at_once_when_the_caller_leaves(how: str) -> None:
    async with one_session() as (session, peer):
        offer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        waiting = asyncio.create_task(session.idle(offer))
        await asyncio.sleep(0)
        {"hangup": lambda: peer.send(b"HANGUP\n"), "end": peer.close, "cut": peer.cut}[how]()
        async with asyncio.timeout(60):
            with pytest.raises(HungUp):
                await waiting
        assert not offer.done()
        with pytest.raises(HungUp):
            await session.idle(offer)


async def test_work_that_need_not_wait_begins_no_task() -> None:
    async with one_session() as (session, _):

        async def work() -> int:
            return len(asyncio.all_tasks())

        assert await session.until(work()) == len(asyncio.all_tasks())


@pytest.mark.parametrize("how", ["hangup", "end", "cut", "hangup and cut"])
async def test_work_is_cancelled_when_the_caller_leaves(how: str) -> None:
    async with one_session() as (session, peer):
        begun, gone_on = asyncio.Event(), asyncio.Event()

        async def work() -> None:
            try:
                begun.set()
                await gone_on.wait()
            finally:
                await asyncio.sleep(0.01)  # meanwhile the connection may be lost too

        doing = asyncio.create_task(session.until(work()))
        await begun.wait()
        if how in ("hangup", "hangup and cut"):
            peer.send(b"HANGUP\n")
        if how != "hangup":
            (peer.close if how == "end" else peer.cut)()
        async with asyncio.timeout(60):
            with pytest.raises(HungUp):
                await doing
        not_begun = work()
        with pytest.raises(HungUp):
            await session.until(not_begun)
        assert inspect.getcoroutinestate(not_begun) == inspect.CORO_CLOSED


async def test_a_hang_up_wins_over_what_work_brings() -> None:
    async with one_session() as (session, peer):

        async def work() -> str:
            peer.send(b"HANGUP\n")
            await until(lambda: session.hung_up)
            return "too late"

        async def shielded() -> str:
            made = asyncio.ensure_future(work())
            try:
                return await asyncio.shield(made)
            except asyncio.CancelledError:
                return await made  # as bad as can be: it doesn't end when it is asked to

        with pytest.raises(HungUp):
            await session.until(shielded())
        task = asyncio.current_task()
        assert task is not None and not task.cancelling()


async def test_what_work_raises_is_its_own() -> None:
    async with one_session() as (session, _):

        async def work() -> None:
            async with asyncio.timeout(0.01):
                await asyncio.Event().wait()

        with pytest.raises(TimeoutError):
            await session.until(work())
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await session.until(asyncio.Event().wait())
        assert not session.hung_up
