"""The calls that are going on, and what is written down of them as it happens."""

import hashlib
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import structlog

from domain.centre import Centre, Hotline
from domain.facts import TALKS, CallFact, CallFactKind
from domain.identity import CallId, ChannelId, LineName
from engine.calls.call import LiveCall
from engine.changes import Changes
from engine.ports import CallStage
from records.store import StoredCall
from storage.outbox import Outbox
from telephony.complaints import Complaints, shown

log = structlog.get_logger()

_FACTS = uuid.UUID("6f1c9a54-5d0e-4b0c-9f6e-0a8f2f6a7c11").bytes
_IN_LOG = frozenset({*TALKS, CallFactKind.TRANSFERRED, CallFactKind.FALLBACK})
"""What Asterisk's log tells too."""
_ONCE = frozenset({CallFactKind.ENTERED, CallFactKind.ENDED})

BLOCKED_CAUSE = 34
"""Q.850: no circuit is free."""

_LATEST_EVENT_S = 2.0
"""So far apart at most are what Asterisk's log tells and the event that tells the same."""


def fact_id(call: CallId, what: str) -> str:
    """The id of what can happen only once in a call; who writes it again changes nothing."""
    # What uuid.uuid5 makes of it, for a quarter of its time.
    digest = hashlib.sha1(_FACTS + f"{call} {what}".encode(), usedforsecurity=False).hexdigest()
    variant = "89ab"[int(digest[16], 16) & 3]
    return f"{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-{variant}{digest[17:20]}-{digest[20:32]}"


def entered(
    hotline: Hotline, line: str, caller: str | None, caller_name: str | None
) -> dict[str, str | None]:
    """What the fact ``entered`` says of a call."""
    return {
        "hotline": hotline.number,
        "project": hotline.project,
        "line": line,
        "caller": caller,
        "caller_name": caller_name,
        "flow": hotline.flow,
    }


class LiveCalls:
    """All calls that are going on, by their ids."""

    def __init__(self, centre: Centre, outbox: Outbox, changes: Changes) -> None:
        self.by_id: dict[CallId, LiveCall] = {}
        self.unclosed: dict[CallId, StoredCall] = {}
        """Calls whose record has no end and that Asterisk has not shown yet; of an earlier
        controller."""
        self._hotlines = {hotline.number: hotline for hotline in centre.hotlines}
        self._outbox = outbox
        self._changes = changes
        self._aside: list[CallFact] | None = None
        self._complain = Complaints()

    def get(self, call: CallId) -> LiveCall | None:
        """The call, or None if it is over or was never seen."""
        return self.by_id.get(call)

    def take_up(
        self,
        channel: ChannelId,
        channel_name: str,
        line: LineName,
        caller: str | None,
        number: str,
        entered_at: float,
        caller_name: str | None = None,
    ) -> LiveCall | None:
        """The call, made and written down at its first sight, be it by session or by event.

        ``entered_at`` is in epoch seconds. None if ``number`` is no hotline.
        """
        if call := self.by_id.get(channel.call):
            return call
        hotline = self._hotlines.get(number)
        if hotline is None:
            self._complain(
                "a call came for a number that is no hotline; add it to the configuration's"
                " hotlines, or take it out of Asterisk's",
                level="error",
                number=shown(number),
                line=line,
            )
            return None
        at = datetime.fromtimestamp(entered_at, UTC)
        call = self.by_id[channel.call] = LiveCall(
            channel=channel,
            channel_name=channel_name,
            line=line,
            caller=caller,
            caller_name=caller_name,
            hotline=hotline,
            entered_at=at,
            stage=CallStage.FLOW,
            stage_since=at,
        )
        if before := self.unclosed.pop(call.id, None):
            self.knew(call, before)
        self.note(call, CallFactKind.ENTERED, at=at, **entered(hotline, line, caller, caller_name))
        return call

    def knew(self, call: LiveCall, before: StoredCall) -> None:
        """What an earlier controller has written of its talks."""
        noted = {fact.id for fact in call.noted}
        call.noted += [f for f in before.timeline if f.kind in _IN_LOG and f.id not in noted]

    def refused(
        self,
        channel: ChannelId,
        line: LineName,
        caller: str | None,
        caller_name: str | None,
        number: str,
        at: float,
    ) -> None:
        """Write down a call that its line carried no more; ``at`` is in epoch seconds."""
        hotline = self._hotlines.get(number)
        if hotline is None:
            return
        call, moment = channel.call, datetime.fromtimestamp(at, UTC)
        facts: dict[CallFactKind, dict[str, Any]] = {
            CallFactKind.ENTERED: entered(hotline, line, caller, caller_name),
            CallFactKind.BLOCKED: {"line": line},
            CallFactKind.ENDED: {"by": "system", "cause": BLOCKED_CAUSE, "why": None},
        }
        for kind, detail in facts.items():
            self._outbox.put(CallFact(fact_id(call, kind), call, moment, kind, detail))
        self._changes.touch()

    def adopt(self, call: LiveCall) -> None:
        """An earlier controller had this call."""
        if not call.adopted:
            call.adopted = True
            self.note(call, CallFactKind.CONTROLLER_LOST)

    def note(
        self, call: LiveCall, kind: CallFactKind, /, *, at: datetime | None = None, **detail: Any
    ) -> None:
        """Write a line into a call's timeline."""
        # A restarted controller writes some of them again.
        identity = fact_id(call.id, kind) if kind in _ONCE else str(uuid.uuid4())
        fact = CallFact(identity, call.id, at or datetime.now(UTC), kind, detail)
        if self._aside is not None and (kind in TALKS or kind is CallFactKind.ENDED):
            call.gapped = True
            self._aside.append(fact)
            return
        if kind in _IN_LOG:
            if _told_by_log(call, fact):
                return
            call.noted.append(fact)
        self._outbox.put(fact)

    @contextmanager
    def set_aside(self, facts: list[CallFact]) -> Iterator[None]:
        """Talks and ends noted meanwhile go into ``facts`` and aren't written down yet.

        When they were, Asterisk's log may know better.
        """
        self._aside = facts
        try:
            yield
        finally:
            self._aside = None

    def write(self, facts: Iterable[CallFact]) -> None:
        """Write down facts that were set aside."""
        for fact in facts:
            if fact.kind in TALKS and (call := self.by_id.get(fact.call)):
                call.noted.append(fact)
            self._outbox.put(fact)

    def stage(self, call: LiveCall, stage: CallStage) -> None:
        """Say how far the call has come, for the board."""
        call.stage, call.stage_since = stage, datetime.now(UTC)
        self._changes.touch()


def _told_by_log(call: LiveCall, fact: CallFact) -> bool:
    """Whether it is written down already: the log was read just before the event came."""
    for told in call.from_log:
        if (
            told.kind is fact.kind
            and told.detail.get("station") == fact.detail.get("station")
            and abs((fact.at - told.at).total_seconds()) <= _LATEST_EVENT_S
        ):
            call.from_log.remove(told)
            return True
    return False
