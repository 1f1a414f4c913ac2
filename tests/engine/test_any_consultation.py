"""Consultations in which anything happens in any order: at last nobody is kept, rung or heard."""

import random
from collections.abc import Awaitable, Callable
from functools import partial
from inspect import isawaitable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from acd.events import LogOut
from domain.facts import CallFact
from domain.floor_facts import ConsultBegan, ConsultEnded
from domain.identity import StationName
from engine.agents.aside import ConsultStep
from engine.calls.call import LiveCall
from engine.centre_ports import Recipient
from engine.engine import Engine
from storage.fact_lines import decode
from telephony.ami.originate import Originate
from tests.engine.paper_rooms import AMY, BEN, NOTARY, PaperRooms, no_call, outside_leg, room
from tests.telephony.calls.events import about, hang_up

BORROWED = "PJSIP/1002-00000077"

Move = Callable[[], Awaitable[object] | object]


_SELDOM = ("customer hangs up", "passes on", "phone dies", "ben logs out", "star 16", "cancel")
_OFTEN = ("answers", "link comes", "session", "complete", "conference")


def weight(move: str) -> float:
    """How likely a move is: whatever leads on is likelier than what ends it all."""
    if any(word in move for word in _SELDOM):
        return 0.25
    return 4.0 if any(word in move for word in _OFTEN) else 1.0


class AnyOrder:
    """One call, with moves of agent, customer, colleague, notary and Asterisk, as far as each can
    be made at the moment."""

    def __init__(self, paper: PaperRooms, chance: random.Random) -> None:
        self.paper = paper
        self.chance = chance
        self.call: LiveCall = paper.talk()
        self.customer = self.phone = self.colleague = True
        if chance.random() < 0.5:
            paper.nail_up("1002")
        self.links: dict[str, tuple[str, bool]] = {}
        """Each link's room, and whether it has come; those that are over are left out."""
        self.calls: dict[str, tuple[Originate, bool]] = {}
        """Each call that was placed and goes on, and whether it was answered."""
        self.seen: set[str] = set()
        self.moves: list[str] = []

    def look(self) -> None:
        """Take note of what was ordered, and of what was ended by order."""
        for headers in self.paper.link.orders("Originate"):
            link, asked = str(headers["ChannelId"]), str(headers["Channel"])
            if "room-aside" in asked and link not in self.seen:
                self.seen.add(link)
                self.links[link] = (asked.removeprefix("Local/").partition("@")[0], False)
        for placed in self.paper.link.placed:
            if placed.channel_id not in self.seen:
                self.seen.add(placed.channel_id)
                self.calls[placed.channel_id] = (placed, False)

    async def play(self, length: int) -> None:
        for _ in range(length):
            if not self.customer:
                return
            await self.paper.settle()
            self.look()
            self.carry_out()
            possible = self.possible()
            weights = [weight(name) for name in possible]
            (name,) = self.chance.choices(list(possible), weights)
            self.moves.append(name)
            coming = possible[name]()
            if isawaitable(coming):
                await coming

    def carry_out(self) -> None:
        """What was ordered to be hung up is gone a moment later."""
        for uniqueid in self.paper.link.hung_up():
            self.ends(str(uniqueid))

    def ends(self, uniqueid: str) -> None:
        if (link := self.links.get(uniqueid)) is not None and link[1]:
            del self.links[uniqueid]
            self.paper.link_goes(link[0], uniqueid)
        if (call := self.calls.pop(uniqueid, None)) is not None:
            placed, answered = call
            if answered and "@" in placed.channel:
                self.paper.goes(placed)
            elif answered:
                here = {"Context": "agent-room", **room("1002")}
                self.paper.see(
                    about("BridgeLeave", BORROWED, uniqueid, 6, **here),
                    hang_up(BORROWED, uniqueid, 6),
                )
            elif "@" not in placed.channel:
                self.paper.see(hang_up(BORROWED, uniqueid, 0))
            else:
                self.paper.see(hang_up(*outside_leg(placed), 0, 16))

    def possible(self) -> dict[str, Move]:
        agent = self.paper.engine.consultations
        moves: dict[str, Move] = {
            "asks ben": lambda: agent.consult(AMY, Recipient(agent=BEN)),
            "asks notary": lambda: agent.consult(AMY, Recipient(outside=NOTARY.number)),
            "passes on outside": lambda: agent.pass_on(AMY, Recipient(outside=NOTARY.number)),
            "star 16": lambda: agent.end(AMY),
            "customer hangs up": self.customer_goes,
        }
        for step in ConsultStep:
            moves[step.value] = partial(agent.step, AMY, step)
        if self.phone:
            moves["phone dies"] = self.phone_dies
        if self.colleague:
            moves["ben logs out"] = self.ben_logs_out
        for link, (there, came) in self.links.items():
            if came:
                moves[f"link goes {there}"] = partial(self.ends, link)
            else:
                moves[f"link comes {there}"] = partial(self.link_comes, link)
        for uniqueid, (placed, answered) in self.calls.items():
            moves[f"{placed.channel} ends"] = partial(self.ends, uniqueid)
            if not answered:
                moves[f"{placed.channel} answers"] = partial(self.answers, uniqueid)
        if self.call.passed is not None or not self.phone:
            moves["session"] = self.session
        return moves

    def link_comes(self, link: str) -> None:
        there, _ = self.links[link]
        self.links[link] = (there, True)
        self.paper.link_comes(StationName(there), link)

    def answers(self, uniqueid: str) -> None:
        placed, _ = self.calls[uniqueid]
        self.calls[uniqueid] = (placed, True)
        if "@" in placed.channel:
            self.paper.see(about("Newchannel", *outside_leg(placed), 0, **no_call()))
            self.paper.answers(placed)
        else:
            self.paper.see(
                about("Newchannel", BORROWED, uniqueid, 0),
                about("BridgeEnter", BORROWED, uniqueid, 6, Context="agent-room", **room("1002")),
            )

    def customer_goes(self) -> None:
        self.customer = False
        self.paper.customer_hangs_up(self.call)

    def phone_dies(self) -> None:
        self.phone = False
        self.paper.phone_goes("1001")

    def ben_logs_out(self) -> None:
        self.colleague = False
        self.paper.engine.floor.feed(LogOut(BEN))

    def session(self) -> None:
        """The customer's session asks where they go, and takes them there if somebody is there."""
        passed = self.paper.engine.consultations.onward(self.call, phone_gone=not self.phone)
        if passed is None or passed.station is None:
            return
        channels = self.paper.engine.channels
        if channels.leg(passed.station) is not None:
            self.paper.moves(self.call, passed.station)
        else:
            self.paper.engine.consultations.in_vain(self.call)


