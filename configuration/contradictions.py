"""Finds settings of a centre's file that don't go together, though each is right by itself."""

import re
from collections.abc import Iterator
from pathlib import Path

from configuration.settings import CentreFile
from documents.document import Document
from documents.document_errors import DocumentError
from prompts.piper import Piper
from prompts.speakers import SpeechProvider
from telephony.asterisk.process import PLAIN_PATH

_ELSEWHERE = {
    "spool": "the folder of raw recordings, such as /var/spool/asterisk/monitor",
    "cel": "the event log, such as /var/log/asterisk/cel-custom/offhook.csv",
    "sounds": "a folder for prompts that Asterisk can read, such as /var/lib/offhook/prompts",
}
"""What an Asterisk elsewhere shares with the controller, under the same paths."""
_MAY_BE_SHARED = {
    "generated": "the folder of its configuration's changing part, such as /etc/asterisk/generated",
}


def contradictions(file: CentreFile, document: Document) -> Iterator[DocumentError]:
    """All faults between the settings, each with its place in the document."""
    yield from _shared_paths(file, document)
    for language, provider in file.speech.items():
        if provider is SpeechProvider.PIPER and not Piper.speaks(language):
            yield document.fault(
                ("speech", language),
                f'piper has no voice for "{language}"',
                "it speaks en; leave this language to espeak",
            )


def _shared_paths(file: CentreFile, document: Document) -> Iterator[DocumentError]:
    """Checks the shared paths: an Asterisk elsewhere needs all of them, our own takes none."""
    for name, what in (_ELSEWHERE | _MAY_BE_SHARED).items():
        path: Path | None = getattr(file.asterisk, name)
        place = ("asterisk", name)
        if file.asterisk.managed:
            if path is not None:
                yield document.fault(
                    place,
                    f'"asterisk.{name}" is for an Asterisk that Offhook doesn\'t start',
                    "remove it, or set asterisk.managed: false",
                    key=True,
                )
        elif path is None:
            if name in _MAY_BE_SHARED:
                continue
            yield document.fault(
                place,
                f'"asterisk" of the configuration lacks "{name}", which an Asterisk that Offhook'
                f" doesn't start (managed: false) needs; expected {what}",
                f'add "{name}: ..."',
            )
        elif not path.is_absolute():
            yield document.fault(
                place,
                f"\"asterisk.{name}\" of the configuration is '{path}'; expected {what}",
                "write the absolute path; Asterisk must see the folder under the same one",
            )
        elif name == "sounds" and not re.fullmatch(PLAIN_PATH, str(path)):
            yield document.fault(
                place,
                f"\"asterisk.{name}\" of the configuration is '{path}'; Asterisk's dialplan would"
                " misread that",
                "name a folder with letters, digits, - _ . + and @ only",
            )
