"""The tests' own databases: nothing of one test is there in the next."""

import asyncpg
import pytest

from tests.databases import FreshDatabases

_LOG = "insert into audit_log (at, by, action) values (now(), 'a', 'b') returning id"


async def _in(dsn: str, sql: str) -> object:
    db = await asyncpg.connect(dsn)
    try:
        return await db.fetchval(sql)
    finally:
        await db.close()


async def test_rows_and_numbers_begin_anew(fresh_databases: FreshDatabases) -> None:
    first = await fresh_databases.one()
    assert await _in(first, _LOG) == 1
    left_open = await asyncpg.connect(first)
    second = await fresh_databases.one()
    assert second == first  # it was emptied
    assert await _in(second, "select count(*) from audit_log") == 0
    assert await _in(second, "select pg_relation_size('audit_log')") == 0
    assert await _in(second, _LOG) == 1
    left_open.terminate()


@pytest.mark.parametrize(
    "change",
    [
        "create table another (x int)",
        "alter table calls rename to lost",
        "alter table audit_log alter column by set default 'x'",
        "drop index calls_open",
        "analyze",
        "insert into schema_migrations values (9999, 'future', 'x')",
        "update schema_migrations set sha256 = 'x'",
        "alter database {} set default_transaction_read_only = on",
    ],
)
async def test_one_that_was_changed_is_not_used_again(
    change: str, fresh_databases: FreshDatabases
) -> None:
    first = await fresh_databases.one()
    await _in(first, _LOG)
    await _in(first, change.format(await _in(first, "select current_database()")))
    second = await fresh_databases.one()
    assert second != first
    assert await _in(second, _LOG) == 1
