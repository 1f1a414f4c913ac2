"""Callers who ask to be called back: their number, the rules, and one callback each."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from campaigns.callback_claims import CallbackClaims
from campaigns.caller_callbacks import BookedCallback, CallerCallbacks, WishedCallback
from campaigns.do_not_call import DoNotCall
from campaigns.stored_leads import LeadState
from domain.call_facts import CallEnded
from domain.identity import AgentCode, CallId, ProjectName, QueueName
from domain.reasons import NoCallback
from domain.roles import Actor, Role
from records.writing import write
from storage.database import connection
from tests.campaigns.campaigns_scene import NOON, TEA, CampaignScene, after
from tests.storage.days import answered, as_stored, entered, fact

SHANGHAI = ZoneInfo("Asia/Shanghai")
SALES = QueueName("sales")
CALL = CallId("inbound")
E164 = "+8613800138000"


@pytest.fixture
def callbacks(scene: CampaignScene) -> CallerCallbacks:
    return CallerCallbacks(scene.database.pool, lambda: SHANGHAI, clock=lambda: NOON)


def wish(number: str = "13800138000", at: datetime | None = None, **more: Any) -> WishedCallback:
    return WishedCallback(
        **{
            "call": CALL, "project": ProjectName(TEA), "number": number, "country": "CN",
            "queue": SALES, "at": at, **more,
        }
    )  # fmt: skip


async def booked(callbacks: CallerCallbacks, wished: WishedCallback) -> BookedCallback:
    found = await callbacks.book(wished)
    assert isinstance(found, BookedCallback), found
    return found


async def call_comes_in(scene: CampaignScene, *, ends: bool) -> None:
    facts = [entered(CALL, project=TEA, line="carrier")]
    if ends:
        facts.append(fact(CALL, 30, CallEnded, by="caller", cause=16))
    async with connection(scene.database.pool) as db:
        await write(db, [as_stored(one) for one in facts])


async def test_it_is_called_once_the_caller_has_hung_up(
    scene: CampaignScene, callbacks: CallerCallbacks
) -> None:
    claims = CallbackClaims(scene.database.pool, lambda: SHANGHAI)
    await call_comes_in(scene, ends=False)
    one = await booked(callbacks, wish())
    assert (one.number, one.at) == (E164, NOON)
    assert await claims.due(after(minutes=1)) == [], "they are on the line still"
    await call_comes_in(scene, ends=True)
    (due,) = await claims.due(after(minutes=1))
    assert (due.lead, due.agent) == (one.lead, None)
    terms = due.terms.settings
    assert (terms.queue, terms.line, terms.caller_id) == ("sales", "carrier", "4001")


async def test_a_second_wish_moves_the_first(
    scene: CampaignScene, callbacks: CallerCallbacks
) -> None:
    first = await booked(callbacks, wish())
    again = wish(
        "+86 138 0013 8000", after(hours=1), call=CallId("later"), queue=QueueName("service")
    )
    second = await booked(callbacks, again)
    assert second.lead == first.lead
    row = await scene.database.pool.fetchrow("select * from leads")
    assert (row["callback_at"], row["callback_call"], row["callback_queue"]) == (
        after(hours=1), "later", "service",
    )  # fmt: skip


async def test_another_project_has_its_own(callbacks: CallerCallbacks) -> None:
    first = await booked(callbacks, wish())
    other = await booked(callbacks, wish(project=ProjectName("bank")))
    assert first.lead != other.lead


@pytest.mark.parametrize(
    "number", ["", "12", "anonymous", "138001380001380013800", "+999123", "110"]
)
async def test_what_cannot_be_dialled_is_refused(callbacks: CallerCallbacks, number: str) -> None:
    assert await callbacks.book(wish(number)) is NoCallback.NOT_DIALLABLE


@pytest.mark.parametrize("whose", [TEA, ""])
async def test_who_is_not_to_be_called_is_refused(
    scene: CampaignScene, callbacks: CallerCallbacks, whose: str
) -> None:
    admin = Actor("ada", Role.ADMIN, None)
    listing = DoNotCall(scene.database.pool, clock=lambda: NOON - timedelta(hours=1))
    await listing.add(admin, ProjectName(whose), [E164])
    assert await callbacks.book(wish()) is NoCallback.DO_NOT_CALL
    assert await scene.database.pool.fetchval("select count(*) from leads") == 0


async def test_at_night_it_is_moved_to_the_morning(callbacks: CallerCallbacks) -> None:
    night = NOON.astimezone(SHANGHAI).replace(hour=23)
    one = await booked(callbacks, wish(at=night))
    assert one.at.astimezone(SHANGHAI).hour == 8
    assert one.at > night


@pytest.mark.parametrize(
    ("late", "moved"),
    [(timedelta(hours=3), timedelta(hours=21)), (timedelta(seconds=20), None)],
)
async def test_a_time_of_day_that_is_over_is_tomorrows(
    callbacks: CallerCallbacks, late: timedelta, moved: timedelta | None
) -> None:
    one = await booked(callbacks, wish(at=NOON - late))
    if moved is None:
        assert one.at <= NOON
    else:
        assert one.at == NOON + moved


@pytest.mark.parametrize("at", [NOON - timedelta(days=2), NOON + timedelta(days=400)])
async def test_other_days_that_are_over_or_far_ahead_are_refused(
    callbacks: CallerCallbacks, at: datetime
) -> None:
    assert await callbacks.book(wish(at=at)) is NoCallback.NO_SUCH_TIME


async def test_an_agent_may_take_it_on(scene: CampaignScene, callbacks: CallerCallbacks) -> None:
    await booked(callbacks, wish(agent=AgentCode("1001")))
    row = await scene.database.pool.fetchrow("select * from leads")
    assert (row["callback_agent"], row["state"]) == ("1001", LeadState.OPEN)


@pytest.mark.parametrize(("talked_s", "called"), [(600, False), (None, True)])
async def test_who_gets_through_by_themselves_is_not_called(
    scene: CampaignScene, callbacks: CallerCallbacks, talked_s: float | None, called: bool
) -> None:
    """``NOON`` of the calls' facts is some hours after that of campaigns."""
    await call_comes_in(scene, ends=True)
    await booked(callbacks, wish())
    if talked_s is not None:
        facts = answered("later", talked_s, project=TEA, line="carrier")
        async with connection(scene.database.pool) as db:
            await write(db, [as_stored(one) for one in facts])
    claims = CallbackClaims(scene.database.pool, lambda: SHANGHAI)
    (due,) = await claims.due(after(minutes=1))
    assert due.caller == E164
    claimed = await claims.claim(due, by="us", now=after(minutes=1), lease_s=60)
    assert (claimed is not None) is called
    row = await scene.database.pool.fetchrow("select * from leads")
    assert (row["why"], row["callback_at"]) == ((None, NOON) if called else ("served", None))
    said = "select detail ->> 'why' from lead_changes where what = 'callback_dropped'"
    assert await scene.database.pool.fetchval(said) == (None if called else "served")
