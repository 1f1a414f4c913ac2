"""Whether a caller counts as one whose phone died, whatever comes of the order to end the call."""

import asyncio
from collections.abc import Mapping
from types import SimpleNamespace
from typing import cast

import pytest

from domain.identity import ChannelId, NodeName, StationName
from engine.agents.lost_phones import LostPhones
from engine.calls.ledger import Ledger
from engine.calls.live_calls import LiveCalls
from engine.clock import Clock
from telephony.ami.ami_wire import Message
from telephony.ami.link import Link
from telephony.ami.protocol import ActionFailed, ActionRefused, LinkDown, OutcomeUnknown
from telephony.centre_calls import Calls
from telephony.rtp_activity import SILENT_S

PHONE = StationName("1001")
NODE = NodeName("pbx1")


class Node:
    """Answers for a phone that is dead or alive; hanging up has the outcome that is set."""

    def __init__(self) -> None:
        self.status = "Unreachable"
        self.fails: list[ActionFailed | None] = []
        self.hung_up: list[str] = []

    async def action(self, name: str, headers: Mapping[str, str]) -> Message:
        if name == "Hangup":
            self.hung_up.append(headers["Channel"])
            if failure := self.fails.pop(0):
                raise failure
            return Message(b"Response: Success\r\n")
        asked = headers["Variable"]
        value = "contact" if asked.startswith("PJSIP_AOR") else self.status
        if asked.startswith("CHANNEL"):
            value = "rxcount=1;"
        return Message(f"Response: Success\r\nValue: {value}\r\n".encode())


class Scene:
    def __init__(self, legs: int) -> None:
        self.now = 0.0
        self.node = Node()
        self.call = SimpleNamespace(ledger=Ledger(phones={PHONE}), phone_lost=None)
        channels = [ChannelId(NODE, f"1.{n}") for n in range(legs)]
        up = cast(Calls, SimpleNamespace(answered_channels=lambda _: channels, rooms=[]))
        links = cast(dict[NodeName, Link], {NODE: self.node})
        calls = cast(LiveCalls, SimpleNamespace(by_id={"call": self.call}))
        self.phones = LostPhones(Clock(lambda: self.now), calls, links, up)

    async def dies(self, *outcomes: ActionFailed | None) -> None:
        self.node.fails = list(outcomes)
        await self.phones.look()
        self.now += SILENT_S
        await self.phones.look()
        await asyncio.sleep(0)
        assert self.node.fails == []


def refused() -> ActionFailed:
    return ActionRefused("Hangup", Message(b"Response: Error\r\nMessage: No such channel\r\n"))


@pytest.mark.parametrize("legs", [1, 2])
async def test_an_order_that_is_done_leaves_the_mark(legs: int) -> None:
    scene = Scene(legs)
    await scene.dies(*[None] * legs)
    assert scene.call.phone_lost == PHONE


@pytest.mark.parametrize("failure", [refused(), LinkDown("down")])
@pytest.mark.parametrize("legs", [1, 2])
async def test_an_order_that_is_not_done_takes_the_mark_back(
    failure: ActionFailed, legs: int
) -> None:
    scene = Scene(legs)
    await scene.dies(*[failure] * legs)
    assert scene.call.phone_lost is None


async def test_one_leg_that_is_ended_is_enough() -> None:
    scene = Scene(2)
    await scene.dies(refused(), None)
    assert scene.call.phone_lost == PHONE


async def test_a_phone_that_comes_back_after_an_unknown_outcome_is_not_lost() -> None:
    scene = Scene(1)
    await scene.dies(OutcomeUnknown("Hangup", "no answer"))
    assert scene.call.phone_lost == PHONE, "it may have been done: then its event is on the way"
    scene.node.status = "Reachable"
    await scene.phones.look()
    assert scene.call.phone_lost is None
