"""Real callers whose flow does something for them while they wait, or takes them elsewhere.

One scene for all of it, because a whole Offhook takes long to start.
"""

import asyncio
import contextlib
from pathlib import Path

import pytest

from domain.flow_facts import NodePassed, WayTaken
from domain.identity import StationName
from farend.ami_client import FarEndError
from farend.seen_calls import SeenCall
from records.call_queries import StoredCall
from records.fold import in_order
from tests.faults.conftest import SceneFactory
from tests.faults.scene import LOOK_S, Board, Scene, kinds, story
from tests.waiting import until

pytestmark = pytest.mark.live

OUTSIDE, RINGS = "+8613812345678", "+8613812345679"
FLOW = """\
flow: waits
languages: [en]
start: which
variables:
  wish: {type: text}
  long: {type: text}
  round: {type: number}
  said: {type: digits}
prompts:
  which: {en: Which one?}
  stay:
    en: >-
      While you wait, we tell you a story about tea, which is a long one, and which you may have
      heard before. You can leave the queue by pressing one and hash, or stay where you are.
  back: {en: We are back.}
announcements: {back: back}
nodes:
  which:
    kind: menu
    prompts: which
    timeout: 20
    keys: {"1": wait, "2": agent, "3": number, "4": full, "5": short, "6": rings}
    exits:
      {wait: wish, agent: agent, number: number, full: full, short: short,
       rings: rings, exhausted: left}
  wish:
    kind: set
    values: {wish: "茶, \\"black\\" = it's; 100% & \\\\ $[1+1] ${EXTEN}) #", long: "LONG"}
    exits: {next: wait}
  wait:
    kind: queue
    queue: tea
    every: 5
    meanwhile: count
    keys: {"9": by_key}
    leaves: {by_menu: by menu}
    exits: {talked: kept, timeout: late, by_key: by_key, by_menu: by_menu}
  count: {kind: set, values: {round: 1}, exits: {next: stay}}
  stay:
    kind: collect
    prompts: stay
    variable: said
    digit_timeout: 20
    exits: {done: chosen, exhausted: keep}
  chosen:
    kind: choose
    cases: [{when: {variable: said, is: "1"}, exit: go}]
    exits: {go: go, otherwise: keep}
  go: {kind: return, exit: by_menu}
  keep: {kind: return}
  kept:
    kind: choose
    cases:
      - when:
          - {variable: wish, is: "茶, \\"black\\" = it's; 100% & \\\\ $[1+1] ${EXTEN}) #"}
          - {variable: round, is: 1}
          - {variable: called, is: "4008001000"}
          - {variable: long, is: "LONG"}
        exit: right
    exits: {right: right, otherwise: left}
  agent:
    kind: agent
    agent: "1002"
    longest_wait: 5
    exits: {talked: right, timeout: late, failed: left}
  number:
    kind: number
    number: "+8613812345678"
    line: carrier
    exits: {talked: right, timeout: late, failed: left}
  rings:
    kind: number
    number: "+8613812345679"
    line: carrier
    longest_wait: 120
    exits: {talked: left, timeout: left, failed: left}
  full:
    kind: queue
    queue: tea
    most_waiting: 1
    exits: {talked: left, timeout: left, overflow: full_up}
  short: {kind: queue, queue: tea, longest_wait: 1, exits: {talked: left, timeout: late}}
  right: {kind: hangup, why: right}
  late: {kind: hangup, why: late}
  by_key: {kind: hangup, why: by_key}
  by_menu: {kind: hangup, why: by_menu}
  full_up: {kind: hangup, why: full_up}
  left: {kind: hangup, why: left}
""".replace("LONG", 490 * "茶")


async def in_menu(one: Scene, caller: str) -> None:
    """Until this caller walks the in-queue flow: it has set a variable, which their channel has."""
    uniqueid = (await one.call_of(caller)).partition("-")[2]

    async def there() -> bool:
        for channel in await one.channels():
            text = await one.stack.instance.process.console(f"core show channel {channel}")
            if f"UniqueID: {uniqueid}\n" in text.replace("  ", " "):
                return "round=1" in text
        return False

    await until(there, what=f"{caller} is in the menu", every_s=LOOK_S)


def place(board: Board, caller: str) -> tuple[str, int | None] | None:
    found = [call for call in board["calls"] if call["caller"] == caller]
    return (found[0]["stage"], found[0].get("position")) if found else None


def called(one: Scene, number: str) -> list[SeenCall]:
    return [seen for seen in one.far.seen.calls.values() if seen.number == number]


