"""What is to be said to a caller."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PromptText:
    """One sentence in one language, nothing left to fill in.

    ``name`` is also the name of the sound file that somebody may upload for it; a prompt with
    parameters carries their values in it (``position-3``), so that no file is taken for another.
    """

    name: str
    language: str
    text: str
