"""What is under way: each attempt's stage and each agent's state, folded from facts.

Facts may come late, twice or out of order. The tables say what each fact may follow; a fact that
does not fit changes nothing and is counted in ``odd``. What has been learnt by a fact (a call has
rung so long and was answered; a talk took so long) is returned as lessons.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import inf

from dialer.ages import Ages
from dialer.facts import (
    Abandoned,
    AgentGone,
    AgentReady,
    AgentTalking,
    AgentWantsBreak,
    AgentWrapUp,
    Answered,
    Cause,
    Connected,
    DayBegan,
    Dialled,
    Fact,
    GreetingEnded,
    Hopper,
    Lead,
    Machine,
    NotAnswered,
    Person,
    Ringing,
    SpeechBegan,
)
from domain.identity import AgentCode, AttemptId, ListName

LOST_AFTER_S = 300.0
"""An attempt that has not been heard of for so long before a talk is taken for lost."""
KEPT_OF = 5
"""Of so many attempts one rings to its end, whoever would like to cut it: else nobody would know
how long those take who answer late, and the answer rate would be anybody's guess."""
REMEMBERED = 4_096
"""So many ended attempts are remembered, lest a late fact brings one back to life."""


class Stage(StrEnum):
    """Where an attempt is; DIALLED and RINGING share their clock, which starts when it goes out."""

    DIALLED = "dialled"
    RINGING = "ringing"
    LISTENED = "listened"  # answered, and detection listens
    WAITING = "waiting"  # a person without an agent
    CONNECTED = "connected"
    OVER = "over"


class State(StrEnum):
    """What an agent does."""

    READY = "ready"
    TALKING = "talking"
    WRAP_UP = "wrap_up"


_UNKNOWN = Lead(ListName(""))
_BEFORE_ANSWER = (Stage.DIALLED, Stage.RINGING)
_NEXT: dict[type, tuple[tuple[Stage, ...], Stage]] = {
    Ringing: ((Stage.DIALLED,), Stage.RINGING),
    NotAnswered: (_BEFORE_ANSWER, Stage.OVER),
    # A fact may overtake the one before it: whoever is connected has answered.
    Person: ((*_BEFORE_ANSWER, Stage.LISTENED), Stage.WAITING),
    Machine: ((*_BEFORE_ANSWER, Stage.LISTENED), Stage.OVER),
    Connected: ((*_BEFORE_ANSWER, Stage.LISTENED, Stage.WAITING), Stage.CONNECTED),
    Abandoned: ((*_BEFORE_ANSWER, Stage.LISTENED, Stage.WAITING), Stage.OVER),
}
"""After which stages a fact is taken, and what the stage is then. Answered depends on detection."""


@dataclass(frozen=True, slots=True)
class Reached:
    """A dialled number turned out, after ``seconds``, to be a person (or not)."""

    lead: Lead
    seconds: float
    person: bool
    kept: bool = True
    """It would not have been cut, however long it rang: see KEPT_OF."""


@dataclass(frozen=True, slots=True)
class Detected:
    """Detection listened for ``seconds`` and decided."""

    seconds: float
    person: bool


@dataclass(frozen=True, slots=True)
class Talked:
    """A talk took so long."""

    seconds: float


