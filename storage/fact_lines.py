"""Encodes facts as lines of JSON, and decodes them."""

import json
import uuid
from collections.abc import Mapping, Set
from datetime import datetime

from domain.agent_facts import AgentFact, AgentState
from domain.facts import KINDS, CallFact, Fact
from domain.identity import AgentCode, CallId, StationName
from storage.fact_codec import StoredFact, as_written, detail_of


def encode(fact: Fact) -> bytes:
    """The line, with its newline. Values that JSON doesn't know are written as text; only a value
    that contains itself raises ValueError."""
    line: dict[str, object]
    if isinstance(fact, CallFact):
        line = {
            "id": fact.id,
            "call": fact.call,
            "at": fact.at.isoformat(),
            "kind": fact.what.kind,
            "detail": detail_of(fact.what),
        }
    else:
        line = {
            "id": fact.id,
            "agent": fact.agent,
            "at": fact.at.isoformat(),
            "state": fact.state,
            "reason": fact.reason,
            "station": fact.station,
            "call": fact.call,
        }
    return _JSON.encode(line).encode("ascii") + b"\n"


def decode(line: bytes) -> Fact:
    """The fact of a line. Raises ValueError with what is wrong with it."""
    read = decode_stored(line)
    return read if isinstance(read, AgentFact) else as_written(read)


def decode_stored(line: bytes) -> StoredFact | AgentFact:
    """The fact of a line; a call's fact with its whole detail, as written. Raises ValueError with
    what is wrong with it."""
    try:
        read = _READER.decode(line.decode("utf-8"))
        if b"\\u0000" in line or b"\\ud" in line.lower():
            read = _storable(read)
        fact_id, at = str(uuid.UUID(read["id"])), datetime.fromisoformat(read["at"])
        if at.tzinfo is None:
            raise ValueError(f"its time {read['at']!r} has no zone")
        if "kind" in read:
            kind, detail = read["kind"], read["detail"]
            if kind not in KINDS:
                raise ValueError(f"there is no kind of fact {kind!r}")
            if not isinstance(detail, dict):
                raise ValueError("its detail is not an object")
            return StoredFact(fact_id, CallId(_word(read, "call")), at, kind, detail)
        station, call = read.get("station"), read.get("call")
        return AgentFact(
            id=fact_id,
            agent=AgentCode(_word(read, "agent")),
            at=at,
            state=AgentState(read["state"]),
            reason=read.get("reason"),
            station=None if station is None else StationName(station),
            call=None if call is None else CallId(call),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"it is not a fact: {type(error).__name__} {error}") from error


def _word(read: Mapping[str, object], key: str) -> str:
    value = read[key]
    if not isinstance(value, str) or not value:
        raise ValueError(f"its {key} is {value!r}")
    return value


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Set):
        return sorted(value, key=str)
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)


def _no_number(_name: str) -> None:
    """Replaces NaN and Infinity, which other readers of JSON refuse."""


# json.dumps and json.loads would create one of these for every fact.
_JSON = json.JSONEncoder(default=_plain, skipkeys=True, separators=(",", ":"))
_READER = json.JSONDecoder(parse_constant=_no_number)


def _storable(value: object) -> object:
    """Removes NUL and lone surrogates, which PostgreSQL can't store."""
    if isinstance(value, str):
        return value.replace("\x00", "�").encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, list):
        return [_storable(item) for item in value]
    if isinstance(value, dict):
        return {_storable(key): _storable(item) for key, item in value.items()}
    return value
