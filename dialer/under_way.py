"""What is under way in a campaign: each attempt's stage, folded from facts, and the agents' states.

Facts may come late, twice or out of order. The table in ``dialer.attempt_stages`` says what each
fact may follow; one that does not fit changes nothing and is counted in ``odd``. What a fact
teaches (how long a call rang before the answer; how long a talk took) is returned as lessons.

Less can be known about agents. A late AgentWrapUp, reported after the AgentReady that ended the
same talk, changes nothing: that talk is over. A late AgentTalking is taken for another talk,
outside the campaign, because it may be one: that agent is missing until the next fact about them
(AgentReady, AgentWrapUp, AgentGone or PersonConnected). That errs on the safe side; a source that
can't report facts in order should repeat AgentReady now and then for an agent about whom nothing
else comes.
"""

from math import inf

from dialer.ages import Ages, Kinds
from dialer.attempt import STEPS, Attempt, lessons_of
from dialer.attempt_stages import BEFORE_ANSWER, FINAL, TRANSITIONS, AttemptStage, AttemptStep
from dialer.campaign_agents import Agents, State
from dialer.causes import Cause
from dialer.lessons import Lesson, LetGo, Served
from dialer.pacing_facts import (
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
    GivenMachine,
    GreetingEnded,
    Hopper,
    Lead,
    Machine,
    NotAnswered,
    PacingFact,
    Person,
    PersonConnected,
    Ringing,
    ScriptStage,
    SpeechBegan,
)
from dialer.trunk import Trunk
from domain.identity import AgentCode, AttemptId

LOST_AFTER_S = 300.0
"""Seconds without news, before a talk, after which an attempt is given up as lost."""
HUNG_UP_WITHIN_S = 5.0
"""Seconds within which an attempt that is ordered to be hung up should be reported to be over. A
busy switch may take two; after five, the order is taken for lost, and may be repeated."""
KEPT_OF = 5
"""One in this many attempts rings to its end and is never cut. Otherwise nobody would know how long
late answers take, and the answer rate would be anybody's guess."""
REMEMBERED = 4_096
"""How many ended attempts are remembered, so that a late fact does not revive one."""


