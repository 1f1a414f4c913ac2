"""Callbacks on a real Asterisk: called at their time, with the right agent, and once."""

import wave
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bench.planned_phone import SoundPlan, Tone
from bench.tones import onsets, sounds, split
from campaigns.campaign import CampaignState, Mode
from campaigns.campaign_service import Campaigns
from centre.inbound_settings import HotlineSettings
from domain.flow_facts import CallbackAsked
from domain.identity import CampaignName, ProjectName
from domain.recording_facts import VoiceKept
from engine.inbound.voice_steps import TONE_HZ
from storage.audit import AuditLog
from tests.faults.scene import LINE, kinds, story
from tests.phones.at_desk import open_desk
from tests.phones.bent import Ringing, answer, ring
from tests.phones.called import (
    OPS,
    SPRING,
    attempt_of,
    new_leads,
    nothing_runs_on,
    run_campaign,
    zone_at_noon,
)
from tests.phones.house import VOICE_HOTLINE, PhoneHouse, at_stage
from tests.waiting import until
from worklist.entries import WorkKind, WorkScope
from worklist.worklist import Worklist

__all__ = ["nothing_runs_on"]  # a fixture

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="module")]
SPARE = True


async def picks_up(call: Ringing) -> None:
    call.ring()
    call.accept()


async def promise(house: PhoneHouse, campaign: str, number: str, agent: str | None) -> None:
    """Have a campaign call this number back now."""
    into = await house.pool.fetchval(
        "select list from campaign_lists where campaign = $1", campaign
    )
    # At once: who is to be called back now is claimed as soon as there is a row for them.
    await house.pool.execute(
        "with made as ("
        " insert into leads (list, project, key, timezone, callback_at, callback_agent)"
        " values ($1, 'tea', $2, $3, $4, $5) returning lead"
        ") insert into lead_numbers (lead, place, number) select lead, 1, $2 from made",
        into, number, zone_at_noon(), datetime.now(UTC), agent,
    )  # fmt: skip


async def test_a_paused_campaign_calls_back_with_the_agent_who_promised(house: PhoneHouse) -> None:
    await house.phone.register(LINE)
    number = "+8613800000801"
    house.phone.habits |= {"1001": answer, "1002": answer, number: picks_up}
    await run_campaign(house, "paused", SPRING)
    await Campaigns(house.pool).move(OPS, CampaignName("paused"), CampaignState.PAUSED)
    await promise(house, "paused", number, "1002")
    await house.ready("1001", "1002")
    await house.until_stage(number, "talking")
    assert not house.phone.rung_at("1001")
    (called,) = house.phone.rung_at(number)
    await house.phone.hang_up(called.leg)
    row = await attempt_of(house, number)
    assert (row["mode"], row["stage"], row["agent"], row["campaign"]) == (
        "callback", "ended", "1002", "paused",
    )  # fmt: skip
    stored = await house.stored(number)
    assert kinds(stored) == [
        "placed", "rang", "answered", "queued", "offered", "connected", "disconnected", "ended",
    ], story(stored)  # fmt: skip
    lead = await house.pool.fetchrow("select state, callback_at from leads where key = $1", number)
    assert (lead["state"], lead["callback_at"]) == ("finished", None)


async def test_a_controller_that_dies_at_the_due_moment_calls_back_once(house: PhoneHouse) -> None:
    await house.phone.register(LINE)
    (await house.nail_up("1001")).leg  # noqa: B018 - the customer is called at once
    number = "+8613800000802"
    house.phone.habits[number] = ring
    await run_campaign(house, "killed", SPRING)
    await promise(house, "killed", number, None)
    await until(lambda: house.phone.rung_at(number), what="the customer is called")
    await house.stack.controller.kill()
    await house.stack.controller.start()
    (called,) = house.phone.rung_at(number)
    called.refuse(486)
    row = await attempt_of(house, number)
    assert (row["mode"], row["stage"], row["outcome"]) == ("callback", "not_reached", "nobody")
    lead = await house.pool.fetchrow("select * from leads where key = $1", number)
    assert lead["callback_tries"] == 1
    assert lead["callback_at"] > datetime.now(UTC), "it is tried again later"
    assert len(house.phone.rung_at(number)) == 1


