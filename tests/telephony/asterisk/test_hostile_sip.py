"""Whatever strangers and phones write into SIP headers, it names the caller and does no harm."""

import asyncio
from dataclasses import replace

import pytest

from bench.bench_hostile_sip import LINE, attack, centre, first, listening, run
from bench.hostile_sip import PHONE
from bench.raw_sip import Account, RawSip
from configuration.secrets import Secrets
from domain.centre import CallerHeader, Line, LineKind
from domain.identity import LineName, StationName
from farend.ami_client import Remote
from telephony.asterisk.instance import Instance
from telephony.caller import name_of, number_of
from telephony.event_log import EventLog
from telephony.log_rows import LogPlace, parse
from tests.conftest import InstanceFactory
from tests.phones.bent import BentPhone, refuse
from tests.telephony.asterisk.controller import Session, controller
from tests.waiting import until

pytestmark = pytest.mark.live

INPUTS, SEED = 300, 8
HOTLINE = "4008001000"
FORGED = b"13800138000%0D%0AEvent%3A%20Forged%0D%0AUniqueid%3A%201.1"


async def test_nothing_that_comes_by_sip_becomes_a_line_of_a_protocol(
    instance: InstanceFactory, secrets: Secrets
) -> None:
    one = await instance(centre())
    async with listening(one) as said, attack(one, secrets.sip, SEED) as attackers:
        await run(attackers, INPUTS, 120)
        assert sum(attackers.sent.values()) == INPUTS
        assert len(said.environments) > INPUTS / 10, "most inputs don't reach the controller"
        await attackers.honest()
        assert not (faults := said.check(one.cel)), first(faults)
        honest = said.environments[-1]
    assert b"agi_callerid: 13800138000\n" in honest


# ---------------------------------------------------------------------- who calls

VOUCHED, OLDER = LineName("vouched"), LineName("older")


def _three_lines() -> list[Line]:
    (line,) = centre().lines
    return [
        line,
        Line(VOUCHED, LineKind.TRUNK, 30, "127.0.0.3", CallerHeader.ASSERTED),
        Line(OLDER, LineKind.TRUNK, 30, "127.0.0.4", CallerHeader.REMOTE_PARTY),
    ]


async def _callers(
    one: Instance, calls: list[tuple[str, list[tuple[bytes, bytes]]]]
) -> list[tuple[str | None, str | None]]:
    """Number and name of each call (the line's address, its headers), as the controller has it."""
    found: list[tuple[str | None, str | None]] = []
    async with listening(one) as said:
        for address, headers in calls:
            peer = await RawSip((one.addresses.sip, one.ports.sip)).open(address)
            await peer.invite(peer.uri(HOTLINE), Account("line"), headers)
            peer.close()
            assert len(said.environments) == len(found) + 1, f"not let in: {headers}"
            environment = dict(
                line.split(": ", 1) for line in said.environments[-1].decode().splitlines() if line
            )
            number = number_of(environment["agi_callerid"])
            found.append((number, name_of(environment["agi_arg_10"], number)))
        assert not (faults := said.check(one.cel)), first(faults)
    return found


FROM: list[tuple[bytes, str | None, str | None]] = [
    (b'"Li Wei" <sip:13800138000@h>', "13800138000", "Li Wei"),
    ('"张伟" <sip:13800138000@h>'.encode("gbk"), "13800138000", "张伟"),
    ('"张伟" <sip:13800138000@h>'.encode(), "13800138000", "张伟"),
    (f'"{"张" * 200}" <sip:1380@h>'.encode(), "1380", "张" * 39),  # 120 bytes, less the quote
    (b'"a \\"b\\" <sip:110@x>, c" <sip:1380@h:5060;x=1>', "1380", 'a "b" <sip:110@x>, c'),
    (b"<tel:+86-138-0013;phone-context=example.com>", "+861380013", None),
    (b"<sip:%313800138000;user=phone@h>", "13800138000", None),
    (b"<sip:1380:secret@h>", "1380", None),
    (b'"${CHANNEL} $[1+1]" <sip:1380@h>', "1380", "${CHANNEL} $[1+1]"),
    (b'"Shop :) 24 h: best" <sip:1380@h>', "1380", "Shop :) 24 h: best"),
    (b'"a):0:1} (b" <sip:1380@h>', "1380", "a):0:1} (b"),
    (b"<sip:(021)1380%29@h>", "0211380", None),
    (b"<sip:1380%29%3A0%3A1@h>", None, None),
    (b"<sip:anonymous@anonymous.invalid>", None, None),
    (b'"Anonymous" <sip:unknown@h>', None, None),
    (b"<sip:h:5060>", None, None),
    (b"<sip:1001abc@h>", None, None),
    (b"<sip:%s@h>" % (b"1" * 400), None, None),
    (b"<sip:%s@h>" % FORGED, None, None),
    (b"<sip:%00@h>", None, None),
]


