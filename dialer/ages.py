"""Start times of many things, stored so that one subtraction gives all their ages.

A campaign has a thousand ringing calls and looks at all of them at every event. Their start times
are therefore kept in one array without gaps, next to a small number for the kind of each.
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
        """The keys in the order of ``ages`` and ``kinds``. Don't modify the list."""
        return self._keys

    def add(self, key: K, since: float, kind: int = 0) -> None:
        """Add a key that is not yet present."""
        place = len(self._keys)
        if place == len(self._since):
            self._since = np.concatenate((self._since, np.zeros(place)))
            self._kind = np.concatenate((self._kind, np.zeros(place, dtype=np.int64)))
        self._since[place], self._kind[place] = since, kind
        self._place[key] = place
        self._keys.append(key)

    def change(self, key: K, since: float, kind: int) -> None:
        """Give a key that is present another start and kind; its place stays the same."""
        place = self._place[key]
        self._since[place], self._kind[place] = since, kind

    def remove(self, key: K) -> float | None:
        """Remove a key. Returns its start, or None if it was not present."""
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
        """Return the seconds since the start of each."""
        return now - self._since[: len(self._keys)]

    @property
    def kinds(self) -> Ints:
        """The kind of each: a view, valid until the next change."""
        return self._kind[: len(self._keys)]


class Kinds(Generic[K]):
    """Numbers things 0, 1, 2 ... in the order in which they are first asked for."""

    def __init__(self) -> None:
        self._numbers: dict[K, int] = {}
        self.all: list[K] = []
        """The things by number. Don't modify the list."""

    def __contains__(self, thing: K) -> bool:
        return thing in self._numbers

    def of(self, thing: K) -> int:
        """Return the thing's number, assigning the next one if it is new."""
        number = self._numbers.get(thing)
        if number is None:
            number = self._numbers[thing] = len(self.all)
            self.all.append(thing)
        return number
