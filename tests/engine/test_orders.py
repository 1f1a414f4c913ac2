"""Orders to Asterisk: what is said of those that it refuses."""

import asyncio
from typing import Any

from structlog.testing import capture_logs

from domain.identity import ChannelId, NodeName
from engine.orders import Orders
from telephony.ami.ami_wire import Message
from telephony.ami.protocol import ActionRefused
from telephony.centre_calls import Calls
from tests.links import StillLink

NODE = NodeName("pbx1")
LEG = ChannelId(NODE, "1700000000.7")


class RefusingLink(StillLink):
    """Answers that there is no such channel, or with another refusal."""

    def __init__(self, why: str) -> None:
        super().__init__(NODE)
        self.why = why
        self.asked = asyncio.Event()

    async def action(self, name: str, *_about: Any, **_more: Any) -> Message:
        self.asked.set()
        raise ActionRefused(name, Message.of({"Response": "Error", "Message": self.why}))


async def said_of(why: str, *, hang_up: bool) -> list[str]:
    """The log's lines of one order that is refused so."""
    link = RefusingLink(why)
    orders = Orders({NODE: link}, Calls((), ()))
    with capture_logs() as lines:
        if hang_up:
            orders.hang_up(LEG)
        else:
            orders.press(LEG, "1")
        await link.asked.wait()
        await asyncio.sleep(0)
    return [line["event"] for line in lines]


async def test_who_has_hung_up_already_is_no_failure() -> None:
    assert await said_of("No such channel", hang_up=True) == []
    assert len(await said_of("Permission denied", hang_up=True)) == 1
    assert len(await said_of("No such channel", hang_up=False)) == 1
