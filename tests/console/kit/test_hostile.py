"""Requests that no browser sends, byte by byte: each gets an answer, none leaves a traceback."""

import asyncio
import base64
import contextlib
import gzip
import logging
import os
import random
import socket
import struct
import zlib
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any

import pytest
import structlog

from console.kit import csrf
from console.kit.context import ConsoleTiming
from console.kit.door import Door, DoorTiming
from tests.console.conftest import CALL, PASSWORD, Console

pytestmark = pytest.mark.usefixtures("recorded")

BOMB = 20 * 1024 * 1024
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Target:
    """The console at a port, and an administrator's way in."""

    port: int
    cookie: str

    async def say(self, *pieces: bytes, end: bool = False) -> bytes:
        """What comes back for these bytes, until the console closes; ``end``: we close first."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
            if end:
                writer.write_eof()
            async with asyncio.timeout(30):
                return await reader.read()
        except ConnectionResetError:
            return b""
        finally:
            writer.close()

    async def status(self, *pieces: bytes) -> int:
        """The status of the first answer; 0 if there is none."""
        said = await self.say(*pieces)
        assert b"Traceback" not in said
        return int(said[9:12]) if said.startswith(b"HTTP/") else 0

    def head(self, line: str, *headers: str, signed_in: bool = False) -> bytes:
        """A request's head, with the headers that any request has."""
        lines = [f"{line} HTTP/1.1", "Host: localhost", "Connection: close", *headers]
        if signed_in:
            lines.append(f"Cookie: offhook_session={self.cookie}")
        return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape")

    def post(
        self, path: str, body: bytes, *headers: str, kind: str | None = FORM, signed_in: bool = True
    ) -> bytes:
        """A form with the right token in its head."""
        own = [f"Content-Length: {len(body)}", f"X-CSRF-Token: {csrf.token_for(self.cookie)}"]
        if kind is not None:
            own.append(f"Content-Type: {kind}")
        return self.head(f"POST {path}", *own, *headers, signed_in=signed_in) + body


@pytest.fixture
async def target(console: Console) -> AsyncIterator[Target]:
    """The console behind its door."""
    at = Door(console.app, most=50, timing=DoorTiming(linger_s=0.1))
    await at.open("127.0.0.1", 0)
    login = await console.logins.login("ada", PASSWORD)
    yield Target(at.port, login.token)
    await at.close()


@pytest.fixture
def quiet(caplog: pytest.LogCaptureFixture) -> Iterable[list[Any]]:
    """Nothing that is said may be a trace, an error, or about the database."""
    caplog.set_level(logging.INFO)
    with structlog.testing.capture_logs() as logs:
        yield logs
    assert [e for e in logs if "trace" in e or e["log_level"] == "error"] == []
    assert [e for e in logs if "database" in str(e["event"])] == []
    assert [r for r in caplog.records if r.exc_info or r.levelno >= logging.WARNING] == []


async def is_well(target: Target) -> bool:
    return await target.status(target.head("GET /board", signed_in=True)) == 200