@dataclass(frozen=True, slots=True)
class WrappedUp:
    """An agent's after-call work took so long; 0 if there was none."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Served:
    """A person has an agent. When he answered, spoke, and ended his greeting; None: not heard."""

    answered_at: float
    speech_at: float | None
    greeted_at: float | None


@dataclass(frozen=True, slots=True)
class LetGo:
    """A person has had no agent. ``heard``: detection found that he is one."""

    answered_at: float
    speech_at: float | None
    greeted_at: float | None
    heard: bool
    by_customer: bool


@dataclass(frozen=True, slots=True)
class TakenForMachine:
    """Detection said so; it may be wrong."""


@dataclass(frozen=True, slots=True)
class CutShort:
    """We have hung up a call, ``seconds`` after it was dialled; it had rung for ``rang_s``."""

    lead: Lead
    seconds: float
    rang_s: float


Lesson = Reached | Detected | Talked | WrappedUp | Served | LetGo | TakenForMachine | CutShort


@dataclass(slots=True)
class _Attempt:
    lead: Lead
    dialled_at: float
    stage: Stage
    kept: bool = True
    rings_since: float | None = None
    answered_at: float | None = None
    speech_at: float | None = None
    greeted_at: float | None = None
    heard: bool = False
    """Detection has found a person."""


@dataclass(slots=True)
class _Agent:
    state: State
    since: float
    wants_break: bool = False
    attempt: AttemptId | None = None


class UnderWay:
    """All attempts and agents of one campaign as they are now."""

    def __init__(self, *, detection: bool) -> None:
        self._detection = detection
        self._attempts: dict[AttemptId, _Attempt] = {}
        self._dials = 0
        self._ended: dict[AttemptId, None] = {}
        self._early: dict[AttemptId, None] = {}
        """Attempts that were connected or over before anybody said that they went out."""
        self._agents: dict[AgentCode, _Agent] = {}
        self._left: set[AgentCode] = set()
        self._kinds: dict[Lead, int] = {}
        self.leads: list[Lead] = []
        """The leads by the number that ``ringing.kinds`` gives them."""
        self.ringing: Ages[AttemptId] = Ages()
        """Dialled and not answered, since they went out; the kind says which lead."""
        self.listened: Ages[AttemptId] = Ages()
        self.waiting: Ages[AttemptId] = Ages()
        self._columns = {
            Stage.DIALLED: self.ringing,
            Stage.RINGING: self.ringing,
            Stage.LISTENED: self.listened,
            Stage.WAITING: self.waiting,
        }
        self.talking: Ages[AgentCode] = Ages()
        """Agents who talk and are to go on after it; those who want a break are in ``leaving``."""
        self.wrapping_up: Ages[AgentCode] = Ages()
        self.open = 0
        """Attempts that may still need an agent: ringing, listened to, or waiting."""
        self.agents = 0
        """Agents to plan with: all but those who want a break."""
        self.ready = 0
        self.leaving = 0
        """Busy agents who want a break."""
        self.connected = 0
        """Attempts in a talk."""
        self.odd = 0
        """Facts that did not fit."""

    @property
    def lines(self) -> int:
        """Lines in use."""
        return self.open + self.connected

    def rings_since(self, attempt: AttemptId) -> float | None:
        """Since when the far end rings; None if it does not (yet, or any more)."""
        found = self._attempts.get(attempt)
        return found.rings_since if found and found.stage is Stage.RINGING else None

    def kept(self, attempt: AttemptId) -> bool:
        """It is one of those that ring to their end."""
        found = self._attempts.get(attempt)
        return found is not None and found.kept

    def kind(self, lead: Lead) -> int:
        """The number that stands for leads like this."""
        kind = self._kinds.get(lead)
        if kind is None:
            kind = self._kinds[lead] = len(self.leads)
            self.leads.append(lead)
        return kind

    def has_gone_out(self, attempt: AttemptId) -> bool:
        """Its Dialled has been told; of attempts long over, nobody knows any more."""
        known = attempt in self._attempts or attempt in self._ended
        return known and attempt not in self._early

    def fold(self, fact: Fact, now: float) -> tuple[Lesson, ...]:
        """Take a fact in."""
        match fact:
            case Dialled():
                return self._dialled(fact, now)
            case AgentReady() | AgentTalking() | AgentWrapUp():
                return self._agent(fact.agent, _STATES[type(fact)], now)
            case AgentGone():
                return self._gone(fact.agent, now)
            case AgentWantsBreak():
                self._wants_break(fact.agent)
                return ()
            case SpeechBegan() | GreetingEnded():
                self._heard(fact, now)
                return ()
            case Hopper() | DayBegan():
                return ()
            case _:
                return self._attempt(fact, now)

    def forget_lost(self, now: float) -> int:
        """Give up attempts that nobody has spoken of for LOST_AFTER_S; how many."""
        lost = [
            attempt
            for column in (self.ringing, self.listened, self.waiting)
            if len(column) and column.ages(now).max() > LOST_AFTER_S
            for attempt, age in zip(column.keys, column.ages(now), strict=True)
            if age > LOST_AFTER_S
        ]
        for attempt in lost:
            self._end(attempt)
        return len(lost)

    # Attempts

    def _dialled(self, fact: Dialled, now: float) -> tuple[Lesson, ...]:
        if fact.attempt in self._attempts or fact.attempt in self._ended:
            self.odd += 1
            self._early.pop(fact.attempt, None)
            return ()
        self._dials += 1
        kept = self._dials % KEPT_OF == 0
        self._attempts[fact.attempt] = _Attempt(fact.lead, now, Stage.DIALLED, kept=kept)
        self.ringing.add(fact.attempt, now, self.kind(fact.lead))
        self.open += 1
        return ()

    def _heard(self, fact: SpeechBegan | GreetingEnded, now: float) -> None:
        attempt = self._attempts.get(fact.attempt)
        if attempt is None:
            self.odd += 1
        elif isinstance(fact, SpeechBegan):
            attempt.speech_at = now if attempt.speech_at is None else attempt.speech_at
        else:
            attempt.greeted_at = now if attempt.greeted_at is None else attempt.greeted_at

    def _attempt(
        self,
        fact: Ringing | Answered | NotAnswered | Person | Machine | Connected | Abandoned,
        now: float,
    ) -> tuple[Lesson, ...]:
        attempt = self._attempts.get(fact.attempt)
        if attempt is None:
            return self._unheard_of(fact, now)
        if isinstance(fact, Answered):
            after: tuple[Stage, ...] = _BEFORE_ANSWER
            stage = Stage.LISTENED if self._detection else Stage.WAITING
        else:
            after, stage = _NEXT[type(fact)]
        if attempt.stage not in after:
            self.odd += 1
            return ()
        attempt.heard = attempt.heard or isinstance(fact, Person)
        lessons = _lessons(attempt, fact, stage, now)
        if stage is Stage.RINGING:
            attempt.rings_since, attempt.stage = now, stage
            return lessons
        self._take_out(fact.attempt, attempt.stage)
        if attempt.answered_at is None and not isinstance(fact, NotAnswered):
            attempt.answered_at = now
        attempt.stage = stage
        if stage is Stage.OVER:
            self._end(fact.attempt)
        elif stage is Stage.LISTENED:
            self.listened.add(fact.attempt, now)
            self.open += 1
        elif stage is Stage.WAITING:
            self.waiting.add(fact.attempt, now)
            self.open += 1
        elif isinstance(fact, Connected):
            return lessons + self._connect(fact, now)
        return lessons

    def _unheard_of(self, fact: object, now: float) -> tuple[Lesson, ...]:
        """A fact of an attempt that is over, or that nobody has said to have gone out.

        The latter is counted all the same: a person was abandoned, whatever order we hear it in.
        """
        self.odd += 1
        if not isinstance(fact, NotAnswered | Machine | Connected | Abandoned):
            return ()
        if fact.attempt in self._ended:
            return ()
        _remember(self._early, fact.attempt)
        if isinstance(fact, Connected):
            self._attempts[fact.attempt] = _Attempt(_UNKNOWN, now, Stage.CONNECTED)
            return (Served(now, None, None), *self._connect(fact, now))
        _remember(self._ended, fact.attempt)
        if isinstance(fact, Abandoned):
            # Since when he waited nobody knows: too long.
            return (LetGo(-inf, None, None, heard=self._detection, by_customer=fact.by_customer),)
        return (TakenForMachine(),) if isinstance(fact, Machine) else ()

    def _connect(self, fact: Connected, now: float) -> tuple[Lesson, ...]:
        agent = self._agents.get(fact.agent)
        if agent is None:  # he has vanished: whoever talks to him is no longer ours to count
            self.odd += 1
            self._end(fact.attempt)
            return ()
        lessons = self._agent(fact.agent, State.TALKING, now)
        if agent.attempt is not None:
            self._hang_up(agent)
        agent.attempt = fact.attempt
        self.connected += 1
        return lessons

    def _take_out(self, attempt: AttemptId, stage: Stage) -> None:
        column = self._columns.get(stage)
        if column is not None and column.remove(attempt) is not None:
            self.open -= 1

    def _end(self, attempt: AttemptId) -> None:
        found = self._attempts.pop(attempt, None)
        if found is None:
            return
        self._take_out(attempt, found.stage)
        _remember(self._ended, attempt)

    # Agents

    def _agent(self, code: AgentCode, state: State, now: float) -> tuple[Lesson, ...]:
        agent = self._agents.get(code)
        if agent is None:
            if code in self._left and state is not State.READY:
                self.odd += 1  # late: who has gone comes back with AgentReady
                return ()
            self._left.discard(code)
            agent = self._agents[code] = _Agent(state, now)
            self._count(code, agent, +1)
            return ()
        if agent.state is state:
            if state is State.READY and agent.wants_break:  # he has changed his mind
                self._count(code, agent, -1)
                agent.wants_break = False
                self._count(code, agent, +1)
            else:
                self.odd += state is not State.TALKING  # Connected and AgentTalking say the same
            return ()
        lessons = _of_agent(agent, state, now)
        self._count(code, agent, -1)
        if agent.state is State.TALKING and agent.attempt is not None:
            self._hang_up(agent)
        agent.state, agent.since = state, now
        if state is State.READY:
            agent.wants_break = False
        self._count(code, agent, +1)
        return lessons

    def _gone(self, code: AgentCode, now: float) -> tuple[Lesson, ...]:
        agent = self._agents.pop(code, None)
        self._left.add(code)
        if agent is None:
            self.odd += 1
            return ()
        self._count(code, agent, -1)
        if agent.attempt is not None:
            self._hang_up(agent)
        # Only an end that he chose himself tells how long the work takes.
        return (WrappedUp(now - agent.since),) if agent.state is State.WRAP_UP else ()

    def _wants_break(self, code: AgentCode) -> None:
        agent = self._agents.get(code)
        if agent is None or agent.wants_break:
            self.odd += 1
            return
        self._count(code, agent, -1)
        agent.wants_break = True
        self._count(code, agent, +1)

    def _hang_up(self, agent: _Agent) -> None:
        if agent.attempt is not None:
            self.connected -= 1
            self._end(agent.attempt)
            agent.attempt = None

    def _count(self, code: AgentCode, agent: _Agent, one: int) -> None:
        if agent.wants_break:
            self.leaving += one * (agent.state is not State.READY)
            return
        self.agents += one
        if agent.state is State.READY:
            self.ready += one
        else:
            column = self.talking if agent.state is State.TALKING else self.wrapping_up
            if one > 0:
                column.add(code, agent.since)
            else:
                column.remove(code)


def _remember(them: dict[AttemptId, None], attempt: AttemptId) -> None:
    them[attempt] = None
    if len(them) > REMEMBERED:
        del them[next(iter(them))]


_STATES = {
    AgentReady: State.READY,
    AgentTalking: State.TALKING,
    AgentWrapUp: State.WRAP_UP,
}


def _lessons(attempt: _Attempt, fact: object, stage: Stage, now: float) -> tuple[Lesson, ...]:
    """What an attempt's next stage teaches, of leads like it, of detection, and for the limit."""
    lessons: list[Lesson] = []
    decided = attempt.stage not in (Stage.WAITING, Stage.CONNECTED)
    if decided and stage not in (Stage.RINGING, Stage.LISTENED):
        person = not isinstance(fact, NotAnswered | Machine)
        if isinstance(fact, NotAnswered) and fact.cause is Cause.CUT:
            since = attempt.rings_since
            rang_s = 0.0 if since is None else now - since
            lessons.append(CutShort(attempt.lead, now - attempt.dialled_at, rang_s))
        else:
            seconds = now - attempt.dialled_at
            lessons.append(Reached(attempt.lead, seconds, person, attempt.kept))
        if attempt.stage is Stage.LISTENED and attempt.answered_at is not None:
            lessons.append(Detected(now - attempt.answered_at, person))
    answered_at = now if attempt.answered_at is None else attempt.answered_at
    clock = (answered_at, attempt.speech_at, attempt.greeted_at)
    if isinstance(fact, Connected):
        lessons.append(Served(*clock))
    elif isinstance(fact, Abandoned):
        lessons.append(LetGo(*clock, heard=attempt.heard, by_customer=fact.by_customer))
    elif isinstance(fact, Machine):
        lessons.append(TakenForMachine())
    return tuple(lessons)


def _of_agent(agent: _Agent, state: State, now: float) -> tuple[Lesson, ...]:
    """What an agent's next state teaches about talks and wrap-up."""
    spent = now - agent.since
    if agent.state is State.TALKING:
        return (Talked(spent),) if state is State.WRAP_UP else (Talked(spent), WrappedUp(0.0))
    if agent.state is State.WRAP_UP and state is State.READY:
        return (WrappedUp(spent),)
    return ()
