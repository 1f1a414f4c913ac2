"""Lists with invalid entries, events that are late, and an Asterisk with another name."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from structlog.testing import capture_logs

from bench.fuzz_ami import Damage, FakeAsterisk, good_channel
from domain.identity import NodeName
from engine.board import LiveBoard
from engine.board_ports import StoreView
from engine.engine import Engine
from telephony.ami.ami_wire import Message
from telephony.ami.link import Link
from telephony.ami.protocol import OutcomeUnknown
from telephony.ami.snapshot import sifted
from telephony.ami.state import LinkKind, Timing
from tests.waiting import until

NODE = NodeName("pbx1")
QUICK = Timing(retry_first=0.02, retry_most=0.05, ping_every=0.05)


class Far(FakeAsterisk):
    """Sends no damage; lists what it is given, and may hold back an event."""

    def __init__(self, *listed: bytes) -> None:
        super().__init__(Damage(1))
        self.quiet = True
        self.listed = listed
        self.late = False
        self.echoed = self.kept_back = 0

    def _listed(self) -> tuple[bytes, ...]:
        return self.listed

    def _answer(self, asked: Message, writer: asyncio.StreamWriter) -> None:
        if asked.get("Action") == "UserEvent":
            self.kept_back += self.late
            self.echoed += not self.late
        if self.late and asked.get("Action") == "UserEvent":
            asked = Message.of({"Action": "Events", "ActionID": asked.action_id})
        super()._answer(asked, writer)


@asynccontextmanager
async def linked(
    engine: Engine,
    links: dict[NodeName, Link],
    far: Far,
    node: NodeName = NODE,
    clock: Callable[[], float] = time.monotonic,
) -> AsyncIterator[Link]:
    server = await asyncio.start_server(far.serve, "127.0.0.1", 0)
    link = Link(
        node, "127.0.0.1", server.sockets[0].getsockname()[1], "u", "s",
        timing=QUICK,
        clock=clock,
    )  # fmt: skip
    links[node] = link
    running = asyncio.create_task(link.run(engine.switches))
    try:
        yield link
    finally:
        await link.close()
        await running
        server.close()


def changed(raw: bytes, old: bytes, new: bytes) -> bytes:
    assert old in raw
    return raw.replace(old, new)


async def test_one_bad_channel_costs_no_other(engine: Engine, links: dict[NodeName, Link]) -> None:
    """One of four calls has an invalid entry time: three were unknown until they ended."""
    far = Far(
        good_channel(1, 0),
        changed(good_channel(0, 1), b"OFFHOOK_ENTERED_AT=1", b"OFFHOOK_ENTERED_AT=garbage "),
        changed(good_channel(1, 2), b"Uniqueid: 1795000001.2", b"X: y"),
        good_channel(1, 3),
        good_channel(1, 3),
        changed(good_channel(1, 4), b"Uniqueid: 1795000001.4", b"Uniqueid: " + b"9" * 3000),
        changed(good_channel(1, 5), b"ChannelState: 6", b"ChannelState: \xc2\xb2"),
        changed(good_channel(1, 6), b"Event: CoreShowChannel", b"Ev"),
        b"\xff\x13 rubbish",
    )
    with capture_logs() as logs:
        async with linked(engine, links, far) as link:
            await link.wait_up(10)
    calls = {"pbx1-1795000000.1", *(f"pbx1-1795000001.{n}" for n in (0, 3, 5, 6))}
    assert set(engine.calls.by_id) == calls
    (warning,) = [
        e for e in logs if e["log_level"] == "warning" and "list of channels" in e["event"]
    ]
    assert warning["entries"] == 4 and "entry 3 ('PJSIP/carrier-" in warning["first"][0]
    assert "has no Uniqueid" in warning["first"][0]


async def test_what_goes_wrong_with_one_call_costs_no_other(
    engine: Engine, links: dict[NodeName, Link], monkeypatch: Any
) -> None:
    """Whatever it is: a mistake of ours, too."""
    real = engine.calls.take_up

    def take_up(channel: Any, *rest: Any) -> Any:
        if channel.uniqueid == "1795000001.1":
            raise LookupError("a mistake of ours")
        return real(channel, *rest)

    monkeypatch.setattr(engine.calls, "take_up", take_up)
    far = Far(*(good_channel(1, number) for number in range(4)))
    with capture_logs() as logs:
        async with linked(engine, links, far) as link:
            await link.wait_up(10)
    assert set(engine.calls.by_id) == {f"pbx1-1795000001.{number}" for number in (0, 2, 3)}
    (warning,) = [entry for entry in logs if "could not be handled" in entry["event"]]
    assert "1795000001.1" in warning["what"] and "in take_up" in warning["where"]


def test_sifting_says_what_and_where() -> None:
    good, faults = sifted([Message(b"Event: x"), Message(good_channel(1, 0))] * 2)
    assert [message.get("Uniqueid") for message in good] == ["1795000001.0"]
    assert faults[0] == "entry 1 ('') has no Uniqueid"
    assert faults[2].endswith("has the uniqueid 1795000001.0 a second time")


async def test_late_events_are_measured_while_pings_are_answered(
    engine: Engine, links: dict[NodeName, Link]
) -> None:
    far, ahead = Far(), [0.0]
    async with linked(engine, links, far, clock=lambda: time.monotonic() + ahead[0]) as link:
        await link.wait_up(10)
        await until(lambda: far.echoed >= 1)
        assert link.lag < 2.0
        far.late = True
        await until(lambda: far.kept_back >= 1)
        ahead[0] = 90.0
        with capture_logs() as logs:
            await until(lambda: logs)
        assert link.up and link.lag > 80.0
        assert "AMI events are late" in logs[0]["event"] and logs[0]["late_s"] > 80
        (node,) = LiveBoard(engine).look({}, StoreView(True)).nodes
        assert node.up and node.late_s > 80 and node.error is None


async def test_an_asterisk_of_another_name_is_not_taken_on(
    engine: Engine, links: dict[NodeName, Link]
) -> None:
    """``node`` was renamed in centre.yaml, and Asterisk's files were not rewritten."""
    far = Far(good_channel(1, 0))
    async with linked(engine, links, far, NodeName("main")) as link:
        await until(lambda: link.state.kind is LinkKind.REFUSED)
        assert "calls itself 'pbx1'" in link.state.error and "'main'" in link.state.error
        assert not engine.calls.by_id


class Cuts(Far):
    """Ends the connection instead of answering a ``Cut``."""

    def _answer(self, asked: Message, writer: asyncio.StreamWriter) -> None:
        if asked.get("Action") == "Cut":
            writer.transport.abort()
        else:
            super()._answer(asked, writer)


async def test_a_link_whose_connection_has_just_ended_sends_nothing(
    engine: Engine, links: dict[NodeName, Link]
) -> None:
    """Or else a call is written down as placed that can't be sent."""
    async with linked(engine, links, Cuts()) as link:
        await link.wait_up(10)
        assert link.sends
        sent: list[bool] = []

        async def look() -> None:
            while link.up:
                sent.append(link.sends)
                await asyncio.sleep(0)

        looking = asyncio.create_task(look())
        with pytest.raises(OutcomeUnknown):
            await link.action("Cut")
        await looking
        assert sent[0] and not sent[-1], "it is up until it notices"