@pytest.mark.parametrize("seed", range(150))
async def test_in_the_end_nobody_is_kept_rung_or_heard(
    engine: Engine, tmp_path: Path, seed: int
) -> None:
    paper = PaperRooms(engine)
    with capture_logs() as logs:
        world = AnyOrder(paper, random.Random(seed))
        await world.play(20)
        if world.customer:
            world.customer_goes()
        await paper.settle()
        world.look()
        for link, (_, came) in list(world.links.items()):
            if not came:  # it comes late
                world.link_comes(link)
        for uniqueid, (_, answered) in list(world.calls.items()):
            if not answered:  # so do they
                world.answers(uniqueid)
        await paper.settle()
        world.carry_out()
    moves = world.moves
    assert [entry for entry in logs if entry["log_level"] == "error"] == [], moves
    assert engine.asides.views() == {} and engine.asides.unreached() == {}, moves
    assert [seat.code for seat in engine.floor.core.agents if seat.kept is not None] == [], moves
    assert world.links == {}, moves
    assert world.calls == {} and engine.channels.outside_rooms == [], moves
    told = [decode(line) for line in (tmp_path / "outbox.jsonl").read_bytes().splitlines()]
    facts = [fact.what for fact in told if isinstance(fact, CallFact)]
    began = sum(isinstance(what, ConsultBegan) for what in facts)
    assert began == sum(isinstance(what, ConsultEnded) for what in facts), moves