async def test_agents_are_kept_again_for_their_customers_after_a_kill(house: PhoneHouse) -> None:
    """Called back, previewed and dialled by hand: each of three customers rings for an agent whose
    phone was called first, as the controller dies. A caller comes meanwhile. The next controller
    leaves the phones in their rooms and the caller in the queue; each customer gets their agent."""
    await house.phone.register(LINE)
    back, shown, typed = (f"+861380000081{n}" for n in range(3))
    agents = {back: "1001", shown: "1002", typed: "1003"}
    house.phone.habits |= dict.fromkeys(agents.values(), answer)
    house.phone.habits |= dict.fromkeys(agents, ring)
    preview = SPRING.model_copy(update={"mode": Mode.PREVIEW, "by_hand": True})
    await run_campaign(house, "kept", preview, shown)
    await new_leads(house, typed)  # no campaign's, but it says which clock is the customer's
    await promise(house, "kept", back, "1001")
    await house.ready("1001")
    await until(lambda: house.phone.rung_at(back), what=f"{back} is called")
    async with open_desk(house, "1002") as desk:
        await house.ready("1002")
        status, said = await desk.press("dial-lead", lead=await desk.lead())
        assert status == 200, said
        await until(lambda: house.phone.rung_at(shown), what=f"{shown} is called")
    async with open_desk(house, "1003") as desk:
        await house.command("1003", "away", reason="break")
        status, said = await desk.press("dial-number", number=typed, campaign="kept")
        assert status == 200, said
        await until(lambda: house.phone.rung_at(typed), what=f"{typed} is called")
    await house.stack.controller.kill()
    caller, customer = house.call()
    await house.stack.controller.start()
    await house.until_stage(caller, "queue")
    async with open_desk(house, "1003") as desk:
        await desk.shows(rf'id="dial-number">\{typed}<')
    for number in agents:
        (called,) = house.phone.rung_at(number)
        called.accept()
    for number in agents:
        await house.until_stage(number, "talking")
    assert at_stage(await house.console.board(), caller, "queue")
    assert [len(house.phone.rung_at(agent)) for agent in agents.values()] == [1, 1, 1]
    for number in agents:
        (called,) = house.phone.rung_at(number)
        await house.phone.hang_up(called.leg)
    rows = {number: await attempt_of(house, number) for number in agents}
    assert {number: row["outcome"] for number, row in rows.items()} == dict.fromkeys(
        agents, "spoken"
    )
    talked = await house.pool.fetch("select number, agent from attempts where outcome = 'spoken'")
    assert {row["number"]: row["agent"] for row in talked if row["number"] in agents} == agents
    await house.until_stage(caller, "talking")  # with whoever was free first
    await house.phone.hang_up(customer)
    for agent in agents.values():
        await until(house.phone.rung_at(agent)[0].leg.over.is_set, what="the phone is let go")


async def test_callers_leave_a_message_by_hanging_up_and_are_called_back(house: PhoneHouse) -> None:
    """One caller speaks after the tone and hangs up: the message is kept. Another says nothing and
    stays: no file is left, and an agent calls them back once they have hung up."""
    await house.phone.register(LINE)
    await house.change(
        lambda _: [HotlineSettings(number=VOICE_HOTLINE, project="tea", flow="voice")]
    )
    spool = house.stack.instance.spool / "monitor"
    speaks, speaking = "", house.phone.outgoing(LINE, "")

    async def calls() -> bool:
        nonlocal speaks, speaking
        speaks, speaking = house.call(VOICE_HOTLINE)
        await until(lambda: speaking.up.is_set() or speaking.over.is_set(), what="an answer")
        return speaking.up.is_set()

    await until(calls, what="the number is in Asterisk", every_s=0.2)
    says_nothing, silent = house.call(VOICE_HOTLINE)
    silent.play(SoundPlan(), 0)
    speaking.play(SoundPlan(), 0)
    mine = f"{await house.call_of(speaks)}.v*.sln"

    def written() -> list[Path]:
        return list(spool.glob(mine))

    await until(written, what="the message begins")
    assert any(sounds(payload, TONE_HZ) for _, payload in speaking.heard[-100:]), "the tone"
    begun = datetime.now(UTC).timestamp() + 0.2
    speaking.play(SoundPlan((Tone(0, 1, 450),)), begun)
    await until(lambda: datetime.now(UTC).timestamp() > begun + 1.2, what="the words are out")
    await house.phone.hang_up(speaking)

    stored = await house.stored(speaks)
    await until(lambda: not written(), what="the message is taken in")

    async def kept() -> VoiceKept | None:
        found = [one.what for one in (await house.stored(speaks)).timeline]
        return next((one for one in found if isinstance(one, VoiceKept)), None)

    await until(kept, what="the message is in the call's record")
    voice = await kept()
    assert voice is not None and voice.file is not None
    assert voice.queue == "tea"
    with wave.open(str(house.stack.state / "recordings" / voice.file)) as wav:
        caller, other = split(wav.readframes(wav.getnframes()))
    assert onsets(caller, 450), "what they said can be heard"
    assert not any(other)
    work = Worklist(house.pool, AuditLog(house.pool))
    scope = WorkScope("sue", frozenset({ProjectName("tea")}))
    found = await work.entries(scope, datetime.now(UTC) - timedelta(hours=1))
    assert [one.call for one in found[WorkKind.VOICEMAIL]] == [stored.record.call]

    await until(silent.over.is_set, what="the flow is over")
    stored = await house.stored(says_nothing)
    asked = [one.what for one in stored.timeline if isinstance(one.what, CallbackAsked)]
    number = f"+86{says_nothing}"
    assert [(one.number, one.why) for one in asked] == [(number, None)], story(stored)
    assert not list(spool.glob("*.sln"))
    house.phone.habits |= {"1001": answer, number: picks_up}
    await house.pool.execute(
        "update leads set timezone = $2, callback_at = $3, next_at = $3 where key = $1",
        number, zone_at_noon(), datetime.now(UTC),
    )  # fmt: skip
    await house.ready("1001")
    await house.until_stage(number, "talking")
    (called,) = house.phone.rung_at(number)
    await house.phone.hang_up(called.leg)
    row = await attempt_of(house, number)
    assert (row["mode"], row["agent"], row["outcome"]) == ("callback", "1001", "spoken")
    found = await work.entries(scope, datetime.now(UTC) - timedelta(hours=1))
    assert found[WorkKind.CALLBACK] == ()
