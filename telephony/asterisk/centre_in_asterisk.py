"""Keeps the centre's files of an Asterisk up to date, whatever keeps us from writing them."""

import asyncio
import contextlib
from collections.abc import Mapping
from pathlib import Path

import structlog

from domain.centre import Centre
from machine.one_line import in_one_line
from telephony.asterisk.generated_folder import GeneratedFolder

RETRY_S = 5.0

log = structlog.get_logger()


class CentreInAsterisk:
    """``folder`` is the ``generated/`` of an Asterisk, perhaps shared with another machine.

    What is written there is in force some seconds later: asterisk-conf/watch-changes.sh.
    """

    def __init__(self, folder: Path, *, retry_s: float = RETRY_S) -> None:
        self._folder = folder
        self._generated = GeneratedFolder(folder)
        self._retry_s = retry_s
        self._wanted: tuple[Centre, Mapping[str, str]] | None = None
        self._changed = asyncio.Event()

    def give(self, centre: Centre, credentials: Mapping[str, str]) -> None:
        """Have this centre written; ``credentials`` are those of ``AsteriskPasswords``."""
        self._wanted = centre, credentials
        self._changed.set()

    async def run(self) -> None:
        """Write what is given, until cancelled. What can't be written is reported, and tried again
        until it can."""
        said = ""
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), self._retry_s if said else None)
            self._changed.clear()
            if self._wanted is None:
                continue
            try:
                changed = await asyncio.to_thread(self._generated.write_centre, *self._wanted)
            except OSError as error:
                if (why := in_one_line(error)) != said:
                    said = why
                    log.error(
                        "Asterisk can't be given the centre's phones, lines and numbers; those"
                        " before stay in force, and it is tried again",
                        folder=str(self._folder),
                        why=why,
                        fix="free space there, or let Offhook's user write there",
                    )
            else:
                said = ""
                if changed:
                    log.info("Asterisk is given a changed centre", files=changed)
