"""Which flow a caller enters by the rules of the number: with a floor, a list of callers, and leads
in a database that may be away."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from acd.events import CallQueued
from domain.call_facts import EntryRuleHeld
from domain.centre import Acquaintance, EntryRule, KnownCaller, Treatment
from domain.facts import CallFact
from domain.identity import CallId, ChannelId, LineName, NodeName, ProjectName
from engine.calls.call import LiveCall
from engine.engine import Engine
from engine.inbound import entry_choice
from engine.inbound.entry_choice import EntryChoice
from engine.inbound.opening_hours import OpeningHours
from storage.database_errors import DatabaseUnreachable
from storage.fact_lines import decode
from tests.engine.test_board import SALES

NIGHT = datetime(2026, 11, 27, 23, tzinfo=UTC)
LEAD, VIP, STRANGER = "+8613800000001", "+8613800000002", "+8613800000003"
RULES = (
    EntryRule("vips", "vip", known=Acquaintance.VIP),
    EntryRule("crowd", "busy", queue=SALES, waiting=2),
    EntryRule("customers", "regulars", known=Acquaintance.CUSTOMER),
    EntryRule("withheld", "who", withheld=True),
)


class Door:
    """A number with rules, in an engine without Asterisk."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.away = self.hangs = False
        hours = OpeningHours(now=lambda: NIGHT)
        self.choice = EntryChoice(engine.calls, engine.floor, hours, self._is_customer)
        self._numbers = iter(range(100))
        vip = KnownCaller(VIP, Treatment.VIP, priority=5)
        engine.take(replace(engine.centre, callers={VIP: vip}))

    async def _is_customer(self, _project: ProjectName, numbers: Iterable[str]) -> bool:
        if self.hangs:
            await asyncio.Event().wait()
        if self.away:
            raise DatabaseUnreachable("nobody answers")
        return LEAD in set(numbers)

    def call(self, caller: str | None) -> LiveCall:
        channel = ChannelId(NodeName("pbx1"), f"1.{next(self._numbers)}")
        line = LineName("carrier")
        call = self.engine.calls.take_up(
            channel, f"PJSIP/{line}-1", line, caller, "4008001000", 1.0
        )
        assert call is not None
        return call

    async def flow(self, caller: str | None, rules: tuple[EntryRule, ...] = RULES) -> str:
        call = self.call(caller)
        return await self.choice.flow_for(call, replace(call.hotline, flow="usual", rules=rules))


@pytest.fixture
def at_door(engine: Engine) -> Door:
    return Door(engine)


async def test_the_first_rule_that_holds_decides_and_is_noted(
    at_door: Door, tmp_path: Path
) -> None:
    assert await at_door.flow(VIP) == "vip"
    assert await at_door.flow(LEAD) == "regulars"
    assert await at_door.flow("13800000001") == "regulars", "in whichever way it is written"
    assert await at_door.flow(STRANGER) == "usual"
    assert await at_door.flow(None) == "who"
    assert await at_door.flow(VIP, ()) == "usual"
    facts = map(decode, (tmp_path / "outbox.jsonl").read_bytes().splitlines())
    assert [
        (fact.what.rule, fact.what.flow)
        for fact in facts
        if isinstance(fact, CallFact) and isinstance(fact.what, EntryRuleHeld)
    ] == [
        ("vips", "vip"),
        ("customers", "regulars"),
        ("customers", "regulars"),
        ("withheld", "who"),
    ]


async def test_a_crowd_in_the_queue_leads_elsewhere(at_door: Door) -> None:
    for number in range(2):
        assert await at_door.flow(LEAD) == "regulars"
        at_door.engine.floor.feed(CallQueued(CallId(f"waits-{number}"), SALES, 0.0))
    assert await at_door.flow(LEAD) == "busy"


async def test_without_the_database_nobody_is_a_customer_and_nobody_waits(
    at_door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entry_choice, "ASK_WITHIN_S", 0.01)
    for trouble in ("away", "hangs"):
        setattr(at_door, trouble, True)
        with capture_logs() as logs:
            assert await at_door.flow(LEAD) == "usual"
        assert [line["log_level"] for line in logs] == ["warning"]
    assert await at_door.flow(VIP) == "vip", "the list of callers is here"
