"""Events that come late, of customers whom we call."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from domain.facts import CallFact
from domain.identity import ChannelId, LineName, NodeName, ProjectName
from domain.outbound_facts import CustomerAnswered, CustomerRang
from engine.calls.placed import PlacedFor
from engine.engine import Engine
from storage.fact_lines import decode
from telephony.ami.link import Link
from tests.links import StillLink
from tests.telephony.calls.events import NODE, about

CHANNEL = ChannelId(NODE, "offhook.9")


@pytest.fixture
def links() -> dict[NodeName, Link]:
    return {NODE: StillLink(NODE)}


def happened(engine: Engine, state: int, at: datetime | None) -> None:
    """The customer's channel is in this state; Asterisk says since when."""
    stamp = {} if at is None else {"Timestamp": f"{at.timestamp():.6f}"}
    mark = f"OFFHOOK_CALL={CHANNEL.call}"
    engine.switches.on_message(
        NODE, about("Newchannel", "PJSIP/carrier-00000009", CHANNEL.uniqueid, state,
                    ChanVariable=mark, **stamp),
    )  # fmt: skip


def noted(folder: Path) -> dict[type, datetime]:
    found = map(decode, (folder / "outbox.jsonl").read_bytes().splitlines())
    return {type(fact.what): fact.at for fact in found if isinstance(fact, CallFact)}


async def test_a_customer_rang_and_answered_when_asterisk_says(
    engine: Engine, tmp_path: Path
) -> None:
    """A controller that has just started takes seconds to get to them, and the grace counts from
    the answer."""
    placed = engine.calls.place(CHANNEL, LineName("carrier"), PlacedFor(ProjectName("tea"), "+86"))
    placed.entered_at -= timedelta(seconds=10)
    rang, answered = (placed.entered_at + timedelta(seconds=after) for after in (1, 4))
    happened(engine, 5, rang)
    happened(engine, 6, answered)
    facts = noted(tmp_path)
    assert abs(facts[CustomerRang] - rang) < timedelta(milliseconds=1)
    assert abs(facts[CustomerAnswered] - answered) < timedelta(milliseconds=1)


@pytest.mark.parametrize("hours", [None, -1, 1])
async def test_a_stamp_that_can_not_be_is_not_believed(
    engine: Engine, tmp_path: Path, hours: int | None
) -> None:
    before = datetime.now(UTC)
    engine.calls.place(CHANNEL, LineName("carrier"), PlacedFor(ProjectName("tea"), "+86"))
    happened(engine, 6, None if hours is None else before + timedelta(hours=hours))
    assert before <= noted(tmp_path)[CustomerAnswered] <= datetime.now(UTC)


async def test_nobody_answers_before_they_are_called(engine: Engine, tmp_path: Path) -> None:
    """Two machines' clocks may differ a little."""
    placed = engine.calls.place(CHANNEL, LineName("carrier"), PlacedFor(ProjectName("tea"), "+86"))
    happened(engine, 6, placed.entered_at - timedelta(seconds=0.2))
    assert noted(tmp_path)[CustomerAnswered] == placed.entered_at
