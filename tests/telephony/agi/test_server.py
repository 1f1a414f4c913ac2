import asyncio
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, MutableMapping
from pathlib import Path
from typing import Any

import psutil
import pytest
from structlog.testing import capture_logs

from bench.agi_requests import address
from telephony.agi.kept_port import Found, is_ours, reserve, reserve_each
from telephony.agi.server import AgiServer, CannotListen
from telephony.agi.session import Session
from tests.conftest import PortBlocks
from tests.telephony.agi.peer import SECRET, Peer, environment, serving
from tests.waiting import until

LATER = int(time.time() * 1000) + 3_600_000


async def greet(session: Session) -> None:
    await session.answer()


async def assert_serves(server: AgiServer) -> None:
    peer = await Peer.connect(server.port)
    peer.send(environment())
    assert await peer.answer("200 result=0") == "ANSWER"
    assert await peer.ended()
    peer.close()


async def test_a_session_from_connection_to_end() -> None:
    async with serving({"call": greet}) as server:
        await assert_serves(server)
        assert (server.connections, server.sessions) == (0, 0)


async def test_health_checks_cost_nothing_and_say_nothing() -> None:
    with capture_logs() as logs:
        async with serving({"call": greet}) as server:
            for _ in range(50):
                peer = await Peer.connect(server.port)
                peer.close()
                peer = await Peer.connect(server.port)
                peer.cut()
            await assert_serves(server)
            process = psutil.Process()
            before = process.cpu_times()
            await asyncio.sleep(0.3)
            after = process.cpu_times()
            assert after.user + after.system - before.user - before.system < 0.15  # no spinning
            assert server.connections == 0
    assert [entry for entry in logs if entry["log_level"] != "info"] == []


@pytest.mark.parametrize(
    "garbage",
    [
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\0" * 100,
        b"agi_network: yes\nboo\n\n",
        b"agi_x: " + b"y" * 20_000,
        b"agi_x: " + b"y" * 20_000 + b"\n\n",
        b"agi_x: y\n" * 2_000,
        (b"agi_x: " + b"y" * 8000 + b"\n") * 10,
    ],
    ids=["http", "tls", "nul", "no-agi", "long-open", "long-line", "many", "large"],
)
async def test_garbage_is_cut_off_with_one_line(garbage: bytes) -> None:
    with capture_logs() as logs:
        async with serving({"call": greet}) as server:
            peer = await Peer.connect(server.port)
            peer.send(garbage)
            assert await peer.ended()
            await assert_serves(server)
    warnings = [entry for entry in logs if entry["log_level"] == "warning"]
    assert [entry["event"] for entry in warnings] == ["agi connection cut off"]
    assert warnings[0]["peer"].startswith("127.0.0.1:")


async def test_a_flood_of_garbage_does_not_flood_the_log() -> None:
    with capture_logs() as logs:
        async with serving({"call": greet}) as server:
            for _ in range(100):
                peer = await Peer.connect(server.port)
                peer.send(b"GET / HTTP/1.1\r\n\r\n")
                assert await peer.ended()
                peer.close()
    assert len([entry for entry in logs if entry["log_level"] == "warning"]) < 5


async def test_slow_senders_are_served_within_the_deadline_and_cut_off_after_it() -> None:
    async with serving({"call": greet}, request_timeout=0.5) as server:
        peer = await Peer.connect(server.port)
        for byte in environment():
            peer.send(bytes([byte]))
            await asyncio.sleep(0)
        assert await peer.answer("200 result=0") == "ANSWER"
        slow = await Peer.connect(server.port)
        slow.send(b"agi_network: yes\n")
        assert await slow.ended()


async def test_a_session_outlives_the_request_timeout() -> None:
    async def route(session: Session) -> None:
        await asyncio.sleep(0.3)
        await session.answer()

    async with serving({"call": route}, request_timeout=0.1) as server:
        await assert_serves(server)


async def test_an_unknown_route_is_named_in_one_line() -> None:
    with capture_logs() as logs:
        async with serving({"call": greet}) as server:
            peer = await Peer.connect(server.port)
            peer.send(environment(agi_network_script="agnet"))
            assert await peer.ended()
    (warning,) = [entry for entry in logs if entry["log_level"] == "warning"]
    assert "'agnet'" in warning["why"]
    assert "['call']" in warning["why"]


