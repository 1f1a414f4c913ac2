"""Lets a call that was made come again, through the flow that it met and through a draft of it.

What the caller pressed, and what calendars, lots and services said, is given in again as it was
recorded. The call is first led through the flow that it met: if it doesn't go there as it went,
something that mattered is not recorded, and nothing is said about the draft. Who is talking with
somebody, or leaves a message, has arrived; what comes after is not looked at.
"""

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from domain.flow_facts import NodePassed
from domain.identity import QueueName
from ivr_flows.flow import Flow
from ivr_flows.nodes.hours import HoursNode
from ivr_flows.nodes.queue import QueueNode
from ivr_flows.steps import (
    BookCallback,
    Collect,
    Enqueue,
    LookUp,
    LookUpFailed,
    LookUpFault,
    OpeningState,
    QueueExit,
    RecordVoice,
    Step,
    TransferToAgent,
    TransferToNumber,
)
from ivr_flows.trying.rehearsal import AsksCalendar, DoesNotFit, Rehearsal
from ivr_flows.trying.rehearsed import CallBegins
from ivr_flows.walkable import OneFlow

SECRET, OTHER = "?", "="
MOST_ANSWERS = 300
"""More than any call gives."""


@dataclass(frozen=True, slots=True)
class MadeCall:
    """A call that was made, as its facts tell it. ``at`` is by the centre's clock."""

    call: str
    at: datetime
    caller: str | None
    called: str | None
    nodes: Sequence[NodePassed]
    """In the order in which they were left."""
    queue: QueueName | None = None
    """That of the number called."""
    languages: tuple[str, ...] = ()
    usual: str | None = None
    placed: bool = False


class CantReplay(StrEnum):
    """Why nothing can be said about a call."""

    SECRET = "secret"  # noqa: S105 - secret keys are not recorded
    LOOKED_UP = "looked_up"  # what services answered is not recorded
    ASKED_MORE = "asked_more"  # the draft asks what they were never asked
    NOT_RECORDED = "not_recorded"  # through its own flow it doesn't go as it went
    NO_FLOW = "no_flow"  # the flow that it met can't be read any more


class PlaceKind(StrEnum):
    """Where a flow brings somebody."""

    QUEUE = "queue"
    AGENT = "agent"
    NUMBER = "number"
    VOICEMAIL = "voicemail"
    CALLBACK = "callback"
    HUNG_UP = "hung_up"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, order=True)
class Destination:
    """One place: its kind and its name. Of one who hung up, the node that waited for them; of an
    ended call, why."""

    kind: PlaceKind
    name: str


Destinations = tuple[Destination, ...]


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a draft would have done with a call; one of ``why_not`` and the places is there."""

    call: str
    at: datetime
    caller: str | None
    went: Destinations = ()
    would_go: Destinations = ()
    why_not: CantReplay | None = None
    node: str = ""
    """Where nothing more could be said."""

    @property
    def elsewhere(self) -> bool:
        """Whether the caller would go elsewhere now."""
        return self.why_not is None and self.went != self.would_go


class _Stopped(Exception):  # noqa: N818
    """Nothing more can be said."""

    def __init__(self, why: CantReplay, node: str) -> None:
        super().__init__(why)
        self.why = why
        self.node = node


def replay(
    made: MadeCall,
    met: Flow | None,
    draft: Flow,
    flows: Mapping[str, OneFlow],
    calendar: AsksCalendar,
) -> Replayed:
    """Let a call come again. ``met`` is the flow that it met, ``flows`` those to which both lead;
    ``calendar`` is asked of calendars of which the call's facts say nothing."""
    found = Replayed(made.call, made.at, made.caller)
    if met is None:
        return _unknown(found, CantReplay.NO_FLOW, "")
    try:
        before = _Coming(made, met, met, flows, calendar)
        went = before.places()
        if not before.as_recorded():
            raise _Stopped(CantReplay.NOT_RECORDED, before.where)
        would_go = _Coming(made, met, draft, flows, calendar).places()
    except _Stopped as stopped:
        return _unknown(found, stopped.why, stopped.node)
    return Replayed(made.call, made.at, made.caller, went, would_go)


def _unknown(of: Replayed, why: CantReplay, node: str) -> Replayed:
    return Replayed(of.call, of.at, of.caller, why_not=why, node=node)


