"""What flows do for callers who wait, without Asterisk: who is where, and what ends what."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
import pytest_asyncio

from acd.events import Away, CallLeft, LogIn, Ready
from configuration.flows import caller_phrases
from domain.identity import CallId, NodeName, StationName
from domain.prompts import PromptText
from engine.calls.call import LiveCall, MenuDue
from engine.engine import Engine
from engine.inbound.apologies import Apologies
from engine.inbound.bookmark import Arguments, Stage
from engine.inbound.flow_entry import FlowEntry
from engine.inbound.flow_means import FlowMeans
from engine.inbound.flow_steps import FlowSteps
from ivr_flows.loader import load
from telephony.agi.agi_wire import AgiError, HungUp
from telephony.agi.session import Streamed
from telephony.ami.ami_wire import Message
from telephony.ami.link import Link
from telephony.ami.protocol import Headers
from telephony.centre_calls import CallerPressed
from tests.conftest import MovableClock
from tests.engine.test_board import AMY, enter
from tests.links import StillLink
from tests.waiting import until

NODE = NodeName("pbx1")

FLOW = """\
version: 1
flow: waits
languages: [en]
start: wait
variables:
  said: {type: digits}
  wish: {type: text}
prompts:
  story: {en: story}
  stay: {en: stay}
  thanks: {en: thanks}
nodes:
  wait:
    kind: queue
    queue: sales
    every: 600
    meanwhile: story
    keys: {"9": pressed}
    leaves: {gone: they have chosen so}
    most_waiting: 2
    exits:
      {talked: thanks, timeout: bye, pressed: bye, gone: bye, overflow: bye}
  story: {kind: say, prompts: story, exits: {next: stay}}
  stay:
    kind: collect
    prompts: stay
    variable: said
    timeout: 12
    digit_timeout: 3
    tries: 1
    exits: {done: chosen, exhausted: back}
  chosen:
    kind: choose
    cases: [{when: {variable: said, is: "1"}, exit: go}]
    exits: {go: go, otherwise: back}
  go: {kind: return, exit: gone}
  back: {kind: return}
  thanks: {kind: say, prompts: thanks, exits: {next: bye}}
  bye: {kind: hangup, why: over}
