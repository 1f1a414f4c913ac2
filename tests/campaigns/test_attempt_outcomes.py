"""What becomes of attempts and leads, from the facts of their calls."""

import random

import pytest

from campaigns.attempt_outcomes import give_up, with_attempts
from campaigns.attempts import StoredAttempt
from campaigns.campaign import CampaignSettings
from campaigns.lead_service import LeadService
from campaigns.stored_leads import LeadState
from campaigns.unsettled import close_never_placed
from domain.call_facts import CallEnded
from domain.floor_facts import TalkBegan
from domain.identity import CallId
from domain.outbound_facts import CustomerAnswered, FateUnknown, NotReached
from domain.reasons import Cause, Party
from domain.recording_facts import Recorded
from records.writing import write
from storage.database import connection
from tests.campaigns.attempt_facts import ANN, DESK, abandoned, at, missed, placed, spoken
from tests.campaigns.campaigns_scene import OPS, SETTINGS, CampaignScene, after
from tests.storage.days import as_stored

pytestmark = pytest.mark.live
NUMBER = "+8613800000001"


async def dialled(
    scene: CampaignScene, *numbers: str, settings: CampaignSettings = SETTINGS
) -> tuple[int, str]:
    """A lead and its attempt, which is reserved."""
    into = await scene.new_list()
    lead = await scene.lead(into, *(numbers or (NUMBER,)))
    await scene.start(lists=[into], settings=settings)
    (claimed,) = await scene.claim()
    return lead, await scene.reserve(claimed)


async def attempt(scene: CampaignScene, name: str) -> StoredAttempt:
    found = await scene.attempts.get(CallId(name))
    assert found is not None
    return found


async def goes_on(scene: CampaignScene, lead: int) -> tuple[object, ...]:
    names = ("state", "why", "attempts", "next_at", "overdue_at")
    return tuple([await scene.column(lead, name) for name in names])


async def test_a_lead_that_did_not_answer_goes_on_after_the_gap(scene: CampaignScene) -> None:
    lead, call = await dialled(scene)
    await scene.happened(*missed(call))
    row = await attempt(scene, call)
    assert (row.stage, row.outcome, row.cause, row.q850) == (
        "not_reached",
        "nobody",
        "no_answer",
        19,
    )
    assert (row.rang_at, row.ended_at) == (after(seconds=3), after(seconds=26))
    assert await goes_on(scene, lead) == ("open", None, 1, after(hours=2), after(hours=36))
    assert await scene.claim(now=after(hours=1)) == []
    (again,) = await scene.claim(now=after(hours=2, seconds=1))
    assert again.lead.last_cause == "no_answer"


async def test_a_campaign_shortens_the_gap_for_one_outcome(scene: CampaignScene) -> None:
    settings = SETTINGS.model_copy(update={"gap_after_s": {Cause.BUSY: 600.0}})
    lead, call = await dialled(scene, settings=settings)
    await scene.happened(*missed(call, Cause.BUSY, q850=17))
    assert await scene.column(lead, "next_at") == after(minutes=10)


async def test_a_lead_somebody_talked_with_is_finished(scene: CampaignScene) -> None:
    lead, call = await dialled(scene)
    await scene.happened(*spoken(call))
    row = await attempt(scene, call)
    assert (row.stage, row.outcome, row.agent, row.ended_by) == ("ended", "spoken", ANN, "caller")
    assert (row.answered_at, row.talk_at) == (after(seconds=10), after(seconds=10.2))
    assert (await goes_on(scene, lead))[:3] == ("finished", "spoken", 1)


async def test_three_attempts_finish_a_lead(scene: CampaignScene) -> None:
    lead, call = await dialled(scene)
    await scene.happened(*missed(call))
    for hours in (3, 6):
        (claimed,) = await scene.claim(now=after(hours=hours))
        call = await scene.reserve(claimed, now=after(hours=hours))
        await scene.happened(*missed(call, at_s=hours * 3600))
    assert (await goes_on(scene, lead))[:3] == ("finished", "attempts", 3)


