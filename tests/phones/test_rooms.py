"""Nailed-up phones: each is called once, and customers come to it without ringing."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.faults.scene import Board, kinds, story
from tests.phones.bent import Ringing, answer
from tests.phones.house import PhoneHouse

pytestmark = [pytest.mark.live, pytest.mark.long, pytest.mark.asyncio(loop_scope="module")]


async def _until_leg(house: PhoneHouse, agent: str, leg: str) -> Board:
    return await house.until(
        lambda board: [row["leg"] for row in board["agents"] if row["code"] == agent] == [leg],
        what=f"the leg of {agent} is {leg}",
    )


async def _nail_up(house: PhoneHouse, agent: str) -> Ringing:
    """The agent is connected, and ready; the call that did it."""
    house.phone.habits[agent] = answer
    await house.command(agent, "connect")
    await _until_leg(house, agent, "up")
    await house.ready(agent)
    await house.until_agent(agent, "ready")
    return house.phone.rung_at(agent)[-1]


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def _nobody_is_left(house: PhoneHouse) -> AsyncIterator[None]:
    yield
    for leg in list(house.phone.legs.values()):
        if leg.up.is_set() and not leg.over.is_set():
            await house.phone.hang_up(leg)


async def test_two_customers_come_one_after_the_other_and_nothing_rings(house: PhoneHouse) -> None:
    call = await _nail_up(house, "1001")
    assert "answer-after=0" in call.invite
    for _ in range(2):
        caller, leg = house.call()
        await house.until_stage(caller, "talking")
        await house.until_agent("1001", "talking")
        await house.talk_on()
        await house.phone.hang_up(leg)
        stored = await house.stored(caller)
        assert kinds(stored)[:5] == ["entered", "queued", "offered", "connected", "disconnected"], (
            story(stored)
        )
        assert stored.record.ended_by == "caller", story(stored)
        await house.until_agent("1001", "ready")
    assert len(house.phone.rung_at("1001")) == 1
    assert not call.leg.over.is_set()
    await house.until_recorded([caller])
