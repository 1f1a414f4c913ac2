"""Customers who are called over each kind of line do what is planned, and the far end says so."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from domain.centre import CallerHeader, Centre, Line, LineKind, NumberFormat
from domain.identity import LineName, StationName
from farend.called_customers import key_of
from farend.seen_calls import SeenCall
from telephony.ami.originate import Application
from telephony.asterisk.provision import AsteriskInstall
from telephony.caller_ids import caller_id_headers
from tests.conftest import PortBlocks
from tests.farend.calling_out import CallingOut
from tests.pair import Pair, paired
from tests.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.long, pytest.mark.asyncio(loop_scope="module")]

CARRIER, TRUNK, GATEWAY = LineName("carrier"), LineName("trunk"), LineName("gateway-lines")
SIGNALLING = LineName("better-gateway")
PHONE = StationName("1001")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lines_pair(
    asterisk_install: AsteriskInstall,
    module_ports: PortBlocks,
    centre: Centre,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Pair]:
    """A registered trunk, one by address behind a gate, and two gateways; a phone with a gate."""
    host = f"127.0.0.2:{module_ports().sip}"
    e164, national = NumberFormat.E164, NumberFormat.NATIONAL
    lines = (
        Line(
            CARRIER, LineKind.TRUNK, 30, numbers_out=e164, caller_id="+862155550000",
            caller_id_header=CallerHeader.ASSERTED,
        ),
        Line(
            TRUNK, LineKind.TRUNK, 30, host=host, numbers_out=NumberFormat.INTERNATIONAL,
        ),
        Line(GATEWAY, LineKind.FXO, 8, numbers_out=national),
        Line(SIGNALLING, LineKind.FXO, 8, numbers_out=national, answer_signalled=True),
    )  # fmt: skip
    folder: Path = tmp_path_factory.mktemp("lines")
    whole = replace(centre, lines=lines)
    async with paired(asterisk_install, module_ports, folder, whole, gated=(TRUNK, PHONE)) as one:
        yield one


@pytest_asyncio.fixture(loop_scope="module")
async def pair(lines_pair: Pair) -> AsyncIterator[Pair]:
    """The module's pair, where nothing has happened yet."""
    yield lines_pair
    await lines_pair.clear()


@pytest_asyncio.fixture(loop_scope="module")
async def out(pair: Pair) -> AsyncIterator[CallingOut]:
    calling = CallingOut(pair.pbx)
    await calling.connect()
    await calling.reachable(TRUNK)
    yield calling
    await calling.watch.close()


async def seen(pair: Pair, number: str, count: int = 1) -> list[SeenCall]:
    """The calls to a number as the far end saw them, when they are over there too."""

    def over() -> list[SeenCall] | None:
        found = pair.far.seen.to(key_of(number))
        return found if [c.over_at is not None for c in found] == [True] * count else None

    found = await until(over, what=f"the far end to have seen {number}",
                        seen=lambda: pair.far.seen.calls)  # fmt: skip
    assert found is not None
    return found


NUMBERS = {
    "+8613700000001": ("answer-0.5,speak-0.5,hangup", (5, 6), 16),
    "+8613700000002": ("pick,speak-0.5,hangup", (6,), 16),
    "+8613700000003": ("ring-0.3,busy", (5,), 17),
    "+8613700000004": ("ring-0.3,refuse-603", (5,), 21),
    "+8613700000005": ("refuse-404", (), 1),
    "+8613700000006": ("refuse-480", (), 19),
    "+8613700000007": ("refuse-503", (), 34),
    "+8613700000008": ("refuse-403", (), 21),
    "+8613700000009": ("ring-60", (5,), 19),
    "+8613700000010": ("wait-60", (), 19),
    "+8613700000011": ("announce-1,refuse-480", (), 19),
    "+8613700000012": ("announce-1,answer-0.2,speak-0.5,hangup", (6,), 16),
    "+8613700000013": ("answer-0.3,hangup", (5, 6), 16),
    "+8613700000014": ("wait-1,answer-0.3,silent-0.5,hangup", (5, 6), 16),
}


