"""What is under way: each attempt's stage, folded from facts; ``Agents`` keeps who works on it.

Facts may come late, twice or out of order. The tables in ``dialer.attempt`` say what each fact may
follow; one that does not fit changes nothing and is counted in ``odd``. What has been learnt by a
fact (a call has rung so long and was answered; a talk took so long) is returned as lessons.

Of agents less can be known. A late AgentWrapUp, told after the AgentReady that ended the same talk,
changes nothing: that talk is over. A late AgentTalking is taken for another talk, with somebody who
is none of ours, for it may be one: then an agent is missing until the next that is told of him
(AgentReady, AgentWrapUp, AgentGone or Connected). That errs to the safe side; whoever can't tell
facts in their order tells AgentReady again now and then, for an agent of whom nothing else comes.
"""

from math import inf

from dialer.agents import Agents, State
from dialer.ages import Ages, Kinds
from dialer.attempt import BEFORE_ANSWER, NEXT, Attempt, AttemptStage, lessons_of
from dialer.facts import (
    UNKNOWN_LEAD,
    Abandoned,
    AgentGone,
    AgentReady,
    AgentTalking,
    AgentWantsBreak,
    AgentWrapUp,
    Answered,
    DayBegan,
    Dialled,
    GreetingEnded,
    Hopper,
    Lead,
    Machine,
    NotAnswered,
    PacingFact,
    Person,
    PersonConnected,
    Ringing,
    SpeechBegan,
)
from dialer.lessons import Lesson, LetGo, Served, TakenForMachine
from domain.identity import AgentCode, AttemptId

LOST_AFTER_S = 300.0
"""An attempt that has not been heard of for so long before a talk is taken for lost."""
KEPT_OF = 5
"""Of so many attempts one rings to its end, whoever would like to cut it: else nobody would know
how long those take who answer late, and the answer rate would be anybody's guess."""
REMEMBERED = 4_096
"""So many ended attempts are remembered, lest a late fact brings one back to life."""


