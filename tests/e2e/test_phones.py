"""What people do at phones: agents use feature codes; customers press keys or none, and score."""

import asyncio

import pytest

from domain.flow_facts import Misdialled
from domain.identity import AgentCode, LineName, StationName
from tests.e2e.conftest import GATEWAY, HouseFactory, feature, log_in, seen
from tests.faults.scene import HOTLINE, LINE, Scene, assert_right, story

pytestmark = [pytest.mark.live, pytest.mark.long]


async def until_agent(here: Scene, agent: str, state: str, reason: str | None = None) -> None:
    await here.until(
        lambda board: seen(board, agent) == (state, reason), what=f"{agent} is {state} ({reason})"
    )


async def until_asked(here: Scene, caller: str) -> None:
    """Until the caller is asked for a score."""
    await here.until(
        lambda board: any(c["caller"] == caller and c["stage"] == "after" for c in board["calls"]),
        90,
        f"{caller} is asked for their score",
    )


async def test_a_shift_by_feature_codes(house: HouseFactory) -> None:
    here = await house(agents=2, wrap_up_s=8)
    await here.phones("answer-0.5,speak-2,hangup")
    wrong = f"{(int(here.stack.secrets.pins[AgentCode('1002')]) + 1) % 10_000:04d}"
    await asyncio.gather(log_in(here, "1002", "1002", wrong), log_in(here, "1001", "1001"))
    await until_agent(here, "1001", "paused", "login")
    assert seen(await here.console.board(), "1002") == ("logged_out", None)
    assert "wrong code or PIN at a phone" in here.stack.controller.log.read_text()

    await log_in(here, "1001", "1002")  # another sits at this phone
    assert seen(await here.console.board(), "1002") == ("logged_out", None)

    await feature(here, "1001", "*132")
    await until_agent(here, "1001", "paused", "lunch")
    await feature(here, "1001", "*13", "wait-2,press-3,stay")
    await until_agent(here, "1001", "paused", "training")
    await feature(here, "1001", "*12")
    await until_agent(here, "1001", "ready")
    await feature(here, "1001", "*15")  # nothing to extend
    await until_agent(here, "1001", "ready")

    customer = await here.customer("speak-60", "13900000001")
    await until_agent(here, "1001", "wrap_up")
    await feature(here, "1001", "*15")  # outlasts what it says: 8 s and 30 more
    await until_agent(here, "1001", "wrap_up")
    await feature(here, "1001", "*14")
    await until_agent(here, "1001", "ready")
    await feature(here, "1001", "*10")
    await until_agent(here, "1001", "logged_out")
    await here.far.ended(customer)
    assert_right(await here.stored("13900000001"))


async def test_customers_by_keys_by_tones_and_in_silence(house: HouseFactory) -> None:
    here = await house(agents=3, seated=3, flow="hotline", hurried=True)
    await here.phones("answer-0.5,speak-2,hangup")
    steps = {
        # English, a wrong key, then sales; the gateway's keys are tones in the sound.
        (LINE, "13900000001"): "speak-1,press-2,speak-3,press-9,speak-3,press-1,speak-120",
        (GATEWAY, "13900000002"): "speak-1,press-1,speak-3,press-2,speak-120",
        (LINE, "13900000003"): "wait-120",
    }
    calls = {
        caller: await here.far.customer(HOTLINE, what, line=LineName(line), caller=caller)
        for (line, caller), what in steps.items()
    }

    async def score(caller: str) -> None:
        await until_asked(here, caller)
        await asyncio.sleep(1.0)  # as long as people take; keys before the question count too
        await here.far.press(calls[caller], "5")

    async def leave(caller: str) -> None:
        await until_asked(here, caller)
        await here.far.hang_up(calls[caller])

    await asyncio.gather(score("13900000001"), leave("13900000002"), leave("13900000003"))
    first, second, third = await here.all_ended(sorted(calls), 90)

    record = assert_right(first)
    assert (record.language, record.queue, record.score) == ("en", "sales", 5), story(first)
    wrong = [fact.what.digits for fact in first.timeline if isinstance(fact.what, Misdialled)]
    assert wrong == ["9"], story(first)
    record = assert_right(second)
    assert (record.language, record.queue, record.score) == ("zh-CN", "service", None), story(
        second
    )
    assert record.line == GATEWAY

    record = assert_right(third)
    assert (record.language, record.queue, record.score) == ("zh-CN", "operator", None), story(
        third
    )
    silent = [fact.what for fact in third.timeline if isinstance(fact.what, Misdialled)]
    assert [one.digits for one in silent if one.node == "menu"] == [""] * 3


async def test_who_does_not_answer_is_away_and_the_caller_stays_first(house: HouseFactory) -> None:
    here = await house(agents=2, seated=2, ring_s=5)
    await here.far.phone(StationName("1001"), "ring")
    await here.far.phone(StationName("1002"), "answer-0.5,speak-6,hangup")
    await here.until(
        lambda b: all(agent["station_state"] == "idle" for agent in b["agents"]), what="phones"
    )
    await here.customer("speak-90", "13900000001")
    await here.until(lambda b: seen(b, "1001")[0] == "offered", what="1001 has been ready longest")
    await here.customer("speak-90", "13900000002")  # to 1002, at once
    await here.until(lambda b: seen(b, "1002")[0] == "talking", what="1002 talks")
    await here.customer("speak-90", "13900000003")  # not at once: calls can overtake one another
    await until_agent(here, "1001", "paused", "missed")
    missed, quick, last = await here.all_ended([f"1390000000{n}" for n in (1, 2, 3)], 60)
    for one in (missed, quick, last):
        assert assert_right(one).agents == ("1002",), story(one)
    assert missed.record.legs[0].outcome == "no_answer", story(missed)
    first, second = missed.record.answered_at, last.record.answered_at
    assert first is not None and second is not None and first < second, "who came first goes first"
    assert seen(await here.console.board(), "1001") == ("paused", "missed")
