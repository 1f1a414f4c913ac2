"""Codes that agents press at nailed-up phones, and what is remembered of these phones."""

from pathlib import Path

import pytest

from domain.identity import AgentCode, StationName
from engine.agents.aside import ConsultStep
from engine.agents.kept_rooms import KeptRooms
from engine.agents.room_keys import PAUSE_S, RoomKeys
from engine.centre_ports import CommandOutcome
from engine.engine import Engine
from tests.waiting import until

AMY = StationName("1001")


class Keyed:
    """Keys pressed at 1001, where an agent is logged in, and what they hear."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.now = 100.0
        self.heard: list[str] = []
        self.ended: list[AgentCode] = []
        self.steps: list[ConsultStep] = []
        self.passed: list[str] = []
        self.keys = RoomKeys(
            engine.floor,
            lambda: engine.centre,
            lambda: self.now,
            lambda _, sound: self.heard.append(sound),
            self.ended.append,
            self.step,
            lambda _, key: self.passed.append(key),
        )
        self.agent = engine.centre.agents[0]
        engine.floor.log_in(self.agent, AMY)

    def step(self, _agent: AgentCode, step: ConsultStep) -> CommandOutcome:
        self.steps.append(step)
        return CommandOutcome.DONE if len(self.steps) < 3 else CommandOutcome.NOT_CONSULTING

    def press(self, keys: str) -> str:
        for key in keys:
            self.keys.key(AMY, key)
        view = self.engine.floor.core.agent(self.agent.code)
        assert view is not None
        return f"{view.state} {view.reason}"


@pytest.fixture
async def keyed(engine: Engine) -> Keyed:
    return Keyed(engine)


async def test_codes_do_what_they_do_when_they_are_dialled(keyed: Keyed) -> None:
    assert keyed.press("*12") == "ready None"
    digit = next(each for each in keyed.engine.centre.away_reasons if each.digit is not None)
    assert keyed.press(f"*13{digit.digit}") == f"paused {digit.name}"
    assert keyed.heard == ["A", "A"]
    assert keyed.press("*14") == f"paused {digit.name}"
    assert keyed.press("*15*11*139") == f"paused {digit.name}"
    assert keyed.heard[2:] == ["B", "B", "B", "B"]
    keyed.press("*16")
    assert keyed.ended == [keyed.agent.code]
    assert keyed.press("*10").startswith("logged_out")
    keyed.heard.clear()
    keyed.press("*12")  # nobody is there
    assert keyed.heard == []


async def test_other_keys_are_nothing_and_a_star_begins_anew(keyed: Keyed) -> None:
    assert keyed.press("5551#2") == "paused login"
    assert keyed.heard == []
    assert keyed.press("*1*12") == "ready None"
    assert keyed.heard == ["A"]
    keyed.press("*9")
    assert keyed.heard == ["A", "B"]


async def test_codes_of_a_consultation(keyed: Keyed) -> None:
    keyed.press("*17*18*19")
    assert keyed.steps == [ConsultStep.SWAP, ConsultStep.CONFERENCE, ConsultStep.COMPLETE]
    assert keyed.heard == ["B"]  # the last was refused


async def test_keys_far_apart_are_no_code(keyed: Keyed) -> None:
    keyed.press("*1")
    keyed.now += PAUSE_S + 0.1
    assert keyed.press("2") == "paused login"


async def test_rooms_are_remembered(tmp_path: Path) -> None:
    file = tmp_path / "rooms.json"
    kept = KeptRooms(file)
    assert kept.all() == frozenset()
    kept.add(AMY)
    kept.add(StationName("1002"))
    kept.discard(StationName("1002"))
    kept.borrow(StationName("1003"))
    await until(lambda: file.exists() and KeptRooms(file).borrowed == {"1003"})
    assert KeptRooms(file).all() == {AMY}
    kept.add(StationName("1003"))  # its agent wants it to stay
    await until(lambda: KeptRooms(file).all() == {AMY, "1003"} and not KeptRooms(file).borrowed)


async def test_the_file_of_an_earlier_version_is_understood(tmp_path: Path) -> None:
    file = tmp_path / "rooms.json"
    file.write_text('["1001"]')
    assert KeptRooms(file).all() == {AMY}


@pytest.mark.parametrize(
    "rubbish", [b"", b"\xff", b"[" * 100_000, b"7", b'{"1": []}', b"[1, null]"]
)
async def test_rubbish_in_the_file_is_nobody(tmp_path: Path, rubbish: bytes) -> None:
    file = tmp_path / "rooms.json"
    file.write_bytes(rubbish)
    assert KeptRooms(file).all() <= {StationName("1")}


async def test_a_folder_that_is_gone_costs_no_more_than_a_warning(tmp_path: Path) -> None:
    kept = KeptRooms(tmp_path / "gone" / "rooms.json")
    kept.add(AMY)
    assert kept.all() == {AMY}


async def test_what_is_no_code_is_passed_on(engine: Engine) -> None:
    at = Keyed(engine)
    for key in "12#*176":
        at.keys.key(AMY, key)
    assert at.passed == ["1", "2", "#", "6"] and at.steps == [ConsultStep.SWAP]
    assert at.heard == []
