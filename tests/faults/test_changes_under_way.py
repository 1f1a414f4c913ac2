"""The centre is changed while callers wait and agents talk, on phones and a line that are real."""

import asyncio
import itertools
import re
from collections.abc import Iterable

import pytest

from bench.raw_sip import Account, RawSip
from centre.directory import Directory
from centre.inbound_settings import CallerSettings, EmergencySettings, HotlineSettings
from centre.kinds import Kind, Thing
from centre.organisation_settings import AgentSettings
from domain.call_facts import TurnedAway
from domain.centre import Treatment
from domain.floor_facts import Queued
from domain.reasons import NoEntry
from tests.faults.conftest import SceneFactory
from tests.faults.scene import HOTLINE, LINE, Board, Scene, assert_right, kinds, story

pytestmark = pytest.mark.live

AMY, BEN = "1001", "1002"


def agent(found: Directory, code: str, **settings: object) -> AgentSettings:
    return found.of(AgentSettings)[code].model_copy(update=settings)


def hotline(found: Directory, **settings: object) -> HotlineSettings:
    return found.of(HotlineSettings)[HOTLINE].model_copy(update=settings)


async def in_force(one: Scene, name: str) -> None:
    """Until a change that gave the first agent this name acts."""

    def acts(board: Board) -> bool:
        return bool(board["agents"][0]["name"] == name)

    await one.until(acts, what=f"the agent to be called {name}")


async def change_on_the_board(one: Scene, code: str, form: dict[str, str]) -> None:
    """What a supervisor fills in to an agent's panel on the board, until it is in force."""
    panel = f"centre/agent/{code}/panel"
    _, shown = await one.console.fetch(panel)
    seen = re.search(rb'name="change.seen" value="([0-9]+)"', shown)
    assert seen, shown.decode()
    form = form | {"change.seen": seen[1].decode()}
    status, said = await one.console.submit(panel, on="board", **form)
    assert (status, 'data-done="next_offer"' in said) == (200, True), said


def states(board: Board) -> dict[str, str]:
    return {shown["code"]: shown["state"] for shown in board["agents"]}


@pytest.mark.long
async def test_a_skill_taken_away_during_a_call_counts_from_the_next_offer(
    scene: SceneFactory,
) -> None:
    one = await scene(agents=2)
    await one.phones("answer-0,speak-60")
    await one.command(BEN, "away", reason=one.stack.centre.reasons[0])
    talk = await one.customer("speak-60", "13800000001")
    await one.until_stages(talking=1)

    await change_on_the_board(one, AMY, {"skills.sales": "3"})
    waits = await one.customer("speak-60", "13800000002")
    await one.until_stages(talking=1, queue=1)
    await one.talk_on()
    await one.far.hang_up(talk)
    await one.until(lambda b: states(b)[AMY] == "ready", what="the first agent to be ready")
    await one.until_stages(queue=1)  # not for them any more
    await one.command(BEN, "ready")
    board = await one.until_stages(talking=1)
    assert board["calls"][0]["agent"] == BEN
    await one.talk_on()
    await one.far.hang_up(waits)
    first, second = await one.all_ended(["13800000001", "13800000002"])
    assert (assert_right(first).agents, assert_right(second).agents) == ((AMY,), (BEN,))


