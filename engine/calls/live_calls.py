"""The calls that are going on, and what is written down of them as it happens."""

import hashlib
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import structlog

from domain.centre import Centre, Hotline
from domain.facts import (
    TALKS,
    CallBlocked,
    CallEnded,
    CallEntered,
    CallFact,
    ControllerLost,
    FellBack,
    Happening,
    Transferred,
    phone_in,
)
from domain.identity import CallId, ChannelId, LineName
from domain.reasons import Party
from engine.calls.call import LiveCall
from engine.changes import Changes
from engine.ports import CallStage
from records.store import StoredCall
from storage.outbox import Outbox
from telephony.complaints import Complaints, shown

log = structlog.get_logger()

_FACTS = uuid.UUID("6f1c9a54-5d0e-4b0c-9f6e-0a8f2f6a7c11").bytes
_IN_LOG = (*TALKS, Transferred, FellBack)
"""What Asterisk's log tells too."""
_ONCE = (CallEntered, CallEnded)

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
    hotline: Hotline, line: LineName, caller: str | None, caller_name: str | None
) -> CallEntered:
    """That a call came in for this hotline."""
    return CallEntered(hotline.number, hotline.project, line, caller, caller_name, hotline.flow)


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
        self.note(call, entered(hotline, line, caller, caller_name), at=at)
        return call

    def knew(self, call: LiveCall, before: StoredCall) -> None:
        """What an earlier controller has written of its talks."""
        noted = {fact.id for fact in call.noted}
        call.noted += [
            fact
            for fact in before.timeline
            if isinstance(fact.what, _IN_LOG) and fact.id not in noted
        ]

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
        for what in (
            entered(hotline, line, caller, caller_name),
            CallBlocked(line),
            CallEnded(Party.SYSTEM, BLOCKED_CAUSE, why=None),
        ):
            self._outbox.put(CallFact(fact_id(call, what.kind), call, moment, what))
        self._changes.touch()

    def adopt(self, call: LiveCall) -> None:
        """An earlier controller had this call."""
        if not call.adopted:
            call.adopted = True
            self.note(call, ControllerLost())

    def note(self, call: LiveCall, what: Happening, *, at: datetime | None = None) -> None:
        """Write a line into a call's timeline; it happened now, unless ``at`` says otherwise."""
        # A restarted controller writes some of them again.
        identity = fact_id(call.id, what.kind) if isinstance(what, _ONCE) else str(uuid.uuid4())
        fact = CallFact(identity, call.id, at or datetime.now(UTC), what)
        if self._aside is not None and isinstance(what, (*TALKS, CallEnded)):
            call.gapped = True
            self._aside.append(fact)
            return
        if isinstance(what, _IN_LOG):
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
            if isinstance(fact.what, TALKS) and (call := self.by_id.get(fact.call)):
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
            type(told.what) is type(fact.what)
            and phone_in(told.what) == phone_in(fact.what)
            and abs((fact.at - told.at).total_seconds()) <= _LATEST_EVENT_S
        ):
            call.from_log.remove(told)
            return True
    return False
