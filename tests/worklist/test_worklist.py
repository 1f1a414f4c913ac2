"""What is on the worklist, who has it in hand, and how it leaves it."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from campaigns.callback_claims import CallbackClaims
from campaigns.caller_callbacks import BookedCallback, CallerCallbacks, WishedCallback
from domain.call_facts import CallEnded, TurnedAway
from domain.facts import CallFact
from domain.floor_facts import LeftQueue, Queued
from domain.happening import Happening
from domain.identity import CallId, ProjectName, QueueName
from domain.recording_facts import VoiceKept
from records.writing import write
from storage.audit import AuditLog
from storage.database import Database, connection
from tests.storage.days import NOON, answered, as_stored, entered, fact
from worklist.entries import (
    WorkEntry,
    WorkKind,
    WorkPlace,
    WorkRefusal,
    WorkRefused,
    WorkScope,
)
from worklist.worklist import MOST_NOTE, Worklist

ACME, OTHER = ProjectName("acme"), ProjectName("other")
SALES, SERVICE = QueueName("sales"), QueueName("service")
AMY = WorkScope("amy", frozenset({ACME}), frozenset({SALES}))
SUE = WorkScope("sue", frozenset({ACME}), overrides=True)
ADA = WorkScope("ada", None, overrides=True)
SINCE = NOON - timedelta(days=1)
HOUR = timedelta(hours=1)


class Hand:
    """The clock of a test, which it moves."""

    now: datetime = NOON + HOUR

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
def work(database: Database, hand: Hand) -> Worklist:
    return Worklist(database.pool, AuditLog(database.pool), clock=hand)


async def note(database: Database, facts: Iterable[CallFact]) -> None:
    async with connection(database.pool) as db:
        await write(db, [as_stored(one) for one in facts])


def missed(
    call: str, at_s: float = 0, *, queue: str | None = "sales", by: str = "caller", **more: Any
) -> list[CallFact]:
    facts = [entered(call, at_s, **more), fact(call, at_s + 40, CallEnded, by=by, cause=16)]
    if queue is not None:
        facts.append(fact(call, at_s + 1, Queued, queue=queue, skill=queue))
    return facts


def voicemail(
    call: str, at_s: float = 0, queue: str | None = "sales", **more: Any
) -> list[CallFact]:
    name = f"{call}.v1795316000123{'' if queue is None else f'.{queue}'}"
    kept = fact(
        call, at_s + 50, VoiceKept,
        name=name, queue=queue, file=f"2026/03/02/{name}.wav", sha256="ab", duration_s=6.5, bytes=9,
    )  # fmt: skip
    return [*missed(call, at_s, queue=None, **more), kept]


async def refs(
    work: Worklist, kind: WorkKind, scope: WorkScope = SUE, *, done: bool = False
) -> list[str]:
    return [one.ref for one in (await work.entries(scope, SINCE, done=done))[kind]]


async def only(work: Worklist, kind: WorkKind, *, done: bool = False) -> WorkEntry:
    (one,) = (await work.entries(SUE, SINCE, done=done))[kind]
    return one


async def refused(doing: Any) -> tuple[WorkRefusal, str]:
    with pytest.raises(WorkRefused) as found:
        await doing
    return found.value.why, found.value.by


# Missed calls


@pytest.mark.parametrize(
    ("more", "late", "place"),
    [
        ({"queue": None}, [], WorkPlace.MENU),
        ({"queue": None, "by": "flow"}, [], WorkPlace.END),
        ({"queue": None, "by": "system"}, [], WorkPlace.LOST),
        ({}, [], WorkPlace.ABANDONED),
        ({}, [(LeftQueue, {"queue": "sales", "why": "timeout"})], WorkPlace.UNSERVED),
        ({"queue": None}, [(TurnedAway, {"why": "closed"})], WorkPlace.CLOSED),
        ({"queue": None}, [(TurnedAway, {"why": "emergency"})], None),
        ({"line": "own.phones"}, [], None),
    ],
)
async def test_a_call_in_which_nobody_talked_is_missed(
    database: Database,
    work: Worklist,
    more: Mapping[str, Any],
    late: list[tuple[type[Happening], dict[str, Any]]],
    place: WorkPlace | None,
) -> None:
    facts = [fact("c1", 30, kind, **detail) for kind, detail in late]
    await note(database, [*missed("c1", **more), *facts])
    found = (await work.entries(SUE, SINCE))[WorkKind.MISSED]
    assert [one.place for one in found] == ([] if place is None else [place])


async def test_one_that_goes_on_or_was_answered_is_not(database: Database, work: Worklist) -> None:
    await note(database, [entered("c1"), *answered("c2", 60, caller="13900139000")])
    assert await refs(work, WorkKind.MISSED) == []


async def test_a_caller_is_there_once_with_the_number_of_their_calls(
    database: Database, work: Worklist
) -> None:
    await note(database, answered("c0"))
    await note(database, [*missed("c1", 600), *missed("c2", 1200), *missed("c3", 1800)])
    await note(
        database, [*missed("c4", 700, caller="13900139000"), *missed("c5", 800, caller=None)]
    )
    await note(database, [*missed("c6", 900, caller=None), *missed("b1", 100, project="other")])
    found = (await work.entries(SUE, SINCE))[WorkKind.MISSED]
    assert [(one.ref, one.missed) for one in found] == [
        ("c4", 1), ("c5", 1), ("c6", 1), ("c3", 3),
    ]  # fmt: skip
    assert await refs(work, WorkKind.MISSED, ADA) == ["b1", "c4", "c5", "c6", "c3"]


async def test_a_later_answered_call_clears_it_by_itself(
    database: Database, work: Worklist
) -> None:
    await note(database, [*missed("c1"), *missed("c2", 600)])
    await note(database, [*answered("c3", 1200), *missed("c4", 1300, caller="13900139000")])
    assert await refs(work, WorkKind.MISSED) == ["c4"]
    one = await only(work, WorkKind.MISSED, done=True)
    assert (one.ref, one.answered_in, one.done_at, one.missed) == ("c2", "c3", None, 2)


async def test_a_call_that_left_something_else_is_there_as_that(
    database: Database, work: Worklist
) -> None:
    await note(database, voicemail("c1"))
    await note(database, voicemail("c2", 60, None, caller="13900139000"))
    assert await refs(work, WorkKind.VOICEMAIL) == ["c1.v1795316000123.sales"]
    assert await refs(work, WorkKind.MISSED) == ["c2"], "a flow recorded something, for nobody"


async def test_agents_see_what_their_queues_and_no_queue_have(
    database: Database, work: Worklist
) -> None:
    await note(
        database, [*missed("c1", queue="sales", caller="1"), *missed("c2", queue=None, caller="2")]
    )
    await note(
        database,
        [*missed("c3", queue="service", caller="3"), *voicemail("c4", 0, "service", caller="4")],
    )
    assert sorted(await refs(work, WorkKind.MISSED, AMY)) == ["c1", "c2"]
    assert await refs(work, WorkKind.VOICEMAIL, AMY) == []
    assert (await refused(work.claim(AMY, WorkKind.MISSED, "c3")))[0] is WorkRefusal.NO_SUCH


# Taking and doing


async def test_who_has_taken_it_keeps_it_for_a_while(
    database: Database, work: Worklist, hand: Hand
) -> None:
    await note(database, missed("c1"))
    bob = WorkScope("bob", frozenset({ACME}), frozenset({SALES}))
    await work.claim(AMY, WorkKind.MISSED, "c1")
    assert (await only(work, WorkKind.MISSED)).in_hand_of(hand.now) == "amy"
    assert await refused(work.claim(bob, WorkKind.MISSED, "c1")) == (WorkRefusal.TAKEN, "amy")
    assert await refused(work.finish(bob, WorkKind.MISSED, "c1")) == (WorkRefusal.TAKEN, "amy")
    assert await refused(work.release(bob, WorkKind.MISSED, "c1")) == (WorkRefusal.TAKEN, "amy")
    assert (await only(work, WorkKind.MISSED)).in_hand_of(hand.now) == "amy", "it isn't Bob's"
    assert (await work.claim(SUE, WorkKind.MISSED, "c1")).claimed_by == "sue", "supervisors may"
    await work.release(SUE, WorkKind.MISSED, "c1")
    await work.claim(AMY, WorkKind.MISSED, "c1")
    hand.now += timedelta(minutes=16)
    assert (await only(work, WorkKind.MISSED)).in_hand_of(hand.now) is None
    await work.release(bob, WorkKind.MISSED, "c1")  # nobody has it: nothing is in the way
    await work.claim(bob, WorkKind.MISSED, "c1")


async def test_a_supervisor_gives_back_what_somebody_has_left(
    database: Database, work: Worklist, hand: Hand
) -> None:
    lead = (await book(database)).lead
    (ref,) = await refs(work, WorkKind.CALLBACK)
    await work.claim(AMY, WorkKind.CALLBACK, ref)
    await work.release(SUE, WorkKind.CALLBACK, ref)
    assert (await only(work, WorkKind.CALLBACK)).in_hand_of(hand.now) is None
    assert await due(database, hand.now) == [lead], "the dialer may call them again"


async def test_it_is_done_with_a_note_and_opened_again(
    database: Database, work: Worklist, hand: Hand
) -> None:
    await note(database, voicemail("c1"))
    (ref,) = await refs(work, WorkKind.VOICEMAIL)
    await work.claim(AMY, WorkKind.VOICEMAIL, ref)
    await work.finish(AMY, WorkKind.VOICEMAIL, ref, " =1+1 <b>sent the \u53d1\u7968</b> ")
    assert await refs(work, WorkKind.VOICEMAIL) == []
    one = await only(work, WorkKind.VOICEMAIL, done=True)
    assert (one.done_by, one.note, one.done_at) == (
        "amy",
        "=1+1 <b>sent the \u53d1\u7968</b>",
        hand.now,
    )
    assert (await refused(work.finish(SUE, WorkKind.VOICEMAIL, ref)))[0] is WorkRefusal.NO_SUCH
    await work.reopen(SUE, WorkKind.VOICEMAIL, ref)
    assert (await refused(work.reopen(SUE, WorkKind.VOICEMAIL, ref)))[0] is WorkRefusal.OPEN
    assert (await only(work, WorkKind.VOICEMAIL)).note != "", "what was typed is not lost"
    log = await AuditLog(database.pool).entries(projects=None)
    assert [(e.by, e.action) for e in log] == [("sue", "work reopened"), ("amy", "work done")]


async def test_a_caller_who_is_missed_again_is_there_again(
    database: Database, work: Worklist
) -> None:
    await note(database, missed("c1"))
    await work.finish(AMY, WorkKind.MISSED, "c1")
    await note(database, missed("c2", 600))
    assert await refs(work, WorkKind.MISSED) == ["c2"]
    assert await refs(work, WorkKind.MISSED, done=True) == ["c1"]


@pytest.mark.parametrize("ref", ["", "x", "../x", "7:", "0:x", "\u0663:x", "c1.v1795316000123"])
@pytest.mark.parametrize("kind", list(WorkKind))
async def test_there_is_no_such_entry(work: Worklist, kind: WorkKind, ref: str) -> None:
    assert (await refused(work.claim(SUE, kind, ref)))[0] is WorkRefusal.NO_SUCH


async def test_a_note_has_an_end(database: Database, work: Worklist) -> None:
    await note(database, missed("c1"))
    why = await refused(work.finish(AMY, WorkKind.MISSED, "c1", "x" * (MOST_NOTE + 1)))
    assert why[0] is WorkRefusal.TOO_LONG


# Callbacks


async def book(database: Database, call: str = "c1") -> BookedCallback:
    await note(database, missed(call, queue=None))
    callbacks = CallerCallbacks(
        database.pool, lambda: ZoneInfo("Europe/London"), clock=lambda: NOON - HOUR
    )
    wish = WishedCallback(CallId(call), ACME, "020 7946 0018", "GB", SALES)
    found = await callbacks.book(wish)
    assert isinstance(found, BookedCallback)
    return found


async def due(database: Database, at: datetime) -> list[int]:
    claims = CallbackClaims(database.pool, lambda: ZoneInfo("Europe/London"))
    return [one.lead for one in await claims.due(at)]


async def test_a_callback_is_there_and_the_call_is_not_missed(
    database: Database, work: Worklist
) -> None:
    await book(database)
    one = await only(work, WorkKind.CALLBACK)
    assert (one.call, one.caller, one.queue) == ("c1", "+442079460018", SALES)
    assert (one.place, one.due_at) == (WorkPlace.BOOKED, NOON - HOUR)
    assert await refs(work, WorkKind.MISSED) == []


async def test_while_somebody_has_it_in_hand_the_dialer_leaves_it_alone(
    database: Database, work: Worklist, hand: Hand
) -> None:
    lead = (await book(database)).lead
    assert await due(database, hand.now) == [lead]
    (ref,) = await refs(work, WorkKind.CALLBACK)
    await work.claim(AMY, WorkKind.CALLBACK, ref)
    assert await due(database, hand.now) == []
    await work.release(AMY, WorkKind.CALLBACK, ref)
    assert await due(database, hand.now) == [lead]
    await work.claim(AMY, WorkKind.CALLBACK, ref)
    assert await due(database, hand.now + timedelta(minutes=16)) == [lead], "forgotten"


async def test_a_claimed_lead_of_the_dialers_is_not_taken(
    database: Database, work: Worklist, hand: Hand
) -> None:
    await book(database)
    (ref,) = await refs(work, WorkKind.CALLBACK)
    await database.pool.execute(
        "update leads set leased_until = $1, leased_by = 'pbx1-7'", hand.now + HOUR
    )
    assert (await refused(work.claim(AMY, WorkKind.CALLBACK, ref)))[0] is WorkRefusal.IN_CALL
    assert (await only(work, WorkKind.CALLBACK)).claimed_by is None


async def test_done_nobody_is_called_and_opened_again_they_are(
    database: Database, work: Worklist, hand: Hand
) -> None:
    lead = (await book(database)).lead
    (ref,) = await refs(work, WorkKind.CALLBACK)
    await work.finish(AMY, WorkKind.CALLBACK, ref, "by mail")
    assert await due(database, hand.now) == []
    assert await refs(work, WorkKind.CALLBACK) == []
    one = await only(work, WorkKind.CALLBACK, done=True)
    assert (one.ref, one.note, one.caller) == (ref, "by mail", "+442079460018")
    await work.reopen(SUE, WorkKind.CALLBACK, ref)
    assert await due(database, hand.now) == [lead]
    assert await refs(work, WorkKind.CALLBACK) == [ref]


async def test_what_was_promised_anew_is_not_opened_again(
    database: Database, work: Worklist
) -> None:
    await book(database)
    (ref,) = await refs(work, WorkKind.CALLBACK)
    await work.finish(AMY, WorkKind.CALLBACK, ref)
    await book(database, "c2")
    assert (await refused(work.reopen(SUE, WorkKind.CALLBACK, ref)))[0] in (
        WorkRefusal.CHANGED, WorkRefusal.NO_SUCH,
    )  # fmt: skip
    assert len(await refs(work, WorkKind.CALLBACK)) == 1


async def test_a_caller_who_gets_through_after_it_was_due_needs_no_callback(
    database: Database, work: Worklist
) -> None:
    await book(database)
    await note(database, answered("c2", 600))
    assert await refs(work, WorkKind.CALLBACK) == []
    one = await only(work, WorkKind.CALLBACK, done=True)
    assert (one.answered_in, one.done_at) == ("c2", None)
