"""Works out what Asterisk's own log or a snapshot adds to what is known about a call. Pure."""

import hashlib
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from campaigns.campaign import Mode
from dialer.causes import cause_of
from domain.call_facts import CallBlocked, CallEnded, CallEntered, FellBack
from domain.centre import Hotline
from domain.facts import CallFact
from domain.floor_facts import TALKS, TalkBegan, TalkEnded, Transferred, phone_in
from domain.happening import Happening
from domain.identity import AgentCode, CallId, LineName, ProjectName, QueueName, StationName
from domain.outbound_facts import (
    CallPlaced,
    CustomerAbandoned,
    CustomerAnswered,
    DetectionBegan,
    MachineFound,
    MessagePlayed,
    NotReached,
    OptedOut,
    PersonFound,
)
from domain.reasons import EndReason, Party
from telephony.logged_call import LoggedCall

_FACTS = uuid.UUID("6f1c9a54-5d0e-4b0c-9f6e-0a8f2f6a7c11").bytes


def fact_id(call: CallId, what: str) -> str:
    """The id of a fact that can happen only once in a call; writing it again changes nothing."""
    # The same as uuid.uuid5, in a quarter of the time.
    digest = hashlib.sha1(_FACTS + f"{call} {what}".encode(), usedforsecurity=False).hexdigest()
    variant = "89ab"[int(digest[16], 16) & 3]
    return f"{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-{variant}{digest[17:20]}-{digest[20:32]}"


def entered(
    hotline: Hotline, line: LineName, caller: str | None, caller_name: str | None
) -> CallEntered:
    """The fact that a call came in for this hotline."""
    return CallEntered(hotline.number, hotline.project, line, caller, caller_name, hotline.flow)


def missing(
    logged: LoggedCall,
    known: Sequence[CallFact],
    agents: Mapping[StationName, AgentCode],
    hotline: Hotline | None = None,
) -> list[CallFact]:
    """What the log has of a call beyond the ``known`` facts.

    A phone's first talk in the log is taken for the first that is known, and so on: clocks are
    compared only if the log has more, to see which of its talks are known. ``hotline`` is given for
    a call about which nothing is known.
    """
    facts: list[CallFact] = []

    def add(what: Happening, at: float, number: int = 0) -> None:
        phone = phone_in(what)
        name = what.kind if phone is None else f"{what.kind} {phone} {number}"
        moment = datetime.fromtimestamp(at, UTC)
        facts.append(CallFact(fact_id(logged.call, name), logged.call, moment, what))

    if hotline is not None and logged.entered_at is not None:
        came = entered(hotline, logged.line, logged.caller, logged.caller_name)
        add(came, logged.entered_at)
        if logged.blocked:
            add(CallBlocked(logged.line), logged.entered_at)
    if logged.placed:
        for placed_what, placed_at in _of_placed(logged, known):
            add(placed_what, placed_at)
    fell_back = any(isinstance(fact.what, FellBack) for fact in known)
    if logged.fallback_at is not None and not fell_back:
        queue = QueueName(logged.fallback_queue) if logged.fallback_queue else None
        add(FellBack(queue), logged.fallback_at)
    told: dict[tuple[type[Happening], StationName], list[_Told]] = {}
    counted: Counter[StationName] = Counter()
    for talk in logged.talks:
        counted[talk.station] += 1
        number, agent = counted[talk.station], agents.get(talk.station)
        began = TalkBegan(agent, talk.station)
        told.setdefault((TalkBegan, talk.station), []).append((talk.connected_at, number, began))
        if (until := talk.disconnected_at) is not None:
            ended = TalkEnded(agent, talk.station, talk.by)
            told.setdefault((TalkEnded, talk.station), []).append((until, number, ended))
    for transfer in logged.transfers:
        passed = Transferred(
            agents.get(transfer.station), transfer.station, transfer.to or None, transfer.kind
        )
        of_phone = told.setdefault((Transferred, transfer.station), [])
        of_phone.append((transfer.at, len(of_phone) + 1, passed))
    for (kind, phone), each in told.items():
        known_at = sorted(
            fact.at.timestamp()
            for fact in known
            if isinstance(fact.what, kind) and phone_in(fact.what) == phone
        )
        for happened_at, number, what in _beyond(known_at, each):
            add(what, happened_at, number)
    facts.sort(key=lambda fact: fact.at)
    if logged.died and logged.ended_at is not None:
        at = datetime.fromtimestamp(logged.ended_at, UTC)
        return [*facts, *closed(logged.call, [*known, *facts], at, EndReason.ASTERISK_ENDED)]
    if logged.ended_at is not None:
        add(CallEnded(logged.by, logged.cause, why=None), logged.ended_at)
    return facts


def _of_placed(logged: LoggedCall, known: Sequence[CallFact]) -> Iterator[tuple[Happening, float]]:
    """What the log has of a call that we placed. Each has an id of its own, so that it does no harm
    if it is known."""
    if logged.answered_at is not None:
        yield CustomerAnswered(), logged.answered_at
    if logged.listens_at is not None:
        yield DetectionBegan(), logged.listens_at
    if logged.person_at is not None:
        yield PersonFound(), logged.person_at
    if logged.machine_at is not None:
        yield MachineFound(), logged.machine_at
    talked = bool(logged.talks) or any(isinstance(fact.what, TalkBegan) for fact in known)
    if logged.nobody_free_at is not None:
        yield CustomerAbandoned(by_customer=False), logged.nobody_free_at
    elif (
        logged.ended_at is not None and logged.machine_at is None and not talked and not logged.died
    ):
        if logged.answered_at is None:
            cause = logged.cause or None
            yield NotReached(cause_of(cause), cause), logged.ended_at
        elif not any(
            isinstance(fact.what, CallPlaced) and fact.what.mode == Mode.AGENTLESS for fact in known
        ):
            yield CustomerAbandoned(by_customer=True), logged.ended_at
    if logged.message_at is not None:
        yield MessagePlayed(logged.message_whole), logged.message_at
    if logged.opted_out_at is not None:
        project = ProjectName(logged.opted_out_of) if logged.opted_out_of else None
        yield OptedOut(project), logged.opted_out_at


