"""Stores one recording off the event loop; ``recordings.archive`` does so for every call."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import structlog

from domain.identity import CallId
from recordings.raw_to_wav import Recording, release, store

log = structlog.get_logger()


async def ingest(
    raw: Path,
    call: CallId,
    bridged_s: float | None,
    *,
    root: Path,
    from_answer: bool = False,
    told: Callable[[Recording], None] = lambda _: None,
) -> Recording:
    """Store ``raw`` below ``root`` as ``YYYY/MM/DD/<call>.wav`` and remove it.

    ``from_answer`` is as in ``raw_to_wav.store``. ``told`` is called in the loop, after the WAV is
    safe on disk and before the raw file is removed: this is where the recording is written down.
    Raises RecordingKept (the raw file stays) and RecordingLost (there is no sound).
    """
    recording = await asyncio.to_thread(store, raw, call, bridged_s, root, from_answer=from_answer)
    if not recording.whole:
        log.warning(
            "a recording is not as long as its call was bridged",
            call=call,
            file=recording.file,
            duration_s=round(recording.duration_s, 2),
            bridged_s=bridged_s if bridged_s is None else round(bridged_s, 2),
        )
    if recording.silent:
        log.warning(
            "one side of a recording is silent for long while the other speaks: the party was"
            " muted or sent nothing, or Asterisk dropped what it sent",
            call=call,
            file=recording.file,
            silent=[f"{each.side} {each.from_s:g}-{each.to_s:g} s" for each in recording.silent],
        )
    if Path(recording.file).stem != call:
        log.warning(
            "a call has one more recording; it is kept beside the first", call=call,
            file=recording.file, duration_s=round(recording.duration_s, 2),
        )  # fmt: skip
    told(recording)
    try:
        if not await asyncio.to_thread(release, raw, recording):
            log.warning(
                "a raw file has changed since its recording was stored; it is stored once more",
                call=call,
                file=str(raw),
            )
    except OSError as error:
        # It is stored and known. The next start will find the raw file again and change nothing.
        log.error(
            "a stored recording's raw file can't be removed; let Offhook's user write there",
            file=str(raw),
            why=error.strerror,
        )
    return recording
