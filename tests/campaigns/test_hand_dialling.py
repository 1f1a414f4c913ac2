"""Calls by hand obey the rules, and campaigns know of them."""

from dataclasses import replace

import pytest

from campaigns.attempts import NotReserved, ReserveRefusal
from campaigns.daily_report import AskedReport, DailyReports
from campaigns.do_not_call import DoNotCall
from campaigns.hand_dialling import HandDialling, WishedHandCall
from domain.identity import CallId, LineName
from tests.campaigns.attempt_facts import ANN, missed, spoken
from tests.campaigns.campaigns_scene import (
    BANK,
    NOON,
    OPS,
    TEA,
    ZONE,
    CampaignScene,
    after,
    together,
)

pytestmark = pytest.mark.live
NUMBER = "+8613800000001"


@pytest.fixture
def by_hand(scene: CampaignScene) -> HandDialling:
    return HandDialling(scene.database.pool, lambda: ZONE)


def wish(call: str, number: str = NUMBER, **more: object) -> WishedHandCall:
    return WishedHandCall(
        CallId(call), TEA, number, ANN, LineName("carrier"), None, "us", **more  # type: ignore[arg-type]
    )  # fmt: skip


def why(refused: NotReserved | None) -> tuple[str, str | None]:
    assert refused is not None
    return refused.why, refused.rule


async def test_a_call_by_hand_keeps_campaigns_from_the_number(
    scene: CampaignScene, by_hand: HandDialling
) -> None:
    into = await scene.new_list()
    await scene.lead(into, NUMBER)
    await scene.start(lists=[into])
    (claimed,) = await scene.claim()
    assert await by_hand.reserve(wish("hand"), after(seconds=1)) is None
    assert (await scene.refusal(claimed, now=after(seconds=2))).rule == "in_call"
    await scene.happened(*missed("hand"))
    assert await scene.claim(now=after(minutes=10)) == []
    row = await scene.attempts.get(CallId("hand"))
    assert row is not None
    assert (row.mode, row.agent, row.outcome, row.lead) == ("manual", ANN, "nobody", None)
    assert len(await scene.claim(now=after(hours=3))) == 1


async def test_a_call_by_hand_needs_the_consent_that_the_project_has_on_record(
    scene: CampaignScene, by_hand: HandDialling
) -> None:
    stranger = replace(wish("stranger"), rules="cn")
    assert why(await by_hand.reserve(stranger, NOON)) == (ReserveRefusal.HELD, "consent")
    await scene.lead(await scene.new_list(BANK), NUMBER, project=BANK)
    assert why(await by_hand.reserve(stranger, NOON)) == (ReserveRefusal.HELD, "consent")
    await scene.lead(await scene.new_list(), NUMBER)
    assert await by_hand.reserve(stranger, NOON) is None


async def test_a_call_by_hand_obeys_the_rules(scene: CampaignScene, by_hand: HandDialling) -> None:
    assert await by_hand.reserve(wish("first"), after(seconds=0)) is None
    again = await by_hand.reserve(wish("second"), after(seconds=1))
    assert why(again) == (ReserveRefusal.NUMBER_IN_CALL, "in_call")
    await scene.happened(*missed("first"))
    again = await by_hand.reserve(wish("second"), after(minutes=10))
    assert why(again) == (ReserveRefusal.HELD, "number_gap")
    night = await by_hand.reserve(wish("second"), after(hours=11))
    assert why(night) == (ReserveRefusal.HELD, "window")
    there = await by_hand.reserve(wish("third", timezone="Europe/Berlin"), after(hours=11))
    assert there is None


async def test_a_listed_number_is_not_called_by_hand_either(
    scene: CampaignScene, by_hand: HandDialling
) -> None:
    await DoNotCall(scene.database.pool).add(OPS, TEA, [NUMBER], since=after(hours=-1))
    refused = await by_hand.reserve(wish("hand"), after(seconds=1))
    assert why(refused) == (ReserveRefusal.DO_NOT_CALL, "do_not_call")
    assert await scene.attempts.open() == ()


async def test_two_agents_don_t_call_a_number_at_once(by_hand: HandDialling) -> None:
    refused = await together(
        *[by_hand.reserve(wish(f"hand-{n}"), after(seconds=1)) for n in range(6)]
    )
    assert refused.count(None) == 1


# Test calls


async def test_a_test_call_is_a_row_that_no_figure_and_no_rule_counts(
    scene: CampaignScene, by_hand: HandDialling
) -> None:
    into = await scene.new_list()
    await scene.lead(into, NUMBER)
    await scene.start(lists=[into])
    values = (CallId("test"), TEA, NUMBER, LineName("carrier"), "4001")
    assert await by_hand.reserve_test(*values, by="sue", now=after(hours=11)) is None  # at night
    again = await by_hand.reserve_test(
        CallId("again"), TEA, NUMBER, LineName("carrier"), None, by="sue", now=after(hours=11)
    )
    assert why(again) == (ReserveRefusal.NUMBER_IN_CALL, None)
    assert await scene.claim() == []  # while it goes on, nobody else calls the number
    await scene.happened(*spoken("test"))
    row = await scene.attempts.get(CallId("test"))
    assert row is not None
    assert (row.mode, row.campaign, row.lead, row.note) == ("test", None, None, "sue")
    assert row.ended_at is not None and row.outcome is None
    assert len(await scene.claim(now=after(minutes=2))) == 1, "neither gap nor attempt counts"
    today = after(hours=0).date()
    report = DailyReports(scene.database.pool, clock=lambda: after(days=1))
    assert await report.rows(OPS, AskedReport(today, today), ZONE) == ()


async def test_a_listed_number_is_not_tested(scene: CampaignScene, by_hand: HandDialling) -> None:
    await DoNotCall(scene.database.pool).add(OPS, TEA, [NUMBER], since=after(hours=-1))
    refused = await by_hand.reserve_test(
        CallId("test"), TEA, NUMBER, LineName("carrier"), None, by="sue", now=after(seconds=1)
    )
    assert why(refused) == (ReserveRefusal.DO_NOT_CALL, None)
    assert await scene.attempts.open() == ()
