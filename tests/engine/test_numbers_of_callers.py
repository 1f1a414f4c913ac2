"""A caller is recorded with one number, whichever line they call over and whoever reports it."""

from dataclasses import replace
from pathlib import Path

import pytest

from domain.centre import Centre, NumberFormat
from domain.facts import CallEntered, CallFact
from domain.identity import ChannelId, LineName, NodeName
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
