"""A flow is published while two hundred callers are in its menus: none notices."""

import asyncio
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest

from bench import rig
from bench.key_pressers import KeyPressers
from publishing.edition_copy import EDITIONS_FILE, read_editions
from tests.faults.scene import open_pool, publish
from tests.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.long]

CALLERS, CALLS, LATER, MENUS, PROMPT_S = 200, 240, 20, 4, 1.5
PER_S = 40.0
FLOW = """\
flow: menus
languages: [en]
start: m1
prompts:
  hello: {en: Press one.}
nodes:
  m1: {kind: menu, prompts: hello, keys: {"1": on}, timeout: 60, exits: {on: m2, exhausted: bye}}
  m2: {kind: menu, prompts: hello, keys: {"1": on}, timeout: 60, exits: {on: m3, exhausted: bye}}
  m3: {kind: menu, prompts: hello, keys: {"1": on}, timeout: 60, exits: {on: m4, exhausted: bye}}
  m4: {kind: menu, prompts: hello, keys: {"1": on}, timeout: 60, exits: {on: said, exhausted: bye}}
  said: {kind: say, prompts: hello, exits: {next: bye}}
  bye: {kind: hangup, why: first}
"""


async def test_two_hundred_callers_keep_the_flow_that_they_entered() -> None:
    ports = rig.free_ports(2, rtp=900, first=8_900)
    source, asterisk = ("127.0.0.2", ports.rtp_end + 1), ("127.0.0.1", ports.sip)
    configuration = rig.centre(
        flow="menus", agents=1, callers_from=f"{source[0]}:{source[1]}", channels=1_000
    )
    async with rig.stack(configuration, {"menus": FLOW}, ports) as stack:
        rig.upload_tone(stack.state, "hello", PROMPT_S)
        pool = await open_pool(stack.dsn)
        try:
            crowd = _callers(CALLS, source[0])
            calling = asyncio.create_task(crowd.call(asterisk, source, rig.HOTLINE, rate=PER_S))
            there = asyncio.create_task(crowd.are_there.wait())
            await asyncio.wait((there, calling), return_when=asyncio.FIRST_COMPLETED)
            assert there.done(), f"{crowd.callers} callers were there at last"
            began = datetime.now(UTC)
            edition = await publish(pool, "menus", FLOW.replace("first", "second"))
            await _in_force(stack.state / EDITIONS_FILE, edition)
            in_force = datetime.now(UTC)
            outcomes = [await calling]
            later = _callers(LATER, source[0])
            outcomes.append(await later.call(asterisk, source, rig.HOTLINE, rate=PER_S))
            await until(lambda: _ended(pool), 60, "all calls to be in the books", every_s=0.5)
            ended = await pool.fetch("select entered_at, why from calls")
            ways = await pool.fetch(
                "select call, count(distinct detail -> 'edition') as editions from call_facts"
                " where kind = 'way' group by call"
            )
        finally:
            await pool.close()
    assert [(one.failed, one.succeeded) for one in outcomes] == [(0, CALLS), (0, LATER)]
    assert Counter([*crowd.prompts, *later.prompts]) == {MENUS + 1: CALLS + LATER}
    assert {row["why"] for row in ended if row["entered_at"] < began} == {"first"}
    assert {row["why"] for row in ended if row["entered_at"] > in_force} == {"second"}
    assert {row["editions"] for row in ways} == {1} and len(ways) == CALLS + LATER


def _callers(number: int, address: str) -> KeyPressers:
    return KeyPressers(number, address, menus=MENUS, prompt_s=PROMPT_S, at_once=CALLERS)


async def _in_force(copy: Path, edition: int) -> None:
    async def serves() -> bool:
        return read_editions(copy)[0].edition == edition

    await until(serves, 30, "the edition to be in force", every_s=0.05)


async def _ended(pool: asyncpg.Pool) -> bool:
    return bool(await pool.fetchval("select count(*) from calls where why <> ''") == CALLS + LATER)
