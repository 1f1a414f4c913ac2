"""Folds the facts of a call to a customer into what its attempt's row says. Pure.

Facts may come in any order, twice, or not at all; ``dialer.attempt_stages`` has the table of the
stages that they add up to. An attempt is over once the call has ended or nobody was reached, and
stays so, whatever comes later; only its outcome may become known better.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from campaigns.campaign import Mode
from dialer.attempt_stages import AttemptStage, AttemptStep, stage_of
from dialer.causes import Cause, cause_of
from dialer.rules import PastOutcome
from domain.call_facts import CallEnded
from domain.facts import RANK, CallFact
from domain.floor_facts import Offered, OfferNotTaken, Queued, TalkBegan
from domain.identity import AgentCode, ProjectName
from domain.outbound_facts import (
    CustomerAbandoned,
    CustomerAnswered,
    CustomerRang,
    DetectionBegan,
    FateUnknown,
    MachineFound,
    MessagePlayed,
    NotReached,
    OptedOut,
    PersonFound,
)
from domain.reasons import OfferFailure, Party, Unlisted

STEPS: Mapping[type, AttemptStep] = {
    CustomerRang: AttemptStep.RING,
    DetectionBegan: AttemptStep.LISTEN,
    FateUnknown: AttemptStep.LOSE,
    CustomerAbandoned: AttemptStep.ABANDON,
    MessagePlayed: AttemptStep.PLAY,
    NotReached: AttemptStep.MISS,
    CallEnded: AttemptStep.END,
}
"""The step that a fact of each kind makes by itself. Others need a look at the rest: an offer made
before the answer is none, and a phone may only have seemed to answer."""


@dataclass(frozen=True, slots=True)
class FoldedAttempt:
    """What the facts say about an attempt."""

    stage: AttemptStage
    rang_at: datetime | None = None
    answered_at: datetime | None = None
    person_at: datetime | None = None
    """When machine detection found a person; None: it was off, or found none."""
    talk_at: datetime | None = None
    ended_at: datetime | None = None
    """None: it is open, and keeps its lead."""
    cause: Cause | None = None
    """Why nobody was reached."""
    q850: int | None = None
    sip: int | None = None
    ended_by: Party | Unlisted | None = None
    outcome: PastOutcome | None = None
    """None: it isn't over, or the trunk failed before it rang, so that it was no call to the
    customer, or it was a test call."""
    agent: AgentCode | None = None
    left_early: bool = False
    """Whether a customer who got no agent hung up before the time for that was over."""
    opted_out_at: datetime | None = None
    opted_out_of: ProjectName | None = None
    """None with ``opted_out_at``: of everything in the centre."""


def fold_attempt(
    facts: Iterable[CallFact],
    *,
    mode: str,
    requested: bool = False,
    given_up_at: datetime | None = None,
) -> FoldedAttempt:
    """The attempt of these facts of one call.

    ``mode`` is the campaign's: a customer who hears an agentless one's notice has been reached,
    unless they asked for an agent and got none.
    ``requested``: Asterisk was asked for the call. ``given_up_at``: when somebody decided that an
    unknown fate will stay unknown; it then counts as a call that nobody answered.
    """
    ordered = sorted(facts, key=lambda fact: (fact.at, RANK[type(fact.what)], fact.id))
    first: dict[type, CallFact] = {}
    for fact in ordered:
        first.setdefault(type(fact.what), fact)
    talk = _talk(ordered)
    talk_at = None if talk is None else talk.at
    reached = (
        _at(first, CustomerAnswered)
        or _at(first, DetectionBegan)
        or _at(first, PersonFound)
        or _at(first, MachineFound)
        or _at(first, CustomerAbandoned)
        or talk_at
        or _at(first, MessagePlayed)
    )
    ended, missed = first.get(CallEnded), first.get(NotReached)
    person = PersonFound in first or talk is not None
    machine = MachineFound in first and not person
    listening = DetectionBegan in first and not person
    outcome: PastOutcome | None = None
    if machine:
        outcome = PastOutcome.MACHINE
    elif talk is not None or (reached and mode == Mode.AGENTLESS and Queued not in first):
        outcome = PastOutcome.SPOKEN
    elif reached:
        outcome = PastOutcome.ABANDONED
    steps = {step for kind, step in STEPS.items() if kind in first}
    if requested:
        steps.add(AttemptStep.REQUEST)
    if talk is not None:
        steps.add(AttemptStep.CONNECT)
    if machine:
        steps.add(AttemptStep.FIND_MACHINE)
    elif reached:
        if not listening:
            steps.add(AttemptStep.ANSWER)
        if Offered in first:  # without an answer, an agent was only got ready for it
            steps.add(AttemptStep.OFFER)
        if outcome is PastOutcome.ABANDONED and ended is not None:
            steps.add(AttemptStep.ABANDON)
    if outcome is PastOutcome.SPOKEN and mode == Mode.AGENTLESS:
        steps -= {AttemptStep.PLAY, AttemptStep.ABANDON}  # the notice is what they were called for
    stage = stage_of(steps)
    ended_at = _at(first, CallEnded) or (None if reached else _at(first, NotReached))
    cause, q850, sip = None, None, None
    if stage is AttemptStage.UNKNOWN:
        ended_at, outcome = given_up_at, PastOutcome.NOBODY
    elif ended_at is not None and not reached:
        cause, q850, sip = _cause(missed, ended)
        # Whose phone rang was called, whatever the trunk did afterwards.
        carried = CustomerRang in first or not cause.of_trunk
        outcome = PastOutcome.NOBODY if carried else None
    opted = first.get(OptedOut)
    return FoldedAttempt(
        stage,
        rang_at=_at(first, CustomerRang),
        answered_at=reached,
        person_at=_at(first, PersonFound),
        talk_at=talk_at,
        ended_at=ended_at,
        cause=cause,
        q850=q850,
        sip=sip,
        ended_by=ended.what.by if ended and isinstance(ended.what, CallEnded) else None,
        outcome=outcome if ended_at is not None and mode != Mode.TEST else None,
        agent=_agent(ordered),
        left_early=talk is None and _left_early(first.get(CustomerAbandoned)),
        opted_out_at=None if opted is None else opted.at,
        opted_out_of=opted.what.project if opted and isinstance(opted.what, OptedOut) else None,
    )


def _cause(missed: CallFact | None, ended: CallFact | None) -> tuple[Cause, int | None, int | None]:
    if missed is not None and isinstance(missed.what, NotReached):
        what = missed.what
        listed = what.cause if isinstance(what.cause, Cause) else cause_of(what.q850, what.sip)
        return listed, what.q850, what.sip
    q850 = ended.what.cause if ended is not None and isinstance(ended.what, CallEnded) else None
    return cause_of(q850), q850, None


def _left_early(fact: CallFact | None) -> bool:
    what = None if fact is None else fact.what
    return isinstance(what, CustomerAbandoned) and what.by_customer is True


def _talk(ordered: list[CallFact]) -> CallFact | None:
    """The first talk that was one: a phone that only seemed to answer is reported as dropped."""
    for place, fact in enumerate(ordered):
        if isinstance(fact.what, TalkBegan) and not any(
            isinstance(late.what, OfferNotTaken)
            and late.what.why is OfferFailure.DROPPED
            and late.what.station == fact.what.station
            for late in ordered[place + 1 :]
        ):
            return fact
    return None


def _agent(ordered: list[CallFact]) -> AgentCode | None:
    """Who talked last; None if nobody did, or nobody who was logged in."""
    talks = [fact.what.agent for fact in ordered if isinstance(fact.what, TalkBegan)]
    return next((agent for agent in reversed(talks) if agent is not None), None)


def _at(first: dict[type, CallFact], kind: type) -> datetime | None:
    fact = first.get(kind)
    return None if fact is None else fact.at
