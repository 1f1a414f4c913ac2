"""The queue between the socket and the consumer."""

import asyncio
import time

import pytest
from structlog.testing import capture_logs

from telephony.ami.ami_wire import Message
from telephony.ami.delivery import Delivery

EVENTS = [Message.of({"Event": "E", "Number": str(number)}) for number in range(2000)]


async def test_in_order_and_only_when_released() -> None:
    got: list[Message] = []
    delivery = Delivery(got.append, "pbx1")
    for event in EVENTS[:5]:
        delivery.put(event)
    await asyncio.sleep(0.01)
    assert (got, len(delivery)) == ([], 5)
    delivery.release()
    delivery.put(EVENTS[5])
    await delivery.drained()
    assert got == EVENTS[:6]
    delivery.hold()
    delivery.put(EVENTS[6])
    await delivery.drained()  # nothing to wait for while it is held
    delivery.clear()
    delivery.release()
    await asyncio.sleep(0)
    assert got == EVENTS[:6]


async def test_a_consumer_may_hold_it_in_the_middle() -> None:
    got: list[Message] = []

    def consume(message: Message) -> None:
        got.append(message)
        if len(got) == 3:
            delivery.hold()

    delivery = Delivery(consume, "pbx1")
    delivery.release()
    for event in EVENTS[:6]:
        delivery.put(event)
    await asyncio.sleep(0.01)
    assert got == EVENTS[:3]
    delivery.release()
    await delivery.drained()
    assert got == EVENTS[:6]


async def test_a_slow_consumer_leaves_the_loop_its_turns() -> None:
    """How long a turn lasts depends on the machine; how many events it takes must not."""
    consumed = 0

    def consume(_message: Message) -> None:
        nonlocal consumed
        consumed += 1
        time.sleep(0.0002)

    delivery = Delivery(consume, "pbx1")
    delivery.release()
    for event in EVENTS:
        delivery.put(event)
    turns = []
    while delivery:
        before = consumed
        await asyncio.sleep(0)
        turns.append(consumed - before)
    assert sum(turns) == len(EVENTS)
    assert max(turns) < len(EVENTS) / 2, "the loop stood still for a whole burst"


async def test_failures_cost_one_event_each_and_are_logged_with_measure() -> None:
    got: list[Message] = []

    def consume(message: Message) -> None:
        if message.get("Number")[-1] in "37":
            raise ValueError("no such thing")
        got.append(message)

    delivery = Delivery(consume, "pbx1")
    delivery.release()
    with capture_logs() as logs:
        for event in EVENTS:
            delivery.put(event)
        await delivery.drained()
    assert len(got) == 1600
    assert delivery.failures == 400
    assert len(logs) == 1
    assert logs[0]["event_name"] == "'E'" and logs[0]["why"] == "'no such thing'"
    assert logs[0]["where"].startswith("test_delivery.py:") and "in consume" in logs[0]["where"]


async def test_a_cancelled_wait_is_no_harm() -> None:
    delivery = Delivery(lambda _: time.sleep(0.01), "pbx1")
    delivery.release()
    for event in EVENTS[:50]:
        delivery.put(event)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await delivery.drained()
    await delivery.drained()
    assert not len(delivery)