"""


class SpokenAsText:
    """Prompts whose sound is their text."""

    async def sound(self, prompt: PromptText, **_how: object) -> str:
        return prompt.text


@dataclass
class Channel:
    """A caller's channel: what is played lasts until it is stopped, a key is pressed, or it is
    over; a phone that is rung answers, and its agent talks for long enough."""

    node: NodeName = NODE
    uniqueid: str = "1795320000.1"
    played: list[str] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)
    has_silence: bool = True
    playing: "asyncio.Future[str] | None" = None
    lost: "asyncio.Future[None]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    def stop(self, key: str = "") -> None:
        """What is played ends: by this key, if it is one."""
        assert self.playing is not None and not self.playing.done(), self.played
        self.playing.set_result(key)

    async def plays(self, sound: str) -> None:
        await until(
            lambda: (
                self.playing is not None and not self.playing.done() and self.played[-1] == sound
            ),
            seen=lambda: self.played,
        )

    # --- what a session can do

    async def wait_for_digit(self, _timeout_s: float) -> str:
        return (await self.stream("nothing")).digit

    async def answer(self) -> None:
        self.done.append("answer")

    async def stream(self, sound: str, _escape: str = "") -> Streamed:
        if sound.startswith("silence") and not self.has_silence:
            raise AgiError("STREAM FILE", 200, "it failed")
        self.played.append(sound)
        self.done.append(sound)
        self.playing = asyncio.get_running_loop().create_future()
        return Streamed(await self.idle(self.playing), 8)

    async def execute(self, app: str, *args: str) -> int:
        self.done.append(app)
        if app == "MSet":
            for pair in args:
                name, _, self.variables[name] = pair.partition("=")
        return 0

    async def get_variable(self, name: str) -> str:
        known = {
            "DIALSTATUS": "ANSWER",
            "SHARED(OFFHOOK_ANSWERED_AT)": "1000",
            "STRFTIME(,,%s%3q)": "60000",
        }
        return known.get(name, "16")

    async def long_variable(self, name: str) -> str | None:
        return self.variables.get(name)

    async def music_on(self, klass: str = "default") -> None:
        self.done.append(klass)

    async def music_off(self) -> None:
        self.done.append("silence")

    async def idle(self, future: "asyncio.Future[Any]") -> Any:
        await asyncio.wait((future, self.lost), return_when=asyncio.FIRST_COMPLETED)
        if self.lost.done():
            raise HungUp("gone")
        return future.result()

    async def until(self, work: Any) -> Any:
        return await self.idle(asyncio.ensure_future(work))


class StoppingLink(StillLink):
    """A link by which what is played on channels is stopped."""

    def __init__(self) -> None:
        super().__init__(NODE)
        self.channels: dict[str, Channel] = {}

    async def action(
        self,
        name: str,
        headers: Headers | None = None,
        *,
        timeout: float = 5.0,  # noqa: ARG002
    ) -> Message:
        assert name == "ControlPlayback" and headers is not None
        channel = self.channels[str(headers["Channel"])]
        if channel.playing is not None and not channel.playing.done():
            channel.stop()
        return Message.of({"Response": "Success"})


@dataclass
class WaitingRoom:
    """An engine with one agent, who is away."""

    engine: Engine
    link: StoppingLink
    tasks: list["asyncio.Task[None]"] = field(default_factory=list)

    def steps(
        self, call: LiveCall, channel: Channel, given: Arguments | None = None, flow: str = FLOW
    ) -> FlowSteps:
        means = FlowMeans(
            self.engine.sessions,
            self.engine.queued,
            cast(Any, SpokenAsText()),
            cast(Any, None),
            Apologies(caller_phrases()),
            self.engine.passes,
        )
        entry = FlowEntry(load(flow, "waits.yaml"), (), name="waits", edition=1)
        given = given or Arguments("4008001000", "carrier", "1")
        return FlowSteps(cast(Any, channel), call, given, entry, means)

    def comes(self, number: int = 1, *, flow: str = FLOW) -> tuple[LiveCall, Channel]:
        """A caller, whose session walks them through the flow."""
        call, channel = enter(self.engine, number), Channel(uniqueid=f"1795320000.{number}")
        self.link.channels[call.channel_name] = channel
        self.tasks.append(asyncio.ensure_future(self.steps(call, channel, flow=flow).walk()))
        return call, channel

    async def waits(self, call: LiveCall, channel: Channel) -> None:
        await until(
            lambda: self.place(call) and channel.done[-1:] == ["default"],
            seen=lambda: channel.done,
        )

    def place(self, call: LiveCall) -> int | None:
        found = [each.position for each in self.engine.floor.core.waiting if each.call == call.id]
        return found[0] if found else None

    async def in_menu(self, call: LiveCall, channel: Channel, sound: str = "story") -> None:
        await self.waits(call, channel)
        call.inbox.put(MenuDue())
        await channel.plays("story")
        if sound != "story":
            channel.stop()
            await channel.plays("stay")
        if sound.startswith("silence"):
            channel.stop()
            await channel.plays(sound)

    def agent_is_ready(self) -> None:
        self.engine.floor.feed(Ready(AMY))

    async def over(self) -> None:
        async with asyncio.timeout(60):
            await asyncio.gather(*self.tasks)


@pytest_asyncio.fixture
async def room(engine: Engine, links: dict[NodeName, Link]) -> AsyncIterator[WaitingRoom]:
    link = links[NODE] = StoppingLink()
    engine.floor.feed(LogIn(AMY, StationName("1001"), engine.centre.agents[0].skills))
    engine.floor.feed(Away(AMY, "break"))
    found = WaitingRoom(engine, link)
    yield found
    for task in found.tasks:
        task.cancel()


@pytest.mark.parametrize("while_they_hear", ["story", "stay", "silence/10"])
async def test_an_agent_who_is_found_ends_the_in_queue_flow_at_once(
    room: WaitingRoom, while_they_hear: str
) -> None:
    call, channel = room.comes()
    await room.in_menu(call, channel, while_they_hear)
    assert room.place(call) == 1
    room.agent_is_ready()
    await channel.plays("thanks")  # after the talk
    assert channel.played[-2] == while_they_hear
    channel.stop()
    await room.over()
    assert call.flow_ended == "over"


@pytest.mark.parametrize("while_they_hear", ["story", "silence/10"])
async def test_so_does_the_end_of_the_wait(
    room: WaitingRoom, clock: MovableClock, while_they_hear: str
) -> None:
    call, channel = room.comes()
    await room.in_menu(call, channel, while_they_hear)
    clock.ahead = 10_000.0
    room.engine.floor.feed(CallLeft(CallId("pbx1-9.9")))  # it looks at its clock
    await room.over()
    assert channel.played[-1] == while_they_hear and room.place(call) is None


async def test_who_stays_keeps_their_place_and_hears_music_again(room: WaitingRoom) -> None:
    (call, channel), (other, _) = room.comes(1), room.comes(2)
    await room.in_menu(call, channel, "stay")
    before = room.engine.floor.core.waiting
    channel.stop("2")
    await channel.plays("silence/3")  # for more digits
    channel.stop()
    await room.waits(call, channel)
    assert room.engine.floor.core.waiting == before
    assert (room.place(call), room.place(other)) == (1, 2)
    assert channel.done[-1] == "default"


async def test_without_sounds_of_silence_keys_are_waited_for(room: WaitingRoom) -> None:
    call, channel = room.comes()
    channel.has_silence = False
    await room.in_menu(call, channel, "stay")
    channel.stop()
    await channel.plays("nothing")
    room.agent_is_ready()
    channel.stop("1")
    await channel.plays("thanks")


async def test_who_chooses_so_leaves_the_queue(room: WaitingRoom) -> None:
    call, channel = room.comes()
    await room.in_menu(call, channel, "stay")
    channel.stop("1")
    await channel.plays("silence/3")
    channel.stop("#")
    await room.over()
    assert room.place(call) is None and call.flow_ended == "over"


async def test_an_agent_is_quicker_than_who_leaves(room: WaitingRoom) -> None:
    call, channel = room.comes()
    await room.in_menu(call, channel, "stay")
    channel.stop("1")
    await channel.plays("silence/3")
    room.link.channels.clear()  # the order to stop comes too late
    room.link.up = False
    room.agent_is_ready()
    channel.stop("#")
    await channel.plays("thanks")


async def test_who_hangs_up_in_the_in_queue_flow_waits_no_longer(room: WaitingRoom) -> None:
    call, channel = room.comes()
    await room.in_menu(call, channel, "stay")
    channel.lost.set_result(None)
    with pytest.raises(HungUp):
        await room.tasks[0]
    assert room.place(call) is None


async def test_a_key_ends_the_wait_unless_it_is_another_or_an_earlier_one(
    room: WaitingRoom,
) -> None:
    call, channel = room.comes()
    await room.waits(call, channel)
    reactions, now = room.engine.reactions, datetime.now(UTC)
    reactions.react_to(CallerPressed(call.id, "8"))
    reactions.react_to(CallerPressed(CallId("pbx1-9.9"), "9"))
    reactions.react_to(CallerPressed(call.id, "9"), happened_at=now - timedelta(seconds=5))
    assert not room.tasks[0].done() and not call.inbox
    reactions.react_to(CallerPressed(call.id, "9"), happened_at=now + timedelta(seconds=1))
    await room.over()
    assert room.place(call) is None


async def test_keys_count_for_nothing_in_the_in_queue_flow(room: WaitingRoom) -> None:
    """It has keys of its own, which come with what is played."""
    call, channel = room.comes()
    await room.in_menu(call, channel, "stay")
    room.engine.reactions.react_to(CallerPressed(call.id, "9"))
    assert not call.inbox
    channel.stop("9")
    await channel.plays("silence/3")
    channel.stop("#")
    await room.waits(call, channel)
    assert not call.inbox


async def test_with_enough_callers_waiting_the_next_one_is_not_taken(room: WaitingRoom) -> None:
    for number in (1, 2):
        await room.waits(*room.comes(number))
    call, _ = room.comes(3)
    await room.tasks[2]
    assert room.place(call) is None and call.flow_ended == "over"
    assert [fact for fact in call.ledger.facts if fact.what.kind == "queued"] == []


TOLD = """\
  round: {kind: set, values: {said: "2"}, exits: {next: again}}
  again: {kind: say, prompts: story, exits: {next: stay}}
