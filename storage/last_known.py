"""Keeps the last known facts of agents and open calls in a file beside the outbox.

A controller that starts while the database is away continues from this file. It holds the facts
themselves: the last one of each agent, and all of each call that has not ended. Together with the
outbox it is never behind the database: the outbox forgets facts only after they are in this file.
"""

import json
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import structlog

from domain.agent_facts import AgentFact
from domain.call_facts import CallEnded, CallEntered
from domain.facts import CallFact, Fact
from domain.floor_facts import TALKS
from domain.identity import AgentCode, CallId
from machine.one_line import in_one_line
from storage.fact_lines import decode

log = structlog.get_logger()

LAST_KNOWN = "last-known.jsonl"
"""The file's name in the state folder."""
MOST_BYTES = 64 * 1024 * 1024
MOST_CALLS = 10_000
MOST_FACTS = 200


class LastKnown:
    """Reads ``path`` if it exists; a broken file is logged and ignored.

    Beyond ``most_calls``, the oldest calls are dropped. Of each call, ``most_facts`` are kept;
    beyond that, only those that say who talks.
    """

    def __init__(
        self, path: Path, *, most_calls: int = MOST_CALLS, most_facts: int = MOST_FACTS
    ) -> None:
        self.path = path
        self._most_calls = most_calls
        self._most_facts = most_facts
        self.found = False
        """Whether there was a file, even a broken one: a controller has served here before."""
        self.written_at: datetime | None = None
        """When the file was written; None if there is none that can be read."""
        self._agents: dict[AgentCode, tuple[AgentFact, bytes]] = {}
        self._calls: dict[CallId, dict[str, tuple[CallFact, bytes]]] = {}
        self._failed = False
        self._read()

    @property
    def agents(self) -> dict[AgentCode, AgentFact]:
        """The last fact of each agent."""
        return {code: fact for code, (fact, _) in self._agents.items()}

    @property
    def open_calls(self) -> tuple[tuple[CallFact, ...], ...]:
        """The facts of each call that has not ended, in the order in which they were learned."""
        return tuple(tuple(fact for fact, _ in facts.values()) for facts in self._calls.values())

    def learn(self, fact: Fact, line: bytes) -> None:
        """Learn a fact, which is in the outbox as ``line``; learning it twice does no harm."""
        if isinstance(fact, AgentFact):
            before = self._agents.get(fact.agent)
            if before is None or fact.at >= before[0].at:
                self._agents[fact.agent] = (fact, line)
        elif isinstance(fact.what, CallEnded):
            self._calls.pop(fact.call, None)
        elif isinstance(fact.what, CallEntered) or fact.call in self._calls:
            facts = self._calls.setdefault(fact.call, {})
            if len(facts) < self._most_facts or isinstance(fact.what, TALKS):
                facts[fact.id] = (fact, line)
            if len(self._calls) > self._most_calls:
                del self._calls[next(iter(self._calls))]

    def write(self) -> bool:
        """Replace the file with what is known now. If the disk doesn't take it, log that, keep the
        old file, and return False."""
        lines = [line for _, line in self._agents.values()]
        lines += [line for facts in self._calls.values() for _, line in facts.values()]
        now = datetime.now(UTC)
        head = {"last_known": 1, "at": now.isoformat(), "facts": len(lines)}
        new = self.path.with_name(f"{self.path.name}.new")
        try:
            descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(b"".join([json.dumps(head).encode() + b"\n", *lines]))
            new.replace(self.path)
        except OSError as error:
            if not self._failed:
                log.error(
                    "the last known state of agents and calls can't be written; only the outbox and"
                    " the database have it. Free space there, or let Offhook's user write there",
                    file=str(self.path),
                    why=in_one_line(error),
                )
            self._failed = True
            return False
        self._failed = False
        self.found, self.written_at = True, now
        return True

    def _read(self) -> None:
        try:
            if self.path.stat().st_size > MOST_BYTES:
                raise ValueError(f"it has more than {MOST_BYTES} bytes")
            head, facts = _parse(self.path.read_bytes())
        except FileNotFoundError:
            return
        except (OSError, ValueError, RecursionError) as error:
            self.found = True
            log.error(
                "the last known state of agents and calls can't be read; it is taken from the"
                " outbox and the database. Nothing needs to be done",
                file=str(self.path),
                why=in_one_line(error),
            )
            return
        self.found, self.written_at = True, head
        for fact, line in facts:
            self.learn(fact, line)


def _parse(data: bytes) -> tuple[datetime, list[tuple[Fact, bytes]]]:
    """When the file was written, and its facts. Raises ValueError."""
    first, *lines = data.splitlines(keepends=True) or [b""]
    head: object = json.loads(first)
    if not isinstance(head, dict) or head.get("last_known") != 1:
        raise ValueError("its first line is not ours")
    if head.get("facts") != len(lines) or not data.endswith(b"\n"):
        raise ValueError(f"it has {len(lines)} facts where {head.get('facts')} were written")
    return datetime.fromisoformat(str(head.get("at"))), [(decode(line), line) for line in lines]


def newest(*known: Iterable[AgentFact]) -> dict[AgentCode, AgentFact]:
    """The last fact of each agent; of two with the same time, the one from the later source."""
    found: dict[AgentCode, AgentFact] = {}
    for facts in known:
        for fact in facts:
            before = found.get(fact.agent)
            if before is None or fact.at >= before.at:
                found[fact.agent] = fact
    return found