@pytest.mark.long
async def test_what_is_removed_serves_those_who_are_in_it(scene: SceneFactory) -> None:
    """A queue with callers, its number, the agent who talks, and the phone they talk on."""
    one = await scene(agents=2)
    await one.phones("answer-0,speak-60")
    await one.command(BEN, "away", reason=one.stack.centre.reasons[0])
    talk = await one.customer("speak-60", "13800000001")
    await one.until_stages(talking=1)
    for number in (2, 3):
        await one.customer("speak-60", f"1380000000{number}")
        await one.until_stages(talking=1, queue=number - 1)
    removed = [(Kind.HOTLINE, HOTLINE), (Kind.QUEUE, "tea"), (Kind.AGENT, AMY), (Kind.STATION, AMY)]
    made = await one.change(lambda _: removed)
    board = await one.until(
        lambda b: [a["after_call"] for a in b["agents"]] == [None, "log_out"],
        what="the removed agent to be on the way out",
    )
    assert sorted(c["stage"] for c in board["calls"]) == ["queue", "queue", "talking"]
    assert {q["name"]: q["waiting"] for q in board["queues"]}["tea"] == 2

    await one.command(BEN, "ready")
    board = await one.until_stages(talking=2, queue=1)
    second = next(c for c in board["calls"] if c["caller"] == "13800000002")
    assert second["agent"] == BEN  # the first in the removed queue
    await one.talk_on()
    await one.far.hang_up(talk)
    await one.until(lambda b: AMY not in states(b), what="the removed agent to be gone")
    (first,) = await one.all_ended(["13800000001"])
    assert assert_right(first).agents == (AMY,)
    assert "controller_lost" not in kinds(first)

    await one.undo(made)
    await one.until(lambda b: states(b).get(AMY) == "logged_out", what="the agent to be back")


async def test_messages_blocked_callers_and_vips(scene: SceneFactory) -> None:
    one = await scene(agents=1)
    await one.phones("ring")
    account = Account(LINE, one.stack.secrets.sip[LINE])
    peer = await RawSip(("127.0.0.1", one.stack.instance.ports.sip)).open()
    over, tags = asyncio.Event(), itertools.count()

    async def call(caller: str) -> int:
        headers = [(b"From", b"<sip:%s@h>;tag=%d" % (caller.encode(), next(tags)))]
        return (await peer.invite(peer.uri(HOTLINE), account, headers, until=over)).status

    def known(found: Directory) -> Iterable[Thing]:
        return [
            agent(found, AMY, name="with callers"),
            CallerSettings(number="13900000001", treatment=Treatment.BLOCKED),
            CallerSettings(number="13900000002", treatment=Treatment.VIP, priority=5),
        ]

    await one.change(known)
    await in_force(one, "with callers")
    assert await asyncio.wait_for(call("13900000001"), 20) == 403
    await one.until(lambda b: b["lines"][0]["callers_refused_today"] == 1, what="it is counted")

    await one.command(AMY, "away", reason=one.stack.centre.reasons[0])
    for number in (3, 2):  # the VIP comes later
        await one.customer("speak-60", f"1390000000{number}")
        await one.until(lambda b, n=4 - number: len(b["calls"]) == n)  # type: ignore[misc]
    board = await one.until_stages(queue=2)
    places = {shown["caller"]: shown["position"] for shown in board["calls"]}
    assert places == {"13900000002": 1, "13900000003": 2}

    def fire(found: Directory) -> Iterable[Thing]:
        message = EmergencySettings(message={"en": "There is a fire."})
        return [agent(found, AMY, name="on fire"), hotline(found, emergency=message)]

    await one.change(fire)
    await in_force(one, "on fire")
    heard = await one.customer("speak-60", "13900000004")
    await one.far.ended(heard)
    over.set()
    peer.close()
    refused, told = await one.all_ended(["13900000001", "13900000004"])
    assert refused.record.outcome == "refused", story(refused)
    assert refused.record.ended_by == "system" and refused.record.why == "caller_blocked"
    assert told.record.outcome == "emergency", story(told)
    assert (told.record.ended_by, told.record.why) == ("flow", "emergency"), story(told)
    assert [f.what for f in told.timeline if isinstance(f.what, TurnedAway)] == [
        TurnedAway(NoEntry.EMERGENCY)
    ]
    board = await one.until_stages(queue=2)  # those who wait are not disturbed
    vip = next(c for c in board["calls"] if c["caller"] == "13900000002")
    stored = await one.calls.get(vip["id"], projects=None)
    assert stored is not None
    assert Queued("tea", "tea", 5) in [f.what for f in stored.timeline]  # type: ignore[arg-type]
