"""Calls that try to break a recording."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from bench.planned_phone import Phone, PhoneLeg, SoundPlan, Tone

CALLER_HZ, AGENT_HZ, SECOND_HZ = 400, 1000, 1600


def beeps(hertz: int, *starts: float, length: float = 0.3) -> tuple[Tone, ...]:
    return tuple(Tone(s, s + length, hertz) for s in starts)


@dataclass
class Trial:
    """One call: the agents' legs arrive in ``agents`` as they answer."""

    number: str
    phone: Phone
    agents: dict[str, "asyncio.Future[PhoneLeg]"]
    early: bool = False
    """The agents' phones send sound before they answer, as gateways do."""
    caller: PhoneLeg | None = None
    legs: list[PhoneLeg] = field(default_factory=list)
    """Every party's leg, in the order in which they joined."""

    async def begin(self, caller: SoundPlan, agent: SoundPlan) -> tuple[PhoneLeg, PhoneLeg, float]:
        """Call, have the first agent answer, and start both plans; returns the zero."""
        calling = asyncio.ensure_future(self.phone.call("line1", self.number))
        while not any(  # noqa: ASYNC110 - the leg appears while the call is still unanswered
            leg.local_uri.startswith("<sip:line1") and self.number in leg.remote_uri
            for leg in self.phone.legs.values()
        ):
            await asyncio.sleep(0.01)
        self.caller = next(
            leg
            for leg in self.phone.legs.values()
            if leg.local_uri.startswith("<sip:line1") and self.number in leg.remote_uri
        )
        self.caller.plan = caller
        await calling
        first = await asyncio.wait_for(self.agents["a1"], 20)
        zero = time.time() + 0.1
        self.caller.play(caller, zero)
        first.play(agent, zero)
        self.legs = [self.caller, first]
        return self.caller, first, zero

    async def second(self, plan: SoundPlan, zero: float) -> PhoneLeg:
        leg = await asyncio.wait_for(self.agents["a2"], 20)
        leg.play(plan, zero)
        self.legs.append(leg)
        return leg


async def until(zero: float, t: float) -> None:
    await asyncio.sleep(max(0.0, zero + t - time.time()))


async def plain(t: Trial) -> None:
    _, a, zero = await t.begin(SoundPlan(beeps(CALLER_HZ, 1, 3)), SoundPlan(beeps(AGENT_HZ, 2, 4)))
    await until(zero, 5)
    await t.phone.hang_up(a)


async def caller_hangs_up(t: Trial) -> None:
    c, _, zero = await t.begin(SoundPlan(beeps(CALLER_HZ, 1, 3)), SoundPlan(beeps(AGENT_HZ, 2, 4)))
    await until(zero, 5)
    await t.phone.hang_up(c)


async def caller_never_sends(t: Trial) -> None:
    _, a, zero = await t.begin(
        SoundPlan(mute=[(-9, 99)], before=False), SoundPlan(beeps(AGENT_HZ, 1, 4))
    )
    await until(zero, 5)
    await t.phone.hang_up(a)


async def early_sound(t: Trial) -> None:
    """The agent's gateway sends its own ringing tone before the answer; the caller, nothing."""
    t.early = True
    await caller_never_sends(t)


async def caller_gap(t: Trial) -> None:
    _, a, zero = await t.begin(
        SoundPlan(beeps(CALLER_HZ, 1, 4.5), mute=[(1.5, 4.4)]), SoundPlan(beeps(AGENT_HZ, 2, 5))
    )
    await until(zero, 6)
    await t.phone.hang_up(a)


async def both_gap(t: Trial) -> None:
    _, a, zero = await t.begin(
        SoundPlan(beeps(CALLER_HZ, 1, 4.6), mute=[(1.4, 4.4)]),
        SoundPlan(beeps(AGENT_HZ, 0.5, 5.2), mute=[(1.4, 4.4)]),
    )
    await until(zero, 6)
    await t.phone.hang_up(a)


async def both_gap_first(t: Trial) -> None:
    """Both are silent from the very start, for 3 s: nothing has come from either yet."""
    _, a, zero = await t.begin(
        SoundPlan(beeps(CALLER_HZ, 3.2), mute=[(-9, 3.1)], before=False),
        SoundPlan(beeps(AGENT_HZ, 4), mute=[(-9, 3.1)], before=False),
    )
    await until(zero, 5)
    await t.phone.hang_up(a)


