"""Any facts at any time, late, repeated or senseless: no policy breaks a rule, nothing raises."""

from math import inf

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as how
from hypothesis import strategies as st

from dialer.abandon_count import Counted
from dialer.causes import Cause
from dialer.lessons import Lesson
from dialer.limit import PRESETS, Limit, Window
from dialer.pacing import Pacer, Pacing, Settings
from dialer.pacing_facts import (
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
from dialer.policies import load_policies, make
from dialer.policy import Policy, Reason, Situation, Wish
from dialer.under_way import LOST_AFTER_S
from domain.identity import AgentCode, AttemptId, ListName, StageName

LEADS = (
    Lead(ListName("good"), "mobile"),
    Lead(ListName("good")),
    Lead(ListName("bad")),
    Lead(ListName("bad"), guaranteed=True),
)
AGENTS = [AgentCode(str(1001 + number)) for number in range(6)]
GONE_OUT_BY_S = 5.0
STEPS = (0.0, 0.0, 0.01, 0.4, 1.0, 1.0, 3.0, 16.0, 120.0, -1.0, -500.0)

SETTINGS = st.builds(
    Settings,
    lines=st.sampled_from([0, 1, 7, 40, 1_000_000]),
    calls_per_second=st.sampled_from([0.3, 1.0, 12.0, inf]),
    limit=st.one_of(
        st.sampled_from(list(PRESETS.values())),
        st.builds(
            Limit,
            share=st.sampled_from([0.0, 0.01, 0.03, 0.5, 1.0]),
            windows=st.sampled_from([(each,) for each in Window] + [tuple(Window)]),
            people_taken_for_machines=st.sampled_from([0.0, 0.02, 0.3]),
            machines_abandoned=st.sampled_from([0.0, 0.3]),
        ),
    ),
    detection=st.booleans(),
)
OPS = st.sampled_from(
    ["time"] * 4 + ["attempt"] * 8 + ["agent"] * 3 + ["dial", "hopper", "day", "unheard", "twice"]
)
EVENT = st.tuples(OPS, st.integers(0, 999), st.integers(0, 99))
# Left alone, lists are short; the trouble is in the long ones.
EVENTS = st.lists(EVENT, max_size=30) | st.lists(EVENT, min_size=80, max_size=160)


class Greedy:
    """Wants everything, and to be rid of everything, at once."""

    def learn(self, lesson: Lesson, now: float) -> None: ...

    def counted(self, counted: Counted, now: float) -> None: ...

    def decide(self, at: Situation, _now: float) -> Wish:
        under_way = at.under_way
        all_of_them = (*under_way.ringing.keys, *under_way.listened.keys, *under_way.waiting.keys)
        return Wish(10**9, Reason("all"), all_of_them, look_at=-1.0)


POLICY_NAMES = [*sorted(load_policies()), "greedy"]


class AnyWorld:
    """Dials as ordered, reports whatever it likes, and remembers what it reported."""

    def __init__(self, policy: str, settings: Settings, *, obeys: str) -> None:
        self.pacer = Pacer(_policy(policy), settings, now=0.0)
        self.settings = settings
        self.weighs_risk = policy == "foresight"
        self.obeys = obeys
        self.now = 0.0
        self.furthest = 0.0
        """The latest that ``now`` has been."""
        self.latest = 0.0
        """The pacer's own time, which never goes back: the latest of which it was told."""
        self.attempts: list[AttemptId] = []
        self.dialled: dict[AttemptId, float] = {}
        self.rings: dict[AttemptId, float] = {}
        self.left_ringing: set[AttemptId] = set()
        self.ended: set[AttemptId] = set()
        self.ready: set[AgentCode] = set()
        self.may_be_late: set[AgentCode] = set()
        """Agents of whose last talk no wrap-up was told: it may come late, and mean nothing."""
        self.connected: set[AgentCode] = set()
        """Agents who were put through since their last wrap-up or AgentReady."""
        self.asked: list[float] = []
        """When each call was asked for that has not gone out."""
        self.said: PacingFact | None = None

    def play(self, events: list[tuple[str, int, int]]) -> None:
        for op, which, what in events:
            match op:
                case "time":
                    self.move(self.now + STEPS[which % len(STEPS)])
                case "attempt" if self.attempts:
                    self.say(_of_attempt(self.attempts[-1 - which % len(self.attempts)], what))
                case "unheard":
                    self.say(_of_attempt(AttemptId(f"unheard {which % 9}"), what))
                case "agent":
                    self.say(_of_agent(AGENTS[which % len(AGENTS)], what))
                case "dial":
                    self.dial()
                case "hopper":
                    count = which % 30
                    self.say(Hopper(tuple(LEADS[(what + n) % 4] for n in range(count))))
                case "day":
                    self.say(DayBegan(which % 40, self.now - what * 1_000.0))
                case "twice" if self.said is not None:
                    self.say(self.said)

    def move(self, now: float) -> None:
        self.now = now
        self.furthest = max(self.furthest, now)
        self.tick()

    def warm_up(self) -> None:
        """Enough has been learnt to do more than progressive dialling."""
        for agent in AGENTS[:4]:
            self.say(AgentReady(agent))
        for number in range(40):
            self.now = self.furthest = self.furthest + 2.0
            for answered in (True, False):
                attempt = self.dial()
                if not answered:
                    self.say(NotAnswered(attempt, Cause.NO_ANSWER))
                    continue
                agent = AGENTS[number % 4]
                self.say(Answered(attempt))
                self.say(Person(attempt))
                self.say(PersonConnected(attempt, agent))
                self.say(AgentWrapUp(agent))
                self.say(AgentReady(agent))

    def dial(self) -> AttemptId:
        self.attempts.append(AttemptId(f"a{len(self.attempts)}"))
        self.say(Dialled(self.attempts[-1], LEADS[len(self.attempts) % 4]))
        return self.attempts[-1]

    def say(self, fact: PacingFact) -> None:
        self.latest = max(self.latest, self.now)
        self.remember(fact)
        self.said = fact
        self.obey(self.pacer.handle(fact, self.now))

    def tick(self) -> None:
        """Up to now, at each deadline; each tick moves it on."""
        for _ in range(20):
            deadline = self.pacer.next_deadline()
            if deadline is None or deadline > self.furthest:
                break
            self.latest = self.furthest
            self.obey(self.pacer.tick(self.latest))
            after = self.pacer.next_deadline()
            assert after is None or after > self.furthest
        else:
            raise AssertionError("the deadline is never over")

    def remember(self, fact: PacingFact) -> None:
        match fact:
            case Dialled(attempt) if attempt not in self.dialled:
                self.dialled[attempt] = self.latest
                if self.asked:
                    self.asked.pop(0)
            case Ringing(attempt) if attempt in self.dialled:
                self.rings.setdefault(attempt, self.latest)
            case Answered(attempt) | Person(attempt):
                self.left_ringing.add(attempt)
            case (
                NotAnswered(attempt)
                | Machine(attempt)
                | Abandoned(attempt)
                | PersonConnected(attempt)
            ):
                self.left_ringing.add(attempt)
                self.ended.add(attempt)
                if isinstance(fact, PersonConnected):
                    self.connected.add(fact.agent)
            case AgentReady(agent):
                # Put through, they were not ready, whatever they reported last.
                if agent not in self.ready or agent in self.connected:
                    self.may_be_late.add(agent)
                self.connected.discard(agent)
                self.ready.add(agent)
            case AgentWrapUp(agent) if agent in self.may_be_late:
                self.may_be_late.discard(agent)
                self.connected.discard(agent)
            case AgentTalking(agent):
                self.ready.discard(agent)
            case AgentWrapUp(agent) | AgentGone(agent):
                self.ready.discard(agent)
                self.connected.discard(agent)
            case AgentWantsBreak(agent):
                self.ready.discard(agent)
            case _:
                pass

    def obey(self, pacing: Pacing | None) -> None:
        self.counts_are_sane()
        if pacing is None:
            return
        self.is_allowed(pacing)
        self.asked = [at for at in self.asked if at >= self.latest - GONE_OUT_BY_S]
        self.asked += [self.latest] * pacing.count
        if self.obeys == "at once":
            for _ in range(pacing.count):
                self.dial()
            for attempt in pacing.hang_up:
                self.say(NotAnswered(attempt, Cause.CUT))

    def is_allowed(self, pacing: Pacing) -> None:
        pacer, count = self.pacer, pacing.count
        assert 0 <= count <= 200
        assert "{" not in str(pacing.reason)
        if count:
            # At the edge itself either is right: `now - then` and `now - span` round differently.
            asked = sum(at > self.latest - GONE_OUT_BY_S + 1e-6 for at in self.asked)
            on_lines = sum(
                attempt not in self.ended
                for attempt, at in self.dialled.items()
                if at > self.latest - LOST_AFTER_S + 1e-6
            )
            assert on_lines + asked + count <= self.settings.lines
            most = 40 * len(AGENTS)
            assert asked + count <= most
        if pacer.limit.room(self.latest) < 1.0:
            under_way = pacer.under_way
            placing = pacer.situation.placing - count
            if count > max(0, under_way.ready - under_way.open - placing):
                assert self.weighs_risk
                assert pacer.situation.reached >= 12
                assert under_way.idle > 0
            assert count <= (200 if self.weighs_risk else len(self.ready))
            assert self.ready or not count
        for attempt in pacing.hang_up:
            assert attempt not in self.left_ringing
            assert self.latest - self.rings[attempt] >= 15.0

    def counts_are_sane(self) -> None:
        under_way = self.pacer.under_way
        columns = (under_way.ringing, under_way.listened, under_way.waiting)
        in_columns = sum(len(column) for column in columns)
        assert under_way.open == in_columns + under_way.being_hung_up
        assert under_way.agents == (
            under_way.ready + len(under_way.talking) + len(under_way.wrapping_up)
        )
        assert 0 <= under_way.ready <= len(self.ready)
        assert under_way.leaving >= 0
        assert under_way.agents + under_way.leaving <= len(AGENTS)
        assert 0 <= under_way.connected <= len(AGENTS)
        assert 0 <= self.pacer.situation.placing <= 200 * 40
        for column in columns:
            assert (column.ages(self.latest) >= 0).all()
        worst = self.pacer.limit.worst(self.latest)
        assert 0.0 <= worst.abandoned <= worst.base + 1e-9


def _policy(name: str) -> Policy:
    return Greedy() if name == "greedy" else make(name)


def _of_attempt(attempt: AttemptId, what: int) -> PacingFact:
    kinds: tuple[PacingFact, ...] = (
        Ringing(attempt),
        Ringing(attempt),
        Answered(attempt),
        Answered(attempt),
        NotAnswered(attempt, list(Cause)[what % len(Cause)]),
        Person(attempt),
        Machine(attempt),
        SpeechBegan(attempt),
        GreetingEnded(attempt),
        PersonConnected(attempt, AGENTS[what % len(AGENTS)]),
        PersonConnected(attempt, AGENTS[what % len(AGENTS)]),
        GivenMachine(attempt),
        Abandoned(attempt, by_customer=what % 2 == 0),
        Dialled(attempt, LEADS[what % 4]),
    )
    return kinds[what % len(kinds)]


def _of_agent(agent: AgentCode, what: int) -> PacingFact:
    kinds = (AgentReady, AgentReady, AgentTalking, AgentWrapUp, AgentWantsBreak, AgentGone)
    if what % 3 == 2:  # few words that come often, and many others
        return ScriptStage(agent, StageName(f"stage {what if what % 2 else what % 4}"))
    return kinds[what // 3 % len(kinds)](agent)


@pytest.mark.parametrize("policy", POLICY_NAMES)
@given(
    events=EVENTS,
    settings=SETTINGS,
    obeys=st.sampled_from(["at once", "never"]),
    warm=st.booleans(),
)
# Time came far without a word to the pacer, and went back.
@example([("time", 7, 0), ("time", 10, 0), ("agent", 0, 0)], Settings(lines=1), "never", False)
@how(
    max_examples=50,
    deadline=None,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.large_base_example,
    ],
)
def test_anything_goes(
    policy: str,
    events: list[tuple[str, int, int]],
    settings: Settings,
    obeys: str,
    warm: bool,
) -> None:
    world = AnyWorld(policy, settings, obeys=obeys)
    if warm:
        world.warm_up()
    world.play(events)
    world.move(world.furthest + 1.0)


@pytest.mark.parametrize("policy", POLICY_NAMES)
def test_time_that_stands_still_makes_no_busy_loop(policy: str) -> None:
    world = AnyWorld(policy, Settings(), obeys="never")
    world.warm_up()
    asked = []
    for number in range(200):
        world.say(AgentReady(AGENTS[number % 6]))
        world.say(Hopper(LEADS[:3] * 20))
        asked.append(len(world.asked))
        assert world.pacer.tick(world.now) is None  # the deadline is later than now
    assert asked[-1] == asked[20]


@given(
    events=EVENTS,
    refused=st.integers(0, 40),
    calls_per_second=st.sampled_from([0.3, 12.0, inf]),
    detection=st.booleans(),
)
@how(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_happened_numbers_are_dialled_again(
    events: list[tuple[str, int, int]], refused: int, calls_per_second: float, detection: bool
) -> None:
    """No call that is lost, and no trunk that was seen to fail, stops a campaign for good."""
    limit = Limit(people_taken_for_machines=0.02)
    settings = Settings(7, calls_per_second, limit, detection)
    world = AnyWorld("progressive", settings, obeys="never")
    world.warm_up()
    for number in range(refused):
        cause = (Cause.FAILED, Cause.CONGESTION)[number % 2]
        world.say(NotAnswered(world.dial(), cause))
        world.move(world.now + 0.1 * (number % 3))
    world.play(events)
    for _ in range(80):  # whatever is under way is given up
        world.move(world.furthest + 5.0)
    for agent in AGENTS:
        world.say(AgentGone(agent))
        world.say(AgentReady(agent))
    world.say(Hopper(LEADS[:3] * 20))
    for _ in range(70):
        if world.pacer.situation.placing:
            break
        world.move(world.furthest + 1.0)
    assert world.pacer.situation.placing > 0
