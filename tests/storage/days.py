"""Calls to store, made of facts as the engine would put them."""

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.agent_facts import AgentFact, AgentState
from domain.call_facts import CallEnded, CallEntered
from domain.facts import CallFact, Fact
from domain.floor_facts import Offered, Queued, TalkBegan, TalkEnded
from domain.flow_facts import LanguageChosen, Scored
from domain.happening import Happening
from domain.identity import AgentCode, CallId, StationName
from domain.recording_facts import Recorded
from storage.fact_codec import StoredFact, happening, stored

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def fact(call: str, at_s: float, kind: type[Happening], /, **detail: Any) -> CallFact:
    """A fact ``at_s`` seconds after noon, of what would be stored of it."""
    what = happening(kind.kind, detail)
    return CallFact(str(uuid.uuid4()), CallId(call), NOON + timedelta(seconds=at_s), what)


def line(call: str, at_s: float, kind: str, detail: object) -> str:
    """A line of the outbox, whatever its detail says."""
    at = NOON + timedelta(seconds=at_s)
    fact = {"id": str(uuid.uuid4()), "call": call, "at": at.isoformat(), "kind": kind}
    return json.dumps(fact | {"detail": detail}) + "\n"


def as_stored(fact: Fact) -> StoredFact | AgentFact:
    """A fact as the outbox hands it to whoever writes it into the database."""
    return fact if isinstance(fact, AgentFact) else stored(fact)


def agent_fact(
    agent: str, at_s: float, state: AgentState, reason: str | None = None, **more: Any
) -> AgentFact:
    return AgentFact(
        str(uuid.uuid4()),
        AgentCode(agent),
        NOON + timedelta(seconds=at_s),
        state,
        reason,
        StationName("s1"),
        **more,
    )


def entered(call: str, at_s: float = 0, *, project: str = "acme", **more: Any) -> CallFact:
    detail = {
        "hotline": "4001",
        "line": "trunk",
        "caller": "13800138000",
        "flow": "hotline",
        "project": project,
        **more,
    }
    return fact(call, at_s, CallEntered, **detail)


def answered(
    call: str, at_s: float = 0, *, wait_s: float = 6, agent: str = "1001", **more: Any
) -> list[CallFact]:
    """A call that waits, talks for 30 s and is recorded."""
    queued, connected = at_s + 1, at_s + 1 + wait_s
    phone = {"agent": agent, "station": "s1"}
    return [
        entered(call, at_s, **more),
        fact(call, at_s, LanguageChosen, language="en"),
        fact(call, queued, Queued, queue="sales", skill="sales"),
        fact(call, connected - 1, Offered, queue="sales", **phone),
        fact(call, connected, TalkBegan, **phone),
        fact(call, connected + 30, TalkEnded, **phone),
        fact(call, connected + 33, Scored, score=5),
        fact(call, connected + 34, CallEnded, by="caller", cause=16),
        fact(
            call,
            connected + 36,
            Recorded,
            file=f"2026/03/02/{call}.wav",
            sha256="00",
            duration_s=30.0,
            bridged_s=30.0,
            whole=True,
            bytes=960044,
        ),
    ]


def abandoned(call: str, at_s: float = 0, *, wait_s: float = 30, **more: Any) -> list[CallFact]:
    return [
        entered(call, at_s, **more),
        fact(call, at_s + 1, Queued, queue="sales", skill="sales"),
        fact(call, at_s + 1 + wait_s, CallEnded, by="caller", cause=16),
    ]
