"""After a restart of the controller: agents for whom a customer was being called are kept again."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from campaigns.campaign import Mode
from domain.agent_facts import AgentFact, AgentState
from domain.centre import Centre
from domain.facts import CallFact
from domain.floor_facts import TalkBegan
from domain.happening import Happening
from domain.identity import ChannelId, LineName, NodeName, ProjectName, StationName
from domain.outbound_facts import CallPlaced, CustomerAnswered
from engine.agents.kept_rooms import KeptRooms
from engine.calls.call import LiveCall
from engine.engine import Engine
from records.call_queries import StoredCall
from records.fold import fold
from storage.outbox import Outbox
from telephony.ami.link import Link
from telephony.ami.snapshot import Snapshot
from tests.engine.test_board import AMY, SALES, enter
from tests.links import StillLink
from tests.telephony.calls.events import NODE, about, device, hang_up, snapshot

PHONE = StationName("1001")
CHANNEL = ChannelId(NODE, "offhook.9")
CUSTOMER = ("PJSIP/carrier-00000009", CHANNEL.uniqueid)
NUMBER = "+8613800000009"
FOR_AGENTS = [Mode.PREVIEW, Mode.MANUAL, Mode.CALLBACK]


@pytest.fixture
def links() -> dict[NodeName, Link]:
    return {NODE: StillLink(NODE)}


@pytest.fixture
def engine(centre: Centre, outbox: Outbox, links: dict[NodeName, Link], tmp_path: Path) -> Engine:
    """The next controller: Amy's phone was borrowed for a call by the one before."""
    rooms = tmp_path / "rooms.json"
    rooms.write_text('{"nailed_up": [], "borrowed": ["1001"]}')
    return Engine(centre, outbox, links, kept_rooms=KeptRooms(rooms))


def there_now(*, customer: bool = True) -> Snapshot:
    """Amy's phone in its room, and the customer's, which rings."""
    leg = about("CoreShowChannel", "PJSIP/1001-00000001", "offhook.a", 6, BridgeId="room",
                Context="agent-room", Exten="1001")  # fmt: skip
    mark = f"OFFHOOK_CALL={CHANNEL.call}"
    rings = about("CoreShowChannel", *CUSTOMER, 5, ChanVariable=mark)
    return snapshot([leg, rings] if customer else [leg], [device("1001", "INUSE")])


def began(engine: Engine, mode: Mode | None, *more: Happening, there: bool = True) -> None:
    """The controller begins: Amy was ready, and a customer was being called. ``there``: they still
    are."""
    named = "spring" if mode in (Mode.PREVIEW, Mode.POWER) else None
    agent = AMY if mode in FOR_AGENTS else None
    placed = CallPlaced(
        named, ProjectName("tea"), LineName("carrier"), NUMBER, None, None, mode, agent
    )
    now = datetime.now(UTC)
    facts = tuple(
        CallFact(str(place), CHANNEL.call, now, what) for place, what in enumerate((placed, *more))
    )
    ready = AgentFact("1", AMY, now, AgentState.READY, None, PHONE, None)
    engine.restore({AMY: ready}, [StoredCall(fold(facts), facts)])
    engine.switches.on_snapshot(NODE, there_now(customer=there))


def kept_for(engine: Engine) -> str | None:
    view = engine.floor.core.agent(AMY)
    assert view is not None
    return view.kept


def caller(engine: Engine) -> LiveCall:
    """A caller who waits in Amy's queue with a session."""
    call = enter(engine)
    call.attached = True
    engine.queued.put(call, SALES, None)
    return call


def is_offered(engine: Engine) -> bool:
    view = engine.floor.core.agent(AMY)
    return view is not None and view.state is AgentState.OFFERED


@pytest.mark.parametrize("mode", FOR_AGENTS)
async def test_until_the_call_is_over_no_caller_gets_the_agent(engine: Engine, mode: Mode) -> None:
    began(engine, mode)
    assert kept_for(engine) is not None
    assert engine.nailed_up.is_borrowed(PHONE), "the phone was let go"
    caller(engine)
    assert not is_offered(engine)
    engine.switches.on_message(NODE, hang_up(*CUSTOMER, 5))
    assert kept_for(engine) is None and is_offered(engine)
    assert not engine.nailed_up.is_borrowed(PHONE)


@pytest.mark.parametrize(
    ("mode", "more"),
    [
        (Mode.POWER, ()),
        (Mode.TEST, ()),
        (None, ()),
        (Mode.MANUAL, (CustomerAnswered(), TalkBegan(AMY, PHONE))),
    ],
)
async def test_who_talks_already_or_was_kept_for_nobody_is_not_kept(
    engine: Engine, mode: Mode | None, more: Iterable[Happening]
) -> None:
    began(engine, mode, *more)
    assert kept_for(engine) is None


async def test_a_call_that_ended_meanwhile_keeps_nobody(engine: Engine) -> None:
    began(engine, Mode.CALLBACK, there=False)
    assert kept_for(engine) is None and not engine.nailed_up.is_borrowed(PHONE)
    caller(engine)
    assert is_offered(engine)
