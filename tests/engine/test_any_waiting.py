"""Any flow that the checker passes, and callers and agents who do anything at any moment: nothing
fails, every session comes to its end, and nobody is left standing in a queue."""

import asyncio
import itertools
import json
from dataclasses import dataclass, field
from typing import Any, cast

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from acd.events import Away, CallLeft, Ready
from configuration.flows import caller_phrases
from domain.identity import CallId
from domain.reasons import Party
from engine.calls.call import LiveCall, MenuDue
from engine.inbound.apologies import Apologies
from engine.inbound.bookmark import Arguments
from engine.inbound.flow_entry import FlowEntry
from engine.inbound.flow_means import FlowMeans
from engine.inbound.flow_steps import FlowSteps
from ivr_flows.loader import check
from ivr_flows.steps import LookUp, LookUpFailed, LookUpFault
from telephony.agi.agi_wire import HungUp
from telephony.agi.session import Streamed
from telephony.centre_calls import CallerPressed
from tests.conftest import MovableClock
from tests.engine.test_board import AMY, enter
from tests.engine.test_waiting_flows import Channel, SpokenAsText, WaitingRoom, room
from tests.ivr_flows.test_any_flow import VARIABLES, flows

__all__ = ["room"]  # a fixture

PATIENCE = 60
"""So many sounds a caller hears before they hang up."""
HAPPENS = ["", "", "1", "#", "5", "ready", "away", "late", "on hook"]
_numbers = itertools.count(100)


INNER = [f"i{number}" for number in range(4)]
_inner = st.sampled_from([*INNER, "stay", "go", "go"])


def _node(kind: str, *exits: str, **fields: Any) -> st.SearchStrategy[dict[str, Any]]:
    led = st.fixed_dictionaries(dict.fromkeys(exits, _inner))
    return led.map(lambda exits: {"kind": kind, "exits": exits, **fields})


ANY_INNER = st.one_of(
    _node("say", "next", prompts="hello"),
    _node("say", "next", prompts="hello", interruptible=False),
    _node("menu", "x", "y", "exhausted", prompts="hello", keys={"1": "x", "5": "y"}),
    _node("collect", "done", "exhausted", prompts="hello", variable="pin", tries=1),
    _node("pause", "next", seconds=1),
    _node("look_up", "found", "failed", url="https://a.example/", take={"words": "a"}),
    _node(
        "look_up", "found", "failed", url="https://a.example/", take={"words": "a"},
        prompts="hello",
    ),
    _node("callback", "booked", "refused"),
    _node("hours", "open", "closed"),
)  # fmt: skip


@st.composite
def waiting_flows(draw: st.DrawFn) -> str:
    """The text of a flow with an in-queue flow; JSON is YAML."""
    nodes: dict[str, Any] = {
        "wait": {
            "kind": "queue", "queue": "sales", "meanwhile": "i0", "keys": {"#": "out"},
            "leaves": {"left": "by choice"},
            "exits": {
                "talked": draw(st.sampled_from(["again", "end"])), "timeout": "end",
                "out": "again", "left": draw(st.sampled_from(["to", "end"])),
            },
        },
        "again": {"kind": "say", "prompts": "hello", "exits": {"next": "wait"}},
        "to": {
            "kind": "agent", "agent": "1001", "exits": {"talked": "end", "timeout": "wait"},
        },
        "stay": {"kind": "return"},
        "go": {"kind": "return", "exit": "left"},
        "end": {"kind": "hangup"},
    }  # fmt: skip
    nodes |= {name: draw(ANY_INNER) for name in INNER}
    reached, todo = {"wait"}, ["wait"]
    while todo:
        each = nodes[todo.pop()]
        for where in (*each.get("exits", {}).values(), *filter(None, [each.get("meanwhile")])):
            if where not in reached:
                reached.add(where)
                todo.append(where)
    if "go" not in reached:
        del nodes["wait"]["leaves"], nodes["wait"]["exits"]["left"]
        reached -= {"to"}
    return json.dumps(
        {
            "flow": "any",
            "languages": ["en"],
            "start": "wait",
            "variables": VARIABLES,
            "prompts": {"hello": {"en": "Hello"}},
            "nodes": {name: each for name, each in nodes.items() if name in reached},
        }
    )


class NoAnswer:
    """Services none of which answers."""

    async def ask(self, _step: LookUp, _project: str) -> LookUpFailed:
        await asyncio.sleep(0)
        return LookUpFailed(LookUpFault.TIMEOUT)


@dataclass
class AnyChannel(Channel):
    """A caller's channel on which anything may happen whenever a command takes time."""

    room: WaitingRoom = field(kw_only=True)
    clock: MovableClock = field(kw_only=True)
    data: st.DataObject = field(kw_only=True)
    call: LiveCall = field(kw_only=True)
    heard: int = 0

    async def happen(self) -> str:
        """Let something happen; returns the key that the caller presses, if they do."""
        self.heard += 1
        what = self.data.draw(st.sampled_from(HAPPENS))
        floor = self.room.engine.floor
        if what == "on hook" or self.heard > PATIENCE:
            self.lost.set_result(None)
            raise HungUp("gone")
        if what == "ready":
            floor.feed(Ready(AMY))
        elif what == "away":
            floor.feed(Away(AMY, "break"))
        elif what == "late":
            self.clock.ahead += 2_000.0
            floor.feed(CallLeft(CallId("pbx1-9.9")))  # it looks at its clock
        await asyncio.sleep(0.001 if what == "late" else 0)
        return what if len(what) == 1 else ""

    async def stream(self, sound: str, escape: str = "") -> Streamed:
        self.played.append(sound)
        key = await self.happen()
        return Streamed(key if key in escape else "", 8)

    async def wait_for_digit(self, _timeout_s: float) -> str:
        return await self.happen()

    async def idle(self, future: "asyncio.Future[Any]") -> Any:
        while not future.done():
            key = await self.happen()
            if key:
                self.room.engine.reactions.react_to(CallerPressed(self.call.id, key))
            else:
                self.call.inbox.put(MenuDue())
            await asyncio.sleep(0)
        return future.result()


@settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(text=waiting_flows() | flows(), data=st.data())
async def test_whatever_happens_nobody_is_left_in_a_queue(
    room: WaitingRoom, clock: MovableClock, text: str, data: st.DataObject
) -> None:
    flow = check(text.replace('"queue": "q"', '"queue": "sales"'), "any.yaml").flow
    if flow is None:
        return
    engine = room.engine
    call = enter(engine, next(_numbers))
    channel = AnyChannel(room=room, clock=clock, data=data, call=call)
    means = FlowMeans(
        engine.sessions,
        engine.queued,
        cast(Any, SpokenAsText()),
        cast(Any, NoAnswer()),
        Apologies(caller_phrases()),
        engine.passes,
    )
    entry = FlowEntry(flow, (), name="any", edition=1)
    given_ = Arguments("4008001000", "carrier", "1")
    steps = FlowSteps(cast(Any, channel), call, given_, entry, means)
    try:
        async with asyncio.timeout(30):
            await steps.walk()
    except HungUp:
        assert channel.lost.done()
    else:
        assert call.flow_ended is not None
    assert room.place(call) is None and call.keys == "" and not call.announcing
    engine.talks.gone(call, Party.CALLER, 16)
