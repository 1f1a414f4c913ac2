"""The limit's count survives a restart, because it is made from the attempts."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from campaigns.attempts import abandon_history
from dialer.abandon_count import Tally
from dialer.limit import CAUTIOUS, QuickHangUp
from domain.call_facts import CallEnded
from domain.outbound_facts import CustomerAbandoned, CustomerAnswered, MessagePlayed, PersonFound
from domain.reasons import Party
from engine.outbound.campaign_books import CampaignBooks
from tests.campaigns.attempt_facts import abandoned, at, missed, placed, spoken
from tests.campaigns.campaigns_scene import (
    NOON,
    OPS,
    SETTINGS,
    SPRING,
    US,
    ZONE,
    CampaignScene,
    after,
)

pytestmark = pytest.mark.live


async def test_the_count_is_made_from_the_attempts(scene: CampaignScene) -> None:
    into = await scene.new_list()
    await scene.leads(into, 5)
    await scene.start(lists=[into])
    calls = [await scene.reserve(claimed) for claimed in await scene.claim()]
    await scene.happened(*spoken(calls[0]), *spoken(calls[1]), *abandoned(calls[2]))
    await scene.happened(*missed(calls[3]))
    await scene.happened(
        placed(calls[4]),
        at(calls[4], 70, CustomerAnswered()),
        at(calls[4], 71, CustomerAbandoned(by_customer=True)),
        at(calls[4], 71, CallEnded(Party.CALLER, 16, None)),
    )
    today = NOON.astimezone(ZONE).date().toordinal()
    pool = scene.database.pool
    lenient = replace(CAUTIOUS, quick_hang_up=QuickHangUp.NOT_COUNTED)
    found = await abandon_history(pool, SPRING, lenient, ZONE, after(minutes=10))
    assert found.days == {today: Tally(1, 3)}
    assert found.last_24h == ((600.0, Tally(1, 3)),)
    strict = replace(CAUTIOUS, quick_hang_up=QuickHangUp.ABANDONED)
    found = await abandon_history(pool, SPRING, strict, ZONE, after(minutes=10))
    assert found.days == {today: Tally(2, 4)}
    assert found.last_24h == ((600.0, Tally(1, 3)), (540.0, Tally(1, 1)))
    # For each whom detection found, some are reckoned to have been taken for machines.
    await scene.happened(at(calls[0], 10.05, PersonFound()), at(calls[2], 10.05, PersonFound()))
    found = await abandon_history(pool, SPRING, strict, ZONE, after(minutes=10))
    unseen = 2 * strict.unseen_for_each
    assert found.days[today].abandoned == pytest.approx(2 + unseen)
    assert found.days[today].base == pytest.approx(4 + unseen)
    # Those whom it called while it had no agents heard what they were to hear.
    await pool.execute(
        "update attempts set mode = 'agentless' where attempt = any($1::text[])",
        [calls[0], calls[2]],
    )
    found = await abandon_history(pool, SPRING, strict, ZONE, after(minutes=10))
    assert (found.days[today], found.last_24h) == (
        Tally(1, 2),
        ((600.0, Tally(0, 1)), (540.0, Tally(1, 1))),
    )
    late = NOON + timedelta(days=40)
    assert (await abandon_history(pool, SPRING, strict, ZONE, late)).days == {}


async def test_who_heard_the_message_without_a_controller_counts_and_is_kept_an_agent_for(
    scene: CampaignScene,
) -> None:
    into = await scene.new_list()
    await scene.leads(into, 1)
    await scene.start(settings=SETTINGS.model_copy(update={"rules": "uk"}), lists=[into])
    (claimed,) = await scene.claim()
    call = await scene.reserve(claimed)
    await scene.happened(placed(call))  # and now the controller is killed
    caught_up = asyncio.Event()

    async def flushed() -> None:
        pass

    books = CampaignBooks(
        scene.database.pool,
        US,
        flushed=flushed,
        caught_up=caught_up.wait,
        clock=lambda: after(minutes=10),
    )
    campaign = await scene.campaigns.get(OPS, SPRING)
    counting = asyncio.create_task(books.history(campaign, ZONE))
    await asyncio.wait({counting}, timeout=0.1)
    await scene.happened(  # what Asterisk's log has
        at(call, 9, CustomerAnswered()),
        at(call, 9, CustomerAbandoned(by_customer=False)),
        at(call, 18, MessagePlayed(whole=True)),
        at(call, 18, CallEnded(Party.SYSTEM, 16, None)),
    )
    caught_up.set()
    today = NOON.astimezone(ZONE).date().toordinal()
    assert (await counting).days[today] == Tally(1, 1)
    (again,) = await scene.claim(now=after(hours=50))
    assert again.guaranteed, "for 72 h only with an agent kept for them"
