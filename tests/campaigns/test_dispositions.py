"""What agents say a call came to, and how its lead goes on."""

from datetime import timedelta

import pytest

from campaigns.campaign import CampaignSettings
from campaigns.dispositions import (
    Disposal,
    Disposition,
    DispositionRefusal,
    DispositionRefused,
    Dispositions,
    InboundCaller,
)
from domain.identity import CallId, ProjectName
from domain.reasons import Cause
from tests.campaigns.attempt_facts import ANN, at, missed, spoken
from tests.campaigns.campaigns_scene import NOON, OPS, SETTINGS, SPRING, CampaignScene, after
from tests.storage.days import entered

pytestmark = pytest.mark.live
NUMBER = "+8613800000001"
LATER = after(minutes=2)


@pytest.fixture
def dispositions(scene: CampaignScene) -> Dispositions:
    return Dispositions(scene.database.pool, clock=lambda: LATER)


async def talking(
    scene: CampaignScene, settings: CampaignSettings = SETTINGS, *numbers: str
) -> tuple[int, CallId]:
    """A lead somebody talks with: the call isn't over."""
    into = await scene.new_list()
    lead = await scene.lead(into, *(numbers or (NUMBER,)))
    await scene.start(lists=[into], settings=settings)
    (claimed,) = await scene.claim()
    call = await scene.reserve(claimed)
    await scene.happened(*spoken(call)[:-2])
    return lead, call


async def over(scene: CampaignScene, call: CallId) -> None:
    await scene.happened(*[at(call, 71 + n, fact.what) for n, fact in enumerate(spoken(call)[-2:])])


