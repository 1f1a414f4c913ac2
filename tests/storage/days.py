"""Calls to store: made of facts as the engine would put them."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.facts import AgentFact, AgentState, CallFact, CallFactKind
from domain.identity import AgentCode, CallId, StationName

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def fact(call: str, at_s: float, kind: CallFactKind, /, **detail: Any) -> CallFact:
    """A fact ``at_s`` seconds after noon."""
    return CallFact(str(uuid.uuid4()), CallId(call), NOON + timedelta(seconds=at_s), kind, detail)


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
    return fact(call, at_s, CallFactKind.ENTERED, **detail)


def answered(
    call: str, at_s: float = 0, *, wait_s: float = 6, agent: str = "1001", **more: Any
) -> list[CallFact]:
    """A call that waits, talks for 30 s and is recorded."""
    queued, connected = at_s + 1, at_s + 1 + wait_s
    phone = {"agent": agent, "station": "s1"}
    return [
        entered(call, at_s, **more),
        fact(call, at_s, CallFactKind.LANGUAGE, language="en"),
        fact(call, queued, CallFactKind.QUEUED, queue="sales", skill="sales"),
        fact(call, connected - 1, CallFactKind.OFFERED, queue="sales", **phone),
        fact(call, connected, CallFactKind.CONNECTED, **phone),
        fact(call, connected + 30, CallFactKind.DISCONNECTED, **phone),
        fact(call, connected + 33, CallFactKind.SCORED, score=5),
        fact(call, connected + 34, CallFactKind.ENDED, by="caller", cause=16),
        fact(
            call,
            connected + 36,
            CallFactKind.RECORDED,
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
        fact(call, at_s + 1, CallFactKind.QUEUED, queue="sales", skill="sales"),
        fact(call, at_s + 1 + wait_s, CallFactKind.ENDED, by="caller", cause=16),
    ]