@pytest.mark.parametrize("line", [CARRIER, TRUNK, SIGNALLING])
async def test_numbers_do_what_is_planned(pair: Pair, out: CallingOut, line: LineName) -> None:
    for number, (steps, _, _) in NUMBERS.items():
        await pair.far.plan(number, steps)
    placed = [await out.place(number, line, ring_s=4.0) for number in NUMBERS]
    ended = await asyncio.gather(*(out.over(call) for call in placed))
    came = {n: (NUMBERS[n][0], c.states, c.cause) for n, c in zip(NUMBERS, ended, strict=True)}
    assert came == NUMBERS
    for number, (steps, states, _) in NUMBERS.items():
        (call,) = await seen(pair, number)
        assert call.line == line
        assert (call.answered_at is not None) == (6 in states)
        assert call.ended_by_us == (steps not in ("ring-60", "wait-60"))


async def test_a_gateway_answers_when_it_has_seized_the_line(pair: Pair, out: CallingOut) -> None:
    """Its "answered" says nothing: who rings, is busy or speaks can only be heard."""
    await pair.far.plan("+8613700000021", "answer-1,speak-0.5,hangup")
    await pair.far.plan("+8613700000022", "busy")
    await pair.far.plan("+862187654321", "refuse-404")
    numbers = ("+8613700000021", "+8613700000022", "+862187654321")
    placed = [await out.place(number, GATEWAY) for number in numbers]
    for call in placed:
        assert (await out.over(call)).states == (6,)
    (rang,), (busy,), (unknown,) = [await seen(pair, number) for number in numbers]
    assert rang.number == "13700000021" and unknown.number == "02187654321"
    assert rang.answered_at is not None and rang.answered_at - rang.began_at >= 1.0
    assert busy.answered_at is None and unknown.answered_at is None


async def test_who_calls_is_seen_as_each_line_says_it(pair: Pair, out: CallingOut) -> None:
    number = "+8613700000031"
    await pair.far.plan(number, "busy")
    for line, caller_id in ((CARRIER, "+861066660000"), (TRUNK, '"Tea" <+861066660000>')):
        headers = caller_id_headers(out.line(line), "+861066660000")
        await out.over(await out.place(number, line, caller_id=caller_id, sip_headers=headers))
    one, other = await seen(pair, number, 2)
    # The line's own, for its carrier wants that in From; the campaign's is beside it.
    assert (one.number, one.caller) == (number, "+862155550000")
    assert one.asserted == "<sip:+861066660000@offhook.invalid>"
    assert (other.number, other.caller) == ("008613700000031", "+861066660000")
    assert other.asserted == ""


async def test_a_line_as_a_whole_misbehaves_and_recovers(pair: Pair, out: CallingOut) -> None:
    number = "+8613700000041"
    await pair.far.plan(number, "ring-0.2,busy")

    async def cause() -> tuple[tuple[int, ...], int]:
        call = await out.over(await out.place(number, CARRIER, ring_s=3.0))
        return call.states, call.cause

    for steps, came in (
        ("pass", ((5,), 17)),
        ("refuse-503", ((), 34)),
        ("flap-0-60,pass", ((), 34)),
        ("flap-60-0,pass", ((5,), 17)),
        ("limit-0,pass", ((), 34)),
        ("limit-1,pass", ((5,), 17)),
        ("pick,silent-0.3", ((6,), 16)),
        ("wait-60", ((), 19)),
        ("pass", ((5,), 17)),
    ):
        await pair.far.line(CARRIER, steps)
        assert (steps, await cause()) == (steps, came)
    # The other lines went on.
    await pair.far.line(CARRIER, "refuse-503")
    assert (await out.over(await out.place(number, TRUNK))).cause == 17


