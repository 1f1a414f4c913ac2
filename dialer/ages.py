"""Since when each of many things is so, kept so that all ages are one subtraction.

A campaign has a thousand ringing calls and looks at all of them at every event; so their starts
stand in one array, without holes, beside a small number that says of which kind each is.
"""

from collections.abc import Hashable
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_FIRST_ROOM = 64

K = TypeVar("K", bound=Hashable)


class Ages(Generic[K]):
    """Things by key, each with its start (monotonic seconds) and its kind (a small number)."""

    def __init__(self) -> None:
        self._since: Floats = np.zeros(_FIRST_ROOM)
        self._kind: Ints = np.zeros(_FIRST_ROOM, dtype=np.int64)
        self._keys: list[K] = []
        self._place: dict[K, int] = {}

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def keys(self) -> list[K]:
        """The keys in the order of ``ages`` and ``kinds``; not to be changed."""
        return self._keys

    def add(self, key: K, since: float, kind: int = 0) -> None:
        """Add a key that is not there."""
        place = len(self._keys)
        if place == len(self._since):
            self._since = np.concatenate((self._since, np.zeros(place)))
            self._kind = np.concatenate((self._kind, np.zeros(place, dtype=np.int64)))
        self._since[place], self._kind[place] = since, kind
        self._place[key] = place
        self._keys.append(key)

    def remove(self, key: K) -> float | None:
        """Take a key out; since when it was there, None if it was not."""
        place = self._place.pop(key, None)
        if place is None:
            return None
        since = float(self._since[place])
        last = self._keys.pop()
        if last != key:
            end = len(self._keys)
            self._keys[place] = last
            self._place[last] = place
            self._since[place], self._kind[place] = self._since[end], self._kind[end]
        return since

    def ages(self, now: float) -> Floats:
        """Seconds since each was added."""
        return now - self._since[: len(self._keys)]

    @property
    def kinds(self) -> Ints:
        """The kind of each; a view, good until the next change."""
        return self._kind[: len(self._keys)]


class Kinds(Generic[K]):
    """Small numbers for things: 0, 1, 2 ... in the order in which they were first asked for."""

    def __init__(self) -> None:
        self._numbers: dict[K, int] = {}
        self.all: list[K] = []
        """The things by their number; not to be changed."""

    def of(self, thing: K) -> int:
        """Its number."""
        number = self._numbers.get(thing)
        if number is None:
            number = self._numbers[thing] = len(self.all)
            self.all.append(thing)
        return number
