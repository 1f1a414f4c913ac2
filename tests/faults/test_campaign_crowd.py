"""Sixty customers ring: all agents log out, and Asterisk is killed and comes back."""

import asyncio

import pytest

from campaigns.campaign import CampaignState, Mode
from campaigns.campaign_service import Campaigns
from farend.called_customers import key_of
from farend.compared_books import differences
from tests.faults.conftest import SceneFactory
from tests.faults.dialled import assert_nobody_was_called_twice, books_of, customers, ringing
from tests.faults.scene import Scene, counted
from tests.phones.called import OPS, SPRING, run_campaign
from tests.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.long]

AGENTS = 8
CROWD = SPRING.model_copy(
    update={
        "mode": Mode.POWER, "ratio": 10.0, "lines": 70, "calls_per_second": 20.0, "share": 1.0,
        "ring_s": 16.0,
    }
)  # fmt: skip
"""Eighty at a time, and no limit that would stop it."""


def _numbers(first: int, count: int) -> list[str]:
    return [f"+86137000{first + n:05}" for n in range(count)]


async def _plan(one: Scene, numbers: list[str], steps: str) -> None:
    await asyncio.gather(*(one.far.plan(number, steps) for number in numbers))


async def test_nobody_is_lost_when_all_agents_log_out_or_asterisk_dies(
    scene: SceneFactory,
) -> None:
    one = await scene(agents=AGENTS, wrap_up_s=0)
    await one.phones("answer-0.2,speak-120")
    await _all_agents_log_out(one)
    for number in range(AGENTS):
        agent = str(1001 + number)
        await one.command(agent, "log_in", station=agent)
        await one.command(agent, "ready")
    await _asterisk_dies(one)


async def _all_agents_log_out(one: Scene) -> None:
    answering, silent = _numbers(0, 20), _numbers(100, 60)
    await _plan(one, answering, "answer-13,speak-8,hangup")
    await _plan(one, silent, "ring")
    mixed = list(silent)
    for place, number in enumerate(answering):
        mixed.insert(4 * place, number)
    await run_campaign(one, "crowd", CROWD, *mixed)
    await until(lambda: len(ringing(one)) >= 60, what="sixty ring", seen=lambda: len(ringing(one)))
    agents = [str(1001 + number) for number in range(AGENTS)]
    await asyncio.gather(*(one.command(agent, "log_out") for agent in agents))

    async def settled() -> bool:
        left = await one.pool.fetchval("select count(*) from attempts where ended_at is null")
        return not left and not ringing(one)

    await until(settled, 60, "all calls are over", every_s=0.5)
    called = {call.number: call for call in customers(one)}
    assert_nobody_was_called_twice(one, called)
    assert len(called) >= 60
    assert not differences(await books_of(one), customers(one), tolerance_s=2.0)
    rows = await one.pool.fetch("select number, stage, outcome, cause from attempts")
    came = {row["number"]: (row["stage"], row["outcome"]) for row in rows}
    message, spoken = ("message_played", "abandoned"), ("ended", "spoken")
    got = [came[number] for number in answering if number in called]
    assert set(got) <= {message, spoken} and message in got, [dict(row) for row in rows]
    assert {came[number] for number in silent if number in called} == {("not_reached", "nobody")}
    await Campaigns(one.pool).move(OPS, "crowd", CampaignState.STOPPED)
    await one.until_quiet()


async def _asterisk_dies(one: Scene) -> None:
    before = len(customers(one))
    talking, silent, later = _numbers(200, 4), _numbers(300, 56), _numbers(400, 4)
    await _plan(one, talking, "answer-0.3,speak-120")
    await _plan(one, silent, "ring")
    await _plan(one, later, "answer-0.3,speak-2,hangup")
    await run_campaign(one, "dies", CROWD, *talking, *silent)
    await until(lambda: len(ringing(one)) >= 30, what="thirty ring", seen=lambda: len(ringing(one)))
    await one.until(lambda b: counted(b["calls"], "stage").get("talking") == 4, what="four talk")
    assert len(ringing(one)) >= 30
    one.stack.instance.process.kill()
    await one.until(lambda b: not b["nodes"][0]["up"])
    await one.stack.instance.stop()  # nothing is left to stop: it waits for the last of it
    for call in customers(one)[before:]:
        if call.over_at is None:  # the far end's own timers would take a minute
            await one.far.hang_up(call.call)
    await _plan(one, silent, "ring-1,busy")
    await one.stack.instance.start()
    await one.far.register()
    await one.until(
        lambda b: b["nodes"][0]["up"] and counted(b["agents"], "state") == {"ready": AGENTS}
    )
    await one.phones("answer-0.2,speak-120")
    await run_campaign(one, "after", CROWD, *later)
    numbers = [*talking, *silent, *later]
    rows = await until(
        lambda: _settled(one, numbers), 60, "all are settled", seen=lambda: _left(one), every_s=0.5
    )
    assert rows is not None
    outcome = {row["number"]: row["outcome"] for row in rows}
    assert {outcome[number] for number in (*talking, *later)} == {"spoken"}
    twice = [number for number in numbers if len(one.far.seen.to(key_of(number))) > 1]
    assert not twice, [dict(row) for row in rows if row["number"] in twice]


async def _settled(one: Scene, numbers: list[str]) -> list[dict[str, object]] | None:
    rows = await one.pool.fetch(
        "select number, stage, outcome, cause, ended_at from attempts"
        " where number = any($1::text[])",
        numbers,
    )
    if len({row["number"] for row in rows}) < len(numbers):
        return None
    # Nobody knows whether those who rang answered at last: their leads are kept for a day.
    if any(row["ended_at"] is None and row["stage"] != "unknown" for row in rows):
        return None
    return [dict(row) for row in rows]


async def _left(one: Scene) -> object:
    rows = await one.pool.fetch(
        "select campaign, stage, outcome, cause, ended_at is null as open, count(*) from attempts"
        " group by 1, 2, 3, 4, 5 order by 1, 2"
    )
    agents = [(row["state"], row["reason"]) for row in (await one.console.board())["agents"]]
    return [tuple(row) for row in rows], agents
