"""A phone or a line that holds and resumes without end costs nobody else's call or record."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from domain.facts import CallFact
from domain.floor_facts import Held, Resumed
from domain.identity import CallId, ChannelId, NodeName, StationName
from domain.reasons import Party
from engine.call_reactions import MOST_HOLDS
from engine.engine import Engine
from records.fold import fold
from storage.fact_lines import decode
from telephony.ami.link import Link
from telephony.centre_calls import CallHeld, CallResumed
from tests.engine.paper_rooms import AMY, PaperRooms
from tests.engine.test_board import enter
from tests.telephony.calls.events import about

NODE = NodeName("pbx1")
CALLER, PHONE = "PJSIP/carrier-00000001", "PJSIP/1001-00000002"


@pytest.fixture
def talk(engine: Engine, links: dict[NodeName, Link]) -> Iterator[CallId]:
    """A customer talks with 1001."""
    links[NODE] = Link(NODE, "127.0.0.1", 1, "x", "y")
    call = enter(engine)
    uniqueid = ChannelId.of(call.id).uniqueid
    mark = {"ChanVariable": f"OFFHOOK_CALL={call.id}"}
    bridge = {"BridgeUniqueid": "b1"}
    for event in (
        about("Newchannel", CALLER, uniqueid, 6, **mark),
        about("Newchannel", PHONE, "1.2", 6, uniqueid),
        about("BridgeEnter", CALLER, uniqueid, 6, **mark, **bridge),
        about("BridgeEnter", PHONE, "1.2", 6, uniqueid, **bridge),
    ):
        engine.switches.on_message(NODE, event)
    assert call.ledger.phones == {StationName("1001")}
    yield call.id


def _written(folder: Path) -> list[CallFact]:
    facts = [decode(line) for line in (folder / "outbox.jsonl").read_bytes().splitlines()]
    return [fact for fact in facts if isinstance(fact, CallFact)]


def _flap(engine: Engine, channel: str, uniqueid: str, times: int) -> None:
    for _ in range(times):
        for name in ("Hold", "Unhold"):
            engine.switches.on_message(NODE, about(name, channel, uniqueid, 6))


async def test_holds_without_end_are_no_longer_written_down(
    engine: Engine, talk: CallId, tmp_path: Path
) -> None:
    with capture_logs() as logs:
        _flap(engine, PHONE, "1.2", 5_000)
    kinds = Counter(type(fact.what) for fact in _written(tmp_path))
    assert kinds[Held] + kinds[Resumed] <= MOST_HOLDS + 1
    (warning,) = [entry for entry in logs if entry["log_level"] == "warning"]
    assert (warning["by"], warning["station"]) == ("agent", "1001")

    # the other party's own holds still count
    _flap(engine, CALLER, ChannelId.of(talk).uniqueid, 3)
    last = [fact.what for fact in _written(tmp_path)[-6:]]
    assert [what.by for what in last if isinstance(what, Held | Resumed)] == ["caller"] * 6


@pytest.mark.parametrize("begins_held", [False, True])
async def test_the_last_that_is_written_down_is_a_resume(
    engine: Engine, talk: CallId, tmp_path: Path, *, begins_held: bool
) -> None:
    station = StationName("1001")
    call = engine.calls.by_id[talk]
    if begins_held:  # before this controller: it is resumed first
        engine.reactions.react_to(CallResumed(talk, station, Party.AGENT))
    for _ in range(MOST_HOLDS):
        engine.reactions.react_to(CallHeld(talk, station, Party.AGENT))
        engine.reactions.react_to(CallResumed(talk, station, Party.AGENT))
    engine.reactions.react_to(CallHeld(talk, station, Party.AGENT))
    facts = _written(tmp_path)
    assert isinstance(facts[-1].what, Resumed) and not call.music
    assert fold(facts).hold_s < 60


async def test_a_held_customers_music_is_a_variable_and_a_single_key(engine: Engine) -> None:
    """While a second key waited in the channel's queue, its recording would stand still."""
    paper = PaperRooms(engine)
    call = paper.talk()
    for on in (True, False):
        engine.rooms.put_on_hold(call, AMY, StationName("1001"), on)
        await paper.settle()
    asked = [
        headers.get("Value", headers.get("Digit"))
        for name, headers in paper.link.asked
        if name in ("Setvar", "PlayDTMF") and headers["Channel"] == call.channel_name
    ]
    assert asked == ["1", "D", "", "D"]
