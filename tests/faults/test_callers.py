"""The caller, from the SIP header to the record: names in GBK, withheld numbers, a full line."""

import asyncio
import itertools

import pytest

from bench.raw_sip import Account, RawSip
from domain.call_facts import CallBlocked, CallEnded, CallEntered
from records.call_search import CallFilter
from records.fold import Outcome
from tests.faults.conftest import SceneFactory
from tests.faults.scene import HOTLINE, LINE

pytestmark = pytest.mark.live


async def test_names_withheld_numbers_and_a_full_line(scene: SceneFactory) -> None:
    one = await scene(agents=1, channels=2)
    await one.phones("ring")
    account = Account(LINE, one.stack.secrets.sip[LINE])
    peer = await RawSip(("127.0.0.1", one.stack.instance.ports.sip)).open()
    over, tags = asyncio.Event(), itertools.count()

    def call(number: str, caller: bytes) -> asyncio.Task[int]:
        async def status() -> int:
            headers = [(b"From", caller + b";tag=%d" % next(tags))]
            return (await peer.invite(peer.uri(number), account, headers, until=over)).status

        return asyncio.create_task(status())

    named = call(f"{HOTLINE};user=phone", '"张伟" <sip:13800138000@h>'.encode("gbk"))
    board = await one.until(lambda b: any(c["agent"] for c in b["calls"]), what="it rings")
    (shown,) = board["calls"]
    assert (shown["caller"], shown["caller_name"]) == ("13800138000", "张伟")
    rung = await one.far.event("FarendRinging")
    assert (rung["Caller"], rung["Name"]) == ("13800138000", "张伟")

    hidden = call(HOTLINE, b'"Anonymous" <sip:anonymous@anonymous.invalid>')
    board = await one.until(lambda b: len(b["calls"]) == 2, what="the second call is there")
    (shown,) = (c for c in board["calls"] if c["caller"] != "13800138000")
    assert (shown["caller"], shown["caller_name"]) == (None, None)

    assert await call(HOTLINE, b'"Too many" <sip:1399@h>') == 503
    await one.until(lambda b: b["lines"][0]["blocked_today"] == 1, what="it is counted")
    over.set()
    await asyncio.gather(named, hidden)
    await one.until(lambda b: not b["calls"] and b["store"][0]["pending"] == 0, what="all over")
    peer.close()

    rows = (await one.calls.list(projects=None)).rows
    assert {(row.caller, row.caller_name, row.outcome is Outcome.BLOCKED) for row in rows} == {
        ("13800138000", "张伟", False),
        (None, None, False),
        ("1399", "Too many", True),
    }
    blocked = await one.calls.list(CallFilter(outcome=Outcome.BLOCKED), projects=None)
    stored = await one.calls.get(blocked.rows[0].call, projects=None)
    assert stored is not None
    kinds = [type(fact.what) for fact in stored.timeline]
    assert kinds == [CallEntered, CallBlocked, CallEnded]
