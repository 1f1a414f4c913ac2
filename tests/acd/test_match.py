"""The match and its incremental form agree with the rule in its plainest form."""

from hypothesis import given
from hypothesis import strategies as st

from acd.match import Caller, FreeAgent, Match, Pool, able, match
from acd.timers import Timers
from domain.centre import Queue
from domain.identity import AgentCode, CallId, ProjectName, QueueName, SkillName
from tests.memory import kept

SKILLS = [SkillName(name) for name in ("sales", "service", "french")]

queues = st.builds(
    lambda number, skill, level, priority: Queue(
        QueueName(f"q{number}-{skill}-{level}-{priority}"),
        ProjectName("p"),
        skill,
        min_level=level,
        priority=priority,
    ),
    st.integers(0, 2),
    st.sampled_from(SKILLS),
    st.integers(0, 3),
    st.integers(-1, 1),
)
callers = st.lists(
    st.tuples(queues, st.integers(0, 20), st.sampled_from([0, 0, 0, 1, 5])), max_size=12
).map(
    lambda made: [
        Caller(CallId(f"c{order}"), queue, float(since), order, raised)
        for order, (queue, since, raised) in enumerate(made)
    ]
)
agents = st.lists(
    st.tuples(st.dictionaries(st.sampled_from(SKILLS), st.integers(0, 4)), st.integers(0, 20)),
    max_size=12,
).map(
    lambda made: [
        FreeAgent(AgentCode(str(code)), skills, float(idle_since))
        for code, (skills, idle_since) in enumerate(made, 100)
    ]
)


def by_the_rule(waiting: list[Caller], free: list[FreeAgent], now: float) -> list[Match]:
    """Each caller in turn takes the longest idle agent who can serve them."""
    left, matches = list(free), []
    for caller in sorted(waiting, key=lambda c: (-c.queue.priority - c.raised, c.since, c.order)):
        can = [agent for agent in left if able(agent.skills, caller.queue)]
        if can:
            agent = min(can, key=lambda a: (a.idle_since, a.agent))
            left.remove(agent)
            waited_s, idle_s = now - caller.since, now - agent.idle_since
            matches.append(Match(caller.call, caller.queue.name, agent.agent, waited_s, idle_s))
    return matches


@given(callers, agents)
def test_a_match_is_what_the_rule_says(waiting: list[Caller], free: list[FreeAgent]) -> None:
    assert match(waiting, free, 30.0) == by_the_rule(waiting, free, 30.0)


@given(callers, agents, st.data())
def test_a_pool_forgets_who_has_left(
    waiting: list[Caller], free: list[FreeAgent], data: st.DataObject
) -> None:
    pool = Pool({caller.queue.name: caller.queue for caller in waiting}.values())
    steps: list[Caller | FreeAgent] = data.draw(st.permutations([*waiting, *free]))
    for step in steps:
        if isinstance(step, Caller):
            key = (-step.raised, step.since, step.order, step.call)
            pool.add_caller(step.queue.name, key)
            pool.add_caller(step.queue.name, key)
        else:
            pool.add_agent(step.agent, pool.serves(step.skills), step.idle_since + 7)
            pool.add_agent(step.agent, pool.serves(step.skills), step.idle_since)
    gone = data.draw(st.lists(st.sampled_from(steps))) if steps else []
    for left in gone:
        for _ in range(2):
            if isinstance(left, Caller):
                pool.remove_caller(left.call)
            else:
                pool.remove_agent(left.agent)
    matches = []
    while found := pool.take(30.0):
        matches.append(found)
    assert matches == by_the_rule(
        [caller for caller in waiting if caller not in gone],
        [agent for agent in free if agent not in gone],
        30.0,
    )


@given(st.lists(st.tuples(st.integers(0, 9), st.none() | st.integers(0, 50)), max_size=200))
def test_timers_know_the_next_deadline(steps: list[tuple[int, int | None]]) -> None:
    timers: Timers[int] = Timers()
    known: dict[int, float] = {}
    for key, at in steps:
        timers.set(key, None if at is None else float(at))
        known.pop(key, None)
        if at is not None:
            known[key] = float(at)
        assert timers.next() == min(known.values(), default=None)
        assert len(timers) == len(known)
        entries = max(len(one) for one in kept(timers) if isinstance(one, list))
        assert entries <= 2 * len(known) + 64
    popped = set()
    while (due := timers.pop(25.0)) is not None:
        popped.add(due)
    assert popped == {key for key, at in known.items() if at <= 25}