async def test_a_failure_of_the_trunk_is_no_attempt(scene: CampaignScene) -> None:
    lead, call = await dialled(scene)
    await scene.happened(*missed(call, Cause.CONGESTION, q850=34))
    row = await attempt(scene, call)
    assert (row.stage, row.outcome, row.cause) == ("not_reached", None, "congestion")
    assert (await goes_on(scene, lead))[:3] == ("open", None, 0)
    (claimed,) = await scene.claim(now=after(minutes=6))
    assert claimed.lead.lead == lead
    call = await scene.reserve(claimed, now=after(minutes=6))
    await scene.happened(*missed(call, Cause.FAILED, at_s=360, q850=38))
    assert await scene.claim(now=after(minutes=16)) == []
    (claimed,) = await scene.claim(now=after(minutes=17))
    call = await scene.reserve(claimed, now=after(minutes=17))
    await scene.happened(*missed(call, at_s=1020))
    (claimed,) = await scene.claim(now=after(hours=3))
    call = await scene.reserve(claimed, now=after(hours=3))
    await scene.happened(*missed(call, Cause.FAILED, at_s=3 * 3600, q850=38))
    assert await scene.claim(now=after(hours=3, minutes=6)) != [], "the row of failures has ended"


async def test_a_lead_whose_only_number_is_invalid_goes_back(scene: CampaignScene) -> None:
    lead, call = await dialled(scene)
    await scene.happened(*missed(call, Cause.INVALID, q850=1))
    assert (await goes_on(scene, lead))[:3] == ("invalid", "invalid", 1)


async def test_a_lead_with_another_number_goes_on_with_that(scene: CampaignScene) -> None:
    lead, call = await dialled(scene, NUMBER, "+8613800000002")
    await scene.happened(*missed(call, Cause.INVALID, q850=1))
    assert (await goes_on(scene, lead))[:3] == ("open", None, 1)
    (claimed,) = await scene.claim(now=after(hours=3))
    assert claimed.number.number == "+8613800000002"


async def test_an_abandoned_customer_is_dialled_with_an_agent_only(scene: CampaignScene) -> None:
    settings = SETTINGS.model_copy(update={"rules": "uk"})
    lead, call = await dialled(scene, settings=settings)
    await scene.happened(*abandoned(call))
    row = await attempt(scene, call)
    assert (row.stage, row.outcome) == ("message_played", "abandoned")
    (claimed,) = await scene.claim(now=after(hours=3))
    assert (claimed.lead.lead, claimed.guaranteed) == (lead, True)
    refused = await scene.refusal(claimed, now=after(hours=3))
    assert refused.why == "needs_agent"
    wish = scene.wish(claimed, with_agent=True)
    assert await scene.attempts.reserve(wish, by="controller-1", now=after(hours=3)) is None


@pytest.mark.parametrize(("of", "listed"), [("tea", "tea"), ("", "")])
async def test_an_opt_out_closes_all_leads_with_the_number(
    scene: CampaignScene, of: str, listed: str
) -> None:
    lead, call = await dialled(scene)
    other = await scene.lead(await scene.new_list(), NUMBER)
    foreign = await scene.lead(await scene.new_list("bank"), NUMBER, project="bank")
    await scene.happened(*abandoned(call, opted_out_of=of))
    states = [await scene.column(one, "state") for one in (lead, other, foreign)]
    assert states == ["do_not_call", "do_not_call", "open" if of else "do_not_call"]
    row = await scene.database.pool.fetchrow("select project, number, source from do_not_call")
    assert tuple(row) == (listed, NUMBER, "key")


async def test_an_opt_out_counts_once_though_facts_come_later(scene: CampaignScene) -> None:
    """Somebody took the number off the list since; a late fact of the call doesn't put it back."""
    _, call = await dialled(scene)
    await scene.happened(*abandoned(call, opted_out_of="tea"))
    await scene.database.pool.execute("delete from do_not_call")
    await scene.happened(at(call, 60, Recorded("a.wav", None, 1, 1, True, 9)))
    assert await scene.database.pool.fetchval("select count(*) from do_not_call") == 0


async def test_facts_count_once_in_whatever_order_and_however_often_they_come(
    scene: CampaignScene,
) -> None:
    into = await scene.new_list()
    await scene.leads(into, 24)
    await scene.start(lists=[into])
    chance = random.Random(12)
    makers = (missed, spoken, abandoned)
    for number, claimed in enumerate(await scene.claim(24)):
        call = await scene.reserve(claimed)
        facts = makers[number % 3](call)
        want = ("nobody", "spoken", "abandoned")[number % 3]
        coming = facts + chance.sample(facts, 2)
        chance.shuffle(coming)
        while coming:
            some = [coming.pop() for _ in range(min(len(coming), chance.randint(1, 3)))]
            await scene.happened(*some)
        row = await attempt(scene, call)
        assert row.outcome == want, number
        assert await scene.column(claimed.lead.lead, "attempts") == 1
        assert await scene.column(claimed.lead.lead, "last_outcome") == want
        state = "finished" if want == "spoken" else "open"
        assert await scene.column(claimed.lead.lead, "state") == state
    assert await scene.attempts.open() == ()


