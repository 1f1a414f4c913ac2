"""Calls a draft on the same Asterisk: a robot presses a test's keys, and what it hears is compared.

The call is a pair of local channels: one half walks the draft, the other is the robot. It takes no
line, is no caller's, and so appears in no figure, record or recording; [trial] in extensions.conf.
"""

import asyncio
import contextlib
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import structlog

from domain.identity import CallId, NodeName
from domain.prompts import PromptText
from engine.trial_ports import TrialFault, TrialMiss, TrialReport, TrialStage, TrialWish
from engine.trials.sound_proof import Proof, Samples, proofs
from engine.trials.trial_talk import TrialCaller, TrialTalk
from prompts.sounds import PATIENCE_S, PromptError, Prompts
from prompts.wav import HEADER_BYTES, parse
from telephony.agi.agi_wire import AgiError, HungUp, SessionRefused
from telephony.agi.session import Session
from telephony.ami.link import Link
from telephony.ami.originate import Extension, Originate
from telephony.ami.protocol import ActionFailed

log = structlog.get_logger()

FLOW_SIDE, ROBOT_SIDE = "trial", "trial-robot"
"""The contexts of the two halves, and what their sessions say they are."""
_HEARD = "trial-{}.wav"
"""What a robot hears, in Asterisk's spool."""
MOST_REMEMBERED = 50


@dataclass(frozen=True, slots=True)
class TrialLimits:
    """In seconds."""

    longest_s: float = 300.0
    """Of a call. Asterisk ends it half a minute later, if we don't."""
    meets_s: float = 15.0
    """For the two halves to be there."""
    written_s: float = 5.0
    """For what was heard to be written, after the call."""


@dataclass(slots=True)
class _Half:
    """One half of the call, while its session is there."""

    come: asyncio.Future[Session]
    over: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True)
class _Trial:
    id: str
    wish: TrialWish
    talk: TrialTalk
    began_at: datetime
    began: float
    halves: dict[str, _Half]
    stage: TrialStage = TrialStage.PREPARING
    fault: TrialFault | None = None
    task: asyncio.Task[None] | None = None
    ended: float = 0.0

    def report(self) -> TrialReport:
        return TrialReport(
            self.id,
            self.wish.flow.name,
            self.wish.version,
            self.wish.test,
            self.wish.by,
            self.began_at,
            self.stage,
            tuple(self.talk.steps),
            len(self.wish.rehearsed.trace),
            self.fault,
            (self.ended or time.monotonic()) - self.began,
        )