class UnderWay:
    """All attempts and agents of one campaign as they are now."""

    def __init__(self, *, detection: bool) -> None:
        self._detection = detection
        self._attempts: dict[AttemptId, Attempt] = {}
        self._dials = 0
        self._ended: dict[AttemptId, None] = {}
        self._early: dict[AttemptId, None] = {}
        """Attempts that were connected or over before anybody said that they went out."""
        self._agents = Agents()
        self._talks: dict[AgentCode, AttemptId] = {}
        """Whom each agent talks to."""
        self._without_wrap_up: set[AgentCode] = set()
        """Agents who are ready after a talk of whose wrap-up nobody has told: if somebody does
        now, it is late."""
        self._kinds: Kinds[Lead] = Kinds()
        self.leads = self._kinds.all
        """The leads by the number that ``ringing.kinds`` gives them."""
        self.ringing: Ages[AttemptId] = Ages()
        """Dialled and not answered, since they went out; the kind says which lead."""
        self.listened: Ages[AttemptId] = Ages()
        self.waiting: Ages[AttemptId] = Ages()
        self.talking = self._agents.talking
        """Agents who talk and are to go on after it; those who want a break are in ``leaving``."""
        self.wrapping_up = self._agents.wrapping_up
        self.agent_codes = self._agents.codes
        """The agents by the number that ``talking.kinds`` and ``wrapping_up.kinds`` give them."""
        self.open = 0
        """Attempts that may still need an agent: ringing, listened to, or waiting."""
        self._odd = 0

    @property
    def agents(self) -> int:
        """Agents to plan with: all but those who want a break."""
        return self._agents.planned

    @property
    def ready(self) -> int:
        """Agents who could talk at once."""
        return self._agents.ready

    @property
    def idle(self) -> int:
        """Agents who are ready, less those needed by who has answered; may be negative."""
        return self.ready - len(self.listened) - len(self.waiting)

    @property
    def leaving(self) -> int:
        """Busy agents who want a break."""
        return self._agents.leaving

    @property
    def connected(self) -> int:
        """Attempts in a talk."""
        return len(self._talks)

    @property
    def odd(self) -> int:
        """Facts that did not fit."""
        return self._odd + self._agents.odd

    @property
    def lines(self) -> int:
        """Lines in use."""
        return self.open + len(self._talks)

    def may_be_cut(self, attempt: AttemptId, now: float, *, least_s: float) -> bool:
        """It has rung for so long, and is not kept; with all agents gone, nothing to be learnt is
        worth an abandoned customer."""
        found = self._attempts.get(attempt)
        if found is None or found.stage is not AttemptStage.RINGING or found.rings_since is None:
            return False
        return now - found.rings_since >= least_s and (self.agents == 0 or not found.kept)

    def has_gone_out(self, attempt: AttemptId) -> bool:
        """Its Dialled has been told; of attempts long over, nobody knows any more."""
        known = attempt in self._attempts or attempt in self._ended
        return known and attempt not in self._early

    def fold(self, fact: PacingFact, now: float) -> tuple[Lesson, ...]:
        """Take a fact in."""
        # Most facts are of attempts: they come first.
        match fact:
            case Dialled():
                return self._dialled(fact, now)
            case Ringing() | NotAnswered() | Answered() | PersonConnected() | Person() | Machine():
                return self._attempt(fact, now)
            case AgentTalking():
                self._without_wrap_up.discard(fact.agent)
                return self._agents.becomes(fact.agent, State.TALKING, now)
            case AgentReady():
                if self._hang_up(fact.agent):
                    self._without_wrap_up.add(fact.agent)
                return self._agents.becomes(fact.agent, State.READY, now)
            case AgentWrapUp():
                if fact.agent in self._without_wrap_up:
                    self._without_wrap_up.discard(fact.agent)
                    self._odd += 1
                    return ()
                self._hang_up(fact.agent)
                return self._agents.becomes(fact.agent, State.WRAP_UP, now)
            case Abandoned():
                return self._attempt(fact, now)
            case AgentGone():
                self._hang_up(fact.agent)
                self._without_wrap_up.discard(fact.agent)
                return self._agents.gone(fact.agent, now)
            case AgentWantsBreak():
                self._agents.wants_break(fact.agent)
            case SpeechBegan() | GreetingEnded():
                self._heard(fact, now)
            case Hopper() | DayBegan():
                pass
        return ()

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

    def _dialled(self, fact: Dialled, now: float) -> tuple[Lesson, ...]:
        if fact.attempt in self._attempts or fact.attempt in self._ended:
            self._odd += 1
            self._early.pop(fact.attempt, None)
            return ()
        self._dials += 1
        kept = self._dials % KEPT_OF == 0
        self._attempts[fact.attempt] = Attempt(fact.lead, now, AttemptStage.DIALLED, kept=kept)
        self.ringing.add(fact.attempt, now, self._kinds.of(fact.lead))
        self.open += 1
        return ()

    def _heard(self, fact: SpeechBegan | GreetingEnded, now: float) -> None:
        attempt = self._attempts.get(fact.attempt)
        if attempt is None:
            self._odd += 1
        elif isinstance(fact, SpeechBegan):
            attempt.speech_at = now if attempt.speech_at is None else attempt.speech_at
        else:
            attempt.greeted_at = now if attempt.greeted_at is None else attempt.greeted_at

    def _attempt(
        self,
        fact: Ringing | Answered | NotAnswered | Person | Machine | PersonConnected | Abandoned,
        now: float,
    ) -> tuple[Lesson, ...]:
        attempt = self._attempts.get(fact.attempt)
        if attempt is None:
            return self._unheard_of(fact, now)
        if isinstance(fact, Answered):
            after: tuple[AttemptStage, ...] = BEFORE_ANSWER
            stage = AttemptStage.LISTENED if self._detection else AttemptStage.WAITING
        else:
            after, stage = NEXT[type(fact)]
        if attempt.stage not in after:
            self._odd += 1
            return ()
        if stage is AttemptStage.RINGING:
            attempt.rings_since, attempt.stage = now, stage
            return ()
        attempt.heard = attempt.heard or isinstance(fact, Person)
        lessons = lessons_of(attempt, fact, stage, now)
        self._take_out(fact.attempt, attempt.stage)
        if attempt.answered_at is None and not isinstance(fact, NotAnswered):
            attempt.answered_at = now
        attempt.stage = stage
        if stage is AttemptStage.OVER:
            self._end(fact.attempt)
        elif stage is AttemptStage.LISTENED:
            self.listened.add(fact.attempt, now)
            self.open += 1
        elif stage is AttemptStage.WAITING:
            self.waiting.add(fact.attempt, now)
            self.open += 1
        elif isinstance(fact, PersonConnected):
            return lessons + self._connect(fact, now)
        return lessons

    def _unheard_of(self, fact: object, now: float) -> tuple[Lesson, ...]:
        """A fact of an attempt that is over, or that nobody has said to have gone out.

        The latter is counted all the same: a person was abandoned, whatever order we hear it in.
        """
        self._odd += 1
        if not isinstance(fact, NotAnswered | Machine | PersonConnected | Abandoned):
            return ()
        if fact.attempt in self._ended:
            return ()
        _remember(self._early, fact.attempt)
        if isinstance(fact, PersonConnected):
            self._attempts[fact.attempt] = Attempt(UNKNOWN_LEAD, now, AttemptStage.CONNECTED)
            return (Served(now, None, None), *self._connect(fact, now))
        _remember(self._ended, fact.attempt)
        if isinstance(fact, Abandoned):
            # Since when he waited nobody knows: too long.
            return (LetGo(-inf, None, None, heard=self._detection, by_customer=fact.by_customer),)
        return (TakenForMachine(),) if isinstance(fact, Machine) else ()

    def _connect(self, fact: PersonConnected, now: float) -> tuple[Lesson, ...]:
        code = fact.agent
        if code not in self._agents:  # vanished: whoever talks to him is no longer ours to count
            self._odd += 1
            self._end(fact.attempt)
            return ()
        self._hang_up(code)
        self._without_wrap_up.discard(code)
        self._talks[code] = fact.attempt
        return self._agents.becomes(code, State.TALKING, now)

    def _take_out(self, attempt: AttemptId, stage: AttemptStage) -> None:
        if stage in BEFORE_ANSWER:
            self.ringing.remove(attempt)
        elif stage is AttemptStage.LISTENED:
            self.listened.remove(attempt)
        elif stage is AttemptStage.WAITING:
            self.waiting.remove(attempt)
        else:
            return
        self.open -= 1

    def _end(self, attempt: AttemptId) -> None:
        found = self._attempts.pop(attempt, None)
        if found is None:
            return
        self._take_out(attempt, found.stage)
        _remember(self._ended, attempt)

    def _hang_up(self, code: AgentCode) -> bool:
        """Whatever he does now, he does not talk to whom he talked to; whether he talked."""
        attempt = self._talks.pop(code, None)
        if attempt is not None:
            self._end(attempt)
        return attempt is not None


def _remember(them: dict[AttemptId, None], attempt: AttemptId) -> None:
    them[attempt] = None
    if len(them) > REMEMBERED:
        del them[next(iter(them))]
