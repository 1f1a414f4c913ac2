"""Takes over the recordings that earlier versions kept as files: ``uploaded/LANGUAGE/NAME.wav``.

The folder goes on being a way to bring recordings in: what lies there when the controller starts
moves into the library, for all projects, and the file is renamed so that it counts only once.
"""

import asyncio
from pathlib import Path

import structlog

from prompt_library.recording_library import RecordingLibrary
from prompt_library.recording_words import RecordingName, RecordingRefused
from prompts.converting import MAX_UPLOAD_BYTES
from prompts.prompt_files import read_regular
from prompts.speech import SpeechError

log = structlog.get_logger()

TAKEN = ".taken-over"
"""What is put behind a file's name once the library has it."""


async def take_over(library: RecordingLibrary, uploaded: Path) -> int:
    """Move the files into the library; how many were moved. What can't be a recording stays where
    it is, and is logged; so does all of it if the library has the name already.

    Raises one of ``storage.database_errors.AWAY``.
    """
    taken = 0
    for file in await asyncio.to_thread(lambda: sorted(uploaded.glob("*/*.wav"))):
        of = RecordingName(file.stem, file.parent.name)
        try:
            data = await asyncio.to_thread(read_regular, file, MAX_UPLOAD_BYTES)
            kept = await library.take_over(of, file.name, data)
        except (SpeechError, RecordingRefused) as error:
            why = error.message if isinstance(error, SpeechError) else _why(error)
            log.error("an uploaded prompt can't be taken into the library", file=str(file), why=why)
            continue
        if not kept:
            log.warning("a file is left alone: the library has its name already", file=str(file))
            continue
        try:
            await asyncio.to_thread(file.rename, file.with_name(file.name + TAKEN))
        except OSError as error:
            log.error("a file that was taken over can't be renamed", file=str(file), why=str(error))
            continue
        taken += 1
        log.info("an uploaded prompt is in the library now", prompt=of.name, language=of.language)
    return taken


def _why(refused: RecordingRefused) -> str:
    return " ".join(filter(None, (refused.sound or refused.why, refused.about)))