def answers(target: Target) -> list[tuple[str, bytes, set[int]]]:
    """What it is, what is sent, and which answers are right."""
    t = target
    sheet, parts = "/centre/agents-sheet", "multipart/form-data; boundary=x"
    squeezed = gzip.compress(b"name=" + b"x" * BOMB)
    token = csrf.token_for(t.cookie)
    recording = f"/calls/{CALL}/recording.wav"

    def get(path: str, *headers: str) -> bytes:
        return t.head(f"GET {path}", *headers, signed_in=True)

    return [
        # Methods and targets
        ("CONNECT", t.head("CONNECT localhost:80"), {405}),
        ("CONNECT to nothing", t.head("CONNECT /"), {400, 405}),
        ("CONNECT, signed in", t.head("CONNECT a.example:443", signed_in=True), {405}),
        ("TRACE", t.head("TRACE /"), {405}),
        ("OPTIONS *", t.head("OPTIONS *"), {200, 404, 405}),
        ("GET *", t.head("GET *"), {400, 404}),
        ("OPTIONS /", t.head("OPTIONS /board"), {405}),
        ("PROPFIND", t.head("PROPFIND /board"), {405}),
        ("BREW", t.head("BREW /board"), {400, 405}),
        ("a lower-case method", t.head("get /board"), {400, 405}),
        ("PUT", t.head("PUT /users", "Content-Length: 0", signed_in=True), {405}),
        ("DELETE", t.head("DELETE /users/amy", signed_in=True), {405}),
        ("absolute form", t.head("GET http://evil.example/login"), {200, 400, 404}),
        ("absolute form, https", t.head("GET https://evil.example/board"), {303, 400, 404}),
        ("authority only", t.head("GET evil.example:80"), {400, 404}),
        ("odd brackets", t.head("GET http://[::1/board"), {400}),
        ("a port too large", t.head("GET http://localhost:99999999/board"), {400}),
        ("//", t.head("GET //evil.example/board"), {400, 404}),
        ("dots", t.head("GET /static/../../etc/passwd"), {403, 404}),
        ("dots in per cent", t.head("GET /static/%2e%2e/%2e%2e/etc/passwd"), {403, 404}),
        ("NUL in a static path", t.head("GET /static/app/%00.js"), {400, 403, 404}),
        ("a very long file name", t.head("GET /static/" + "a" * 5000), {403, 404}),
        ("a folder", t.head("GET /static/app"), {403, 404}),
        # Not HTTP
        ("nonsense", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64), {400}),
        ("HTTP/0.9", b"GET /\r\n\r\n", {303, 400}),
        ("HTTP/3.7", b"GET / HTTP/3.7\r\n\r\n", {400}),
        ("HTTP/2's greeting", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {400}),
        ("a line without end", b"GET /" + b"a" * 100_000, {400}),
        ("SSH", b"SSH-2.0-OpenSSH_9.6\r\n\r\n", {400}),
        ("no Host", b"GET /login HTTP/1.1\r\nConnection: close\r\n\r\n", {200, 400}),
        ("two Hosts", t.head("GET /login", "Host: evil.example"), {200, 400}),
        ("an odd Host", b"GET /board HTTP/1.0\r\nHost: [::\r\n\r\n", {303, 400}),
        ("NUL in a header", t.head("GET /login", "X: a\0b"), {400}),
        ("a folded header", t.head("GET /login", "X: a\r\n b"), {200, 400}),
        ("a header without colon", t.head("GET /login", "nonsense"), {400}),
        ("10,000 headers", t.head("GET /login", *(f"X{n}: y" for n in range(10_000))), {400}),
        ("two lengths", t.post("/login", b"a=b", "Content-Length: 5"), {400}),
        ("a negative length", t.head("POST /login", "Content-Length: -1"), {400}),
        ("an endless length", t.head("POST /login", "Content-Length: " + "9" * 40), {400}),
        ("length and chunks", t.post("/login", b"0\r\n\r\n", "Transfer-Encoding: chunked"), {400}),
        ("a bad chunk", t.head("POST /login", "Transfer-Encoding: chunked") + b"zz\r\n", {400}),
        (
            "a cookie of 100 kB", t.head("GET /login", "Cookie: offhook_session=" + "x" * 100_000),
            {400},
        ),
        ("900 cookies", t.head(
            "GET /login", "Cookie: " + "; ".join(f"a{n}=b" for n in range(900))), {200}),
        ("bytes in a language", t.head("GET /login", "Accept-Language: \udcff\udcfe"), {200}),
        ("an odd expectation", t.post("/login", b"", "Expect: the unexpected"), {417}),
        ("an expectation that is not text", t.post("/login", b"", "Expect: \udcff"), {400}),
        # Forms
        ("broken gzip", t.post("/login", b"abc", "Content-Encoding: gzip"), {400}),
        ("broken gzip, no session", t.post(
            "/login", b"abc", "Content-Encoding: gzip", signed_in=False), {400}),
        ("broken deflate", t.post("/login", b"abc", "Content-Encoding: deflate"), {400}),
        ("cut gzip", t.post("/login", gzip.compress(b"a=b")[:-6], "Content-Encoding: gzip"), {400}),
        ("broken br", t.post("/login", b"abc", "Content-Encoding: br"), {400}),
        ("broken zstd", t.post("/login", b"abc", "Content-Encoding: zstd"), {400}),
        ("unknown coding", t.post("/language", b"language=en", "Content-Encoding: x"), {303, 400}),
        ("a gzip bomb", t.post("/login", squeezed, "Content-Encoding: gzip"), {400}),
        (
            "a deflate bomb",
            t.post("/login", zlib.compress(bytes(BOMB)), "Content-Encoding: deflate"), {400},
        ),
        ("hundreds of fields", t.post("/users", b"&".join(b"a%d=" % n for n in range(500))), {400}),
        ("a huge form", t.post("/users", b"name=" + b"x" * 200_000), {413}),
        ("many fields", t.post("/users", b"&".join(b"a%d=" % n for n in range(9000))), {413}),
        ("not UTF-8", t.post("/users", b"name=\xff\xfe"), {400}),
        ("NUL in a form", t.post("/users", b"name=a%00b&role=qa&projects=tea"), {400}),
        ("NUL in a name", t.post("/login", b"name=a%00b&password=x"), {400}),
        (
            "a surrogate in a form",
            t.post("/users", rb"name=\ud800", kind=f"{FORM}; charset=unicode_escape"), {415},
        ),
        ("a slow charset", t.post("/login", b"a" * 9000, kind=f"{FORM}; charset=punycode"), {415}),
        ("no such charset", t.post("/login", b"a=b", kind=f"{FORM}; charset=\"'"), {415}),
        ("JSON", t.post("/users", b'{"name": 1}', kind="application/json"), {415}),
        ("no type", t.post("/users", b"name=x", kind=None), {415}),
        ("a bad type", t.post("/users", b"name=x", kind=";;;"), {415}),
        ("multipart", t.post("/users", b"--x\r\n", kind="multipart/form-data; boundary=x"), {415}),
        ("no boundary", t.post("/users", b"x", kind="multipart/form-data"), {415}),
        ("no boundary for a file", t.post(sheet, b"x", kind="multipart/form-data"), {400}),
        ("a file in a plain form", t.post(sheet, b"file=x"), {415}),
        ("a part without a name", t.post(sheet, b"--x\r\n\r\n\r\n--x--\r\n", kind=parts), {400}),
        ("a part of a bad encoding", t.post(sheet, (
            b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n'
            b"Content-Transfer-Encoding: base64\r\n\r\n!\r\n--x--\r\n"), kind=parts), {400}),
        ("a part's endless head", t.post(sheet, b"--x\r\n" + b"a" * 100_000, kind=parts), {400}),
        ("a bad token", t.post("/language", b"language=en", f"X-CSRF-Token: {token}x"), {303, 403}),
        # Addresses
        ("bad per cent", get("/calls?from=%zz&caller=%"), {200}),
        ("NUL in a query", get("/calls?hotline=a%00b"), {400}),
        ("NUL in a query's name", get("/calls?a%00b=c"), {400}),
        ("NUL in a call", get("/calls/a%00b"), {400}),
        ("NUL in a user", get("/users/a%00b"), {400}),
        ("NUL in an agent", t.post("/agents/%00/ready", b""), {400}),
        ("not UTF-8 in a path", get("/users/%ff%fe"), {404}),
        ("not UTF-8 in a query", get("/calls?hotline=%ff%ed%a0%80"), {200}),
        ("raw bytes in a path", get("/users/\udcff\udcfe"), {400, 404}),
        ("a surrogate in a path", get("/users/%ed%a0%80"), {400, 404}),
        ("a place of 5000 digits", get("/calls?before=" + "9" * 5000), {200}),
        ("a call's name of 5000", get("/calls?after=2026-01-01T00:00Z_" + "9" * 5000), {200}),
        ("the first year", get("/calls?before=0001-01-01T00:00Z_%27"), {200, 303}),
        ("the last year, JSON", get("/api/v1/calls?after=9999-12-31T23:59:59Z_%ff"), {200}),
        ("the year 9999", get("/calls?from=9999-12-31&to=9999-12-31"), {200}),
        ("the year 0", get("/calls?from=0000-01-01"), {200}),
        ("the year 1", get("/calls?from=0001-01-01&to=0001-01-01"), {200}),
        ("the year 1, JSON", get("/api/v1/calls?from=0001-01-02&to=9999-12-30"), {200}),
        ("odd digits", get("/calls?page=%D9%A3&caller=%D9%A3"), {200, 303}),
        ("a next of bytes", get("/login?next=/%ff%00"), {303, 400}),
        ("a next with breaks", t.head("GET /login?next=/%0d%0aSet-Cookie:%20a=b"), {200, 400}),
        # Recordings and files
        ("many ranges", get(recording, "Range: bytes=" + ",".join(["0-1"] * 900)), {200, 206, 416}),
        ("a reversed range", get(recording, "Range: bytes=9-1"), {200, 416}),
        ("a range beyond", get(recording, "Range: bytes=99999999-"), {416}),
        ("a huge range", get(recording, "Range: bytes=0-" + "9" * 30), {206, 416}),
        ("a range of 5000 digits", get(recording, "Range: bytes=0-" + "9" * 5000), {200, 206, 416}),
        ("a tail too long", get(recording, "Range: bytes=-" + "9" * 30), {200, 206, 416}),
        ("a range of what", get(recording, "Range: pages=1-2"), {200, 416}),
        ("odd digits in a range", get(recording, "Range: bytes=\u0663-"), {200, 400, 416}),
        ("a bad If-None-Match", get(recording, 'If-None-Match: "\udcff, W/'), {200}),
        ("any If-None-Match", t.head("GET /static/app/page.js", "If-None-Match: *"), {304}),
        ("a bad If-Range", get(recording, "If-Range: x", "Range: bytes=0-1"), {200, 206}),
        ("a date of nowhere", get(
            recording, "If-Modified-Since: Mon, 99 Foo 99999999999999999999 99:99:99 GMT"), {200}),
        ("a year too large", t.head(
            "GET /static/app/page.js",
            "If-Modified-Since: Mon, 01 Jan 99999999999999999999 00:00:00 GMT"), {400}),
        ("a day too large", t.head(
            "GET /static/app/page.js",
            "If-Unmodified-Since: Mon, 99999999999999999999 Jan 2026 00:00:00 GMT"), {400}),
        # Streams
        ("a stream without a key", get("/board/live", "Upgrade: websocket"), {400}),
        ("a stream of version 1", get(
            "/board/live", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 1",
            "Sec-WebSocket-Key: x"), {400}),
        ("a stream without a log-in", t.head(
            "GET /board/live", "Connection: Upgrade", "Upgrade: websocket",
            "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {_KEY}"), {401}),
        ("another protocol", get("/board", "Connection: Upgrade", "Upgrade: h2c"), {200}),
    ]  # fmt: skip