@dataclass(slots=True)
class _Wait:
    """What is recorded of a wait in a queue: its answers, and how it ended; None: hung up."""

    answers: deque[str]
    exit: str | None


@dataclass(slots=True)
class _Coming:
    """The call coming once more."""

    made: MadeCall
    met: Flow
    flow: Flow
    flows: Mapping[str, OneFlow]
    calendar: AsksCalendar
    where: str = ""
    _answers: dict[str, deque[str]] = field(default_factory=dict)
    """By the node's way."""
    _left_over: deque[str] = field(default_factory=deque)
    """Answers at nodes that this flow doesn't have."""
    _waits: dict[str, deque[_Wait]] = field(default_factory=lambda: defaultdict(deque))
    """By the queue's name."""
    _ends: dict[str, deque[str | None]] = field(default_factory=lambda: defaultdict(deque))
    """How transfers ended, by the node's way."""
    _hours: dict[str | None, OpeningState] = field(default_factory=dict)
    _lots: dict[str, float] = field(default_factory=dict)
    _hung_up: bool = False
    _call: Rehearsal | None = None
    _found: list[Destination] = field(default_factory=list)

    def __post_init__(self) -> None:
        for one in _by_coming(self.made.nodes):
            node, settings = one.node or "", self._settings(one.node or "", one.flow)
            answers = [] if one.answers is None else one.answers.split(",")
            if isinstance(settings, QueueNode):
                name = settings.queue or self.made.queue or ""
                self._waits[name].append(_Wait(deque(answers), one.exit))
                continue
            self._ends[node].append(one.exit)
            if isinstance(settings, HoursNode):
                for said in answers:
                    with_state = said.removeprefix(OTHER)
                    if with_state in set(OpeningState):
                        self._hours[settings.calendar] = OpeningState(with_state)
                continue
            self._take_answers(node, answers)
        self._hung_up = any(one.exit is None for one in self.made.nodes)

    def _take_answers(self, node: str, answers: Sequence[str]) -> None:
        for said in answers:
            if (lot := _number(said)) is not None:
                self._lots[node] = lot
        if not answers:
            return
        first = node.partition(">")[0]
        if first in self.flow.nodes:
            self._answers.setdefault(node, deque()).extend(answers)
        else:  # perhaps the question has another name now
            self._left_over.extend(said for said in answers if not said.startswith(OTHER))

    # --- going on

    def places(self) -> Destinations:
        """Where the caller comes to. Raises _Stopped."""
        made = self.made
        begins = CallBegins(
            made.at,
            made.caller,
            made.called,
            queue=made.queue,
            languages=made.languages,
            usual=made.usual,
            flows=self.flows,
            lots=_by_name(made.call),
            lots_at=self._lots,
            placed=made.placed,
        )
        call = self._call = Rehearsal(self.flow, begins, self._opening)
        try:
            for _ in range(MOST_ANSWERS):
                if call.awaits is None or not self._go_on(call, call.awaits):
                    break
        except DoesNotFit:
            raise _Stopped(CantReplay.NOT_RECORDED, self.where) from None
        if call.ended is not None and call.ended != "hung_up":
            self._found.append(Destination(PlaceKind.ENDED, call.ended))
        return tuple(self._found)

    def _opening(self, name: str | None, at: datetime) -> OpeningState | None:
        said = self._hours.get(name)
        return self.calendar(name, at) if said is None else said

    def _go_on(self, call: Rehearsal, step: Step) -> bool:
        """Do what the caller, or somebody else, did then; whether there is more to do."""
        self.where = step.node
        match step:
            case Collect():
                return self._answer(call, step)
            case Enqueue(queue=queue):
                return self._wait(call, step, queue)
            case TransferToAgent(agent=agent):
                return self._transfer(call, step, Destination(PlaceKind.AGENT, agent))
            case TransferToNumber(number=number):
                return self._transfer(call, step, Destination(PlaceKind.NUMBER, number))
            case LookUp():
                self._look_up(call, step)
            case RecordVoice(box=str(box)):
                self._found.append(Destination(PlaceKind.VOICEMAIL, box))
                return False
            case RecordVoice():
                said = _number(self._next(step.node) or "")
                if said is None:
                    return self._gone(call, step.node)
                call.speak(said)
            case BookCallback(queue=queue):
                self._found.append(Destination(PlaceKind.CALLBACK, queue))
                call.book(taken=self._next(step.node) != "=refused")
        return True

    def _next(self, node: str) -> str | None:
        answers = self._answers.get(node)
        return answers.popleft() if answers else None

    def _answer(self, call: Rehearsal, step: Collect) -> bool:
        said = self._next(step.node)
        if said is None and step.node not in self._answers and self._left_over:
            said = self._left_over.popleft()
        if said is None:
            return self._gone(call, step.node)
        if said == SECRET or (step.secret and said):
            raise _Stopped(CantReplay.SECRET, step.node)
        if said == "=agent":
            call.agent_found()
        elif said:
            call.press(said)
        else:
            call.stay_silent()
        return True

    def _gone(self, call: Rehearsal, node: str) -> bool:
        """There is nothing more that the caller did: they hung up, or were never asked that."""
        if not self._hung_up:
            raise _Stopped(CantReplay.ASKED_MORE, node)
        call.hang_up()
        self._found.append(Destination(PlaceKind.HUNG_UP, node.rpartition(">")[2]))
        return False

    def _wait(self, call: Rehearsal, step: Enqueue, queue: str) -> bool:
        if not step.goes_on:
            self._found.append(Destination(PlaceKind.QUEUE, queue))
        waits = self._waits.get(queue)
        if not waits:
            return False  # they never waited there: nobody knows what came of it
        wait = waits[0]
        while wait.answers:
            said = wait.answers.popleft()
            try:
                if said == "=menu":
                    call.menu_is_due()
                else:
                    call.press(said)
            except DoesNotFit:
                continue  # there is no such menu or key any more: they wait on
            return True
        waits.popleft()
        if wait.exit is None or wait.exit == QueueExit.TALKED:
            return False
        if wait.exit not in set(QueueExit) - {QueueExit.KEY}:
            return False  # by a key, or from its menu, that is there no more
        call.leave_queue(QueueExit(wait.exit))
        return True

    def _transfer(
        self, call: Rehearsal, step: TransferToAgent | TransferToNumber, place: Destination
    ) -> bool:
        self._found.append(place)
        ends = self._ends.get(step.node)
        ended = ends.popleft() if ends else None
        if ended is None or ended == QueueExit.TALKED or ended not in set(QueueExit):
            return False
        call.leave_queue(QueueExit(ended))
        return True

    def _look_up(self, call: Rehearsal, step: LookUp) -> None:
        said = (self._next(step.node) or "").removeprefix(OTHER).partition(":")[0]
        if said not in set(LookUpFault):
            raise _Stopped(CantReplay.LOOKED_UP, step.node)
        call.answer(LookUpFailed(LookUpFault(said)))

    # --- whether it went as it did

    def as_recorded(self) -> bool:
        """Whether the call took the exits that are recorded, as far as it came."""
        assert self._call is not None  # noqa: S101 - it has been led there
        took = [(one.node, one.exit or "") for one in self._call.way if self._counts(one.node)]
        wanted = [
            (one.node, one.exit)
            for one in self.made.nodes
            if one.exit is not None and self._counts(one.node or "")
        ]
        most = min(len(took), len(wanted))
        return took[:most] == wanted[:most] and (most == len(wanted) or bool(self._found))

    def _counts(self, node: str) -> bool:
        """Not what a caller meets while they wait, which is over at any moment."""
        outer, inner, _ = node.partition(">")
        return not (inner and isinstance(self._settings(outer, None), QueueNode))

    def _settings(self, node: str, flow: str | None) -> object:
        """What a node does that the call met; None: nobody knows."""
        of = self.flows.get(flow) if flow else self.met
        found = None if of is None else of.nodes.get(node.rpartition(">")[2])
        return None if found is None else found.settings


def _by_coming(nodes: Sequence[NodePassed]) -> Iterator[NodePassed]:
    """In the order in which the call came to them: a flow within a node after the node."""
    yield from sorted(nodes, key=lambda one: (-one.before_s, (one.node or "").count(">")))


def _number(said: str) -> float | None:
    try:
        return float(said.removeprefix(OTHER)) if said.startswith(OTHER) else None
    except ValueError:
        return None


def _by_name(call: str) -> float:
    """A lot that the same call draws each time, for a split at which it has not drawn one."""
    return sum(ord(char) * pow(31, n, 1000) for n, char in enumerate(call[-8:])) % 1000 / 1000