async def test_number_and_name_are_read_from_the_from_header(instance: InstanceFactory) -> None:
    one = await instance(centre())
    calls = [
        ("127.0.0.2", [(b"From", value + b";tag=%d" % n)]) for n, (value, *_) in enumerate(FROM)
    ]
    found = await _callers(one, calls)
    log = EventLog({StationName(PHONE)}, {LineName(LINE)})
    for number, line in enumerate(one.cel.read_text("utf-8").splitlines()):
        if row := parse(line):
            log.feed(row, LogPlace(0, number))
    assert [(call.caller, call.caller_name) for call in log.calls.values()] == found
    assert dict(zip((f[0] for f in FROM), found, strict=True)) == {f[0]: f[1:] for f in FROM}


async def test_each_line_believes_the_header_it_is_told_to(instance: InstanceFactory) -> None:
    one = await instance(replace(centre(), lines=tuple(_three_lines())))
    written = [
        (b"From", b"<sip:111@h>;tag=1"),
        (b"P-Asserted-Identity", b'"Two" <sip:+8622@h>'),
        (b"Remote-Party-ID", b'"Three" <sip:333@h>;party=calling;privacy=off'),
        (b"Diversion", b"<sip:%s@h>;reason=unconditional" % FORGED),
    ]
    forged = [
        (b"P-Asserted-Identity", b"<sip:%s@h>" % FORGED),
        (b"Remote-Party-ID", b"<sip:%s@h>" % FORGED),
    ]
    wished = [*written[:2], (b"Privacy", b"id")]
    hidden = [*written[:2], (b"Remote-Party-ID", b'"Three" <sip:333@h>;privacy=full')]
    found = await _callers(
        one,
        [
            ("127.0.0.2", written), ("127.0.0.3", written), ("127.0.0.4", written),
            ("127.0.0.3", forged), ("127.0.0.4", forged),
            ("127.0.0.3", wished), ("127.0.0.4", hidden),
            ("127.0.0.3", written[:1]),
        ],
    )  # fmt: skip
    nobody = (None, None)
    assert found == [
        ("111", None), ("+8622", "Two"), ("333", "Three"), *(nobody for _ in range(5)),
    ]  # fmt: skip


async def test_a_phones_number_is_its_own_whatever_it_sends(
    instance: InstanceFactory, secrets: Secrets
) -> None:
    one = await instance(centre())
    account = Account(PHONE, secrets.sip[PHONE])
    async with listening(one) as said:
        peer = await RawSip((one.addresses.sip, one.ports.sip)).open()
        statuses = []
        for user in (b"1001", b"9999", FORGED):
            forged = b"<sip:%s@h>" % FORGED
            headers = [
                (b"From", b'"Boss\rEvent: Forged" <sip:%s@h>;tag=1' % user),
                (b"P-Asserted-Identity", forged),
                (b"Remote-Party-ID", forged),
            ]
            statuses.append((await peer.invite(peer.uri("*12"), account, headers)).status)
        peer.close()
        assert statuses == [200, 401, 401]  # by another's name it is not even known
        (environment,) = said.environments
        assert b"agi_callerid: 1001\n" in environment
        assert b"agi_calleridname: 1001\n" in environment
        assert not (faults := said.check(one.cel)), first(faults)


async def test_where_a_phone_forwards_its_calls_to_becomes_no_line(
    instance: InstanceFactory, secrets: Secrets
) -> None:
    one = await instance(centre())
    async with listening(one) as said:
        phones = BentPhone(one.ports.sip + 15, ("127.0.0.1", one.ports.sip), secrets.sip)
        await phones.start()
        for station in ("1001", "1002"):
            await phones.register(station)
        # the last refuses as phones do: that event is still ours to read
        users = (FORGED.decode(), FORGED.decode().removeprefix("13800138000"), "%22%0A", "%1B")
        habits = [refuse(302, f"sip:{user}@h") for user in users]
        for habit in (*habits, refuse(486)):
            phones.habits["1002"] = habit
            assert (await phones.call("1001", "1002")).over.is_set()
        await phones.close()
        await until(lambda: b"\r\nDialStatus: BUSY\r\n" in said.ami, 20, "AMI to report BUSY")
        assert [call.station for call in phones.rung] == ["1002"] * 5
        assert not (faults := said.check(one.cel)), first(faults)


