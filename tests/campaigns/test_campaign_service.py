"""Campaigns made, changed, started and stopped in a real database."""

import asyncio

import pytest

from campaigns.campaign import CampaignSettings, CampaignState, Mode
from campaigns.campaign_refusals import CampaignRefusal, CampaignRefused
from campaigns.campaign_service import Campaigns
from campaigns.stored_campaign import Campaign
from domain.identity import CampaignName, ProjectName
from domain.roles import Actor, Role
from storage.database import Database

pytestmark = pytest.mark.live

TEA, BANK = ProjectName("tea"), ProjectName("bank")
OPS = Actor("olga", Role.OPS, frozenset({TEA}))
BOSS = Actor("sue", Role.SUPERVISOR, frozenset({TEA}))
CLIENT = Actor("carl", Role.CLIENT, frozenset({TEA}))
OTHER = Actor("otto", Role.OPS, frozenset({BANK}))
SPRING = CampaignSettings(
    title="Spring", queue="tea", line="carrier", message={"en": "This is Tea, 4001."}
)


@pytest.fixture
def campaigns(database: Database) -> Campaigns:
    return Campaigns(database.pool)


async def _made(campaigns: Campaigns) -> Campaign:
    return await campaigns.make(OPS, "spring", TEA, SPRING)


async def _list(database: Database, project: str = TEA) -> int:
    number: int = await database.pool.fetchval(
        "insert into lists (project, title, made_by) values ($1, 'May', 'olga') returning list",
        project,
    )
    return number


async def test_a_campaign_is_made_as_a_draft_and_read_back(campaigns: Campaigns) -> None:
    made = await _made(campaigns)
    assert (made.state, made.settings, made.lists) == (CampaignState.DRAFT, SPRING, ())
    assert await campaigns.get(OPS, "spring") == made
    assert await campaigns.seen_by(OPS) == [made]


async def test_it_is_invisible_beyond_its_project(campaigns: Campaigns) -> None:
    await _made(campaigns)
    assert await campaigns.seen_by(OTHER) == []
    with pytest.raises(CampaignRefused) as refused:
        await campaigns.get(OTHER, "spring")
    assert refused.value.why is CampaignRefusal.NO_SUCH


@pytest.mark.parametrize("actor", [CLIENT, BOSS, OTHER])
async def test_only_ops_of_the_project_make_one(campaigns: Campaigns, actor: Actor) -> None:
    with pytest.raises(CampaignRefused) as refused:
        await campaigns.make(actor, "spring", TEA, SPRING)
    assert refused.value.why is CampaignRefusal.FORBIDDEN
    assert await campaigns.seen_by(OPS) == []


@pytest.mark.parametrize("name", ["", "Spring", "-a", "a" * 41, "a b", "a\n"])
async def test_a_malformed_name_is_refused(campaigns: Campaigns, name: str) -> None:
    with pytest.raises(CampaignRefused) as refused:
        await campaigns.make(OPS, name, TEA, SPRING)
    assert refused.value.why is CampaignRefusal.NAME_MALFORMED


async def test_a_name_is_taken_for_ever(campaigns: Campaigns) -> None:
    made = await _made(campaigns)
    await campaigns.remove(OPS, "spring", made.change)
    with pytest.raises(CampaignRefused) as refused:
        await _made(campaigns)
    assert refused.value.why is CampaignRefusal.NAME_TAKEN
    assert [one.name for one in await campaigns.seen_by(OPS, removed=True)] == ["spring"]


async def test_of_two_editors_the_second_is_told(campaigns: Campaigns) -> None:
    made = await _made(campaigns)
    faster = SPRING.model_copy(update={"calls_per_second": 9.0})
    changed = await campaigns.change(OPS, "spring", made.change, settings=faster)
    with pytest.raises(CampaignRefused) as refused:
        await campaigns.change(OPS, "spring", made.change, settings=SPRING)
    assert refused.value.why is CampaignRefusal.CHANGED_MEANWHILE
    assert (await campaigns.get(OPS, "spring")).settings == changed.settings == faster


async def test_of_two_at_the_same_moment_one_wins(campaigns: Campaigns) -> None:
    made = await _made(campaigns)
    wishes = [
        campaigns.change(
            OPS, "spring", made.change, settings=SPRING.model_copy(update={"lines": number})
        )
        for number in range(1, 9)
    ]
    done = await asyncio.gather(*wishes, return_exceptions=True)
    assert sum(isinstance(one, Campaign) for one in done) == 1
    assert sum(isinstance(one, CampaignRefused) for one in done) == 7


