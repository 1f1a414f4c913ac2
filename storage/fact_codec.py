"""Encodes a call's facts for storage, as a kind and a JSON object, and decodes them.

This is the only place that knows how facts are stored, in the outbox and in the database. Writing
is exact; reading is forgiving: a field that is missing or of another type is read as None, unknown
fields are ignored, and a code that no enum lists is read as ``Unlisted``. A fact is never stored
again in another shape: from the outbox to the database it stays as it was written
(``StoredFact``).
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import Field, asdict, dataclass, fields
from datetime import datetime
from enum import StrEnum
from operator import attrgetter
from types import NoneType
from typing import NewType, TypeVar, get_args

from domain.facts import KINDS, CallFact
from domain.flow_facts import NodePassed
from domain.happening import Happening
from domain.identity import CallId
from domain.reasons import Party, Unlisted
from domain.recording_facts import Silence

_E = TypeVar("_E", bound=StrEnum)

Read = Callable[[object], object]
"""Turns what JSON has for a field (None: nothing) into the field's value; never raises."""


@dataclass(frozen=True, slots=True)
class StoredFact:
    """A call's fact as it is stored; ``detail`` is a JSON object."""

    id: str
    call: CallId
    at: datetime
    kind: str
    detail: Mapping[str, object]


def stored(fact: CallFact) -> StoredFact:
    """The fact as it will be stored."""
    return StoredFact(fact.id, fact.call, fact.at, fact.what.kind, detail_of(fact.what))


def as_written(fact: StoredFact) -> CallFact:
    """The fact that was stored. Raises ValueError if its kind is unknown."""
    return CallFact(fact.id, fact.call, fact.at, happening(fact.kind, fact.detail))


def detail_of(what: Happening) -> dict[str, object]:
    """The fields of a fact as a JSON object."""
    return _CODECS[what.kind].write(what)


def happening(kind: str, detail: Mapping[str, object]) -> Happening:
    """What happened, from its kind and ``detail``. Raises ValueError if the kind is unknown."""
    codec = _CODECS.get(kind)
    if codec is None:
        raise ValueError(f"there is no kind of fact {kind!r}")
    return codec.read(detail)


class _Codec:
    """Writes and reads one kind, by its fields."""

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
            if (value := detail[key]) is None or value == ():
                del detail[key]
            elif isinstance(value, tuple):
                detail[key] = [_row(each) for each in value]
        return detail

    def read(self, detail: Mapping[str, object]) -> Happening:
        get = detail.get
        return self._make(*[read(get(key)) for key, read in self._read])


def _values(names: Sequence[str]) -> Callable[[Happening], tuple[object, ...]]:
    """Makes a getter of these fields as a tuple, which ``attrgetter`` makes only of two or more."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda what: tuple(getattr(what, name) for name in names)


def _reader(of: "Field[object]") -> Read:
    """The function that reads a field of this type."""
    types = get_args(of.type) or (of.type,)
    first = types[0]
    while isinstance(first, NewType):
        first = first.__supertype__
    if first is Silence:
        return _silences
    if first is NodePassed:
        return _nodes
    if first is int:
        return _integer(of.metadata.get("limit", 2**31 - 1))
    if first is str:
        return _text if NoneType in types else _characters
    if isinstance(first, type) and issubclass(first, StrEnum):
        return code_reader(first)
    readers: dict[object, Read] = {float: _number, bool: _truth}
    return readers[first]


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _characters(value: object) -> str:
    """Reads a field in which the empty string is a value, too."""
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


def _integer(limit: int) -> Callable[[object], int | None]:
    """Reads an integer from 0 to what its column in the database can hold."""

    def read(value: object) -> int | None:
        if not isinstance(value, int) or isinstance(value, bool):
            return None
        return value if 0 <= value <= limit else None

    return read


def code_reader(enum: type[_E]) -> Callable[[object], _E | Unlisted | None]:
    """The function that reads a stored code: a member, or a word that this version doesn't list."""
    members: dict[object, _E] = {member.value: member for member in enum}

    def read(value: object) -> _E | Unlisted | None:
        if not isinstance(value, str) or not value:
            return None
        return members.get(value) or Unlisted(value)

    return read


_party = code_reader(Party)


def _silences(value: object) -> tuple[Silence, ...]:
    each = [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
    return tuple(
        Silence(_party(one.get("side")), _number(one.get("from_s")), _number(one.get("to_s")))
        for one in each
    )


def _row(one: object) -> object:
    """An element of a field that holds several: by name, or in order if there are very many."""
    if not isinstance(one, NodePassed):
        return asdict(one)  # type: ignore[call-overload]
    before_ms, lasted_ms = round(one.before_s * 1000), round(one.lasted_s * 1000)
    row = [one.node, one.exit, before_ms, lasted_ms, one.answers, one.flow, one.revision]
    while row[-1] is None:
        row.pop()
    return row


_milliseconds = _revision = _integer(2**31 - 1)


def _nodes(value: object) -> tuple[NodePassed, ...]:
    rows = [one for one in value if isinstance(one, list)] if isinstance(value, list) else []
    return tuple(_node([*row[:7], *[None] * (7 - len(row))]) for row in rows)


def _node(row: list[object]) -> NodePassed:
    node, way_out, before_ms, lasted_ms, answers, flow, revision = row
    return NodePassed(
        _text(node),
        way_out if isinstance(way_out, str) else None,
        (_milliseconds(before_ms) or 0) / 1000,
        (_milliseconds(lasted_ms) or 0) / 1000,
        answers if isinstance(answers, str) else None,
        _text(flow),
        _revision(revision),
    )


_CODECS = {kind: _Codec(happening) for kind, happening in KINDS.items()}
