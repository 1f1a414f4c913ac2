"""Where agents are and were."""

from datetime import timedelta

from structlog.testing import capture_logs

from domain.agent_facts import AgentState
from domain.centre import Agent
from domain.identity import AgentCode, ProjectName
from storage.agent_history import AgentStore
from storage.database import Database, connection
from tests.records.test_call_queries import ACME, OTHER, store_of
from tests.storage.days import NOON, agent_fact

ONE, TWO = AgentCode("1001"), AgentCode("1002")


def agents() -> list[Agent]:
    return [
        Agent(ONE, "王芳", (ProjectName("acme"),), {}),
        Agent(TWO, "Ben", (ProjectName("other"), ProjectName("third")), {}),
    ]


async def test_the_last_state_counts_whatever_the_order_of_writing(database: Database) -> None:
    ready, talking, paused = (
        agent_fact("1001", 0, AgentState.READY),
        agent_fact("1001", 5, AgentState.TALKING, call="c"),
        agent_fact("1001", 9, AgentState.PAUSED, "lunch"),
    )
    await store_of(database, [ready, paused, agent_fact("1002", 3, AgentState.READY)])
    await store_of(database, [talking], [ready])
    last = await AgentStore(database.pool).last_states()
    assert last[ONE] == paused
    assert last[TWO].state is AgentState.READY
    history = await AgentStore(database.pool).history(ONE, projects=None)
    assert list(history) == [paused, talking, ready]


async def test_two_facts_of_one_instant_end_in_the_later_written(database: Database) -> None:
    first, second = (
        agent_fact("1001", 0, AgentState.PAUSED),
        agent_fact("1001", 0, AgentState.READY),
    )
    await store_of(database, [first, second])
    assert (await AgentStore(database.pool).last_states())[ONE] == second


async def test_a_viewer_sees_the_agents_of_his_projects(database: Database) -> None:
    store = AgentStore(database.pool)
    await store.remember(agents())
    await store.remember(agents())
    await store_of(
        database, [agent_fact(code, 0, AgentState.READY) for code in ("1001", "1002", "9999")]
    )
    assert await store.names() == {"1001": "王芳", "1002": "Ben"}
    assert await store.names(projects=OTHER) == {"1002": "Ben"}
    assert set(await store.last_states()) == {"1001", "1002", "9999"}
    assert set(await store.last_states(projects=ACME)) == {"1001"}
    assert len(await store.history(ONE, projects=ACME)) == 1
    assert await store.history(ONE, projects=OTHER) == ()


async def test_history_of_a_span(database: Database) -> None:
    facts = [agent_fact("1001", second, AgentState.READY) for second in range(10)]
    await store_of(database, facts)
    store = AgentStore(database.pool)
    start, end = NOON + timedelta(seconds=2), NOON + timedelta(seconds=5)
    assert list(await store.history(ONE, start, end, projects=None)) == facts[4:1:-1]
    assert list(await store.history(ONE, projects=None, limit=3)) == facts[:6:-1]


async def test_a_state_that_cannot_be_read_costs_its_agent_only(database: Database) -> None:
    await store_of(database, [agent_fact(code, 0, AgentState.READY) for code in (ONE, TWO)])
    async with connection(database.pool) as db:
        await db.execute("update agents_now set state = 'of a later Offhook' where agent = $1", ONE)
    with capture_logs() as logs:
        assert set(await AgentStore(database.pool).last_states()) == {TWO}
    assert [(line["log_level"], line["agent"]) for line in logs] == [("error", ONE)]
