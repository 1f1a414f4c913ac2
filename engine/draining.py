"""Lets calls end before a controller stops for good, and turns new ones away."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from engine.board import seems_over
from engine.board_ports import CallStage
from engine.engine import Engine
from engine.inbound.caller_sessions import Closing

TOLD_EVERY_S = 10.0

_TALKING = (CallStage.TALKING, CallStage.HELD)
_WAITING = (CallStage.QUEUE, CallStage.RINGING, CallStage.FALLBACK)


@dataclass(frozen=True, slots=True)
class CallsUnderWay:
    """Calls that stopping would cut off."""

    talking: int
    waiting: int
    others: int
    """Those that hear prompts or press keys."""

    def __str__(self) -> str:
        calls = self.talking + self.waiting + self.others
        return (
            f"{calls} call{'' if calls == 1 else 's'} ({self.talking} talking, {self.waiting}"
            f" waiting, {self.others} in menus)"
        )


def under_way(engine: Engine, closing: Closing) -> CallsUnderWay:
    """The calls that stopping now would cut off, as far as we can see.

    If Asterisk goes on, the calls that it handles by itself don't need us.
    """
    stages = [
        call.stage
        for call in engine.calls.by_id.values()
        if not seems_over(engine, call)
        and not (closing is Closing.OWN_QUEUE and call.attached_at is None)
    ]
    talking = sum(stage in _TALKING for stage in stages)
    waiting = sum(stage in _WAITING for stage in stages)
    return CallsUnderWay(talking, waiting, len(stages) - talking - waiting)


async def drain(
    engine: Engine, closing: Closing, within_s: float, tell: Callable[[str], None]
) -> None:
    """Return when no call would be cut off any more, or after ``within_s`` seconds.

    If Asterisk goes on, it keeps waiting callers; if it stops too, they are served while there is
    time. ``tell`` is given lines for a person: first what stopping would cost, then the progress.
    """
    engine.sessions.closing = closing
    clock = asyncio.get_running_loop().time
    deadline = clock() + within_s
    told: tuple[CallsUnderWay, float] | None = None
    while True:
        version = engine.changes.version
        left = under_way(engine, closing)
        over = left.talking + left.others + (left.waiting if closing is Closing.REFUSE else 0) == 0
        if over or clock() >= deadline:
            if told is not None:
                tell("no calls are left" if over else f"time is up: {left} are cut off")
            return
        now = clock()
        if told is None:
            what = "are refused" if closing is Closing.REFUSE else "go to Asterisk's own queue"
            tell(
                f"stopping now would cut off {left}; they have {within_s:.0f} s to end, and new"
                f" calls {what}. Press Ctrl-C again to stop at once"
            )
            told = (left, now)
        elif left != told[0] or now - told[1] >= TOLD_EVERY_S:
            tell(f"{left} still going on, {deadline - now:.0f} s left")
            told = (left, now)
        try:
            async with asyncio.timeout(min(TOLD_EVERY_S, deadline - now)):
                await engine.changes.after(version)
                await asyncio.sleep(0.2)  # changes come in bursts
        except TimeoutError:
            continue