_KEY = base64.b64encode(bytes(16)).decode()


@pytest.mark.usefixtures("quiet")
async def test_each_gets_its_answer(target: Target) -> None:
    wrong = []
    for what, sent, right in answers(target):
        status = await target.status(sent)
        if status not in right:
            wrong.append(f"{what}: {status}, not {sorted(right)}")
    assert wrong == []
    assert await is_well(target)


@pytest.mark.usefixtures("quiet")
async def test_an_aborted_form_is_nobodys_fault(target: Target) -> None:
    sent = target.post("/login", b"name=x" * 100)
    for cut in (len(sent) - 1, len(sent) - 500):
        for linger in (struct.pack("ii", 1, 0), None):  # reset, or closed properly
            _, writer = await asyncio.open_connection("127.0.0.1", target.port)
            writer.write(sent[:cut])
            await writer.drain()
            if linger is not None:
                writer.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, linger
                )
                writer.transport.abort()
            else:
                writer.close()
    assert await is_well(target)


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("timing", [ConsoleTiming(body_s=0.2)])
async def test_a_form_that_never_ends_is_answered(target: Target) -> None:
    assert await target.status(target.post("/login", b"name=x")[:-1]) == 408


@pytest.mark.usefixtures("quiet")
async def test_streams_end_at_rubbish(target: Target) -> None:
    chance = random.Random(8)
    frames = [
        b"\xff" * 50,  # reserved bits
        b"\x81\x05hello",  # not masked
        b"\x81\xff" + b"\x7f" + b"\xff" * 7 + bytes(4),  # 2**63 bytes are to come
        b"\x81\xfe\x10\x00" + bytes(4) + b"x" * 4096,  # more than is allowed
        b"\x89\xfe\x01\x00" + bytes(4) + b"x" * 256,  # a ping of 256 bytes
        b"\x01\x81" + bytes(4) + b"a" + (b"\x00\x81" + bytes(4) + b"b") * 5000,  # never the last
        b"\x80\x81" + bytes(4) + b"a",  # goes on with what has not begun
        b"\x81\x82" + bytes(4) + b"\xff\xfe",  # text that is none
        b"\x88\x81" + bytes(4) + b"x",  # a goodbye of one byte
        b"\x88\x82" + bytes(4) + b"\x00\x01",  # a code that isn't one
        *(bytes(chance.randbytes(200)) for _ in range(20)),
    ]
    for frame in frames:
        reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
        writer.write(_stream_head(target))
        async with asyncio.timeout(30):
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
            with contextlib.suppress(ConnectionResetError):
                writer.write(frame)
                writer.write_eof()
                await reader.read()
        writer.close()
    assert await is_well(target)


