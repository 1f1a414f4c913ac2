"""Callbacks as people see and change them, and those that are promised to callers."""

from datetime import datetime
from typing import Any

import pytest

from campaigns.callbacks import (
    CallbackChangeKind,
    CallbackRefusal,
    CallbackRefused,
    Callbacks,
    PromisedCallback,
)
from campaigns.campaign import CampaignState
from campaigns.dispositions import Disposal, Disposition, Dispositions, InboundCaller
from domain.identity import AgentCode, CallId
from domain.roles import Actor, Role
from tests.campaigns.attempt_facts import ANN, missed, spoken
from tests.campaigns.campaigns_scene import BANK, NOON, OPS, SPRING, TEA, CampaignScene, after
from tests.storage.days import entered

pytestmark = pytest.mark.live
NUMBER = "+8613800000001"
SUE = Actor("sue", Role.SUPERVISOR, frozenset({TEA}))
CALL = CallId("inbound")


@pytest.fixture
def callbacks(scene: CampaignScene) -> Callbacks:
    return Callbacks(scene.database.pool, clock=lambda: NOON)


async def promised(scene: CampaignScene, **columns: Any) -> int:
    into = await scene.new_list()
    lead = await scene.lead(
        into, NUMBER, **{"callback_at": after(hours=1), "callback_agent": ANN, **columns}
    )
    await scene.start(lists=[into])
    return lead


async def only(callbacks: Callbacks) -> PromisedCallback:
    (one,) = await callbacks.seen_by(SUE)
    return one


async def test_it_is_seen_by_its_projects_and_by_its_agent(
    scene: CampaignScene, callbacks: Callbacks
) -> None:
    lead = await promised(scene)
    (one,) = await callbacks.seen_by(SUE)
    assert (one.lead, one.number, one.at, one.agent) == (lead, NUMBER, after(hours=1), ANN)
    assert (one.campaign, one.waits_for) == (SPRING, None)
    assert await callbacks.seen_by(Actor("bob", Role.SUPERVISOR, frozenset({BANK}))) == ()
    assert await callbacks.of_agent(ANN, [BANK, TEA]) == (one,)
    assert await callbacks.of_agent(ANN, [BANK]) == (), "they work for another project now"
    assert await callbacks.of_agent(AgentCode("1002"), [TEA]) == ()
    assert await callbacks.counts(SPRING) == (0, 1)


async def test_what_keeps_it_waiting_is_said(scene: CampaignScene, callbacks: Callbacks) -> None:
    await promised(scene)
    await scene.campaigns.move(OPS, SPRING, CampaignState.PAUSED)
    assert (await only(callbacks)).waits_for is None
    await scene.campaigns.move(OPS, SPRING, CampaignState.STOPPED)
    assert (await only(callbacks)).waits_for == "campaign"
    await scene.database.pool.execute("update lists set state = 'paused'")
    assert (await only(callbacks)).waits_for == "list"


async def test_each_change_is_kept_and_can_be_taken_back(
    scene: CampaignScene, callbacks: Callbacks
) -> None:
    lead = await promised(scene)
    seen = after(hours=1)
    moved = await callbacks.move(SUE, lead, seen, after(hours=2))
    assert (await only(callbacks)).at == await scene.column(lead, "next_at") == after(hours=2)
    await callbacks.take_back(SUE, moved)
    passed = await callbacks.pass_on(SUE, lead, seen, AgentCode("1002"))
    assert (await only(callbacks)).agent == "1002"
    await callbacks.take_back(SUE, passed)
    cancelled = await callbacks.cancel(SUE, lead, seen)
    assert await callbacks.seen_by(SUE) == ()
    assert await scene.column(lead, "state") == "finished"
    assert await scene.claim(now=after(days=3)) == []
    await callbacks.take_back(SUE, cancelled)
    assert ((await only(callbacks)).at, (await only(callbacks)).agent) == (seen, ANN)
    assert [one.what for one in await callbacks.changes(SUE)] == [
        CallbackChangeKind.RESTORED, CallbackChangeKind.CANCELLED,
        CallbackChangeKind.RESTORED, CallbackChangeKind.PASSED_ON,
        CallbackChangeKind.RESTORED, CallbackChangeKind.MOVED,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("actor", "seen", "at", "why"),
    [
        (SUE, NOON, after(hours=2), CallbackRefusal.CHANGED_MEANWHILE),
        (SUE, after(hours=1), after(days=400), CallbackRefusal.TOO_FAR),
        (SUE, after(hours=1), after(minutes=-2), CallbackRefusal.IN_THE_PAST),
        (
            Actor("bob", Role.SUPERVISOR, frozenset({BANK})),
            after(hours=1), after(hours=2), CallbackRefusal.NO_SUCH,
        ),
        (
            Actor("a", Role.AGENT, frozenset({TEA})),
            after(hours=1), after(hours=2), CallbackRefusal.NO_SUCH,
        ),
    ],
)  # fmt: skip
async def test_what_may_not_be_is_refused(
    scene: CampaignScene,
    callbacks: Callbacks,
    actor: Actor,
    seen: datetime,
    at: datetime,
    why: CallbackRefusal,
) -> None:
    lead = await promised(scene)
    with pytest.raises(CallbackRefused) as refused:
        await callbacks.move(actor, lead, seen, at)
    assert refused.value.why is why
    assert (await only(callbacks)).at == after(hours=1)


