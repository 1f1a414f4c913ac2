"""What every provider of speech has in common: text in, telephone sound out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class SpeechProvider(StrEnum):
    """The programs that can speak a prompt, as ``centre.yaml`` names them."""

    ESPEAK = "espeak"
    PIPER = "piper"


class Speaker(Protocol):
    """A provider of speech. What it makes is kept by content, so the same words are said once."""

    @property
    def name(self) -> str:
        """Which program it is."""

    def key(self, language: str) -> tuple[str, ...]:
        """Everything but the text on which its sound depends: program, voice, speed."""

    async def speak(self, text: str, language: str) -> bytes:
        """The text as telephone sound, a WAV file's bytes. Raises SpeechError."""


@dataclass(frozen=True, slots=True)
class Speakers:
    """Who speaks each language; ``usual`` speaks all others, and for whoever fails."""

    usual: Speaker
    chosen: Mapping[str, Speaker] = field(default_factory=dict)

    def of(self, language: str) -> tuple[Speaker, ...]:
        """Who is to speak this language, the first choice first."""
        chosen = self.chosen.get(language)
        return (self.usual,) if chosen is None else (chosen, self.usual)
