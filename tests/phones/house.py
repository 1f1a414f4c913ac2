"""A centre of bent phones: agents log in through the console, customers call on the line."""

import itertools
from dataclasses import dataclass, field

from bench.planned_phone import PhoneLeg
from farend.ami_client import Remote
from tests.faults.scene import HOTLINE, LINE, Board, Scene, kinds, story
from tests.phones.bent import BentPhone, Ringing, answer
from tests.waiting import until

FLOW = """\
flow: scored
languages: [en]
start: tea
prompts:
  back: {en: We are back.}
  thanks: {en: Thank you.}
announcements: {back: back}
nodes:
  tea: {kind: queue, queue: tea, exits: {talked: thanks, timeout: bye}}
  thanks: {kind: say, prompts: thanks, exits: {next: bye}}
  bye: {kind: hangup, why: done}
"""
"""From the ringing line into the queue, and thanked after the talk."""

CALLED_FLOW = """\
flow: offered
languages: [en]
start: menu
prompts:
  offer: {en: One or nine.}
  noted: {en: Noted.}
nodes:
  menu:
    kind: menu
    prompts: offer
    keys: {"1": agent, "9": stop}
    timeout: 2
    tries: 1
    exits: {agent: agent, stop: stop, exhausted: bye}
  agent: {kind: queue, exits: {talked: bye, timeout: bye}}
  stop: {kind: opt_out, exits: {next: noted}}
  noted: {kind: say, prompts: noted, exits: {next: bye}}
  bye: {kind: hangup, why: done}
"""
"""For customers whom a campaign calls: an agent of its queue, no more calls, or nothing."""

VOICE_HOTLINE = "4008001001"
VOICE_FLOW = """\
flow: voice
languages: [en]
start: box
prompts:
  speak: {en: Speak.}
nodes:
  box: {kind: voicemail, prompts: speak, queue: tea, silence: 2, exits: {done: again, failed: bye}}
  again: {kind: callback, queue: tea, exits: {booked: bye, refused: bye}}
  bye: {kind: hangup, why: done}
"""
"""Callers leave a message, and are called back if they stay on the line after it."""

_callers = itertools.count(13_900_000_001)


class NoFarEnd:
    """In a far end's place."""

    def failures(self) -> str:
        return "none, all phones are bent"


@dataclass
class PhoneHouse(Scene):
    """A scene without a far end: every phone, and the line, is ours to bend."""

    phone: BentPhone = field(kw_only=True)
    watch: Remote = field(kw_only=True)
    """All AMI events since the house was built."""

    async def ready(self, *agents: str) -> None:
        """These agents, at the phones of the same names, want callers."""
        for agent in agents:
            await self.command(agent, "ready")

    async def nail_up(self, agent: str) -> Ringing:
        """The agent's phone is nailed up, and they are ready; the call that did it."""
        self.phone.habits[agent] = answer
        await self.command(agent, "connect")
        await self.until(
            lambda board: [row["leg"] for row in board["agents"] if row["code"] == agent] == ["up"],
            what=f"the leg of {agent} is up",
        )
        await self.ready(agent)
        return self.phone.rung_at(agent)[-1]

    def call(self, hotline: str = HOTLINE) -> tuple[str, PhoneLeg]:
        """A customer calls a hotline; their number and their leg."""
        caller = str(next(_callers))
        return caller, self.phone.dial(LINE, hotline, caller)

    async def at_desk(self, agent: str, verb: str, *, refused: str = "", **form: str) -> None:
        """The agent's own command: the admin has their code. ``refused``: with these words."""
        await self.pool.execute("update users set agent = $1 where name = 'admin'", agent)

        async def done() -> bool:  # the console learns of the code a moment later
            status, said = await self.console.submit(f"desk/{verb}", on="desk", **form)
            assert status in (409 if refused else 200, 404), said
            assert status == 404 or refused in said, said
            return status != 404

        await until(done, what=f"{verb} at the desk", every_s=0.2)

    async def until_agent(
        self, agent: str, state: str, reason: str | None = None, seconds: float = 60.0
    ) -> Board:
        """Until the board shows the agent so."""

        def so(board: Board) -> bool:
            (row,) = (row for row in board["agents"] if row["code"] == agent)
            return row["state"] == state and (reason is None or row.get("reason") == reason)

        return await self.until(so, seconds, f"{agent} is {state}, {reason}")

    async def until_stage(self, caller: str, stage: str, seconds: float = 60.0) -> Board:
        """Until this caller's call has come so far."""
        return await self.until(
            lambda board: at_stage(board, caller, stage), seconds, f"{caller} is {stage}"
        )

    async def clear(self) -> None:
        """Everybody hangs up and goes away."""
        for leg in list(self.phone.legs.values()):
            if leg.up.is_set() and not leg.over.is_set():
                await self.phone.hang_up(leg)
        self.phone.habits.clear()
        self.phone.rung.clear()
        await self.until(lambda board: not board["calls"], what="no calls")
        for row in (await self.console.board())["agents"]:
            if row["state"] not in ("logged_out", "paused"):
                await self.command(row["code"], "away", reason="break")
        await self.until_quiet()

    async def assert_talk_went_on(self, caller: str, customer: PhoneLeg, phone: PhoneLeg) -> None:
        """The one talk of the call is as it was until its customer hangs up, which is done here."""
        await self.phone.hold(phone, True)
        await self.until_stage(caller, "held")  # everything from before has been seen
        assert not customer.over.is_set() and not phone.over.is_set()
        await self.phone.hang_up(customer)
        stored = await self.stored(caller)
        assert stored.record.ended_by == "caller", story(stored)
        assert kinds(stored).count("connected") == 1, story(stored)


def at_stage(board: Board, caller: str, stage: str) -> bool:
    """Whether this caller's call has come so far."""
    return any(call["caller"] == caller and call["stage"] == stage for call in board["calls"])