async def test_a_failing_route_ends_only_its_own_session() -> None:
    async def fail(_session: Session) -> None:
        raise LookupError("no such flow")

    with capture_logs() as logs:
        async with serving({"call": greet, "fail": fail}) as server:
            peer = await Peer.connect(server.port)
            peer.send(environment(agi_network_script="fail"))
            assert await peer.ended()
            await assert_serves(server)
    (error,) = [entry for entry in logs if entry["log_level"] == "error"]
    assert error["channel"] == "PJSIP/line1-00000001"


async def test_no_more_sessions_than_allowed() -> None:
    async with serving({"call": greet}, max_sessions=3) as server:
        peers = [await Peer.connect(server.port) for _ in range(3)]
        for number, peer in enumerate(peers):
            peer.send(environment(agi_uniqueid=f"1700000000.{number}"))
            assert await peer.command() == "ANSWER"
        assert await (await Peer.connect(server.port)).ended()
        for peer in peers:
            peer.close()
        await until(lambda: not server.connections)
        await assert_serves(server)


async def test_close_ends_all_sessions_and_frees_the_port() -> None:
    cancelled = asyncio.Event()

    async def wait(session: Session) -> None:
        try:
            await session.idle(asyncio.get_running_loop().create_future())
        finally:
            cancelled.set()

    server = AgiServer("127.0.0.1", 0, {"call": wait}, SECRET)
    await server.start()
    peer = await Peer.connect(server.port)
    peer.send(environment())
    await until(lambda: server.sessions)
    port = server.port
    await server.close()
    assert cancelled.is_set()
    assert await peer.ended()
    again = AgiServer("127.0.0.1", port, {"call": wait}, SECRET)
    await again.start()
    await again.close()


async def test_a_taken_port_is_named() -> None:
    async with serving({"call": greet}) as server:
        second = AgiServer("127.0.0.1", server.port, {"call": greet}, SECRET)
        with pytest.raises(CannotListen, match=f"127.0.0.1:{server.port}"):
            await second.start()


# Their ports are of a block, and for sound elsewhere: one that the system chooses may be another
# test's the next moment, and one of TCP may still be closing.


async def test_a_port_that_is_kept_is_for_our_own_user_between_two_controllers(
    ports: PortBlocks,
) -> None:
    """Asterisk obeys whoever listens; what SO_REUSEADDR alone can't have, no other user can."""
    port = ports().rtp_start
    kept = reserve("127.0.0.1", port)
    try:
        for _ in range(2):
            assert await is_ours("127.0.0.1", port)
            with socket.socket() as stranger, pytest.raises(OSError, match="in use"):
                stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                stranger.bind(("127.0.0.1", port))
            server = AgiServer("127.0.0.1", port, {"call": greet}, SECRET)
            await server.start()
            await assert_serves(server)
            second = AgiServer("127.0.0.1", port, {"call": greet}, SECRET)
            assert not await is_ours("127.0.0.1", port)
            with pytest.raises(CannotListen, match=f"can't listen on 127.0.0.1:{port}"):
                await second.start()
            await server.close()
    finally:
        kept.close()


def addresses(port: int, *hosts: str) -> list[Found]:
    """What a name with these addresses means."""
    return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", (host, port)) for host in hosts]


def test_each_address_of_a_name_is_kept(ports: PortBlocks) -> None:
    """``localhost`` is often two; Asterisk tries the next one where the first refuses it."""
    port = ports().rtp_start + 1
    # the first is not ours
    with reserve_each(addresses(port, "198.51.100.1", "127.0.0.1", "127.0.0.2")):
        for address in ("127.0.0.1", "127.0.0.2"):
            with socket.socket() as stranger, pytest.raises(OSError, match="in use"):
                stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                stranger.bind((address, port))
    for address in ("127.0.0.1", "127.0.0.2"):
        with socket.socket() as free:
            free.bind((address, port))


def test_a_port_is_kept_at_all_addresses_or_none(ports: PortBlocks) -> None:
    port = ports().rtp_start + 2
    with socket.socket() as taken:
        taken.bind(("127.0.0.2", port))
        with pytest.raises(OSError, match="in use"):
            reserve_each(addresses(port, "127.0.0.1", "127.0.0.2"))
        with socket.socket() as free:
            free.bind(("127.0.0.1", port))