async def test_nobody_moves_a_callback_whose_customer_is_being_called(
    scene: CampaignScene, callbacks: Callbacks
) -> None:
    lead = await promised(scene, callback_at=NOON)
    (claimed,) = await scene.callbacks()
    await scene.reserve(claimed)
    with pytest.raises(CallbackRefused) as refused:
        await callbacks.cancel(SUE, lead, NOON)
    assert refused.value.why is CallbackRefusal.IN_CALL


async def test_a_change_is_not_taken_back_once_another_has_followed(
    scene: CampaignScene, callbacks: Callbacks
) -> None:
    lead = await promised(scene)
    first = await callbacks.move(SUE, lead, after(hours=1), after(hours=2))
    await callbacks.move(SUE, lead, after(hours=2), after(hours=3))
    with pytest.raises(CallbackRefused) as refused:
        await callbacks.take_back(SUE, first)
    assert refused.value.why is CallbackRefusal.CHANGED_MEANWHILE


# Callers


async def ask(
    scene: CampaignScene, *, personal: bool = True, what: Disposition = Disposition.CALLBACK
) -> None:
    said = Disposal(
        what, callback_at=NOON if what is Disposition.CALLBACK else None, personal=personal
    )
    dispositions = Dispositions(scene.database.pool, clock=lambda: after(hours=-1))
    await dispositions.dispose(CALL, ANN, said, InboundCaller(TEA, NUMBER))


@pytest.mark.parametrize("personal", [True, False])
async def test_a_caller_is_called_back_as_they_came_in(
    scene: CampaignScene, callbacks: Callbacks, personal: bool
) -> None:
    await scene.happened(entered("inbound"))
    await scene.database.pool.execute(
        "update calls set queue = 'tea', line = 'carrier', hotline = '4001' where call = 'inbound'"
    )
    await ask(scene, personal=personal)
    (one,) = await callbacks.seen_by(SUE)
    assert (one.caller, one.campaign, one.call) == (True, None, CALL)
    assert one.timezone == "Asia/Shanghai"
    (due,) = await scene.callback_claims.due(NOON)
    settings = due.terms.settings
    assert (due.agent, due.terms.campaign) == (ANN if personal else None, None)
    assert (settings.queue, settings.line, settings.caller_id) == ("tea", "carrier", "4001")
    (claimed,) = await scene.callbacks()
    call = await scene.reserve(claimed, campaign=None)
    assert list(await scene.callback_claims.open_calls()) == [call]
    await scene.happened(*spoken(call))
    assert await callbacks.seen_by(SUE) == ()
    assert await scene.column(claimed.lead.lead, "state") == "finished"


async def test_a_caller_whom_nobody_reaches_is_given_up_after_the_tries(
    scene: CampaignScene, callbacks: Callbacks
) -> None:
    await scene.happened(entered("inbound"))
    await ask(scene)
    at = 0.0
    for _ in range(3):
        (claimed,) = await scene.callbacks(now=after(seconds=at))
        call = await scene.reserve(claimed, campaign=None, now=after(seconds=at))
        await scene.happened(*missed(call, at_s=at))
        at += 1_000
    assert await scene.column(claimed.lead.lead, "why") == "callback_missed"
    assert await callbacks.seen_by(SUE) == ()


async def test_who_asks_again_has_one_callback_and_a_slip_is_taken_back(
    scene: CampaignScene, callbacks: Callbacks
) -> None:
    await scene.happened(entered("inbound"))
    await ask(scene)
    await ask(scene, personal=False)
    (one,) = await callbacks.seen_by(SUE)
    assert one.agent is None
    await ask(scene, what=Disposition.RESOLVED)
    assert await callbacks.seen_by(SUE) == ()
    assert await scene.callback_claims.due(after(hours=1)) == []


async def test_a_caller_on_the_do_not_call_list_stays_there(scene: CampaignScene) -> None:
    await scene.happened(entered("inbound"))
    await ask(scene)
    await ask(scene, what=Disposition.DO_NOT_CALL)
    await ask(scene)
    assert await scene.callbacks() == []
    assert await scene.database.pool.fetchval("select state from leads") == "do_not_call"