async def test_a_late_fact_of_an_old_attempt_leaves_the_lead_where_the_new_one_put_it(
    scene: CampaignScene,
) -> None:
    lead, first = await dialled(scene)
    facts = missed(first)
    await scene.happened(facts[0], facts[3])
    (claimed,) = await scene.claim(now=after(hours=3))
    second = await scene.reserve(claimed, now=after(hours=3))
    await scene.happened(*missed(second, at_s=3 * 3600))
    assert (await goes_on(scene, lead))[2:4] == (2, after(hours=5))
    await scene.happened(at(first, 3, NotReached(Cause.CONGESTION, 34, 503)))
    assert (await attempt(scene, first)).outcome is None
    assert (await goes_on(scene, lead))[2:4] == (1, after(hours=5))


async def test_an_unknown_attempt_keeps_its_lead_until_it_is_known(scene: CampaignScene) -> None:
    lead, call = await dialled(scene)
    await scene.happened(
        placed(call),
        at(call, 300, FateUnknown()),
        at(call, 300, CallEnded(Party.SYSTEM, None, None)),
    )
    (found,) = await scene.attempts.open()
    assert (found.attempt, found.stage) == (call, "unknown")
    assert await scene.claim(now=after(days=1)) == []
    await scene.happened(at(call, 20, CustomerAnswered()))
    row = await attempt(scene, call)
    assert (row.outcome, row.ended_at) == ("abandoned", after(seconds=300))
    assert await scene.column(lead, "attempts") == 1


async def test_an_unknown_attempt_that_is_given_up_counts_as_one(scene: CampaignScene) -> None:
    lead, call = await dialled(scene)
    await scene.happened(placed(call), at(call, 300, FateUnknown()))
    assert await give_up(scene.database.pool, CallId(call), after(days=1)) is True
    row = await attempt(scene, call)
    assert (row.stage, row.outcome, row.ended_at) == ("unknown", "nobody", after(days=1))
    assert await scene.column(lead, "attempts") == 1
    assert await give_up(scene.database.pool, CallId(call), after(days=1)) is False


async def test_only_an_unknown_attempt_is_given_up(scene: CampaignScene) -> None:
    _, call = await dialled(scene)
    assert await give_up(scene.database.pool, CallId(call), after(days=1)) is False
    assert len(await scene.attempts.open()) == 1


async def test_a_lead_that_was_removed_during_the_call_stays_removed(scene: CampaignScene) -> None:
    lead, call = await dialled(scene)
    await scene.database.pool.execute("update leads set state = 'removed'")
    await scene.happened(*missed(call))
    assert (await goes_on(scene, lead))[:3] == ("removed", None, 1)


async def test_a_late_fact_that_changes_nothing_leaves_what_people_did_since(
    scene: CampaignScene,
) -> None:
    lead, call = await dialled(scene)
    facts = spoken(call)
    await scene.happened(*facts)
    assert await scene.column(lead, "state") == "finished"
    await LeadService(scene.database.pool).move(OPS, lead, LeadState.OPEN)
    await scene.happened(at(call, 90, Recorded(None, None, None, None, None, None)))
    assert await scene.column(lead, "state") == "open"


async def test_what_was_closed_as_never_placed_stays_over(scene: CampaignScene) -> None:
    """No fact opens it again: its lead is free, and in another attempt soon."""
    _, call = await dialled(scene)
    assert await close_never_placed(scene.database.pool, after(minutes=1), after(minutes=2)) == 1
    await scene.happened(*missed(call)[:2])
    assert (await attempt(scene, call)).ended_at == after(minutes=2)
    assert len(await scene.claim(now=after(minutes=3))) == 1


async def test_other_calls_facts_are_stored_as_ever(scene: CampaignScene) -> None:
    await dialled(scene)
    await scene.happened(at("pbx1-inbound", 1, TalkBegan(ANN, DESK)))
    assert len(await scene.attempts.open()) == 1


async def test_a_batch_that_fails_changes_neither_facts_nor_leads(scene: CampaignScene) -> None:
    lead, call = await dialled(scene)

    async with connection(scene.database.pool) as db:
        with pytest.raises(ConnectionError):
            async with db.transaction():
                await with_attempts(write)(db, [as_stored(one) for one in missed(call)])
                raise ConnectionError
    assert await scene.column(lead, "attempts") == 0
    assert len(await scene.attempts.open()) == 1
