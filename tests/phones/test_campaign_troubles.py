"""A campaign on a real Asterisk when something comes in between."""

import array
import asyncio
import re
import time
import wave

import pytest

from bench.planned_phone import SoundPlan, Tone
from bench.tones import LINEAR, onsets
from campaigns.attempts import Attempts
from campaigns.campaign import CampaignState, Mode
from campaigns.campaign_service import Campaigns
from domain.identity import CallId, ChannelId
from records.fold import RecordingInfo
from tests.faults.scene import LINE, kinds, story
from tests.phones.bent import Ringing, answer, ring
from tests.phones.called import (
    OPS,
    SPRING,
    accept_with_keys,
    attempt_of,
    nothing_runs_on,
    press_until,
    run_campaign,
)
from tests.phones.house import PhoneHouse
from tests.waiting import until

__all__ = ["nothing_runs_on"]  # a fixture

pytestmark = [pytest.mark.live, pytest.mark.long, pytest.mark.asyncio(loop_scope="module")]
SPARE = True


def _numbers(first: int, count: int) -> list[str]:
    return [f"+861380000{first + n:04}" for n in range(count)]


async def _rings_at(house: PhoneHouse, number: str) -> Ringing:
    rung = await until(lambda: house.phone.rung_at(number) or None, what=f"{number} is called")
    assert rung is not None
    return rung[0]


async def test_nobody_is_called_while_offhook_waits_to_stop(house: PhoneHouse) -> None:
    await house.phone.register(LINE)
    await house.ready("1001", "1002")
    talking, ringing, *others = _numbers(100, 6)
    house.phone.habits |= {talking: answer, ringing: ring}
    await run_campaign(house, "stops", SPRING, talking, ringing, *others)
    await house.until_stage(talking, "talking")
    rings = await _rings_at(house, ringing)
    draining = asyncio.create_task(house.stack.controller.drain(60.0))
    await until(rings.leg.over.is_set, what="what rings is hung up")
    (call,) = house.phone.rung_at(talking)
    await asyncio.sleep(1.5)  # longer than the agent's after-call work, and a look of the pacer's
    assert not call.leg.over.is_set(), "a talk was cut off"
    await house.phone.hang_up(call.leg)
    await draining
    assert not any(house.phone.rung_at(number) for number in others), "somebody was called"
    await house.stack.controller.start()
    row = await attempt_of(house, ringing)
    assert (row["stage"], row["cause"]) == ("not_reached", "cut")


async def test_a_talk_that_outlives_the_controller_is_no_abandoned_call(house: PhoneHouse) -> None:
    await house.phone.register(LINE)
    await house.ready("1001")
    (number,) = _numbers(120, 1)
    await run_campaign(house, "outlives", SPRING, number)
    await house.until_stage(number, "talking")
    await house.stack.controller.kill()
    await house.stack.controller.start()
    await house.until_stage(number, "talking")

    await asyncio.sleep(6)  # campaigns are looked at every five seconds
    (call,) = house.phone.rung_at(number)
    await house.phone.hang_up(call.leg)
    stored = await house.stored(number)
    assert "abandoned" not in kinds(stored), story(stored)
    assert stored.record.outcome == "answered", story(stored)
    row = await attempt_of(house, number)
    assert (row["stage"], row["outcome"], row["agent"]) == ("ended", "spoken", "1001")


async def test_a_customer_who_waits_when_the_controller_is_killed_hears_the_message(
    house: PhoneHouse,
) -> None:
    await house.phone.register(LINE)
    await house.ready("1001")
    house.phone.habits["1001"] = ring
    (number,) = _numbers(140, 1)
    patient = SPRING.model_copy(update={"grace_s": 10.0})
    await run_campaign(house, "waits", patient, number)
    await _rings_at(house, "1001")
    (call,) = house.phone.rung_at(number)
    await house.stack.controller.kill()
    await until(lambda: _loud_s(call) > 1.0, what="the message is heard")
    await until(call.leg.over.is_set, 30, "the dialplan hangs up")
    await house.stack.controller.start()
    row = await attempt_of(house, number)
    assert (row["stage"], row["outcome"], row["left_early"]) == (
        "message_played", "abandoned", False,
    )  # fmt: skip
    stored = await house.stored(number)
    assert stored.record.outcome == "abandoned", story(stored)


async def test_who_waits_in_a_flow_goes_on_with_the_next_controller_or_hears_the_message(
    house: PhoneHouse,
) -> None:
    await house.phone.register(LINE)
    back, alone = _numbers(150, 2)
    house.phone.habits |= dict.fromkeys((back, alone), accept_with_keys)
    in_a_flow = SPRING.model_copy(
        update={"mode": Mode.AGENTLESS, "flow": "offered", "grace_s": 10.0}
    )
    at_once = in_a_flow.model_copy(update={"grace_s": 0.0})
    await run_campaign(house, "flow-back", in_a_flow, back)
    leg = await press_until(house, back, 1, "queue")
    await run_campaign(house, "flow-alone", at_once, alone)
    await press_until(house, alone, 1, "queue")
    (call,) = house.phone.rung_at(alone)
    await house.stack.controller.kill()
    await house.stack.controller.start()
    await house.until_stage(back, "queue")
    await house.ready("1001")
    await house.until_stage(back, "talking")
    await house.talk_on()
    await house.phone.hang_up(leg)
    row = await attempt_of(house, back)
    assert (row["stage"], row["outcome"], row["agent"]) == ("ended", "spoken", "1001")
    row = await attempt_of(house, alone)
    assert (row["stage"], row["outcome"]) == ("message_played", "abandoned")
    assert _loud_s(call) > 1.0, "they heard no message"