async def test_where_a_phone_says_it_is_becomes_no_line(
    instance: InstanceFactory, secrets: Secrets
) -> None:
    one = await instance(centre())
    account = Account(PHONE, secrets.sip[PHONE])
    home = (b"To", b"<sip:%s@h>" % PHONE.encode())
    forged = FORGED.removeprefix(b"13800138000")
    async with listening(one) as said:
        peer = await RawSip((one.addresses.sip, one.ports.sip)).open()
        for where in (b";user=%s", b";maddr=127.0.0.1%s", b";transport=udp%s", b";x=%s"):
            contact = peer.at_home(PHONE)[:-1] + where % forged + b">"
            told = await peer.request("REGISTER", b"sip:h", account, [home, (b"Contact", contact)])
            assert told.status == 200
        # and a call, so that what was said of the first of them has come
        assert (await peer.invite(peer.uri("*12"), account)).status == 200
        peer.close()
        assert len(said.environments) == 1
        assert not (faults := said.check(one.cel)), first(faults)


async def test_a_number_is_found_behind_what_comes_with_it(instance: InstanceFactory) -> None:
    one = await instance(centre())
    watch = Remote()
    await watch.connect(*one.ami, one.ami_user, one.secrets.ami)
    async with listening(one) as said:
        peer = await RawSip((one.addresses.sip, one.ports.sip)).open("127.0.0.2")
        forged = "%0D%0AEvent%3A%20Forged"
        users = [f"{HOTLINE};user=phone", f"%34{HOTLINE[1:]}", f"{HOTLINE};x={forged}"]
        users += [f"{HOTLINE}{forged}", "999;user=phone", "99%0D%0A", "sales"]
        unknown = watch.watch(lambda event: event.get("UserEvent") == "OffhookUnknownNumber")
        answers = [(await peer.invite(peer.uri(user), Account(LINE))).status for user in users]
        peer.close()
        assert (await asyncio.wait_for(unknown, 60))["Number"] == "999"
        assert len(said.environments) == 3
        assert not (faults := said.check(one.cel)), first(faults)
    await watch.close()
    assert [status == 404 for status in answers] == [False] * 3 + [True] * 4


# ---------------------------------------------------------------------- how many call


@pytest.mark.parametrize("alive", [True, False], ids=["with the controller", "without"])
async def test_a_line_lets_in_as_many_calls_as_it_carries(
    instance: InstanceFactory, *, alive: bool
) -> None:
    here = centre()
    one = await instance(replace(here, lines=(replace(here.lines[0], channels=2),)))
    watch = Remote()
    await watch.connect(*one.ami, one.ami_user, one.secrets.ami)
    over = asyncio.Event()

    async def play(session: Session) -> None:
        await over.wait()
        await session.done()

    async with controller(one.ports.agi, play) as served:
        if not alive:
            await served.die()
        peer = await RawSip((one.addresses.sip, one.ports.sip)).open("127.0.0.2")

        async def call() -> int:
            return (await peer.invite(peer.uri(HOTLINE), Account(LINE), until=over)).status

        calls = [asyncio.create_task(call()) for _ in range(12)]
        ended = asyncio.as_completed(calls, timeout=20)
        refused = [await next(ended) for _ in range(10)]
        assert refused == [503] * 10
        over.set()
        status = 603 if alive else 200  # without a controller Asterisk answers by itself
        assert sorted(await asyncio.gather(*calls)) == sorted([status] * 2 + [503] * 10)
        assert await call() == status  # there is room again
        peer.close()
    told = [event for event in watch.events if event.get("UserEvent") == "OffhookLineFull"]
    assert [(event["Line"], event["Hotline"]) for event in told] == [(LINE, HOTLINE)] * 10
    rows = [parse(line) for line in one.cel.read_text().splitlines()]
    assert [row.user_event for row in rows if row and row.user_event] == ["OFFHOOK_LINE_FULL"] * 10
    await watch.close()