async def chooses(one: Scene, caller: str, key: str) -> str:
    """A caller presses this key in the first menu, until it is taken; their call."""
    call = await one.customer("stay", caller)
    seen = False

    async def taken() -> bool:
        nonlocal seen
        now = place(await one.console.board(), caller)
        seen = seen or now is not None
        if now is not None and now[0] == "flow":
            with contextlib.suppress(FarEndError):  # it isn't up yet
                await one.far.press(call, key)
        return seen and (now is None or now[0] != "flow")

    await until(taken, what=f"{caller} has chosen {key}", every_s=0.3)
    return call


async def waits_at(one: Scene, caller: str, position: int) -> None:
    await one.until(lambda b: place(b, caller) == ("queue", position), what=f"{caller} waits")


async def talks(one: Scene, caller: str) -> None:
    await one.until(lambda b: (place(b, caller) or ("",))[0] == "talking", what=f"{caller} talks")


def nodes(stored: StoredCall) -> dict[str, NodePassed]:
    told = [fact.what for fact in in_order(stored.timeline) if isinstance(fact.what, WayTaken)]
    return {node.node or "": node for way in told for node in way.nodes}


async def test_what_flows_do_for_callers_who_wait(scene: SceneFactory, tmp_path: Path) -> None:
    (tmp_path / "s" / "flows").mkdir(parents=True)
    (tmp_path / "s" / "flows" / "waits.yaml").write_text(FLOW)
    one = await scene(agents=2, flow="waits", line={"flows_may_call": True}, spare=True)
    await one.phones("answer-0.3,stay")
    for agent in ("1001", "1002"):
        await one.command(agent, "away", reason="break")
    await one.far.plan(OUTSIDE, "ring-0.3,answer-0.3,stay")
    await one.far.plan(RINGS, "ring")

    first, second, third, leaves, by_key, gone = (f"1380013800{n}" for n in range(6))
    late, alone, outside, full, short, quits = (f"1380013801{n}" for n in range(6))
    calls = {}
    for number, caller in enumerate((first, second, third), 1):
        calls[caller] = await chooses(one, caller, "1")
        await waits_at(one, caller, number)
    chosen = {
        leaves: "1", by_key: "1", gone: "1", late: "2", outside: "3", full: "4", short: "5",
        quits: "6",
    }  # fmt: skip
    made = await asyncio.gather(*(chooses(one, *choice) for choice in chosen.items()))
    calls |= dict(zip(chosen, made, strict=True))
    await one.far.press(calls[by_key], "9")

    await until(lambda: called(one, RINGS), what="somebody outside is called")
    await one.far.hang_up(calls[quits])

    # An agent who is found ends the in-queue flow at once: in its prompt, and between two keys.
    for caller in (first, second, third, leaves, gone):
        await in_menu(one, caller)
    await one.far.press(calls[second], "5")
    await one.far.press(calls[leaves], "1#")
    await one.far.hang_up(calls[gone])
    calls[alone] = await chooses(one, alone, "2")
    await one.command("1001", "ready")
    await talks(one, first)
    await one.command("1001", "away", reason="break")  # after this talk
    await one.command("1002", "ready")
    await talks(one, alone)  # who waits for this agent alone, before those who take any
    await one.talk_on()
    for caller in (alone, first):
        await one.far.hang_up(calls[caller])
    await talks(one, second)

    # The controller is killed while the third one walks the in-queue flow, and one talks outside.
    await talks(one, outside)
    await one.stack.controller.kill()
    await one.stack.controller.start()
    await waits_at(one, third, 1)
    await one.talk_on()
    await one.far.hang_up(calls[second])
    await talks(one, third)
    await one.talk_on()
    (other,) = called(one, OUTSIDE)
    await one.far.hang_up(other.call)
    await one.phones("hangup", ["1001", "1002"])
    for agent in ("1001", "1002"):
        await one.far.put_down(StationName(agent))

    ends = {
        leaves: "by_menu", by_key: "by_key", late: "late", outside: "right", full: "full_up",
        short: "late", third: "right",
    }  # fmt: skip
    stored = {caller: await one.stored(caller) for caller in (*calls, by_key)}
    for caller, why in ends.items():
        assert stored[caller].record.why == why, story(stored[caller])
    agents = {caller: stored[caller].record.agents for caller in (first, second, third, alone)}
    assert agents[first] == ("1001",) and agents[alone] == ("1002",), agents
    assert len(agents[second]) == len(agents[third]) == 1, agents
    for caller, how in ((first, "=agent"), (leaves, "1"), (gone, None)):
        passed = nodes(stored[caller])
        assert passed["wait>stay"].answers == how, story(stored[caller])
    assert nodes(stored[gone])["wait>stay"].exit is None, story(stored[gone])
    assert kinds(stored[third]).count("queued") == 1, story(stored[third])
    talked = kinds(stored[outside])
    assert talked.count("connected") == talked.count("disconnected") == 1, talked
    assert "queued" not in talked and "queued" not in kinds(stored[full])
    assert "connected" not in kinds(stored[quits])
    await one.until_quiet()
