"""What a caller leaves with us in a flow: their voice, or the wish to be called back."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic, time

import structlog

from campaigns.caller_callbacks import BookedCallback, CallerCallbacks, WishedCallback
from domain.flow_facts import CallbackAsked
from domain.identity import QueueName
from domain.reasons import NoCallback
from engine.calls.call import LiveCall
from engine.calls.live_calls import LiveCalls
from engine.inbound.bookmark import Bookmark
from engine.inbound.repeated_faults import RepeatedFaults
from ivr_flows.steps import BookCallback, Done, NotDone, RecordVoice, VoiceRecorded
from machine.local_zone import zone_here
from machine.one_line import in_one_line
from recordings.capture import RATE
from recordings.voice_files import FORMAT, SAMPLE_BYTES, VoiceName
from recordings.voices import VoiceArchive
from storage.database_errors import AWAY
from telephony.agi.agi_wire import AgiError, ConnectionGone, HungUp
from telephony.agi.session import Session

log = structlog.get_logger()

TONE_HZ, TONE_S = 880, 0.3
"""What the caller hears before they are recorded."""
BOOK_S = 5.0
"""How long the caller waits for the database."""
_NOT_NOW: tuple[type[BaseException], ...] = (TimeoutError, *AWAY)
LOST_S = 1.0
"""A file that is shorter than what was said by more than this has lost something."""


@dataclass(frozen=True, slots=True)
class VoiceMeans:
    """Where what callers leave is kept."""

    voices: VoiceArchive
    callbacks: CallerCallbacks
    faults: RepeatedFaults


class VoiceSteps:
    """Takes it from one caller, in one session. ``means`` None: nothing can be left."""

    def __init__(
        self,
        session: Session,
        call: LiveCall,
        bookmark: Bookmark,
        calls: LiveCalls,
        means: VoiceMeans | None,
        *,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._session = session
        self._call = call
        self._bookmark = bookmark
        self._calls = calls
        self._means = means
        self._clock = clock

    async def record(self, step: RecordVoice) -> VoiceRecorded | NotDone:
        """Record what the caller says, after a tone. Raises HungUp if they leave; what they have
        said is kept, too."""
        if self._means is None:
            return NotDone()
        await self._bookmark.at(step.node)
        voices = self._means.voices
        try:
            queue = None if step.box is None else QueueName(step.box)
            name = VoiceName(self._call.id, round(time() * 1000), queue)
            path = voices.without_suffix(name)
        except ValueError as error:
            return self._not_recorded(str(error))
        if (why := await asyncio.to_thread(voices.no_room, step.longest_s)) is not None:
            return self._not_recorded(why)
        began: float | None = None
        with voices.recording(name):
            try:
                await self._session.tone(TONE_HZ, TONE_S)
                began = self._clock()
                ended = await self._session.record(
                    path, FORMAT, step.terminators, step.longest_s, step.silence_s
                )
            except ConnectionGone:
                raise  # Asterisk may be writing still; the file is looked for once the call is over
            except HungUp:
                await self._left(voices, name, 0 if began is None else self._clock() - began)
                raise
            except AgiError as error:
                return self._not_recorded(str(error))
        # Asterisk cuts the silence off that has ended it, but for a second.
        took_s = self._clock() - began - step.silence_s
        return await self._finished(voices, name, ended.end_position / RATE, took_s)

    async def _left(self, voices: VoiceArchive, name: VoiceName, took_s: float) -> None:
        """Take in what somebody said who has hung up; they may have left before the tone."""
        try:
            short = await self._is_short(voices, name, 0, took_s)
            await voices.finish(name, short=short)
        except FileNotFoundError:
            pass
        except OSError as error:
            self._not_recorded(str(error))
        else:
            if short:
                self._not_recorded(_lacks(voices, name))

    async def _finished(
        self, voices: VoiceArchive, name: VoiceName, heard_s: float, took_s: float
    ) -> VoiceRecorded | NotDone:
        """``heard_s``: how much Asterisk says it has taken; ``took_s``: how long it listened, at
        least."""
        try:
            short = await self._is_short(voices, name, heard_s, took_s)
            seconds = await voices.finish(name, short=short)
        except OSError as error:
            return self._not_recorded(str(error))
        if short:
            return self._not_recorded(_lacks(voices, name))
        return VoiceRecorded(str(name), seconds)

    async def _is_short(
        self, voices: VoiceArchive, name: VoiceName, heard_s: float, took_s: float
    ) -> bool:
        """Whether the file lacks some of what was said. Raises OSError."""
        raw = voices.raw(name)
        there_s = (await asyncio.to_thread(raw.stat)).st_size / SAMPLE_BYTES / RATE
        # Asterisk counts what has reached the file, so it is the clock that tells of a full disk.
        # Otherwise it tells nothing: a phone may send nothing in pauses, and the file lacks them.
        if there_s < took_s - LOST_S and await asyncio.to_thread(voices.no_room, 0) is not None:
            return True
        return there_s < heard_s - LOST_S

    def _not_recorded(self, why: str) -> NotDone:
        times = 0 if self._means is None else self._means.faults.times("record")
        if times:
            log.error(
                'callers can\'t be recorded; flows take the exit "failed"',
                call=self._call.id,
                why=why,
                times=times,
            )
        return NotDone()

    async def book(self, step: BookCallback) -> Done | NotDone:
        """Note that somebody is to call them, also if they hang up meanwhile."""
        came = await self._booked(step)
        if isinstance(came, NoCallback):
            self._calls.note(self._call, CallbackAsked(step.number, None, came))
            return NotDone()
        self._calls.note(self._call, CallbackAsked(came.number, came.at.isoformat()))
        return Done()

    async def _booked(self, step: BookCallback) -> BookedCallback | NoCallback:
        in_force, means = self._calls.in_force, self._means
        if means is None:
            return NoCallback.FAILED
        if step.queue not in in_force.queues:
            return NoCallback.NO_QUEUE
        centre = in_force.centre
        zone = zone_here(centre.timezone)
        wish = WishedCallback(
            self._call.id,
            self._call.project,
            step.number,
            in_force.country(self._call.line),
            step.queue,
            None if step.at is None else step.at.replace(tzinfo=zone),
        )
        try:
            async with asyncio.timeout(BOOK_S):
                return await means.callbacks.book(wish)
        except _NOT_NOW as error:
            if times := means.faults.times("callback"):
                log.error(
                    'callbacks can\'t be booked; flows take the exit "refused"',
                    call=self._call.id,
                    why=in_one_line(error),
                    times=times,
                )
            return NoCallback.FAILED


def _lacks(voices: VoiceArchive, name: VoiceName) -> str:
    return f"{voices.raw(name)} lacks some of what was said; is its disk full?"
