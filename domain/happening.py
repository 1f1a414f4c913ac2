"""What a fact of a call says has happened: the root of all kinds (``domain.facts`` lists them)."""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened in a call; each kind is a subclass."""

    kind: ClassVar[str]
    """The word under which it is stored; never change it."""
