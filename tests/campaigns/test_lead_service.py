"""LeadService, their lists and the do-not-call lists, changed by people while they are dialled."""

from dataclasses import replace

import pytest

from campaigns.attempts import ReserveRefusal
from campaigns.do_not_call import CENTRE, DoNotCall, DoNotCallRefusal, DoNotCallRefused
from campaigns.lead_lists import LeadLists, ListRefusal, ListRefused
from campaigns.lead_service import LeadEdit, LeadService
from campaigns.stored_leads import LeadNumber, LeadState, ListState, StoredLead
from domain.roles import Actor, Role
from tests.campaigns.attempt_facts import abandoned, missed
from tests.campaigns.campaigns_scene import (
    BANK,
    OPS,
    SETTINGS,
    SPRING,
    TEA,
    US,
    CampaignScene,
    after,
)

pytestmark = pytest.mark.live
NUMBER = "+8613800000001"
ADMIN = Actor("root", Role.ADMIN, None)
BOSS = Actor("sue", Role.SUPERVISOR, frozenset({TEA}))
CLIENT = Actor("carl", Role.CLIENT, frozenset({TEA}))
OTHER = Actor("otto", Role.OPS, frozenset({BANK}))


@pytest.fixture
def leads(scene: CampaignScene) -> LeadService:
    return LeadService(scene.database.pool, clock=lambda: after(minutes=1))


@pytest.fixture
def lists(scene: CampaignScene) -> LeadLists:
    return LeadLists(scene.database.pool)


@pytest.fixture
def do_not_call(scene: CampaignScene) -> DoNotCall:
    return DoNotCall(scene.database.pool, clock=lambda: after(minutes=1))


def edit_of(lead: StoredLead, **changes: object) -> LeadEdit:
    edit = LeadEdit(
        lead.name, lead.fields, lead.numbers, lead.timezone, lead.language, lead.consent_at,
        lead.callback_at, lead.callback_agent,
    )  # fmt: skip
    return replace(edit, **changes)  # type: ignore[arg-type]


async def test_a_list_is_made_paused_and_removed(scene: CampaignScene, lists: LeadLists) -> None:
    told: list[tuple[str, ...]] = []
    lists = LeadLists(scene.database.pool, on_change=told.append)
    made = await lists.make(OPS, TEA, " May  2026 ")
    assert (made.title, made.state, made.country) == ("May 2026", ListState.ACTIVE, "CN")
    await scene.lead(made.list, NUMBER)
    await scene.start(lists=[made.list])
    (claimed,) = await scene.claim()
    paused = await lists.change(BOSS, made.list, state=ListState.PAUSED)
    assert (paused.state, paused.campaigns, told) == (ListState.PAUSED, (SPRING,), [(SPRING,)])
    assert (await scene.refusal(claimed)).why is ReserveRefusal.LIST_NOT_ACTIVE
    assert await scene.claim() == []
    await lists.change(BOSS, made.list, state=ListState.ACTIVE)
    assert len(await scene.claim()) == 1
    await lists.change(OPS, made.list, state=ListState.REMOVED)
    assert await lists.seen_by(OPS) == ()
    with pytest.raises(ListRefused):
        await lists.get(OPS, made.list)


@pytest.mark.parametrize("actor", [CLIENT, OTHER, BOSS])
async def test_who_may_not_make_a_list(lists: LeadLists, actor: Actor) -> None:
    with pytest.raises(ListRefused) as refused:
        await lists.make(actor, TEA, "May")
    assert refused.value.why is ListRefusal.FORBIDDEN


async def test_a_list_of_another_project_is_not_seen(lists: LeadLists) -> None:
    made = await lists.make(OPS, TEA, "May")
    assert await lists.seen_by(OTHER) == ()
    with pytest.raises(ListRefused) as refused:
        await lists.change(OTHER, made.list, state=ListState.PAUSED)
    assert refused.value.why is ListRefusal.NO_SUCH
    with pytest.raises(ListRefused) as refused:
        await lists.change(BOSS, made.list, state=ListState.REMOVED)
    assert refused.value.why is ListRefusal.FORBIDDEN


@pytest.mark.parametrize("title", ["", "  ", "x" * 201, "nul\x00"])
async def test_a_list_needs_a_title(lists: LeadLists, title: str) -> None:
    with pytest.raises(ListRefused) as refused:
        await lists.make(OPS, TEA, title)
    assert refused.value.why is ListRefusal.NO_TITLE


@pytest.mark.parametrize("state", [LeadState.PAUSED, LeadState.REMOVED])
async def test_a_lead_that_is_paused_or_removed_while_claimed_is_not_dialled(
    scene: CampaignScene, leads: LeadService, state: LeadState
) -> None:
    into = await scene.new_list()
    lead = await scene.lead(into, NUMBER)
    await scene.start(lists=[into])
    (claimed,) = await scene.claim()
    await leads.move(OPS, lead, state)
    assert (await scene.refusal(claimed)).why is ReserveRefusal.LEAD_CLOSED
    assert await scene.claims.renew([lead], by=US, now=after(seconds=1), lease_s=60) == set()
    if state is LeadState.PAUSED:
        await leads.move(OPS, lead, LeadState.OPEN)
        assert len(await scene.claim()) == 1
    else:
        with pytest.raises(ListRefused):
            await leads.move(OPS, lead, LeadState.OPEN)