def said(what: Disposition, **more: object) -> Disposal:
    return Disposal(what, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("during", [True, False])
async def test_a_refusal_finishes_the_lead(
    scene: CampaignScene, dispositions: Dispositions, during: bool
) -> None:
    lead, call = await talking(scene)
    if not during:
        await over(scene, call)
    await dispositions.dispose(call, ANN, said(Disposition.REFUSED, sub_reason="price", note="x"))
    if during:
        await over(scene, call)
    assert await scene.column(lead, "state") == "finished"
    assert await scene.column(lead, "why") == "refused"
    row = await scene.attempts.get(call)
    assert row is not None
    assert (row.disposition, row.sub_reason, row.note) == ("refused", "price", "x")


@pytest.mark.parametrize("during", [True, False])
@pytest.mark.parametrize("personal", [True, False])
async def test_a_callback_comes_when_it_was_promised(
    scene: CampaignScene, dispositions: Dispositions, during: bool, personal: bool
) -> None:
    """It skips the gap and the attempts."""
    settings = SETTINGS.model_copy(update={"most_attempts": 1, "callback_tries": 1})
    lead, call = await talking(scene, settings)
    if not during:
        await over(scene, call)
    when = after(minutes=30)
    callback = said(Disposition.CALLBACK, callback_at=when, personal=personal)
    await dispositions.dispose(call, ANN, callback)
    if during:
        assert await scene.callbacks(now=after(minutes=31)) == []
        await over(scene, call)
    assert await scene.callbacks(now=after(minutes=29)) == []
    assert len(await scene.callbacks(now=when, whose="1002")) == (0 if personal else 1)
    (claimed,) = await scene.callbacks(now=after(minutes=32), whose=ANN)
    assert claimed.lead.lead == lead
    again = await scene.reserve(claimed, now=after(minutes=32))
    await scene.happened(*missed(again, at_s=32 * 60))
    assert await scene.column(lead, "callback_at") is None
    assert await scene.callbacks(now=after(days=1)) == []
    assert await scene.claim(now=after(days=1)) == []


async def test_a_callback_outlives_a_failure_of_the_trunk(
    scene: CampaignScene, dispositions: Dispositions
) -> None:
    _, call = await talking(scene)
    await dispositions.dispose(call, ANN, said(Disposition.CALLBACK, callback_at=after(minutes=30)))
    await over(scene, call)
    (claimed,) = await scene.callbacks(now=after(minutes=30))
    again = await scene.reserve(claimed, now=after(minutes=30))

    await scene.happened(*missed(again, Cause.CONGESTION, at_s=30 * 60, q850=34))
    (once_more,) = await scene.callbacks(now=after(minutes=36))
    assert once_more.lead.callback_tries == 0


async def test_a_later_disposition_never_undoes_do_not_call(
    scene: CampaignScene, dispositions: Dispositions
) -> None:
    lead, call = await talking(scene)
    await dispositions.dispose(call, ANN, said(Disposition.DO_NOT_CALL))
    await over(scene, call)
    await dispositions.dispose(call, ANN, said(Disposition.CALLBACK, callback_at=after(minutes=30)))
    await dispositions.dispose(call, ANN, said(Disposition.REFUSED))
    assert await scene.column(lead, "state") == "do_not_call"
    assert await scene.claim(now=after(days=3)) == []
    row = await scene.database.pool.fetchrow("select project, number, source, by from do_not_call")
    assert tuple(row) == ("tea", NUMBER, "agent", ANN)
    assert [one.disposition for one in await dispositions.of_call(call)] == [
        "refused",
        "callback",
        "do_not_call",
    ]


async def test_a_project_may_keep_opt_outs_for_the_whole_centre(
    scene: CampaignScene, dispositions: Dispositions
) -> None:
    _, call = await talking(scene, SETTINGS.model_copy(update={"opt_out_of": "centre"}))
    await dispositions.dispose(call, ANN, said(Disposition.DO_NOT_CALL))
    assert await scene.database.pool.fetchval("select project from do_not_call") == ""


async def test_a_wrong_number_goes_back_or_the_next_one_is_tried(
    scene: CampaignScene, dispositions: Dispositions
) -> None:
    lead, call = await talking(scene)
    await dispositions.dispose(call, ANN, said(Disposition.WRONG_NUMBER))
    await over(scene, call)
    assert await scene.column(lead, "state") == "invalid"
    await dispositions.dispose(call, ANN, said(Disposition.SUCCESS))  # it was a slip
    assert (await scene.column(lead, "state"), await scene.column(lead, "why")) == (
        "finished",
        "success",
    )
    assert await scene.database.pool.fetchval("select state from lead_numbers") == "good"


async def test_who_could_not_talk_now_is_tried_again(
    scene: CampaignScene, dispositions: Dispositions
) -> None:
    lead, call = await talking(scene)
    await over(scene, call)
    await dispositions.dispose(call, ANN, said(Disposition.NOT_NOW))
    assert await scene.column(lead, "state") == "open"
    assert await scene.column(lead, "next_at") == after(hours=2)


async def test_an_inbound_call_has_dispositions_too(
    scene: CampaignScene, dispositions: Dispositions
) -> None:
    await scene.happened(entered("inbound"))
    call = CallId("inbound")
    await dispositions.dispose(call, ANN, said(Disposition.SUCCESS, note="nul\x00"))
    (one,) = await dispositions.of_call(call)
    assert (one.agent, one.disposition, one.note, one.at) == (ANN, "success", "nul", LATER)


@pytest.mark.parametrize(
    ("call", "disposal", "why"),
    [
        ("none", said(Disposition.SUCCESS), DispositionRefusal.NO_SUCH_CALL),
        ("inbound", said(Disposition.CALLBACK), DispositionRefusal.NO_TIME),
        (
            "inbound",
            said(Disposition.CALLBACK, callback_at=NOON.replace(tzinfo=None)),
            DispositionRefusal.NO_TIME,
        ),
        (
            "inbound",
            said(Disposition.CALLBACK, callback_at=NOON + timedelta(days=400)),
            DispositionRefusal.TOO_FAR,
        ),
        ("inbound", said(Disposition.SUCCESS, note="x" * 10_001), DispositionRefusal.TOO_LONG),
    ],
)
async def test_what_makes_no_sense_is_refused(
    scene: CampaignScene,
    dispositions: Dispositions,
    call: str,
    disposal: Disposal,
    why: DispositionRefusal,
) -> None:
    await scene.happened(entered("inbound"))
    with pytest.raises(DispositionRefused) as refused:
        await dispositions.dispose(CallId(call), ANN, disposal)
    assert refused.value.why is why
    assert await dispositions.of_call(CallId(call)) == ()


async def test_a_disposition_of_an_old_call_leaves_the_lead_alone(
    scene: CampaignScene, dispositions: Dispositions
) -> None:
    lead, call = await talking(scene)
    await over(scene, call)
    await dispositions.dispose(call, ANN, said(Disposition.NOT_NOW))
    (claimed,) = await scene.claim(now=after(hours=3))
    second = await scene.reserve(claimed, now=after(hours=3))
    await scene.happened(*missed(second, at_s=3 * 3600))
    await dispositions.dispose(call, ANN, said(Disposition.REFUSED))
    assert await scene.column(lead, "state") == "open"


async def test_what_is_said_twice_is_taken_down_once(
    scene: CampaignScene, dispositions: Dispositions
) -> None:
    _, call = await talking(scene)
    callback = said(
        Disposition.CALLBACK,
        note="\x00x",
        callback_at=after(minutes=30),
        callback_number="+8613800000009",
    )
    for disposal in (callback, callback, said(Disposition.REFUSED), callback):
        await dispositions.dispose(call, ANN, disposal)
    told = [one.disposition for one in await dispositions.of_call(call)]
    assert told == ["callback", "refused", "callback"]


async def test_a_callback_goes_to_the_number_the_customer_named(
    scene: CampaignScene, dispositions: Dispositions
) -> None:
    lead, call = await talking(scene, SETTINGS, NUMBER, "+8613800000002")
    await over(scene, call)
    for number, rest in (
        ("+8613800000002", [NUMBER]),
        ("+8613800000007", ["+8613800000002", NUMBER]),
    ):
        callback = said(Disposition.CALLBACK, callback_at=after(minutes=30), callback_number=number)
        await dispositions.dispose(call, ANN, callback)
        rows = await scene.database.pool.fetch(
            "select number from lead_numbers where lead = $1 order by place", lead
        )
        assert [row["number"] for row in rows] == [number, *rest]
    (claimed,) = await scene.callbacks(now=after(minutes=30))
    assert claimed.number.number == "+8613800000007"


@pytest.mark.parametrize("during", [True, False])
async def test_a_choice_may_have_a_gap_of_its_own(
    scene: CampaignScene, dispositions: Dispositions, during: bool
) -> None:
    """It holds, whatever else is changed meanwhile, until the next call."""
    lead, call = await talking(scene)
    if not during:
        await over(scene, call)
    later = said(Disposition.NOT_NOW, choice="on_holiday", again_after_s=86_400)
    await dispositions.dispose(call, ANN, later)
    if during:
        await over(scene, call)
    again = await scene.column(lead, "next_at")
    assert after(days=1) <= again <= after(days=1, minutes=2)
    assert await scene.column(lead, "held_by") == "put_off"
    campaign = await scene.campaigns.get(OPS, SPRING)
    shorter = campaign.settings.model_copy(update={"gap_s": 60.0})
    await scene.campaigns.change(OPS, SPRING, campaign.change, settings=shorter)
    assert await scene.claim(now=after(hours=5)) == []
    assert await scene.column(lead, "next_at") == again
    (claimed,) = await scene.claim(now=again)
    call = await scene.reserve(claimed, now=again)
    await scene.happened(*missed(call, at_s=(again - NOON).total_seconds()))
    assert await scene.column(lead, "put_off_until") is None
    assert len(await scene.claim(now=again + timedelta(hours=3))) == 1


async def test_an_inbound_caller_is_called_back_or_never_again(
    scene: CampaignScene, dispositions: Dispositions
) -> None:
    """Also before their call's record is stored."""
    into = await scene.new_list()
    lead = await scene.lead(into, NUMBER)
    call, caller = CallId("inbound"), InboundCaller(ProjectName("tea"), NUMBER, lead)
    callback = said(Disposition.CALLBACK, callback_at=after(minutes=30))
    await dispositions.dispose(call, ANN, callback, caller)
    await dispositions.dispose(call, ANN, callback, caller)
    (one,) = await dispositions.of_call(call)
    assert one.callback_number == NUMBER
    await dispositions.dispose(call, ANN, said(Disposition.DO_NOT_CALL), caller)
    assert await scene.column(lead, "state") == "do_not_call"
    await dispositions.dispose(call, ANN, said(Disposition.RESOLVED), caller)
    assert await scene.column(lead, "state") == "do_not_call"


@pytest.mark.parametrize("what", [Disposition.CALLBACK, Disposition.DO_NOT_CALL])
async def test_whose_number_is_withheld_can_neither_be_called_nor_listed(
    dispositions: Dispositions, what: Disposition
) -> None:
    call, caller = CallId("inbound"), InboundCaller(ProjectName("tea"), None)
    with pytest.raises(DispositionRefused) as refused:
        await dispositions.dispose(call, ANN, said(what, callback_at=after(minutes=30)), caller)
    assert refused.value.why is DispositionRefusal.NO_NUMBER
    named = said(
        Disposition.CALLBACK, callback_at=after(minutes=30), callback_number="+8613800000005"
    )
    await dispositions.dispose(call, ANN, named, caller)
    (one,) = await dispositions.of_call(call)
    assert one.callback_number == "+8613800000005"
