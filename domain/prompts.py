"""What is said to a caller."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PromptText:
    """One sentence in one language, nothing left to fill in.

    ``name`` is also the name of the sound file that people may upload for it. With parameters, it
    includes their values (``position-3``), so that no file is mistaken for another.
    """

    name: str
    language: str
    text: str