async def test_a_change_is_undone(campaigns: Campaigns) -> None:
    made = await _made(campaigns)
    power = SPRING.model_copy(update={"mode": Mode.POWER})
    changed = await campaigns.change(OPS, "spring", made.change, settings=power)
    await campaigns.move(OPS, "spring", CampaignState.RUNNING)
    undone = await campaigns.undo(OPS, "spring", changed.change)
    assert (undone.settings, undone.state) == (SPRING, CampaignState.RUNNING)
    history = await campaigns.history(OPS, "spring")
    assert [change.after.settings for change in history] == [SPRING, power, power, SPRING]
    assert history[-1].before is None


async def test_a_state_follows_the_table(campaigns: Campaigns) -> None:
    made = await _made(campaigns)
    with pytest.raises(CampaignRefused) as refused:
        await campaigns.move(OPS, "spring", CampaignState.PAUSED)
    assert refused.value.why is CampaignRefusal.NOT_FROM_HERE
    assert (await campaigns.move(BOSS, "spring", CampaignState.RUNNING)).state == "running"
    with pytest.raises(CampaignRefused) as refused:
        await campaigns.remove(OPS, "spring", (await campaigns.get(OPS, "spring")).change)
    assert refused.value.why is CampaignRefusal.STILL_RUNNING
    with pytest.raises(CampaignRefused) as refused:
        await campaigns.move(CLIENT, "spring", CampaignState.STOPPED)
    assert refused.value.why is CampaignRefusal.FORBIDDEN
    assert made.change < (await campaigns.move(BOSS, "spring", CampaignState.PAUSED)).change


async def test_to_where_it_is_already_changes_nothing(campaigns: Campaigns) -> None:
    await _made(campaigns)
    running = await campaigns.move(OPS, "spring", CampaignState.RUNNING)
    assert (await campaigns.move(OPS, "spring", CampaignState.RUNNING)).change == running.change


async def test_lists_are_those_of_its_project(campaigns: Campaigns, database: Database) -> None:
    made = await _made(campaigns)
    own, foreign = await _list(database), await _list(database, BANK)
    changed = await campaigns.change(OPS, "spring", made.change, lists=[own])
    assert changed.lists == (own,)
    with pytest.raises(CampaignRefused) as refused:
        await campaigns.change(OPS, "spring", changed.change, lists=[own, foreign])
    assert (refused.value.why, refused.value.value) == (CampaignRefusal.NO_LIST, str(foreign))
    assert (await campaigns.get(OPS, "spring")).lists == (own,)


async def test_what_the_centre_does_not_have_is_refused(database: Database) -> None:
    told: list[CampaignName] = []
    campaigns = Campaigns(
        database.pool,
        check=lambda _, made: [CampaignRefused(CampaignRefusal.UNKNOWN, "line", made.line)],
        on_change=told.append,
    )
    with pytest.raises(CampaignRefused) as refused:
        await _made(campaigns)
    assert (refused.value.setting, refused.value.value) == ("line", "carrier")
    assert told == []


async def test_who_may_abandon_somebody_has_a_message_for_them(campaigns: Campaigns) -> None:
    made = await _made(campaigns)
    silent = made.settings.model_copy(update={"message": {"en": " "}})
    changed = await campaigns.change(OPS, "spring", made.change, settings=silent)
    with pytest.raises(CampaignRefused) as refused:
        await campaigns.move(OPS, "spring", CampaignState.RUNNING)
    assert refused.value.why is CampaignRefusal.NO_MESSAGE
    preview = silent.model_copy(update={"mode": Mode.PREVIEW})
    changed = await campaigns.change(OPS, "spring", changed.change, settings=preview)
    running = await campaigns.move(OPS, "spring", CampaignState.RUNNING)
    with pytest.raises(CampaignRefused):
        await campaigns.change(OPS, "spring", running.change, settings=silent)
    told = await campaigns.change(OPS, "spring", running.change, settings=made.settings)
    with pytest.raises(CampaignRefused):
        await campaigns.undo(OPS, "spring", changed.change)
    assert (await campaigns.get(OPS, "spring")).settings == told.settings


async def test_whoever_listens_hears_of_each_change(database: Database) -> None:
    told: list[CampaignName] = []
    campaigns = Campaigns(database.pool, on_change=told.append)
    await _made(campaigns)
    await campaigns.move(OPS, "spring", CampaignState.RUNNING)
    await campaigns.move(OPS, "spring", CampaignState.RUNNING)
    assert told == ["spring", "spring"]


async def test_what_this_version_does_not_know_is_left_out(
    campaigns: Campaigns, database: Database
) -> None:
    made = await _made(campaigns)
    # Everything else is kept: the message above all, and the hours.
    await database.pool.execute(
        """update campaigns
        set settings = settings || '{"rules": "mars", "warp": 9, "lines": -1}'"""
    )
    assert await campaigns.get(OPS, "spring") == made
