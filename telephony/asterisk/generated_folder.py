"""Writes the folder ``generated/`` beside Asterisk's literal configuration. Blocking."""

from collections.abc import Mapping
from pathlib import Path

import structlog

from domain.centre import Centre
from machine.private_files import have, keep_private
from telephony.asterisk.centre_files import centre_files, left_out

_HEAD = "; Written by Offhook; changes are lost.\n"

log = structlog.get_logger()


class GeneratedFolder:
    """The folder, readable by its owner alone because passwords are in it.

    Asterisk may run elsewhere and share it. Whoever writes there doesn't reload anything: beside
    each Asterisk a program watches the centre's files (asterisk-conf/watch-changes.sh).
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._left_out: Mapping[str, str] = {}

    def write(self, files: Mapping[str, str]) -> tuple[str, ...]:
        """Write those files that differ from what is there, each of them whole or not at all.

        Returns their names. Raises OSError; the files before the one that failed are written then.
        """
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        keep_private(self._folder, 0o700)
        return tuple(
            name
            for name, text in files.items()
            if have(self._folder / name, f"{_HEAD}{text}".encode())
        )

    def write_centre(self, centre: Centre, credentials: Mapping[str, str]) -> tuple[str, ...]:
        """The same for the centre's phones, lines and numbers, with the ``credentials`` of
        ``AsteriskPasswords``. What Asterisk can't be given is logged once. Raises OSError."""
        changed = self.write(centre_files(centre, credentials))
        unusable = left_out(centre, credentials)
        for name, why in unusable.items():
            if self._left_out.get(name) != why:
                log.error(
                    "a phone, a line or a number is not given to Asterisk", name=name, why=why
                )
        self._left_out = unusable
        return changed
