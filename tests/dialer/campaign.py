"""A campaign fed by hand: short names for facts, and a policy that wishes for anything."""

from dialer.abandon_count import Counted
from dialer.causes import Cause
from dialer.lessons import Lesson
from dialer.limit import Limit
from dialer.pacing import Pacer, Pacing, Settings
from dialer.pacing_facts import (
    Abandoned,
    AgentReady,
    Answered,
    Dialled,
    Lead,
    NotAnswered,
    PacingFact,
    PersonConnected,
    Ringing,
)
from dialer.policies import make
from dialer.policy import Policy, Reason, Situation, Wish
from domain.identity import AgentCode, AttemptId, ListName

LEAD = Lead(ListName("leads"))


class Wishing:
    """Wishes for what it is given; remembers what it was asked and taught."""

    def __init__(self, count: int = 0, *, look_at: float | None = None) -> None:
        self.count = count
        self.look_at = look_at
        self.hang_up: tuple[AttemptId, ...] = ()
        self.sure = False
        self.lessons: list[Lesson] = []
        self.counts: list[Counted] = []
        self.asked_at: list[float] = []

    def learn(self, lesson: Lesson, _now: float) -> None:
        self.lessons.append(lesson)

    def counted(self, counted: Counted, _now: float) -> None:
        self.counts.append(counted)

    def decide(self, _at: Situation, now: float) -> Wish:
        self.asked_at.append(now)
        return Wish(self.count, Reason("as was wanted"), self.hang_up, self.look_at, self.sure)


NO_STOP = Limit(hard_stop=False)


class Campaign:
    """A Pacer and its clock."""

    def __init__(
        self, policy: Policy | str = "progressive", settings: Settings | None = None
    ) -> None:
        chosen = make(policy) if isinstance(policy, str) else policy
        self.pacer = Pacer(chosen, settings or Settings(limit=NO_STOP), now=0.0)
        self.now = 0.0
        self.numbers = 0

    def tell(self, fact: PacingFact) -> Pacing | None:
        """Now."""
        return self.pacer.handle(fact, self.now)

    def asked(self, fact: PacingFact) -> Pacing:
        """Now, and there is an answer: at once, or when those that wait for one another have."""
        pacing = self.tell(fact)
        if pacing is None:
            deadline = self.pacer.next_deadline()
            assert deadline is not None
            assert deadline <= self.now + 0.1 + 1e-9
            self.now = deadline
            pacing = self.pacer.tick(deadline)
        assert pacing is not None
        return pacing

    def later(self, seconds: float) -> Pacing | None:
        """Let time pass, with each deadline in it; the last that was said."""
        end, said = self.now + seconds, None
        while (deadline := self.pacer.next_deadline()) is not None and deadline <= end:
            self.now = max(self.now, deadline)
            said = self.pacer.tick(self.now) or said
        self.now = end
        return said

    def agents(self, count: int) -> Pacing:
        """So many come in, each ready."""
        said = None
        for number in range(count):
            said = self.asked(AgentReady(agent(number)))
        assert said is not None
        return said

    def dial(self, count: int = 1, lead: Lead = LEAD) -> list[AttemptId]:
        """So many go out."""
        attempts = []
        for _ in range(count):
            self.numbers += 1
            attempts.append(AttemptId(f"a{self.numbers}"))
            self.tell(Dialled(attempts[-1], lead))
        return attempts

    def ring(self, count: int = 1) -> list[AttemptId]:
        """So many go out, and ring at once."""
        attempts = self.dial(count)
        for attempt in attempts:
            self.tell(Ringing(attempt))
        return attempts

    def serve(self, count: int, number: int = 0) -> None:
        """So many persons, one after the other, each with this agent at once."""
        for attempt in self.dial(count):
            self.tell(Answered(attempt))
            self.tell(PersonConnected(attempt, agent(number)))
            self.tell(AgentReady(agent(number)))

    def lose(self, count: int) -> None:
        """So many persons who had no agent."""
        for attempt in self.dial(count):
            self.tell(Answered(attempt))
            self.tell(Abandoned(attempt))

    def miss(self, count: int) -> None:
        """So many numbers at which nobody answered."""
        for attempt in self.dial(count):
            self.tell(NotAnswered(attempt, Cause.NO_ANSWER))


def agent(number: int) -> AgentCode:
    """The agent of this number."""
    return AgentCode(str(1001 + number))
