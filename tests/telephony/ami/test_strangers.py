"""What listens on the AMI port is not, or not properly, an Asterisk."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from structlog.testing import capture_logs

from domain.identity import NodeName
from telephony.ami.ami_wire import Message
from telephony.ami.link import Link
from telephony.ami.protocol import AmiProtocol, LinkDown, OutcomeUnknown
from telephony.ami.state import LinkKind, Timing
from tests.telephony.ami.watch import Running, Watch
from tests.waiting import until

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
GREETING = b"Asterisk Call Manager/11.0.0\r\n"
QUICK = Timing(connect=0.3, login=0.3, retry_first=0.02, retry_most=0.05)


@asynccontextmanager
async def listening(talk: Talk) -> AsyncIterator[int]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def link_to(port: int) -> Link:
    return Link(NodeName("pbx1"), "127.0.0.1", port, "u", "s", timing=QUICK)


async def says(what: bytes) -> str:
    """The error of a link to something that says this and then nothing."""

    async def talk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(what)
        await asyncio.sleep(5)

    async with listening(talk) as port, Running(link_to(port), Watch()) as running:
        await until(lambda: running.link.state.error not in ("", "not started"))
        assert not running.link.up
        return running.link.state.error


async def test_each_stranger_is_named() -> None:
    assert "SSH-2.0" in await says(b"SSH-2.0-OpenSSH\r\n")
    assert "no AMI greeting" in await says(b"")
    assert "no AMI greeting" in await says(b"Asterisk Call")
    assert "Login" in await says(GREETING)
    assert "longer than" in await says(GREETING + b"x" * 1_100_000)


async def test_a_closed_port_is_logged_once_not_at_each_try() -> None:
    async with listening(lambda _reader, _writer: asyncio.sleep(0)) as port:
        pass
    with capture_logs() as logs:
        async with Running(link_to(port), Watch()) as running:
            await asyncio.sleep(0.5)
            assert running.link.state.kind is LinkKind.DOWN
            with pytest.raises(LinkDown, match="is down"):
                await running.link.action("Ping")
    warnings = [entry for entry in logs if entry["log_level"] == "warning"]
    assert len(warnings) == 1
    assert str(port) in str(warnings[0])


class Told:
    def __init__(self) -> None:
        self.events: list[Message] = []

    def dispatch(self, event: Message) -> None:
        self.events.append(event)

    def connection_lost(self, exc: Exception | None) -> None:
        pass


async def test_a_list_takes_its_own_events_and_no_others() -> None:
    """Also: an event that carries an action's id is not mistaken for its reply."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(GREETING)
        asked = Message((await reader.readuntil(b"\r\n\r\n"))[:-4])
        mine = {"ActionID": asked.action_id}
        for message in (
            {"Event": "OriginateResponse", **mine, "Response": "Failure"},
            {"Response": "Success", "EventList": "start", **mine},
            {"Event": "Item", **mine, "N": "1"},
            {"Event": "Hangup", "Uniqueid": "1"},
            {"Event": "Item", "ActionID": "another's", "N": "2"},
            {"Event": "Other", **mine},
            {"Event": "Item", **mine, "N": "3"},
            {"Event": "ItemsComplete", **mine, "ListItems": "2"},
            {"Response": "Success", **mine, "Message": "late"},
            {"Event": "After"},
        ):
            writer.write(Message.of(message).raw + b"\r\n\r\n")
        await reader.read()

    told = Told()
    async with listening(talk) as port:
        _, protocol = await asyncio.get_running_loop().create_connection(
            lambda: AmiProtocol(told), "127.0.0.1", port
        )
        assert await protocol.greeted == "11.0.0"
        items = await protocol.ask_list("Items", {}, "Item", "ItemsComplete", 2)
        assert [item.get("N") for item in items] == ["1", "3"]
        names = [event.name for event in told.events]
        assert names == ["OriginateResponse", "Hangup", "Item", "Other", "After"]
        protocol.close()
        await protocol.ended.wait()
        with pytest.raises(LinkDown):
            await protocol.ask("Ping", {}, 1)


async def test_a_cancelled_question_leaves_nothing_behind() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(GREETING)
        first = Message((await reader.readuntil(b"\r\n\r\n"))[:-4])
        second = Message((await reader.readuntil(b"\r\n\r\n"))[:-4])
        for asked, number in ((first, "1"), (second, "2")):
            reply = {"Response": "Success", "ActionID": asked.action_id, "N": number}
            writer.write(Message.of(reply).raw + b"\r\n\r\n")
        await reader.read()

    async with listening(talk) as port:
        _, protocol = await asyncio.get_running_loop().create_connection(
            lambda: AmiProtocol(Told()), "127.0.0.1", port
        )
        await protocol.greeted
        asking = asyncio.create_task(protocol.ask("One", {}, 5))
        await asyncio.sleep(0)
        asking.cancel()
        assert (await protocol.ask("Two", {}, 2)).get("N") == "2"
        with pytest.raises(OutcomeUnknown):
            await protocol.ask("Three", {}, 0.05)
        protocol.close()