async def test_a_lead_that_is_edited_while_claimed_is_claimed_anew(
    scene: CampaignScene, leads: LeadService
) -> None:
    into = await scene.new_list()
    lead = await scene.lead(into, NUMBER)
    await scene.start(lists=[into])
    (claimed,) = await scene.claim()
    numbers = (LeadNumber("+8613800000002", 0, "mobile"),)
    changed = await leads.edit(
        OPS, claimed.lead, edit_of(claimed.lead, name='O\'Brien "Bob" | x\x00', numbers=numbers)
    )
    assert (changed.name, changed.numbers) == ('O\'Brien "Bob" | x', numbers)
    assert (await scene.refusal(claimed)).why is ReserveRefusal.NOT_CLAIMED
    (again,) = await scene.claim()
    assert (again.lead.lead, again.number.number) == (lead, "+8613800000002")
    (change,) = (await leads.story(OPS, lead)).changes
    assert (change.by, change.what, set(change.detail)) == ("olga", "edited", {"name", "numbers"})


async def test_two_editors_of_a_lead_don_t_overwrite_each_other(
    scene: CampaignScene, leads: LeadService
) -> None:
    lead = await scene.lead(await scene.new_list(), NUMBER)
    seen = (await leads.story(OPS, lead)).lead
    await leads.edit(OPS, seen, edit_of(seen, name="first"))
    with pytest.raises(ListRefused) as refused:
        await leads.edit(OPS, seen, edit_of(seen, name="second"))
    assert refused.value.why is ListRefusal.CHANGED_MEANWHILE
    assert await scene.column(lead, "name") == "first"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"numbers": ()}, ListRefusal.NO_NUMBER),
        ({"numbers": (LeadNumber("13800000001", 0),)}, ListRefusal.NOT_A_NUMBER),
        ({"numbers": (LeadNumber("+86138٣", 0),)}, ListRefusal.NOT_A_NUMBER),
        ({"numbers": (LeadNumber(NUMBER, 0), LeadNumber(NUMBER, 1))}, ListRefusal.TWICE),
        ({"timezone": "../etc/passwd"}, ListRefusal.NO_ZONE),
        ({"timezone": "Mars/Olympus"}, ListRefusal.NO_ZONE),
    ],
)
async def test_a_lead_is_not_made_into_nonsense(
    scene: CampaignScene, leads: LeadService, changes: dict[str, object], why: ListRefusal
) -> None:
    lead = await scene.lead(await scene.new_list(), NUMBER)
    seen = (await leads.story(OPS, lead)).lead
    with pytest.raises(ListRefused) as refused:
        await leads.edit(OPS, seen, edit_of(seen, **changes))
    assert refused.value.why is why


async def test_who_may_not_change_a_lead(scene: CampaignScene, leads: LeadService) -> None:
    lead = await scene.lead(await scene.new_list(), NUMBER)
    for actor, why in ((OTHER, ListRefusal.NO_SUCH), (CLIENT, ListRefusal.FORBIDDEN)):
        with pytest.raises(ListRefused) as refused:
            await leads.move(actor, lead, LeadState.PAUSED)
        assert refused.value.why is why
    with pytest.raises(ListRefused):
        await leads.story(OTHER, lead)


async def test_a_lead_s_story_has_everything(
    scene: CampaignScene, leads: LeadService, do_not_call: DoNotCall
) -> None:
    into = await scene.new_list()
    lead = await scene.lead(into, NUMBER)
    await scene.start(lists=[into])
    (claimed,) = await scene.claim()
    first = await scene.reserve(claimed)
    await scene.happened(*missed(first))
    (claimed,) = await scene.claim(now=after(hours=3))
    second = await scene.reserve(claimed, now=after(hours=3))
    await scene.happened(*abandoned(second, 3 * 3600, opted_out_of="tea"))
    story = await leads.story(CLIENT, lead)
    assert [one.attempt for one in story.attempts] == [second, first]
    assert [(one.project, one.number, one.source) for one in story.listed] == [
        ("tea", NUMBER, "key")
    ]
    assert [one.what for one in story.listings] == ["added"]
    assert [(one.what, one.detail) for one in story.changes] == [
        ("do_not_call", {"before": "open"})
    ]
    assert await do_not_call.remove(OPS, TEA, NUMBER, reason="the customer signed up")
    story = await leads.story(OPS, lead)
    assert (story.lead.state, story.listed) == (LeadState.OPEN, ())
    assert [one.what for one in story.changes] == ["reopened", "do_not_call"]
    assert (story.listings[0].what, story.listings[0].reason) == (
        "removed",
        "the customer signed up",
    )


