"""What happened in a call as a kind and a JSON object, and back.

This is the only place that knows how facts are stored, in the outbox as in the database. Writing
is exact; reading is forgiving: what is not there or of another type is read as absent, what is
not known is passed over, and a code that no enum lists comes back as ``Unlisted``. What is read
is never stored again in another shape: on its way from the outbox to the database a fact stays
as it was written (``StoredFact``).
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import Field, asdict, dataclass, fields
from datetime import datetime
from enum import StrEnum
from operator import attrgetter
from types import NoneType
from typing import NewType, TypeVar, get_args

from domain.facts import KINDS, CallFact, Happening, Silence
from domain.identity import CallId
from domain.reasons import Party, Unlisted

_E = TypeVar("_E", bound=StrEnum)

Read = Callable[[object], object]
"""Makes a field's value of what JSON has for it, None if there is nothing; never raises."""


@dataclass(frozen=True, slots=True)
class StoredFact:
    """A call's fact as it is stored. ``detail`` is a JSON object."""

    id: str
    call: CallId
    at: datetime
    kind: str
    detail: Mapping[str, object]


def stored(fact: CallFact) -> StoredFact:
    """The fact as it will be stored."""
    return StoredFact(fact.id, fact.call, fact.at, fact.what.kind, detail_of(fact.what))


def as_written(fact: StoredFact) -> CallFact:
    """The fact that was stored. Raises ValueError if nobody here knows its kind."""
    return CallFact(fact.id, fact.call, fact.at, happening(fact.kind, fact.detail))


def detail_of(what: Happening) -> dict[str, object]:
    """What a kind has to say, as JSON has it."""
    return _CODECS[what.kind].write(what)


def happening(kind: str, detail: Mapping[str, object]) -> Happening:
    """What ``detail`` says of this kind. Raises ValueError if nobody here knows the kind."""
    codec = _CODECS.get(kind)
    if codec is None:
        raise ValueError(f"there is no kind of fact {kind!r}")
    return codec.read(detail)


class _Codec:
    """How one kind is written and read, as its fields say."""

    def __init__(self, kind: type[Happening]) -> None:
        of = fields(kind)
        names = [one.name for one in of]
        self._keys = [str(one.metadata.get("key", one.name)) for one in of]
        self._optional = [
            key for key, one in zip(self._keys, of, strict=True) if one.metadata.get("optional")
        ]
        self._values = _values(names)
        self._read = [(key, _reader(one)) for key, one in zip(self._keys, of, strict=True)]
        self._make: Callable[..., Happening] = kind

    def write(self, what: Happening) -> dict[str, object]:
        detail = dict(zip(self._keys, self._values(what)))  # noqa: B905  (a hot path)
        for key in self._optional:
            if not (value := detail[key]):
                del detail[key]
            elif isinstance(value, tuple):
                detail[key] = [asdict(each) for each in value]
        return detail

    def read(self, detail: Mapping[str, object]) -> Happening:
        get = detail.get
        return self._make(*[read(get(key)) for key, read in self._read])


def _values(names: Sequence[str]) -> Callable[[Happening], tuple[object, ...]]:
    """Takes these fields out of an object; ``attrgetter`` makes no tuple of one or none."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda what: tuple(getattr(what, name) for name in names)


def _reader(of: "Field[object]") -> Read:
    """How a field of this type is read."""
    types = get_args(of.type) or (of.type,)
    first = types[0]
    while isinstance(first, NewType):
        first = first.__supertype__
    if first is Silence:
        return _silences
    if first is int:
        return _integer(of.metadata.get("limit", 2**31 - 1))
    if first is str:
        return _text if NoneType in types else _characters
    if isinstance(first, type) and issubclass(first, StrEnum):
        return _code(first)
    readers: dict[object, Read] = {float: _number, bool: _truth}
    return readers[first]


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _characters(value: object) -> str:
    """For a field in which nothing is a value too."""
    return value if isinstance(value, str) else ""


def _number(value: object) -> float | None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _truth(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _integer(limit: int) -> Read:
    """A number from 0 to what its column in the database has room for."""

    def read(value: object) -> int | None:
        if not isinstance(value, int) or isinstance(value, bool):
            return None
        return value if 0 <= value <= limit else None

    return read


def _code(enum: type[_E]) -> Callable[[object], _E | Unlisted | None]:
    members: dict[object, _E] = {member.value: member for member in enum}

    def read(value: object) -> _E | Unlisted | None:
        if not isinstance(value, str) or not value:
            return None
        return members.get(value) or Unlisted(value)

    return read


_party = _code(Party)


def _silences(value: object) -> tuple[Silence, ...]:
    each = [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
    return tuple(
        Silence(_party(one.get("side")), _number(one.get("from_s")), _number(one.get("to_s")))
        for one in each
    )


_CODECS = {kind: _Codec(happening) for kind, happening in KINDS.items()}