class _RobotHalf:
    """The robot: presses keys in its own session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def press(self, key: str) -> None:
        """Press a key, for as long as people do."""
        with contextlib.suppress(HungUp):
            await self._session.execute("SendDTMF", key)

    async def hang_up(self) -> None:
        """Leave."""
        await self._session.hang_up()


class TrialCalls:
    """Serves the route ``trial`` of the FastAGI server, and makes the calls that come to it.

    ``spool`` is where Asterisk's MixMonitor writes, as we see it.
    """

    def __init__(
        self,
        node: NodeName,
        link: Link,
        prompts: Prompts,
        spool: Path,
        limits: TrialLimits = TrialLimits(),
    ) -> None:
        self._node = node
        self._link = link
        self._prompts = prompts
        self._spool = spool
        self._limits = limits
        self._now: _Trial | None = None
        self._last: dict[str, TrialReport] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    # --- what pages ask

    def report(self, flow: str) -> TrialReport | None:
        """The last trial call of a flow's draft since the controller began; None: none."""
        if self._now is not None and self._now.wish.flow.name == flow:
            return self._now.report()
        return self._last.get(flow)

    def begin(self, wish: TrialWish) -> TrialFault | None:
        """Begin a trial call; why that can't be."""
        if self._now is not None:
            return TrialFault.BUSY
        if not self._link.up:
            return TrialFault.DOWN
        loop = asyncio.get_running_loop()
        name = uuid.uuid4().hex
        caller = TrialCaller(CallId(f"{self._node}-{name}"), wish.project)
        talk = TrialTalk(wish.flow, wish.rehearsed, caller, self._prompts)
        halves = {side: _Half(loop.create_future()) for side in (FLOW_SIDE, ROBOT_SIDE)}
        self._now = trial = _Trial(name, wish, talk, datetime.now(UTC), time.monotonic(), halves)
        trial.task = loop.create_task(self._carry_out(trial), name="trial call")
        self._tasks.add(trial.task)
        trial.task.add_done_callback(self._tasks.discard)
        return None

    def cancel(self, flow: str) -> None:
        """End the trial call of this flow's draft, if one is under way."""
        trial = self._now
        if trial is not None and trial.wish.flow.name == flow and trial.task is not None:
            trial.task.cancel()

    async def close(self) -> None:
        """End the trial call that is under way."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # --- the sessions

    async def serve(self, session: Session) -> None:
        """Be one half of the call, until it is over. Raises SessionRefused if none is awaited."""
        name, side = session.args if len(session.args) == 2 else ("", "")
        trial = self._now
        if (
            trial is None
            or name != trial.id
            or session.node != self._node
            or side not in trial.halves
            or trial.halves[side].come.done()
        ):
            raise SessionRefused("trial", "it is no half of a trial call that is under way")
        half = trial.halves[side]
        half.come.set_result(session)
        await half.over.wait()
        await session.hang_up()

    # --- the call

    async def _carry_out(self, trial: _Trial) -> None:
        try:
            async with asyncio.timeout(self._limits.longest_s):
                fault = await self._call(trial)
            right = fault is None and all(step.right is not False for step in trial.talk.steps)
            trial.stage = TrialStage.PASSED if right else TrialStage.FAILED
            trial.fault = fault
        except asyncio.CancelledError:
            trial.stage = TrialStage.CANCELLED
        except TimeoutError:
            trial.stage, trial.fault = TrialStage.FAILED, TrialFault.TOO_LONG
        except Exception:
            log.exception("a trial call broke", flow=trial.wish.flow.name, test=trial.wish.test)
            trial.stage, trial.fault = TrialStage.FAILED, TrialFault.BROKEN
        finally:
            for half in trial.halves.values():
                half.over.set()
                half.come.cancel()
            trial.ended = time.monotonic()
            self._now = None
            self._last.pop(trial.wish.flow.name, None)
            if len(self._last) >= MOST_REMEMBERED:
                del self._last[next(iter(self._last))]
            self._last[trial.wish.flow.name] = trial.report()
            log.info(
                "a trial call is over",
                flow=trial.wish.flow.name,
                test=trial.wish.test,
                by=trial.wish.by,
                came=trial.stage.value,
            )

    async def _call(self, trial: _Trial) -> TrialFault | None:
        await asyncio.to_thread(self._clear)
        await self._prepare(trial)
        trial.stage = TrialStage.CALLING
        try:
            await self._link.originate(_originate(trial.id))
        except ActionFailed as error:
            log.warning("a trial call could not be placed", why=str(error))
            return TrialFault.NOT_PLACED
        fault = None
        try:
            async with asyncio.timeout(self._limits.meets_s):
                spoken, robot = [await half.come for half in trial.halves.values()]
        except TimeoutError:
            return TrialFault.NOT_PLACED
        trial.stage = TrialStage.TALKING
        try:
            await trial.talk.walk(spoken, _RobotHalf(robot))
        except (HungUp, AgiError) as error:
            log.info("a trial call ended before its time", why=str(error))
            fault = TrialFault.HUNG_UP
        for half in trial.halves.values():
            half.over.set()
        trial.stage = TrialStage.COMPARING
        return await self._compare(trial) or fault

    async def _prepare(self, trial: _Trial) -> None:
        """Make all sounds beforehand; what has none is found out in the call."""
        for one in trial.wish.rehearsed.trace:
            step = one.step
            for text in (*getattr(step, "prompts", ()), *getattr(step, "meanwhile", ())):
                with contextlib.suppress(PromptError):
                    await self._prompts.file(
                        text, project=trial.wish.project, patience_s=PATIENCE_S
                    )

    async def _compare(self, trial: _Trial) -> TrialFault | None:
        """Compare what was heard with what should have been."""
        sounds: list[Samples | None] = []
        for _, _, text in trial.talk.played:
            sounds.append(await self._sound(text, trial.wish.project))
        try:
            heard = await self._heard(trial.id)
        except OSError as error:
            log.error("what a robot heard can't be read", file=trial.id, why=str(error))
            return TrialFault.NO_RECORDING
        there = [sound for sound in sounds if sound is not None]
        found = iter(await asyncio.to_thread(proofs, heard, there))
        for (number, place, _), sound in zip(trial.talk.played, sounds, strict=True):
            if sound is None:
                trial.talk.compared((number, place), 0.0, TrialMiss.NO_SOUND)
                continue
            proof = next(found)
            trial.talk.compared((number, place), proof.share, _miss(proof))
        return None

    async def _sound(self, text: PromptText, project: str) -> Samples | None:
        try:
            file = await self._prompts.file(text, project=project, patience_s=PATIENCE_S)
            sound = parse(await asyncio.to_thread(file.read_bytes))
        except (PromptError, OSError, ValueError):
            return None
        return np.frombuffer(sound.frames, "<i2")

    async def _heard(self, name: str) -> Samples:
        """The samples that the robot heard, once they are all there. Raises OSError."""
        file = self._spool / _HEARD.format(name)
        until = time.monotonic() + self._limits.written_s
        size, last = -1, -2
        while size != last and time.monotonic() < until:
            await asyncio.sleep(0.2)
            size, last = await asyncio.to_thread(_size, file), size
        data = await asyncio.to_thread(file.read_bytes)
        with contextlib.suppress(OSError):
            await asyncio.to_thread(file.unlink)
        samples = data[HEADER_BYTES:]  # Asterisk corrects the header when it closes the file
        return np.frombuffer(samples[: len(samples) // 2 * 2], "<i2")

    def _clear(self) -> None:
        """Remove what a controller left that died in a trial call."""
        with contextlib.suppress(OSError):
            for file in self._spool.glob(_HEARD.format("*")):
                with contextlib.suppress(OSError):
                    file.unlink()


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return -1


def _miss(proof: Proof) -> TrialMiss | None:
    if proof.heard:
        return None
    return TrialMiss.NOT_HEARD if proof.audible else TrialMiss.SILENT


def _originate(name: str) -> Originate:
    return Originate(
        f"Local/{name}@{FLOW_SIDE}/n",
        Extension(ROBOT_SIDE, name),
        channel_id=f"trial.{name}",
        codecs="slin",
        ring_s=10.0,
    )