async def test_bursts_of_unasked_lines_are_harmless() -> None:
    async with serving({"call": greet}) as server:
        peer = await Peer.connect(server.port)
        peer.send(environment() + b"noise\n" * 10000 + b"HANGUP\n" * 100)
        assert await peer.command() == "ANSWER"
        peer.send(b"x" * 100_000)
        assert await peer.ended()
        await assert_serves(server)


def crowd(port: int, says: Iterable[bytes]) -> subprocess.Popen[bytes]:
    """A connection for each, from a process of its own, since one process has too few files."""
    process = subprocess.Popen(
        [sys.executable, Path(__file__).with_name("crowd.py"), str(port)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin
    for say in says:
        process.stdin.write(say.hex().encode() + b"\n")
    process.stdin.close()
    return process


async def test_whoever_says_nothing_takes_nobodys_place() -> None:
    """Strangers take every place there is, and Asterisk comes then."""
    async with serving({"call": greet}, max_sessions=3, request_timeout=60) as server:
        silent = [await Peer.connect(server.port) for _ in range(3)]
        await until(lambda: server.connections == 3)
        await assert_serves(server)
        assert await silent[0].ended()
        assert server.connections <= 2


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("call", "its address has no token"),
        (f"{'0' * 40}/call", "its address has no token"),
        (f"{'0' * 40}/pbx1/x/call", "its address has no token"),
        (f"{SECRET}/{'0' * 40}/pbx1/{LATER}/call", "its address has no token"),
        (f"{'0' * 40}/pbx1/{LATER}/call", "the token in its address is wrong"),
        (f"{SECRET}/pbx1/{LATER}/call", "the token in its address is wrong"),
        (address(SECRET, "another.1", "call"), "the token in its address is wrong"),
        (address("", "1700000000.1", "call"), "the token in its address is wrong"),
        (address(SECRET, "1700000000.1", "agent")[:-5] + "call", "the token in its address is"),
        (
            address(SECRET, "1700000000.1", "call").replace("pbx1", "pbx2"),
            "the token in its address is wrong",
        ),
        (
            address(SECRET, "1700000000.1", "call", LATER).replace(str(LATER), str(LATER + 1)),
            "the token in its address is wrong",
        ),
    ],
    ids=[
        *("before-tokens", "an-older-offhook", "no-time", "too-much", "guess", "secret"),
        *("another-channels", "no-secret", "another-routes", "another-nodes", "another-try"),
    ],
)
async def test_who_does_not_know_the_secret_is_not_heard(script: str, why: str) -> None:
    called = False

    async def route(_session: Session) -> None:
        nonlocal called
        called = True

    async with serving({"call": route}) as server:
        with capture_logs() as logs:
            for _ in range(50):
                peer = await Peer.connect(server.port)
                # A slash in it, so that the right token isn't put in front.
                peer.send(environment(agi_network_script=f"/{script}"))
                assert await peer.ended()
    assert not called
    (warning,) = [entry for entry in logs if entry["log_level"] == "warning"]
    assert why in warning["why"] and "offhook asterisk-conf" in warning["why"]
    assert SECRET not in str(logs) and script.split("/")[0] not in str(logs).replace("call", "")


def the_only_warning(logs: Iterable[MutableMapping[str, Any]]) -> str:
    """Why the one session was refused that was."""
    (warning,) = [entry for entry in logs if entry["log_level"] == "warning"]
    return str(warning["why"])


async def waits(session: Session) -> None:
    await session.answer()
    await session.idle(asyncio.get_running_loop().create_future())


async def test_a_token_opens_one_session_while_it_lasts_and_afterwards() -> None:
    said = environment()
    async with serving({"call": waits}) as server:
        mine = await Peer.connect(server.port)
        mine.send(said)
        assert await mine.answer("200 result=0") == "ANSWER"
        with capture_logs() as logs:
            thief = await Peer.connect(server.port)
            thief.send(said)
            assert await thief.ended()
        assert "has opened a session already" in the_only_warning(logs)
        assert server.sessions == 1
        mine.cut()
        await until(lambda: not server.sessions)
        thief = await Peer.connect(server.port)
        thief.send(said)
        assert await thief.ended()
        next_one = await Peer.connect(server.port)
        next_one.send(environment())
        assert await next_one.command() == "ANSWER"


