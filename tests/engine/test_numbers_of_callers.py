"""A caller is recorded with one number, whichever line they call over and whoever reports it."""

from dataclasses import replace
from pathlib import Path

import pytest

from domain.call_facts import CallEntered
from domain.centre import Centre, KnownCaller, NumberFormat, Treatment
from domain.facts import CallFact
from domain.identity import ChannelId, LineName, NodeName, ProjectName
from domain.stations import OWN_PHONES
from engine.centre_in_force import CentreInForce
from engine.engine import Engine
from storage.fact_lines import decode

HOTLINE, CARRIER, GATEWAY = "4008001000", LineName("carrier"), LineName("gateway-lines")
WHOLE = "+8613800138000"


@pytest.fixture
def centre(centre: Centre) -> Centre:
    """One whose carrier writes numbers as within the country; the gateway's are left alone."""
    lines = (
        replace(line, numbers_in=NumberFormat.NATIONAL) if line.name == CARRIER else line
        for line in centre.lines
    )
    return replace(centre, lines=tuple(lines))


def recorded(folder: Path) -> list[str | None]:
    """The callers of all calls that are recorded as having come."""
    facts = map(decode, (folder / "outbox.jsonl").read_bytes().splitlines())
    return [
        fact.what.caller
        for fact in facts
        if isinstance(fact, CallFact) and isinstance(fact.what, CallEntered)
    ]


async def test_a_call_is_taken_up_with_the_whole_number(engine: Engine, tmp_path: Path) -> None:
    for number, (line, sent) in enumerate(
        [(CARRIER, "13800138000"), (CARRIER, "10086"), (GATEWAY, "13800138000"), (CARRIER, None)]
    ):
        channel = ChannelId(NodeName("pbx1"), f"1.{number}")
        engine.calls.take_up(channel, f"PJSIP/{line}-1", line, sent, HOTLINE, 1.0)
    assert recorded(tmp_path) == [WHOLE, "10086", "13800138000", None]


async def test_so_is_a_call_that_is_refused(engine: Engine, tmp_path: Path) -> None:
    channel = ChannelId(NodeName("pbx1"), "1.1")
    engine.calls.refused(channel, CARRIER, "013800138000", None, HOTLINE, 1.0)
    assert recorded(tmp_path) == [WHOLE]


@pytest.mark.parametrize("kept", [WHOLE, "13800138000", "8613800138000", "008613800138000"])
@pytest.mark.parametrize(
    ("line", "sent"),
    [
        (CARRIER, "13800138000"),
        (GATEWAY, "13800138000"),
        (GATEWAY, WHOLE),
        (GATEWAY, "8613800138000"),
    ],
)
def test_a_known_caller_is_known_however_their_number_is_written(
    kept: str, line: LineName, sent: str, centre: Centre
) -> None:
    tea = ProjectName("tea")
    force = CentreInForce(replace(centre, callers={kept: KnownCaller(kept, Treatment.BLOCKED)}))
    assert force.blocked(force.caller(line, sent), line, tea)
    assert not force.blocked(force.caller(line, "13800138001"), line, tea)
    assert not force.blocked(None, line, tea)


def test_a_number_that_is_listed_in_two_ways_counts_for_each_project(centre: Centre) -> None:
    tea, bank = ProjectName("tea"), ProjectName("bank")
    force = CentreInForce(
        replace(
            centre,
            callers={
                WHOLE: KnownCaller(WHOLE, Treatment.VIP, (bank,), 5),
                "13800138000": KnownCaller("13800138000", Treatment.BLOCKED, (tea,), 5),
            },
        )
    )
    assert force.blocked(WHOLE, CARRIER, tea) and not force.blocked(WHOLE, CARRIER, bank)
    assert (force.raised(WHOLE, CARRIER, tea), force.raised(WHOLE, CARRIER, bank)) == (0, 5)


def test_a_short_number_and_a_phone_of_ours_are_themselves_alone(centre: Centre) -> None:
    tea = ProjectName("tea")
    callers = {n: KnownCaller(n, Treatment.VIP, priority=3) for n in ("10086", "1001", "*12")}
    force = CentreInForce(replace(centre, callers=callers))
    assert force.raised(force.caller(CARRIER, "10086"), CARRIER, tea) == 3
    assert force.raised(force.caller(OWN_PHONES, "1001"), OWN_PHONES, tea) == 3
    assert force.raised("+8610086", CARRIER, tea) == 0


def test_another_countrys_number_is_another_one(centre: Centre) -> None:
    """13800138000 is a German's number in Germany, and not the one in China."""
    german = tuple(replace(line, country="DE") for line in centre.lines)
    callers = {WHOLE: KnownCaller(WHOLE, Treatment.BLOCKED)}
    force = CentreInForce(replace(centre, lines=german, callers=callers))
    tea = ProjectName("tea")
    assert not force.blocked(force.caller(CARRIER, "13800138000"), CARRIER, tea)
    assert force.blocked(force.caller(CARRIER, "008613800138000"), CARRIER, tea)
