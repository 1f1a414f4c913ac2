"""The database is away, or hangs, when the controller starts: calls and agents go on."""

import asyncio
import os
import signal

import pytest

from farend.console_client import ConsoleClient, ConsoleRefused
from storage.embedded import EmbeddedServer
from tests.faults.conftest import SceneFactory
from tests.faults.scene import Board, assert_right, counted, kinds, story

pytestmark = [pytest.mark.live, pytest.mark.long]


@pytest.mark.parametrize("hangs", [False, True], ids=["stopped", "hung"])
async def test_a_controller_begins_without_its_database(
    scene: SceneFactory, own_server: EmbeddedServer, hangs: bool
) -> None:
    one = await scene(agents=4, server=own_server, spare=True)
    await one.phones("answer-0,speak-120")
    await one.command("1004", "away", reason="lunch")
    for n in range(3):
        await one.customer("speak-240", f"1380000000{n}")
    await one.until_stages(talking=3)
    for n in range(2):
        await one.customer("speak-240", f"1390000000{n}")
    before = await one.until_stages(talking=3, queue=2)

    postmaster = own_server.pid
    assert postmaster is not None
    if hangs:
        os.kill(postmaster, signal.SIGSTOP)
    else:
        await asyncio.to_thread(own_server.stop)
    # A state that only the outbox has when the controller dies.
    await one.command("1004", "away", reason="training")
    await one.stack.controller.kill()
    await one.stack.controller.start()

    log = one.stack.controller.log
    assert "begins without its database" in log.read_text()
    assert await one.stack.missing() == ["database"]
    with pytest.raises((ConsoleRefused, AssertionError)):  # nobody can be asked who may sign in
        async with ConsoleClient(one.stack.console_url, "admin", one.stack.secrets.admin):
            pass
    # The phones of those who talk are put down: each is free again, and the two are served.
    await one.phones("answer-0,speak-2,hangup")
    for n in range(3):
        await one.far.put_down(f"100{n + 1}")  # type: ignore[arg-type]
    # A call that comes now is served, too.
    await one.far.ended(await one.customer("speak-60", "13700000000"), timeout=60)

    if hangs:
        os.kill(postmaster, signal.SIGCONT)
    else:
        await asyncio.to_thread(own_server.start)

    def is_back(board: Board) -> bool:
        return bool(board["store"][0]["up"]) and board["store"][0]["pending"] == 0

    board = await one.until(is_back, 30, "the database is caught up with")
    assert await one.stack.missing() == []
    assert counted(board["agents"], "state")["paused"] == 1
    (away,) = [agent for agent in board["agents"] if agent["state"] == "paused"]
    assert (away["code"], away["reason"]) == ("1004", "training")
    talked = [f"1380000000{n}" for n in range(3)]
    waited = [f"1390000000{n}" for n in range(2)]
    for stored in await one.all_ended([*talked, *waited, "13700000000"], 60):
        record, text = assert_right(stored), story(stored)
        assert record.outcome == "answered", text
        assert kinds(stored).count("connected") == 1, text
        assert kinds(stored).count("queued") == 1, text
    assert {call["caller"] for call in before["calls"]} == {*talked, *waited}
    await one.until(lambda b: counted(b["agents"], "state") == {"ready": 3, "paused": 1})


async def test_calls_that_nobody_saw_are_written_down_when_it_is_back(
    scene: SceneFactory, own_server: EmbeddedServer
) -> None:
    one = await scene(agents=1, server=own_server, fallback_after_s=3, spare=True)
    await one.phones("answer-0,speak-2,hangup")
    await asyncio.to_thread(own_server.stop)
    await one.stack.controller.kill()
    # It comes, is served by Asterisk's own queue, and goes.
    await one.far.ended(await one.customer("speak-60", "13700000001"), timeout=60)
    (one.stack.state / "last-known.jsonl").write_bytes(b"torn")
    await one.stack.controller.start()
    assert await one.stack.missing() == ["database"]
    await asyncio.to_thread(own_server.start)
    stored = await one.stored("13700000001", 60)
    assert assert_right(stored).outcome == "answered", story(stored)
    # With the snapshot torn, who sits where comes from the database.
    await one.until(lambda b: counted(b["agents"], "state") == {"ready": 1})