async def test_an_earlier_token_that_opened_nothing_opens_nothing_after_a_later_one() -> None:
    async with serving({"call": waits}) as server:
        unused = environment()
        mine = await Peer.connect(server.port)
        mine.send(environment())
        assert await mine.command() == "ANSWER"
        thief = await Peer.connect(server.port)
        thief.send(unused)
        assert await thief.ended()
        assert server.sessions == 1


async def test_a_later_session_of_a_channel_ends_the_earlier() -> None:
    """Asterisk runs one at a time; the earlier is a thief's, or its end was lost on the way."""
    async with serving({"call": waits}) as server:
        earlier, other = await Peer.connect(server.port), await Peer.connect(server.port)
        earlier.send(environment())
        other.send(environment(agi_uniqueid="1700000000.2"))
        assert [await earlier.command(), await other.command()] == ["ANSWER", "ANSWER"]
        later = await Peer.connect(server.port)
        later.send(environment())
        assert await later.command() == "ANSWER"
        assert await earlier.ended()
        await until(lambda: server.sessions == 2)


async def test_another_asterisks_channel_of_the_same_uniqueid_is_another() -> None:
    uid = "1700000000.1"
    async with serving({"call": waits}) as server:
        for node in ("pbx1", "pbx2"):
            script = address(SECRET, uid, "call", LATER, node)
            peer = await Peer.connect(server.port)
            peer.send(environment(agi_network_script=script))
            assert await peer.command() == "ANSWER"
        assert server.sessions == 2


async def test_a_token_from_before_the_controllers_start_opens_nothing() -> None:
    """It may have been used with the controller before, who remembers nothing any more."""
    old = int(time.time() * 1000) - 1
    said = environment(agi_network_script=address(SECRET, "1700000000.1", "call", old))
    async with serving({"call": waits}) as server:
        with capture_logs() as logs:
            thief = await Peer.connect(server.port)
            thief.send(said)
            assert await thief.ended()
        assert "before this controller listened" in the_only_warning(logs)
        mine = await Peer.connect(server.port)
        mine.send(environment())
        assert await mine.command() == "ANSWER"


async def test_a_key_that_comes_twice_refuses_the_session() -> None:
    """A line break in a caller's number would let them pose as any other caller."""
    forged = environment(agi_callerid="1380\nagi_uniqueid: 1700000000.9")
    async with serving({"call": greet}) as server:
        with capture_logs() as logs:
            peer = await Peer.connect(server.port)
            peer.send(forged)
            assert await peer.ended()
        await assert_serves(server)
    (warning,) = [entry for entry in logs if entry["log_level"] == "warning"]
    assert warning["why"] == "'agi_uniqueid' comes twice in its environment"


@pytest.mark.parametrize("say", [False, True], ids=["silent", "waiting-callers"])
async def test_ten_thousand_connections(say: bool) -> None:
    """Ten thousand that say nothing, and ten thousand callers in a queue: the next is served."""
    size = 10_000
    callers = 0

    async def wait(session: Session) -> None:
        nonlocal callers
        if session.channel == "PJSIP/line9-1":
            await session.answer()
            return
        callers += 1
        try:
            await session.idle(asyncio.get_running_loop().create_future())
        finally:
            callers -= 1

    async with serving({"call": wait}, request_timeout=60) as server:
        process = psutil.Process()
        before = process.memory_info().rss
        says = [environment(agi_uniqueid=f"1.{n}") if say else b"" for n in range(size)]
        waiting = await asyncio.to_thread(crowd, server.port, says)
        try:
            assert waiting.stdout
            await asyncio.to_thread(waiting.stdout.readline)
            await until(lambda: not say or callers == size, 30)
            each = (process.memory_info().rss - before) / size
            assert each < 20_000, f"{each:.0f} bytes a connection"
            peer = await Peer.connect(server.port)
            async with asyncio.timeout(60):
                peer.send(environment(agi_channel="PJSIP/line9-1"))
                assert await peer.answer("200 result=0") == "ANSWER"
                assert await peer.ended()
        finally:
            waiting.kill()
            waiting.wait()
        await until(lambda: not server.connections and not server.sessions, 30)
        assert callers == 0
        print(f"{each:.0f} bytes a connection")
