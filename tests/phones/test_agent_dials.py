"""Customers who are called for one agent: previews and calls by hand, on a real Asterisk."""

import asyncio

import pytest

from campaigns.campaign import Mode
from tests.faults.scene import LINE, kinds, story
from tests.phones.at_desk import open_desk
from tests.phones.bent import Ringing, answer, refuse
from tests.phones.called import (
    SPRING,
    accept_with_keys,
    attempt_of,
    new_leads,
    nothing_runs_on,
    press,
    press_until,
    run_campaign,
    with_digits,
    zone_at,
)
from tests.phones.house import PhoneHouse
from tests.waiting import until

__all__ = ["nothing_runs_on"]  # a fixture

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="module")]

PREVIEW = SPRING.model_copy(update={"mode": Mode.PREVIEW, "by_hand": True})


async def picks_up(call: Ringing) -> None:
    call.ring()
    call.accept()


async def test_an_agent_skips_calls_in_vain_and_talks(house: PhoneHouse) -> None:
    """Three leads at one desk: the first is skipped, the second is busy, the third talks. The
    agent's phone isn't nailed up: it is called before each customer, and let go afterwards."""
    await house.phone.register(LINE)
    first, second, third = (f"+861380000070{n}" for n in range(3))
    house.phone.habits |= {"1001": answer, second: refuse(486), third: picks_up}
    await run_campaign(house, "preview", PREVIEW, first, second, third)
    async with open_desk(house, "1001") as desk:
        await house.ready("1001")
        await desk.shows(rf'id="dial-number">\{first}<')
        status, said = await desk.press("skip-lead", lead=await desk.lead(), reason="")
        assert status == 400, said
        lead = await desk.lead()
        status, said = await desk.press("skip-lead", lead=lead, reason="later", note="asleep")
        assert status == 200, said
        await desk.shows(rf'id="dial-number">\{second}<')
        assert not house.phone.rung_at(first) and not house.phone.rung_at("1001")
        lead = await desk.lead()
        pressed = [desk.press("dial-lead", lead=lead) for _ in range(2)]
        assert [status for status, _ in await asyncio.gather(*pressed)] == [200, 200]
        assert (await attempt_of(house, second))["cause"] == "busy"
        assert (await desk.press("dial-lead", lead=lead))[0] == 200, "a late double click"
        assert len(house.phone.rung_at(second)) == 1, "dialled twice by a double click"
        await desk.shows(rf'id="dial-number">\{third}<')
        (leg,) = (call.leg for call in house.phone.rung_at("1001"))
        await until(leg.over.is_set, what="the agent's phone is let go")
        status, said = await desk.press("dial-lead", lead=await desk.lead())
        assert status == 200, said
        await house.until_stage(third, "talking")
        assert len(house.phone.rung_at("1001")) == 2
        (called,) = house.phone.rung_at(third)
        await house.phone.hang_up(called.leg)
        row = await attempt_of(house, third)
        assert (row["stage"], row["outcome"], row["agent"]) == ("ended", "spoken", "1001")
        await until(house.phone.rung_at("1001")[1].leg.over.is_set, what="the phone is let go")
    stored = await house.stored(third)
    assert kinds(stored) == [
        "placed", "rang", "answered", "queued", "offered", "connected", "disconnected", "ended",
    ], story(stored)  # fmt: skip
    skipped = await house.pool.fetchrow(
        "select l.attempts, l.next_at > now() as later, c.by, c.detail from leads l"
        " join lead_changes c using (lead) where l.key = $1 and c.what = 'skipped'",
        first,
    )
    assert (skipped["attempts"], skipped["later"], skipped["by"]) == (0, True, "1001")
    assert skipped["detail"]["reason"] == "later" and skipped["detail"]["note"] == "asleep"


async def test_a_number_is_dialled_by_hand_and_refused_with_its_rule(house: PhoneHouse) -> None:
    """An agent on a break, whose phone is nailed up, dials by hand: a talk, then the rule that
    forbids the same number. Meanwhile the preview campaign gives its lead back at the log-out."""
    await house.phone.register(LINE)
    await house.nail_up("1002")
    await house.command("1002", "away", reason="break")
    shown, typed = "+8613800000710", "+8613800000711"
    house.phone.habits[typed] = picks_up
    await new_leads(house, typed)  # no campaign's, but it says which clock is the customer's
    await run_campaign(house, "by-hand", PREVIEW, shown)
    async with open_desk(house, "1002") as desk:
        await desk.shows('value="by-hand"')
        dialled = {"number": "138 0000 0711", "campaign": "by-hand"}
        status, said = await desk.press("dial-number", **dialled | {"number": "0711"})
        assert status == 409 and "not a telephone number" in said
        status, said = await desk.press("dial-number", **dialled)
        assert status == 200, said
        await house.until_stage(typed, "talking")
        (called,) = house.phone.rung_at(typed)
        assert len(house.phone.rung_at("1002")) == 1, "a nailed-up phone was called"
        await house.phone.hang_up(called.leg)
        row = await attempt_of(house, typed)
        assert (row["mode"], row["outcome"], row["agent"]) == ("manual", "spoken", "1002")
        assert row["campaign"] is None and row["caller_id"] == "4008001000"
        stored = await house.stored(typed)
        assert kinds(stored) == [
            "placed", "rang", "answered", "queued", "offered", "connected", "disconnected", "ended",
        ], story(stored)  # fmt: skip
        await house.until_agent("1002", "paused", "break")
        status, said = await desk.press("dial-number", **dialled)
        assert status == 200, said
        await desk.shows("may not be called now: it was called a short time ago. That holds until")
        await house.until_agent("1002", "paused", "break")
        await house.ready("1002")
        lead = await desk.lead()
        await house.command("1002", "log_out")

        async def given_back() -> bool:
            return bool(
                await house.pool.fetchval(
                    "select leased_by is null from leads where lead = $1", int(lead)
                )
            )

        await until(given_back, what="the lead is given back")
        assert "dial-card" not in desk.html
    assert len(house.phone.rung_at(typed)) == 1 and not house.phone.rung_at(shown)