"""
LOST = (
    FLOW.replace("thanks: {en: thanks}", 'thanks: {en: "thanks {said}"}')
    .replace("exits: {next: stay}", "exits: {next: round}")
    .replace("  stay:\n    kind", f"{TOLD}  stay:\n    kind")
)


async def test_who_is_taken_back_from_it_is_in_the_queue_with_what_the_flow_knew(
    room: WaitingRoom,
) -> None:
    call, channel = room.comes(flow=LOST)
    await room.in_menu(call, channel)
    channel.stop()
    await until(lambda: channel.played == ["story", "story"], seen=lambda: channel.played)
    channel.stop()
    await channel.plays("stay")
    kept = dict(channel.variables)
    assert (kept["OFFHOOK_STAGE"], kept["OFFHOOK_RETURN"]) == (Stage.QUEUE, "wait")
    assert "said=2" in kept["OFFHOOK_KEPT"]
    room.tasks[0].cancel()
    await asyncio.wait(room.tasks)

    later = Channel(variables=kept)
    room.engine.sessions.attach(call, None)
    given = Arguments(
        "4008001000", "carrier", "1", Stage.QUEUE, "wait", "thanks", "en", kept["OFFHOOK_QUEUED_AT"]
    )
    steps = room.steps(call, later, given, LOST)
    room.tasks[:] = [asyncio.ensure_future(steps.walk())]
    await room.waits(call, later)
    assert room.place(call) == 1
    room.agent_is_ready()
    await later.plays("thanks two")