async def test_a_trunk_behind_a_gate_does_not_reply_at_all(pair: Pair, out: CallingOut) -> None:
    number, other = "+8613700000051", "+8613700000052"
    await pair.far.plan(number, "ring-0.2,busy")
    await pair.far.plan(other, "ring-0.2,busy")
    gate = pair.far.gates[TRUNK]
    gate.silent_numbers.add("008613700000051")
    calls = [await out.place(each, TRUNK, ring_s=3.0) for each in (number, other)]
    assert [(await out.over(call, 40)).cause for call in calls] != [17, 17]
    assert (await out.over(calls[1])).cause == 17
    assert pair.far.seen.to(key_of(number)) == [] and gate.lost > 0
    gate.silent_numbers.clear()
    await pair.far.shut(TRUNK)
    silent = await out.place(number, TRUNK, ring_s=3.0)
    assert (await out.over(silent, 40)).states == ()
    pair.far.open(TRUNK)
    assert (await out.over(await out.place(number, TRUNK))).cause == 17


async def test_the_agent_hears_the_customer_from_the_answer_on(pair: Pair, out: CallingOut) -> None:
    """By sound: what the customer says reaches the agent's phone, and the other way round."""
    number = "+8613700000061"
    await pair.far.plan(number, "answer-0.3,ears-2,hangup", tone=650)
    await pair.far.phone(PHONE, "pick,ears", tone=1200)
    call = await out.place(number, CARRIER, Application("Dial", f"PJSIP/{PHONE},20"))
    assert (await out.over(call)).cause == 16
    (customer,) = await seen(pair, number)
    (agent,) = await until_over(pair, PHONE)
    assert customer.ended_by_us and not agent.ended_by_us
    spoke = customer.spoke
    assert [each.hz for each in spoke] == [650] and 1.8 < spoke[0].seconds < 2.5
    assert customer.answered_at is not None and agent.answered_at is not None
    # A busy machine may leave a gap in what is heard.
    assert {each.hz for each in agent.heard} == {650}
    assert agent.heard[0].began_at >= agent.answered_at
    assert {each.hz for each in customer.heard} == {1200}
    assert customer.heard[0].began_at >= agent.answered_at


async def until_over(pair: Pair, station: StationName) -> list[SeenCall]:
    def over() -> list[SeenCall] | None:
        found = pair.far.seen.at(station)
        return found if found and all(c.over_at is not None for c in found) else None

    found = await until(over, what=f"{station} to be free", seen=lambda: pair.far.seen.calls)
    assert found is not None
    return found


async def test_a_customer_presses_a_key_when_they_hear_something(
    pair: Pair, out: CallingOut
) -> None:
    number = "+8613700000071"
    await pair.far.plan(number, "answer-0.2,hear-10,wait-0.3,press-9,speak-1,hangup")
    call = await out.place(number, CARRIER, Application("Playback", "tt-monkeys&tt-monkeys"))
    await out.over(call)
    pressed = [e["Digit"] for e in out.watch.events if e.get("Event") == "DTMFEnd"]
    assert pressed == ["9"]


async def test_a_phone_that_lost_its_power_neither_hears_nor_says_anything(
    pair: Pair, out: CallingOut
) -> None:
    await pair.far.phone(PHONE, "pick,quiet")
    wish = Application("Wait", "60")
    call = await out.ring(PHONE, wish)
    await out.up(call)
    await pair.far.event("FarendStep", Station=PHONE, Step="quiet")
    await pair.far.shut(PHONE)
    (phone,) = await until_over(pair, PHONE)
    assert phone.ended_by_us and await out.is_up(call)  # there was no BYE
    lost = await out.ring(PHONE, wish)
    assert (await out.over(lost, 40)).states == ()
    pair.far.open(PHONE)
    again = await out.ring(PHONE, wish)
    await out.up(again)
    await out.hang_up(again)
    await out.hang_up(call)