def _loud_s(call: Ringing) -> float:
    """How many seconds of sound they have heard."""
    packets = (payload for _, payload in call.leg.heard)
    return sum(0.02 for packet in packets if max(abs(LINEAR[code]) for code in packet) > 1500)


async def test_a_session_that_is_lost_leads_to_the_message_and_counts(house: PhoneHouse) -> None:
    await house.phone.register(LINE)
    await house.ready("1001")
    house.phone.habits["1001"] = ring
    (number,) = _numbers(160, 1)
    await run_campaign(house, "lost", SPRING.model_copy(update={"grace_s": 10.0}), number)
    await _rings_at(house, "1001")
    board = await house.console.board()
    (shown,) = (call for call in board["calls"] if call["caller"] == number)
    uniqueid = ChannelId.of(CallId(shown["id"])).uniqueid
    text = await house.stack.instance.process.console("dialplan show s@outbound")
    (place,) = re.findall(r"(\d+)\. UserEvent\(OffhookNobodyFree", text)
    await house.watch.action(
        "Redirect",
        {"Channel": uniqueid, "Context": "outbound", "Exten": "s", "Priority": place},
    )
    row = await attempt_of(house, number)
    assert (row["stage"], row["outcome"], row["left_early"]) == (
        "message_played", "abandoned", False,
    ), story(await house.stored(number))  # fmt: skip
    (call,) = house.phone.rung_at(number)
    assert _loud_s(call) > 1.0


async def test_a_customer_who_is_passed_on_talks_to_the_colleague_and_is_let_go(
    house: PhoneHouse,
) -> None:
    await house.phone.register(LINE)
    await house.ready("1001")
    (number,) = _numbers(180, 1)
    await run_campaign(house, "passed", SPRING, number)
    await house.until_stage(number, "talking")
    (agent,) = house.phone.rung_at("1001")
    await house.talk_on()
    status = await house.phone.refer(agent.leg, "1002")
    assert status in (200, 202)
    colleague = await _rings_at(house, "1002")
    await colleague.leg.acked.wait()
    await house.talk_on()
    await house.phone.hang_up(colleague.leg)
    (call,) = house.phone.rung_at(number)
    await until(call.leg.over.is_set, 20, "the customer is let go")
    row = await attempt_of(house, number)
    assert (row["stage"], row["outcome"]) == ("ended", "spoken")
    stored = await house.stored(number)
    assert "fell_back" not in kinds(stored), story(stored)


async def test_a_customer_who_is_passed_on_in_vain_waits_for_an_agent_again(
    house: PhoneHouse,
) -> None:
    await house.phone.register(LINE)
    await house.ready("1001")
    house.phone.habits["1003"] = ring
    (number,) = _numbers(190, 1)
    await run_campaign(house, "vain", SPRING, number)
    await house.until_stage(number, "talking")
    (agent,) = house.phone.rung_at("1001")
    await house.talk_on()
    assert await house.phone.refer(agent.leg, "1003") in (200, 202)
    (await _rings_at(house, "1003")).refuse(486)
    await until(lambda: len(house.phone.rung_at("1001")) == 2, what="they come to an agent again")
    await house.until_stage(number, "talking")
    await house.talk_on()
    (call,) = house.phone.rung_at(number)
    assert not call.leg.over.is_set()
    await house.phone.hang_up(call.leg)
    row = await attempt_of(house, number)
    assert (row["stage"], row["outcome"]) == ("ended", "spoken")
    stored = await house.stored(number)
    assert "abandoned" not in kinds(stored), story(stored)


async def test_two_campaigns_share_the_agents(house: PhoneHouse) -> None:
    await house.phone.register(LINE)
    await house.ready("1001", "1002")
    ones, others = _numbers(200, 4), _numbers(210, 4)
    for number in (*ones, *others):
        house.phone.habits[number] = ring
    await run_campaign(house, "one", SPRING, *ones)
    await until(lambda: any(house.phone.rung_at(number) for number in ones))
    await run_campaign(house, "other", SPRING, *others)
    await until(
        lambda: any(house.phone.rung_at(number) for number in others), 30, "the other one dials"
    )
    campaigns = Campaigns(house.pool)
    await campaigns.move(OPS, "one", CampaignState.PAUSED)

    def all_dial_for_the_other() -> bool:
        return sum(bool(house.phone.rung_at(number)) for number in others) >= 2

    await until(all_dial_for_the_other, 30, "a paused campaign keeps agents from the other one")