_A_MOMENT = timedelta(seconds=1)

_Told = tuple[float, int, Happening]
"""When it happened, its number among those of its kind and phone, and what it was."""


def _beyond(known: Sequence[float], told: Sequence[_Told]) -> list[_Told]:
    """Those ``told`` that are not ``known``, both in order; the best fits in time are known."""
    # For each ``n``: the smallest total difference between the times of the first ``n`` known and
    # of as many told, and the told that are left over then.
    best: list[tuple[float, list[_Told]] | None] = [(0.0, []), *(None for _ in known)]
    for each in told:
        # Backwards, so that each of the told matches at most one of the known.
        for n in range(len(known), -1, -1):
            before, here = best[n - 1] if n else None, best[n]
            left = None if here is None else (here[0], [*here[1], each])
            same = None
            if before is not None:
                same = (before[0] + abs(known[n - 1] - each[0]), before[1])
            choices = [choice for choice in (same, left) if choice is not None]
            best[n] = min(choices, key=lambda choice: choice[0], default=None)
    # With all of the known matched, if the log has as many.
    return next(found[1] for found in reversed(best) if found is not None)


def not_told(
    implied: Sequence[CallFact],
    known: Sequence[CallFact],
    told: Sequence[CallFact] = (),
    arrival: timedelta = timedelta(0),
) -> list[CallFact]:
    """The facts that a snapshot implies and that are neither ``known`` nor ``told`` by the log.

    They are dated when the snapshot had arrived, ``arrival`` after it was asked for.
    """
    left: list[CallFact] = []
    facts = [*known, *told]
    for number, fact in enumerate(implied):
        kind = type(fact.what)
        if kind in (CallEnded, CustomerAnswered):
            heard = any(isinstance(other.what, kind) for other in facts)
        else:
            # What was last heard of this phone until then; later things don't matter. If only the
            # end of a talk is known, it may have begun at any time before that.
            ends = [other.at for other in implied[number + 1 :] if _follows(fact, other)]
            until = min(ends, default=fact.at)
            # A phone that leaves at the moment of the snapshot may still be in it.
            before = [
                other for other in [*facts, *left] if _same_phone(fact, other) and other.at <= until
            ]
            if not ends:
                before = [
                    other for other in before if not _turned_since(other, fact, told, arrival)
                ]
            last = max(before, key=lambda other: other.at, default=None)
            heard = last is not None and (
                type(last.what) is kind
                or any(type(other.what) is kind and other.at >= fact.at for other in before)
            )
            if kind is TalkEnded and not heard:
                # A session knows that the caller has hung up before the bridge lets them go. The
                # log may have been read late for the gap before: then that end is known.
                after = [other for other in facts if _same_phone(fact, other)]
                after = [other for other in after if fact.at <= other.at <= fact.at + _A_MOMENT]
                following = min(after, key=lambda other: other.at, default=None)
                heard = following is not None and type(following.what) is kind
        if not heard:
            left.append(fact)
    return left


def _same_phone(fact: CallFact, other: CallFact) -> bool:
    return isinstance(other.what, TALKS) and phone_in(other.what) == phone_in(fact.what)


def _turned_since(
    other: CallFact, seen: CallFact, told: Sequence[CallFact], arrival: timedelta
) -> bool:
    """Whether a phone came or went after a snapshot that shows the opposite; by the log's clock
    that may have been a moment before it was asked for."""
    moment = _A_MOMENT + arrival if other in told else timedelta(0)
    return type(other.what) is not type(seen.what) and other.at >= seen.at - moment


def _follows(fact: CallFact, other: CallFact) -> bool:
    return isinstance(fact.what, TalkBegan) and _same_phone(fact, other)


def closed(call: CallId, known: Sequence[CallFact], at: datetime, why: EndReason) -> list[CallFact]:
    """The end of a call that nobody saw end, and of the talks that went on until then: at ``at``,
    or when the call was last heard of, if that was later."""
    at = max([at, *(fact.at for fact in known)])
    talks: dict[StationName | None, TalkBegan] = {}
    for fact in sorted(known, key=lambda fact: fact.at):
        match fact.what:
            case TalkBegan(station=phone):
                talks[phone] = fact.what
            case TalkEnded(station=phone):
                talks.pop(phone, None)
    by = Party.SYSTEM if why is EndReason.ASTERISK_ENDED else Party.UNKNOWN
    facts = [
        CallFact(
            fact_id(call, f"{TalkEnded.kind} {phone} last"),
            call,
            at,
            TalkEnded(talk.agent, talk.station, by),
        )
        for phone, talk in talks.items()
    ]
    end = CallEnded(by, cause=0, why=why)
    return [*facts, CallFact(fact_id(call, end.kind), call, at, end)]