async def test_a_number_stays_uncalled_while_another_list_has_it(
    scene: CampaignScene, do_not_call: DoNotCall
) -> None:
    lead = await scene.lead(await scene.new_list(), NUMBER)
    assert await do_not_call.add(ADMIN, CENTRE, [NUMBER, NUMBER]) == 1
    assert await do_not_call.add(OPS, TEA, [NUMBER]) == 1
    assert await do_not_call.add(OPS, TEA, [NUMBER], since=after(days=1)) == 0
    assert await do_not_call.remove(OPS, TEA, NUMBER, reason="asked") is True
    assert await do_not_call.remove(OPS, TEA, NUMBER, reason="asked") is False
    assert await scene.column(lead, "state") == "do_not_call"
    await do_not_call.remove(ADMIN, CENTRE, NUMBER, reason="asked")
    assert await scene.column(lead, "state") == "open"


@pytest.mark.parametrize(
    ("state", "why"),
    [("finished", "spoken"), ("finished", "attempts"), ("invalid", "invalid"), ("paused", None)],
)
async def test_a_request_that_is_taken_back_opens_nobody_who_was_closed_before(
    scene: CampaignScene, do_not_call: DoNotCall, state: str, why: str | None
) -> None:
    into = await scene.new_list()
    closed = await scene.lead(into, NUMBER, state=state, why=why)
    barred = await scene.lead(into, NUMBER, "+8613800000099", state="do_not_call")
    for _ in range(2):
        await do_not_call.add(OPS, TEA, [NUMBER])
        assert await scene.column(closed, "state") == "do_not_call"
        await do_not_call.remove(OPS, TEA, NUMBER, reason="a mistake")
        assert [await scene.column(closed, name) for name in ("state", "why")] == [state, why]
    assert await scene.column(barred, "state") == "open"
    # What it was long ago doesn't count: it was opened since, and closed by the rules.
    pool = scene.database.pool
    await pool.execute("update leads set state = 'do_not_call' where lead = $1", closed)
    await pool.execute(
        "insert into do_not_call (project, number, since, source) values ($1, $2, now(), 'page')",
        TEA,
        NUMBER,
    )
    await do_not_call.remove(OPS, TEA, NUMBER, reason="a mistake")
    assert await scene.column(closed, "state") == "open"


async def test_a_list_holds_from_its_date_on(scene: CampaignScene, do_not_call: DoNotCall) -> None:
    into = await scene.new_list()
    await scene.lead(into, NUMBER)
    await scene.start(lists=[into])
    await do_not_call.add(OPS, TEA, [NUMBER], since=after(days=1))
    assert len(await scene.claim()) == 1
    assert await scene.claim(now=after(days=1)) == []
    (entry,) = await do_not_call.entries(CLIENT, TEA)
    assert (entry.number, entry.since) == (NUMBER, after(days=1))


async def test_who_may_not_change_do_not_call_lists(do_not_call: DoNotCall) -> None:
    for actor, project in ((CLIENT, TEA), (OTHER, TEA), (OPS, CENTRE)):
        with pytest.raises(DoNotCallRefused) as refused:
            await do_not_call.add(actor, project, [NUMBER])
        assert refused.value.why is DoNotCallRefusal.FORBIDDEN
    with pytest.raises(DoNotCallRefused) as refused:
        await do_not_call.add(OPS, TEA, [NUMBER, "138"])
    assert (refused.value.why, refused.value.number) == (DoNotCallRefusal.NOT_A_NUMBER, "138")
    with pytest.raises(DoNotCallRefused):
        await do_not_call.remove(BOSS, TEA, NUMBER, reason="x")
    with pytest.raises(DoNotCallRefused) as refused:
        await do_not_call.remove(OPS, TEA, NUMBER, reason=" ")
    assert refused.value.why is DoNotCallRefusal.NO_REASON


async def test_other_settings_let_held_leads_be_looked_at_again(scene: CampaignScene) -> None:
    into = await scene.new_list()
    gap = await scene.lead(into, NUMBER, attempts=1, last_attempt_at=after(hours=-1))
    used = await scene.lead(into, "+8613800000002", attempts=3, last_attempt_at=after(days=-1))
    await scene.start(lists=[into])
    assert await scene.claim() == []
    seen = await scene.campaigns.get(OPS, SPRING)
    settings = SETTINGS.model_copy(update={"gap_s": 60.0, "most_attempts": 4})
    await scene.campaigns.change(OPS, SPRING, seen.change, settings=settings)
    assert {one.lead.lead for one in await scene.claim()} == {gap, used}


async def test_a_copy_has_the_settings_and_no_leads(scene: CampaignScene) -> None:
    await scene.start(lists=[await scene.new_list()])
    copy = await scene.campaigns.copy(OPS, SPRING, "autumn")
    assert (copy.settings, copy.lists, copy.state.value) == (SETTINGS, (), "draft")