def _stream_head(target: Target) -> bytes:
    return target.head(
        "GET /board/live", "Connection: Upgrade", "Upgrade: websocket",
        "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {_KEY}",
        "Origin: http://localhost", signed_in=True,
    ).replace(b"Connection: close\r\n", b"")  # fmt: skip


@pytest.mark.usefixtures("quiet")
async def test_mutated_requests(target: Target) -> None:
    """Known requests with bytes changed, doubled, left out; ``OFFHOOK_FUZZ`` of them."""
    chance = random.Random(os.environ.get("OFFHOOK_SEED", "8"))
    seeds = [sent[:3000] for _, sent, _ in answers(target)]
    for n in range(int(os.environ.get("OFFHOOK_FUZZ", "300"))):
        sent = bytearray(chance.choice(seeds))
        for _ in range(chance.randint(1, 6)):
            at = chance.randrange(len(sent))
            match chance.randrange(4):
                case 0:
                    sent[at] = chance.randrange(256)
                case 1:
                    del sent[at : at + chance.randint(1, 20)]
                case 2:
                    sent[at:at] = sent[at : at + chance.randint(1, 50)]
                case _:
                    sent[at:at] = chance.choice([b"\r\n", b"\0", b"%00", b"\xff", b": ", b"%ff"])
            if not sent:
                break
        said = await target.say(bytes(sent), end=True)
        assert not said.startswith(b"HTTP/1.1 5"), (n, bytes(sent), said[:500])
    assert await is_well(target)
