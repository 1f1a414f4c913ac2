"""The log is read while calls go on: what it tells first, an event tells again."""

import json
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import cast

import pytest

from domain.centre import Centre
from domain.identity import ChannelId, LineName, NodeName, StationName
from offhook.live.absence import Absence
from offhook.live.call import LiveCall
from offhook.live.engine import Engine
from offhook.live.gap import Gap
from storage.calls import CallStore
from storage.outbox import Outbox
from tests.absence.test_event_log import TALK, when

NODE, PHONE = NodeName("pbx1"), StationName("1001")
AS_IT_CONNECTS, UNTIL_THE_PHONE_IS_GONE = TALK[:5], TALK[:8]


@pytest.fixture
async def engine(centre: Centre, tmp_path: Path) -> AsyncIterator[Engine]:
    outbox = Outbox(tmp_path / "outbox.jsonl")
    yield Engine(centre, outbox)
    outbox.close()


def enter(engine: Engine) -> LiveCall:
    channel = ChannelId(NODE, "1700000000.0")
    call = engine.sessions.enter(
        channel,
        "PJSIP/carrier-0",
        LineName("carrier"),
        "1390000",
        "4008001000",
        when(0).timestamp(),
    )
    assert call is not None
    return call


async def put_right(engine: Engine, log: list[str], tmp_path: Path, calls: list[LiveCall]) -> None:
    """A gap has just ended, in which these calls went on; Asterisk's log has these lines."""
    (tmp_path / "cel.csv").write_text("".join(f"{line}\n" for line in log))
    no_database = cast(CallStore, None)
    outbox = engine.calls._outbox
    absence = Absence(engine, no_database, outbox, tmp_path / "cel.csv", tmp_path / "position")
    gap = gap_until(when(1.5), engine)
    gap.going_on = calls
    await absence._put_right(gap)


def gap_until(until: datetime, engine: Engine) -> Gap:
    known = frozenset(engine.calls.by_id)
    return Gap(NODE, when(0.5), until, first=False, restarted=False, known=known, agents={})


def talks(tmp_path: Path) -> list[str]:
    facts = [json.loads(line) for line in (tmp_path / "outbox.jsonl").read_text().splitlines()]
    return [fact["kind"] for fact in facts if fact["kind"] in ("connected", "disconnected")]


async def test_the_event_comes_after_the_log_was_read(engine: Engine, tmp_path: Path) -> None:
    call = enter(engine)
    await put_right(engine, AS_IT_CONNECTS, tmp_path, [call])
    assert talks(tmp_path) == ["connected"]
    engine.talks.connected(call, PHONE, when(2.2))
    engine.talks.disconnected(call, PHONE, "agent", when(9))
    assert talks(tmp_path) == ["connected", "disconnected"]


async def test_both_events_come_after_the_log_was_read(engine: Engine, tmp_path: Path) -> None:
    call = enter(engine)
    await put_right(engine, UNTIL_THE_PHONE_IS_GONE, tmp_path, [call])
    engine.talks.connected(call, PHONE, when(2.2))
    engine.talks.disconnected(call, PHONE, "agent", when(9.1))
    assert talks(tmp_path) == ["connected", "disconnected"]


async def test_the_next_talk_with_the_same_phone_is_another(engine: Engine, tmp_path: Path) -> None:
    call = enter(engine)
    await put_right(engine, UNTIL_THE_PHONE_IS_GONE, tmp_path, [call])
    engine.talks.connected(call, PHONE, when(12))
    engine.talks.disconnected(call, PHONE, "agent", when(14))
    assert talks(tmp_path) == 2 * ["connected", "disconnected"]


async def test_a_call_told_to_its_end_before_the_log_was_read(
    engine: Engine, tmp_path: Path
) -> None:
    """It came after the snapshot and ended before the log was read: the log has no more to say."""
    (tmp_path / "cel.csv").write_text("")
    gap = gap_until(when(0.4), engine)
    call = enter(engine)
    engine.talks.connected(call, PHONE, when(2))
    engine.talks.gone(call, "agent", 16)
    (tmp_path / "cel.csv").write_text("".join(f"{line}\n" for line in TALK))
    no_database = cast(CallStore, None)
    absence = Absence(
        engine, no_database, engine.calls._outbox, tmp_path / "cel.csv", tmp_path / "position"
    )
    await absence._put_right(gap)
    assert talks(tmp_path) == ["connected", "disconnected"]
