"""The port through which prompts find what people have recorded for them."""

from typing import Protocol

from prompts.speech import SpeechError, SpeechFault


class RecordedSounds(Protocol):
    """The library of recordings, as far as calls need it."""

    def of(self, project: str, language: str, name: str) -> str | None:
        """What the recording's file is called, which changes with its content; None: there is
        none. A project's own comes before that of all projects. Called for every prompt."""

    async def bytes_of(self, sound: str) -> bytes:
        """The file of this name as telephone sound. Raises SpeechError."""


class NothingRecorded:
    """A library without recordings."""

    def of(self, project: str, language: str, name: str) -> str | None:  # noqa: ARG002
        """None, whatever is asked for."""
        return None

    async def bytes_of(self, sound: str) -> bytes:
        """Raises SpeechError."""
        raise SpeechError(SpeechFault.NOT_RECORDED, f"there is no recording {sound}", "upload it")