class UnderWay:
    """The current state of all attempts and agents of one campaign."""

    def __init__(self, *, detection: bool) -> None:
        self._detection = detection
        self._attempts: dict[AttemptId, Attempt] = {}
        self._dials = 0
        self._ended: dict[AttemptId, None] = {}
        self._early: dict[AttemptId, None] = {}
        """Attempts that were connected or over before they were reported as gone out."""
        self._agents = Agents()
        self._talks: dict[AgentCode, AttemptId] = {}
        """The attempt each agent is talking on."""
        self._without_wrap_up: set[AgentCode] = set()
        """Agents who became ready after a talk without a reported wrap-up: a report that comes now
        is late."""
        self._kinds: Kinds[Lead] = Kinds()
        self.leads = self._kinds.all
        """The leads, by their number in ``ringing.kinds``."""
        self.trunk = Trunk()
        """What carries the attempts."""
        self.ringing: Ages[AttemptId] = Ages()
        """Attempts dialled and not answered, since they went out; the kind is the lead's number.
        Those that are being hung up are left out."""
        self._going: dict[AttemptId, None] = {}
        """Attempts that are being hung up, in the order in which that was ordered."""
        self.listened: Ages[AttemptId] = Ages()
        self.waiting: Ages[AttemptId] = Ages()
        self.talking = self._agents.talking
        """Agents on a call who will go on afterwards; those who want a break are in ``leaving``."""
        self.stages = self._agents.stages
        """The stage of each talk in ``talking``, in the same order."""
        self.ended_at = self._agents.ended_at
        """The stage at which each talk before ``wrapping_up`` ended, in the same order."""
        self.stage_names = self._agents.stage_names
        """The stages, by their number in ``stages.kinds``."""
        self.wrapping_up = self._agents.wrapping_up
        self.agent_codes = self._agents.codes
        """The agents, by their number in ``talking.kinds`` and ``wrapping_up.kinds``."""
        self.open = 0
        """Attempts that may still need an agent: ringing, being hung up, listened to, waiting."""
        self._odd = 0

    @property
    def agents(self) -> int:
        """The number of agents to plan with: all but those who want a break."""
        return self._agents.planned

    @property
    def ready(self) -> int:
        """The number of agents who could talk at once."""
        return self._agents.ready

    @property
    def idle(self) -> int:
        """The number of ready agents, less those needed for answered calls; may be negative."""
        return self.ready - len(self.listened) - len(self.waiting)

    @property
    def leaving(self) -> int:
        """The number of busy agents who want a break."""
        return self._agents.leaving

    @property
    def connected(self) -> int:
        """The number of attempts in a talk."""
        return len(self._talks)

    @property
    def odd(self) -> int:
        """The number of facts that did not fit."""
        return self._odd + self._agents.odd

    @property
    def lines(self) -> int:
        """The number of lines in use."""
        return self.open + len(self._talks)

    def may_be_cut(self, attempt: AttemptId, now: float, *, least_s: float) -> bool:
        """Return whether an attempt has rung for ``least_s`` and is not one of those kept. If all
        agents have gone, kept ones may be cut, too: no lesson is worth an abandoned customer."""
        found = self._attempts.get(attempt)
        if found is None or found.stage is not AttemptStage.RINGING or found.rings_since is None:
            return False
        return now - found.rings_since >= least_s and (self.agents == 0 or not found.kept)

    @property
    def being_hung_up(self) -> int:
        """The number of attempts that count as gone because they are being hung up."""
        return len(self._going)

    def hang_up(self, attempt: AttemptId, now: float) -> bool:
        """Record that a ringing attempt is being hung up. Returns whether to order it: it may have
        been ordered already, within HUNG_UP_WITHIN_S.

        It counts as gone until then. If it has not gone by then, it counts as ringing, even if it
        is ordered again: a switch that does not hang up must not be believed twice.
        """
        found = self._attempts.get(attempt)
        if found is None or found.stage not in BEFORE_ANSWER:
            return False
        ordered_at = found.hang_up_at
        if ordered_at is not None and now - ordered_at < HUNG_UP_WITHIN_S:
            return False
        found.hang_up_at = now
        if ordered_at is None:
            self.ringing.remove(attempt)
            self._going[attempt] = None
        return True

    def expect_hang_ups(self, now: float) -> None:
        """Take those to ring on that should have gone by now."""
        while self._going:
            attempt = next(iter(self._going))
            found = self._attempts[attempt]
            if found.hang_up_at is not None and now - found.hang_up_at < HUNG_UP_WITHIN_S:
                return
            del self._going[attempt]
            self.ringing.add(attempt, found.dialled_at, self._kinds.of(found.lead))

    def has_gone_out(self, attempt: AttemptId) -> bool:
        """Return whether the attempt's Dialled was reported; attempts long over are forgotten."""
        known = attempt in self._attempts or attempt in self._ended
        return known and attempt not in self._early

    def fold(self, fact: PacingFact, now: float) -> tuple[Lesson, ...]:
        """Take in a fact and return what it teaches."""
        # Most facts are about attempts, so those come first.
        match fact:
            case Dialled():
                return self._dialled(fact, now)
            case Ringing() | NotAnswered() | Answered() | PersonConnected() | Person() | Machine():
                return self._attempt(fact, now)
            case AgentTalking():
                self._without_wrap_up.discard(fact.agent)
                return self._agents.becomes(fact.agent, State.TALKING, now)
            case ScriptStage():
                self._agents.at_stage(fact.agent, fact.stage, now)
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
            case GivenMachine() | Hopper() | DayBegan():
                pass
        return ()

    def forget_lost(self, now: float) -> int:
        """Give up attempts without news for LOST_AFTER_S. Returns their number."""
        lost = [
            attempt
            for column in (self.ringing, self.listened, self.waiting)
            if len(column) and column.ages(now).max() > LOST_AFTER_S
            for attempt, age in zip(column.keys, column.ages(now), strict=True)
            if age > LOST_AFTER_S
        ]
        lost += [
            attempt
            for attempt in self._going
            if now - self._attempts[attempt].dialled_at > LOST_AFTER_S
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
        self._attempts[fact.attempt] = Attempt(fact.lead, now, AttemptStage.REQUESTED, kept=kept)
        self.ringing.add(fact.attempt, now, self._kinds.of(fact.lead))
        self.open += 1
        self.trunk.sent(fact.attempt, now, in_use=self.lines)
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
            step = AttemptStep.LISTEN if self._detection else AttemptStep.ANSWER
        else:
            step = STEPS[type(fact)]
        stage = TRANSITIONS.get((attempt.stage, step))
        if stage is None:
            self._odd += 1
            return ()
        if stage is AttemptStage.RINGING:
            attempt.rings_since, attempt.stage = now, stage
            self.trunk.carried(fact.attempt, now, in_use=self.lines)
            return ()
        is_news = attempt.stage is AttemptStage.REQUESTED
        attempt.heard = attempt.heard or isinstance(fact, Person)
        lessons = lessons_of(attempt, fact, stage, now)
        self._take_out(fact.attempt, attempt.stage)
        if attempt.answered_at is None and not isinstance(fact, NotAnswered):
            attempt.answered_at = now
        attempt.stage = stage
        if stage in FINAL:
            self._end(fact.attempt)
        elif stage is AttemptStage.DETECTING:
            self.listened.add(fact.attempt, now)
            self.open += 1
        elif stage is AttemptStage.ANSWERED:
            self.waiting.add(fact.attempt, now)
            self.open += 1
        elif isinstance(fact, PersonConnected):
            lessons += self._connect(fact, now)
        if isinstance(fact, NotAnswered) and fact.cause.of_trunk:
            self.trunk.refused(fact.attempt, now, in_use=self.lines)
        elif isinstance(fact, NotAnswered) and fact.cause is Cause.CUT:
            self.trunk.over(fact.attempt)
        elif is_news:
            self.trunk.carried(fact.attempt, now, in_use=self.lines)
        return lessons

    def _unheard_of(self, fact: object, now: float) -> tuple[Lesson, ...]:
        """Handle a fact about an attempt that is over or was never reported as gone out.

        The latter is still counted: a person was abandoned, in whatever order we learn of it.
        """
        self._odd += 1
        if not isinstance(fact, NotAnswered | Machine | PersonConnected | Abandoned):
            return ()
        if fact.attempt in self._ended:
            return ()
        _remember(self._early, fact.attempt)
        if isinstance(fact, PersonConnected):
            self._attempts[fact.attempt] = Attempt(UNKNOWN_LEAD, now, AttemptStage.TALKING)
            return (Served(now, None, None, fact.attempt), *self._connect(fact, now))
        _remember(self._ended, fact.attempt)
        if isinstance(fact, Abandoned):
            # Nobody knows since when they waited, so we assume too long.
            return (LetGo(-inf, None, None, heard=self._detection, by_customer=fact.by_customer),)
        return ()

    def _connect(self, fact: PersonConnected, now: float) -> tuple[Lesson, ...]:
        code = fact.agent
        if code not in self._agents:  # vanished: their calls are no longer ours to count
            self._odd += 1
            self._end(fact.attempt)
            return ()
        self._hang_up(code)
        self._without_wrap_up.discard(code)
        self._talks[code] = fact.attempt
        return self._agents.becomes(code, State.TALKING, now)

    def _take_out(self, attempt: AttemptId, stage: AttemptStage) -> None:
        if stage in BEFORE_ANSWER:
            if attempt in self._going:
                del self._going[attempt]
            else:
                self.ringing.remove(attempt)
        elif stage is AttemptStage.DETECTING:
            self.listened.remove(attempt)
        elif stage is AttemptStage.ANSWERED:
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
        """End the agent's talk, if any. Returns whether there was one."""
        attempt = self._talks.pop(code, None)
        if attempt is not None:
            self._end(attempt)
        return attempt is not None


def _remember(them: dict[AttemptId, None], attempt: AttemptId) -> None:
    them[attempt] = None
    if len(them) > REMEMBERED:
        del them[next(iter(them))]
