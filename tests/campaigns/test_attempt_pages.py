"""Attempts are found by what they came to, when, by whom and of which campaign."""

from datetime import timedelta

import pytest

from campaigns.attempt_pages import AttemptFilter, AttemptPages, CameGroup, ResultGroup
from campaigns.outbound_figures import CameTo
from domain.identity import AgentCode, CampaignName
from domain.roles import Actor, Role
from storage.database import Database
from tests.campaigns.attempt_facts import ANN
from tests.campaigns.campaigns_scene import BANK, NOON, SPRING, TEA, after
from tests.campaigns.reported_attempts import (
    ABANDONED,
    INVALID,
    MACHINE,
    NEVER,
    NOBODY,
    OPEN,
    TALKED,
    TRUNK,
    ReportedAttempts,
)

ADA, CLIENT = Actor("ada", Role.ADMIN), Actor("cleo", Role.CLIENT, frozenset({TEA}))
PLAN = {
    CameTo.TALKED: TALKED, CameTo.ABANDONED: ABANDONED, CameTo.MACHINE: MACHINE,
    CameTo.NOBODY: NOBODY, CameTo.WRONG_NUMBER: INVALID, CameTo.TRUNK: TRUNK,
    CameTo.OPEN: OPEN, CameTo.NEVER_PLACED: NEVER,
}  # fmt: skip


async def count(database: Database, asked: AttemptFilter, actor: Actor = ADA) -> int:
    """How many are found, read in parts and as a page, which is the same."""
    pages = AttemptPages(database.pool)
    found = [one async for part in pages.all(actor, asked) for one in part]
    page = await pages.search(actor, asked, limit=500)
    assert list(page) == found
    return len(found)


async def test_each_attempt_comes_to_one_thing(database: Database) -> None:
    attempts = ReportedAttempts(database)
    for number, came in enumerate(PLAN.values(), 1):
        await attempts.add(came, number)
    for number, code in enumerate(PLAN, 1):
        assert await count(database, AttemptFilter(came=code)) == number, code
    assert await count(database, AttemptFilter()) == 36
    assert await count(database, AttemptFilter(came=CameGroup.DIALS)) == 1 + 2 + 3 + 4 + 5
    assert await count(database, AttemptFilter(came=CameGroup.CONTACTED)) == 1 + 2
    assert await count(database, AttemptFilter(came=CameGroup.NOT_CONTACTED)) == 3 + 4


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (AttemptFilter(result="success"), 2),
        (AttemptFilter(result=ResultGroup.LISTED), 3),
        (AttemptFilter(result=ResultGroup.OTHER), 1),
        (AttemptFilter(result=ResultGroup.NONE), 1),
        (AttemptFilter(result="'; drop table attempts"), 0),
        (AttemptFilter(agent=ANN), 4),
        (AttemptFilter(agent=AgentCode("")), 3),
        (AttemptFilter(campaign=SPRING), 6),
        (AttemptFilter(campaign=CampaignName("")), 1),
        (AttemptFilter(campaign=CampaignName("loans")), 1),
        (AttemptFilter(project=TEA), 7),
        (AttemptFilter(project=BANK), 1),
        (AttemptFilter(start=after(hours=1)), 2),
        (AttemptFilter(end=after(hours=1)), 6),
        (AttemptFilter(start=NOON, end=NOON), 0),
        (AttemptFilter(start=after(hours=1), came=CameTo.TALKED), 0),
    ],
)
async def test_filters(database: Database, asked: AttemptFilter, found: int) -> None:
    attempts = ReportedAttempts(database)
    await attempts.add(TALKED, 2, disposition="success")
    await attempts.add(TALKED, disposition="refused")
    await attempts.add(TALKED, disposition="callback")
    await attempts.add(TALKED, agent="1002", campaign=None)
    await attempts.add(ABANDONED)
    await attempts.add(NOBODY, at=after(hours=1))
    await attempts.add(NOBODY, at=after(hours=2), project="bank", campaign="loans")
    assert await count(database, asked) == found
    assert await count(database, AttemptFilter(project=BANK), CLIENT) == 0
    assert await count(database, AttemptFilter(), Actor("amy", Role.AGENT)) == 0


async def test_no_page_leaves_one_out_or_shows_it_twice(database: Database) -> None:
    """Though many were reserved in the same instant."""
    attempts, pages = ReportedAttempts(database), AttemptPages(database.pool)
    for _ in range(12):
        await attempts.add(NOBODY)
    await attempts.add(NOBODY, at=NOON - timedelta(seconds=1))
    found, before = [], None
    while page := await pages.search(ADA, AttemptFilter(), before=before, limit=5):
        found += [one.attempt.attempt for one in page]
        before = page[-1].place
    assert len(found) == len(set(found)) == 13
