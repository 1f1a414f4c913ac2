"""Claimers, calls, editors and opt-outs at the same time: nobody is called twice, nothing locks up.

A civil clock of the test's own goes on by minutes, so that gaps and leases end.
"""

import asyncio
import random
from collections import Counter
from datetime import datetime, timedelta

import pytest

from campaigns.campaign import CampaignSettings
from campaigns.dispositions import Disposal, Disposition, Dispositions
from campaigns.do_not_call import DoNotCall
from campaigns.lead_lists import LeadLists, ListRefused
from campaigns.lead_service import LeadService
from campaigns.stored_leads import LeadState, ListState
from domain.identity import CallId
from tests.campaigns.attempt_facts import ANN, abandoned, missed, spoken
from tests.campaigns.campaigns_scene import NOON, OPS, SETTINGS, SPRING, TEA, CampaignScene

pytestmark = pytest.mark.live
SHORT = SETTINGS.model_copy(
    update={"gap_s": 60.0, "number_gap_s": 60.0, "most_attempts": 2, "rules": "us"}
)
NUMBERS = [f"+86138000000{n:02}" for n in range(20)]


class Day:
    """A short day in which everybody works at once."""

    def __init__(self, scene: CampaignScene, seed: int) -> None:
        self.scene, self.chance = scene, random.Random(seed)
        self.now = NOON
        self.calls: list[CallId] = []
        self.in_call: Counter[str] = Counter()
        self.lists: list[int] = []
        self.leads: list[int] = []
        pool = scene.database.pool
        self.do_not_call = DoNotCall(pool, clock=self.clock)
        self.dispositions = Dispositions(pool, clock=self.clock)
        self.service = LeadService(pool, clock=self.clock)
        self.list_service = LeadLists(pool, clock=self.clock)

    def clock(self) -> datetime:
        return self.now

    async def prepare(self, settings: CampaignSettings) -> None:
        for _ in range(2):
            into = await self.scene.new_list()
            self.lists.append(into)
            for first, second in zip(NUMBERS, NUMBERS[1:] + NUMBERS[:1], strict=True):
                self.leads.append(await self.scene.lead(into, first, second))
        await self.scene.start(settings=settings, lists=self.lists)
        await self.scene.start("autumn", settings, lists=self.lists[::-1])

    async def dials(self, name: str, campaign: str, rounds: int = 8) -> None:
        for _ in range(rounds):
            for claimed in await self.scene.claim(
                3, campaign=campaign, by=name, now=self.now, lease_s=120
            ):
                if self.chance.random() < 0.1:
                    continue  # it dies here, and the lease ends
                wish = self.scene.wish(claimed, campaign)
                if await self.scene.attempts.reserve(wish, by=name, now=self.now) is None:
                    await self.calls_one(wish.attempt, wish.number)
            self.now += timedelta(seconds=45)

    async def calls_one(self, call: CallId, number: str) -> None:
        self.calls.append(call)
        self.in_call[number] += 1
        assert self.in_call[number] == 1, "two calls to a number at once"
        await asyncio.sleep(0)
        maker = self.chance.choice((missed, missed, spoken, abandoned))
        facts = maker(call, at_s=(self.now - NOON).total_seconds() + 1)
        self.chance.shuffle(facts)
        self.in_call[number] -= 1
        await self.scene.happened(*facts[:2])
        await self.scene.happened(*facts)

    async def changes(self) -> None:
        for _ in range(10):
            match self.chance.randrange(5):
                case 0:
                    await self.do_not_call.add(OPS, TEA, self.chance.sample(NUMBERS, 2))
                case 1:
                    number = self.chance.choice(NUMBERS)
                    await self.do_not_call.remove(OPS, TEA, number, reason="asked")
                case 2:
                    one, wanted = self.chance.choice(self.lists), self.chance.choice(STATES)
                    await self.list_service.change(OPS, one, state=wanted)
                case 3:
                    lead = (await self.service.story(OPS, self.chance.choice(self.leads))).lead
                    if lead.state in (LeadState.OPEN, LeadState.PAUSED, LeadState.FINISHED):
                        state = self.chance.choice((LeadState.OPEN, LeadState.PAUSED))
                        await self._move(lead.lead, state)
                case 4 if self.calls:
                    what = self.chance.choice((Disposition.NOT_NOW, Disposition.DO_NOT_CALL))
                    call = self.chance.choice(self.calls)
                    await self.dispositions.dispose(call, ANN, Disposal(what))

    async def _move(self, lead: int, state: LeadState) -> None:
        try:
            await self.service.move(OPS, lead, state)
        except ListRefused:
            return  # it was put on a list in between


STATES = (ListState.ACTIVE, ListState.ACTIVE, ListState.PAUSED)


@pytest.mark.parametrize("seed", range(3))
async def test_everybody_works_at_once(scene: CampaignScene, seed: int) -> None:
    day = Day(scene, seed)
    await day.prepare(SHORT)
    await day.dials("first", SPRING, rounds=1)
    async with asyncio.TaskGroup() as work:
        for number in range(3):
            work.create_task(day.dials(f"c{number}", (SPRING, "autumn")[number % 2]))
        for _ in range(2):
            work.create_task(day.changes())
    assert day.calls
    assert await scene.attempts.open() == ()
    rows = await scene.database.pool.fetch(
        """
        select l.lead, l.attempts, l.state,
            (
                select count(*) from attempts a where a.lead = l.lead and a.outcome is not null
            ) as made,
            exists (
                select from lead_numbers n join do_not_call d using (number)
                where n.lead = l.lead and d.project in ('', 'tea')
            ) as listed
        from leads l
        """
    )
    assert [row["lead"] for row in rows if row["attempts"] != row["made"]] == []
    assert sum(row["made"] for row in rows) == len(day.calls)
    assert [row["lead"] for row in rows if row["listed"] and row["state"] != "do_not_call"] == []