async def test_a_call_that_the_database_held_up_is_not_placed(house: PhoneHouse) -> None:
    await house.phone.register(LINE)
    await house.ready("1001")
    (number,) = _numbers(220, 1)
    async with house.pool.acquire() as db, db.transaction():
        await db.execute("lock table attempts in access exclusive mode")
        await run_campaign(house, "held", SPRING, number)
        await asyncio.sleep(7)
        assert not house.phone.rung_at(number)
        await house.command("1001", "away", reason="break")
    attempts = Attempts(house.pool, None)  # type: ignore[arg-type]  # no zone is needed

    async def settled() -> bool:
        return not await attempts.open()

    await until(settled, what="no attempt stays open")
    assert not house.phone.rung_at(number), "called when nobody was free any more"
    lead = await house.pool.fetchrow(
        "select l.* from leads l join lead_numbers n using (lead) where n.number = $1", number
    )
    assert (lead["state"], lead["attempts"]) == ("open", 0)
    await house.ready("1001")
    await house.until_stage(number, "talking")


async def test_the_lead_after_a_refused_one_is_called_instead(house: PhoneHouse) -> None:
    await house.phone.register(LINE)
    await house.ready("1001")
    first, refused, after = _numbers(240, 3)
    await run_campaign(house, "instead", SPRING, first, refused, after)
    await house.until_stage(first, "talking")
    await house.pool.execute(
        "insert into do_not_call (number, project, since, source)"
        " values ($1, 'tea', now(), 'agent')",
        refused,
    )
    (call,) = house.phone.rung_at(first)
    await house.talk_on()
    await house.phone.hang_up(call.leg)
    await house.until_stage(after, "talking")
    assert not house.phone.rung_at(refused)


async def test_who_rings_for_too_long_counts_on_the_line_and_was_not_reached(
    house: PhoneHouse,
) -> None:
    await house.phone.register(LINE)
    await house.ready("1001")
    (number,) = _numbers(250, 1)
    house.phone.habits[number] = ring
    await run_campaign(house, "rings", SPRING.model_copy(update={"ring_s": 15.0}), number)
    await _rings_at(house, number)
    groups = await house.stack.instance.process.console("group show channels")
    assert any(LINE in row and "line" in row.split() for row in groups.splitlines()), groups
    row = await attempt_of(house, number)
    assert (row["stage"], row["cause"]) == ("not_reached", "no_answer"), dict(row)
    (call,) = house.phone.rung_at(number)
    assert call.leg.over.is_set()


async def test_the_first_syllable_is_in_the_recording(house: PhoneHouse) -> None:
    """The customer speaks while the agent's phone still rings."""
    await house.phone.register(LINE)
    await house.ready("1001")
    (number,) = _numbers(260, 1)

    async def customer(call: Ringing) -> None:
        call.ring()
        call.accept()
        zero = time.time()
        call.leg.play(SoundPlan((Tone(0.0, 0.3, 1000), Tone(2.0, 2.3, 2000))), zero)

    async def agent(call: Ringing) -> None:
        call.ring()
        await asyncio.sleep(1.0)
        call.accept()

    house.phone.habits |= {number: customer, "1001": agent}
    await run_campaign(house, "syllable", SPRING, number)
    await house.until_stage(number, "talking")
    (call,) = house.phone.rung_at(number)
    await asyncio.sleep(2.5)
    await house.phone.hang_up(call.leg)

    async def recorded() -> RecordingInfo | None:
        return (await house.stored(number)).record.recording

    recording = await until(recorded, what="the recording is stored")
    assert recording is not None and recording.whole
    with wave.open(str(house.stack.state / "recordings" / recording.file)) as file:
        assert file.getnchannels() == 2
        samples = array.array("h", file.readframes(file.getnframes()))
    customers = samples[0::2]
    (first,) = onsets(customers, 1000)
    (second,) = onsets(customers, 2000)
    apart = call.leg.sent[1][0] - call.leg.sent[0][0]
    assert first < 0.5, f"the first syllable begins at {first} s; the agent came after a second"
    assert abs(second - first - apart) < 0.2
    assert not onsets(samples[1::2], 1000)


async def test_who_answers_while_the_controller_is_away_waits_for_it_within_the_grace(
    house: PhoneHouse,
) -> None:
    await house.phone.register(LINE)
    await house.ready("1001")
    (number,) = _numbers(270, 1)
    killed = asyncio.Event()

    async def customer(call: Ringing) -> None:
        call.ring()
        await killed.wait()
        call.accept()

    house.phone.habits[number] = customer
    await run_campaign(house, "waits-on", SPRING.model_copy(update={"grace_s": 10.0}), number)
    call = await _rings_at(house, number)
    await house.stack.controller.kill()
    killed.set()
    await until(call.leg.up.is_set, what="the customer has answered")
    await house.stack.controller.start()
    await house.until_stage(number, "talking")
    await house.talk_on()
    await house.phone.hang_up(call.leg)
    row = await attempt_of(house, number)
    assert (row["stage"], row["outcome"], row["agent"]) == ("ended", "spoken", "1001")
    stored = await house.stored(number)
    assert "abandoned" not in kinds(stored), story(stored)