async def both_never(t: Trial) -> None:
    _, a, zero = await t.begin(
        SoundPlan(mute=[(-9, 99)], before=False), SoundPlan(mute=[(-9, 99)], before=False)
    )
    await until(zero, 4)
    await t.phone.hang_up(a)


async def talkspurts(t: Trial) -> None:
    """Two phones that send only while speaking: 40 short turns, with silence in between."""
    starts = [1 + 0.7 * i for i in range(40)]
    mine, theirs = beeps(CALLER_HZ, *starts[::2]), beeps(AGENT_HZ, *starts[1::2])
    _, a, zero = await t.begin(
        SoundPlan(mine, mute=[(-9, 99)], before=False),
        SoundPlan(theirs, mute=[(-9, 99)], before=False),
    )
    await until(zero, 30)
    await t.phone.hang_up(a)


async def hold(t: Trial) -> None:
    await _hold(t, SoundPlan(beeps(CALLER_HZ, 1, 3, 5.5)))


async def hold_quiet(t: Trial) -> None:
    """Hold while the caller sends nothing at all."""
    await _hold(t, SoundPlan(beeps(CALLER_HZ, 1, 6.5), mute=[(1.2, 6.4)]))


async def _hold(t: Trial, caller: SoundPlan) -> None:
    _, a, zero = await t.begin(caller, SoundPlan(beeps(AGENT_HZ, 1.5, 6)))
    await until(zero, 2.2)
    await t.phone.hold(a, True)
    await until(zero, 5.2)
    await t.phone.hold(a, False)
    await until(zero, 7)
    await t.phone.hang_up(a)


async def blind(t: Trial) -> None:
    await _blind(t, SoundPlan(beeps(CALLER_HZ, 1, 5)))


async def blind_quiet(t: Trial) -> None:
    """Blind transfer of a caller who sends only while speaking."""
    await _blind(t, SoundPlan(beeps(CALLER_HZ, 1, 5), mute=[(-9, 99)], before=False))


async def _blind(t: Trial, caller: SoundPlan) -> None:
    _, a, zero = await t.begin(caller, SoundPlan(beeps(AGENT_HZ, 1.5)))
    await until(zero, 2.2)
    await t.phone.refer(a, f"a2-{t.number}")
    leg = await t.second(SoundPlan(beeps(SECOND_HZ, 4.5, 5.5)), zero)
    async with asyncio.timeout(2):  # the first agent is let go
        await a.over.wait()
    await until(zero, 6.5)
    await t.phone.hang_up(leg)


async def attended(t: Trial) -> None:
    _, a, zero = await t.begin(SoundPlan(beeps(CALLER_HZ, 1, 6.5)), SoundPlan(beeps(AGENT_HZ, 1.5)))
    await until(zero, 2.2)
    await t.phone.hold(a, True)
    consultation = await t.phone.call("a1", f"a2-{t.number}")
    leg = await t.second(SoundPlan(beeps(SECOND_HZ, 6, 7)), zero)
    await until(zero, 4)
    await t.phone.refer(a, f"a2-{t.number}", consultation)
    await asyncio.sleep(0.3)
    await t.phone.hang_up(a)
    await t.phone.hang_up(consultation)
    await until(zero, 8)
    await t.phone.hang_up(leg)


async def queued_again(t: Trial) -> None:
    """The first agent leaves; the caller waits, and gets a second one: one file."""
    c, a, zero = await t.begin(SoundPlan(beeps(CALLER_HZ, 1, 5)), SoundPlan(beeps(AGENT_HZ, 1.5)))
    await until(zero, 2.2)
    await t.phone.hang_up(a)
    await t.second(SoundPlan(beeps(SECOND_HZ, 4.5, 5.5)), zero)
    await until(zero, 6.5)
    await t.phone.hang_up(c)


CASES: dict[str, Callable[[Trial], Awaitable[None]]] = {
    f.__name__: f
    for f in (plain, caller_hangs_up, caller_never_sends, early_sound, caller_gap, both_gap,
              both_gap_first, both_never, talkspurts, hold, hold_quiet, blind,
              blind_quiet, attended, queued_again)
}  # fmt: skip