async def test_a_stranger_is_called_by_the_centres_clock(house: PhoneHouse) -> None:
    """An admin sets the centre's time zone: from then on the rules go by it, without a restart."""
    await house.phone.register(LINE)
    await house.command("1003", "away", reason="break")
    stranger = "+8613800000715"
    house.phone.habits |= {"1003": answer, stranger: picks_up}
    await run_campaign(house, "strangers", PREVIEW)

    async def keeps(zone: str) -> None:
        await house.change(lambda now: [now.wide.model_copy(update={"timezone": zone})])

        async def in_force() -> bool:
            return zone.encode() in (await desk.console.fetch("desk"))[1]

        await until(in_force, what=f"the desk's clock is that of {zone}")

    async with open_desk(house, "1003") as desk:
        await desk.shows('value="strangers"')
        await keeps(zone_at(3))
        status, said = await desk.press("dial-number", number=stranger, campaign="strangers")
        assert status == 200, said
        await desk.shows("may not be called now: it is quiet time there. That holds until")
        await keeps(zone_at(12))
        status, said = await desk.press("dial-number", number=stranger, campaign="strangers")
        assert status == 200, said
        await house.until_stage(stranger, "talking")
    (called,) = house.phone.rung_at(stranger)
    await house.phone.hang_up(called.leg)


async def test_a_notice_is_played_to_whoever_answers(house: PhoneHouse) -> None:
    """Without any agent: one hears all of it, one asks for no more calls, one is busy. Nobody is
    abandoned, and who has heard it is not called again."""
    await house.phone.register(LINE)
    hears, refuses, busy = (f"+861380000072{n}" for n in range(3))

    async def listens(call: Ringing) -> None:
        call.accept(with_digits(call))
        await call.leg.acked.wait()

    house.phone.habits |= {hears: listens, refuses: listens, busy: refuse(486)}
    notice = SPRING.model_copy(
        update={"mode": Mode.AGENTLESS, "queue": None, "message": {"en": "We are closed today."}}
    )
    await run_campaign(house, "notice", notice, hears, refuses, busy)
    await until(lambda: house.phone.rung_at(refuses), what="the notice is played")
    (called,) = house.phone.rung_at(refuses)
    await until(called.leg.up.is_set)
    await asyncio.sleep(0.3)  # they hear the first words
    await press(called.leg, 9)
    rows = {number: await attempt_of(house, number) for number in (hears, refuses, busy)}
    assert {n: (row["stage"], row["outcome"], row["cause"]) for n, row in rows.items()} == {
        hears: ("ended", "spoken", None),
        refuses: ("ended", "spoken", None),
        busy: ("not_reached", "nobody", "busy"),
    }
    leads = await house.pool.fetch(
        "select key, state from leads where key = any($1::text[])", [hears, refuses, busy]
    )
    assert {row["key"]: row["state"] for row in leads} == {
        hears: "finished", refuses: "do_not_call", busy: "open",
    }  # fmt: skip
    stored = await house.stored(hears)
    assert kinds(stored)[:1] == ["placed"] and kinds(stored)[-2:] == ["message", "ended"], story(
        stored
    )
    assert "abandoned" not in kinds(stored) and stored.record.outcome == "self_service"


async def test_whoever_answers_goes_through_the_campaigns_flow(house: PhoneHouse) -> None:
    """One customer after the other: one asks for an agent in vain, one gets an agent, one asks for
    no more calls, one says nothing. While somebody waits for an agent, nobody else is called."""
    await house.phone.register(LINE)
    waits, talks, refuses, listens = (f"+861380000073{n}" for n in range(4))

    house.phone.habits |= dict.fromkeys((waits, talks, refuses, listens), accept_with_keys)
    settings = SPRING.model_copy(
        update={"mode": Mode.AGENTLESS, "flow": "offered", "lines": 1, "grace_s": 0}
    )
    await run_campaign(house, "offered", settings, waits, talks, refuses, listens)

    leg = await press_until(house, waits, 1, "queue")
    await house.phone.hang_up(leg)
    row = await attempt_of(house, waits)
    assert (row["stage"], row["outcome"], row["left_early"]) == ("abandoned", "abandoned", False)
    await house.ready("1001")
    leg = await press_until(house, talks, 1, "talking")
    await house.phone.hang_up(leg)
    row = await attempt_of(house, talks)
    assert (row["stage"], row["outcome"], row["agent"]) == ("ended", "spoken", "1001")
    await house.until_stage(refuses, "flow")
    (called,) = house.phone.rung_at(refuses)

    async def refused() -> bool:
        await press(called.leg, 9)
        return called.leg.over.is_set()

    await until(refused, what="no more calls", every_s=0.2)
    row = await attempt_of(house, refuses)
    assert (row["outcome"], row["opted_out_at"] is not None) == ("spoken", True)
    row = await attempt_of(house, listens)
    assert (row["stage"], row["outcome"]) == ("ended", "spoken")
    stored = await house.stored(listens)
    assert "queued" not in kinds(stored) and stored.record.outcome == "self_service", story(stored)
    leads = await house.pool.fetch(
        "select key, state from leads where key like '+861380000073%' order by key"
    )
    assert [row["state"] for row in leads] == ["open", "finished", "do_not_call", "finished"]
    assert not await house.pool.fetchval("select count(*) from queue_stays")
