"""Look-ups of flows against real servers on this machine, good ones and hostile ones."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from engine.inbound.look_ups import LookUps
from engine.inbound.repeated_faults import RepeatedFaults
from ivr_flows.steps import LookedUp, LookUp, LookUpFailed, LookUpFault
from publishing.inner_services import may_be_asked, service_of
from tests.waiting import until

HERE = (service_of("127.0.0.0/8"), service_of("::1"))
Serve = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def service(serve: Serve) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", serve)
    async with TestServer(app, host="127.0.0.1") as server:
        yield f"http://127.0.0.1:{server.port}"


def step(url: str, **changes: object) -> LookUp:
    usual: dict[str, object] = {
        "node": "ask", "method": "GET", "url": url, "query": {}, "body": None, "headers": {},
        "secrets": {}, "timeout_s": 2.0, "tries": 1, "largest_bytes": 10_000,
    }  # fmt: skip
    return LookUp(**(usual | changes))  # type: ignore[arg-type]


async def asked(one: LookUp, **secrets: str) -> LookedUp | LookUpFailed:
    look_ups = LookUps(lambda _, name: secrets.get(name), lambda: HERE)
    try:
        return await look_ups.ask(one)
    finally:
        await look_ups.close()


async def test_an_answer_comes_with_the_question_and_the_secret_as_written() -> None:
    seen: list[tuple[str, str, object, str | None]] = []

    async def serve(request: web.Request) -> web.Response:
        body = await request.json() if request.can_read_body else None
        seen.append((request.method, request.path_qs, body, request.headers.get("Authorization")))
        return web.json_response({"state": "sent"})

    async with service(serve) as url:
        await asked(step(f"{url}/orders/12?x=1", query={"lang": "zh CN"}))
        came = await asked(
            step(f"{url}/orders", method="POST", body={"pin": "4711"},
                 secrets={"Authorization": "token"}),
            token="Bearer abc",
        )  # fmt: skip
    assert came == LookedUp({"state": "sent"})
    assert seen == [
        ("GET", "/orders/12?x=1&lang=zh+CN", None, None),
        ("POST", "/orders", {"pin": "4711"}, "Bearer abc"),
    ]


async def _html(_: web.Request) -> web.Response:
    return web.Response(text="<html><body>Busy</body></html>", content_type="text/html")


async def _large(_: web.Request) -> web.Response:
    return web.json_response({"a": "x" * 10_000_000})


async def _deep(_: web.Request) -> web.Response:
    return web.Response(text="[" * 3_000 + "]" * 3_000)


async def _very_deep(_: web.Request) -> web.Response:
    return web.Response(text="[" * 200_000)


async def _numbers(_: web.Request) -> web.Response:
    return web.Response(text='{"a": NaN}')


async def _latin(_: web.Request) -> web.Response:
    return web.Response(body='{"a": "ä"}'.encode("latin-1"))


async def _gone(_: web.Request) -> web.Response:
    return web.Response(status=404)


async def _broken(_: web.Request) -> web.Response:
    return web.Response(status=500)


async def _zipped(_: web.Request) -> web.Response:
    return web.Response(body=b"\x1f\x8b", headers={"Content-Encoding": "gzip"})


async def _hangs(_: web.Request) -> web.Response:
    await asyncio.sleep(60)
    return web.Response()


@pytest.mark.parametrize(
    ("serve", "fault"),
    [
        (_html, LookUpFault.NOT_JSON),
        (_large, LookUpFault.TOO_LARGE),
        (_deep, LookUpFault.NOT_JSON),
        (_very_deep, LookUpFault.TOO_LARGE),
        (_numbers, LookUpFault.NOT_JSON),
        (_latin, LookUpFault.NOT_JSON),
        (_gone, LookUpFault.NOT_FOUND),
        (_broken, LookUpFault.STATUS),
        (_zipped, LookUpFault.NOT_JSON),
        (_hangs, LookUpFault.TIMEOUT),
    ],
)
async def test_whatever_else_comes_is_no_answer(serve: Serve, fault: LookUpFault) -> None:
    async with service(serve) as url:
        came = await asked(step(url, timeout_s=0.5 if fault is LookUpFault.TIMEOUT else 30.0))
    assert came == LookUpFailed(fault, 500 if fault is LookUpFault.STATUS else None)


async def test_a_service_that_is_down_for_a_moment_is_asked_again_but_not_told_twice() -> None:
    times: list[str] = []

    async def serve(request: web.Request) -> web.Response:
        times.append(request.method)
        return web.Response(status=503) if len(times) < 2 else web.json_response(1)

    async with service(serve) as url:
        assert await asked(step(url, tries=3)) == LookedUp(1)
        times.clear()
        came = await asked(step(url, method="POST", body={}, tries=3))
    assert came == LookUpFailed(LookUpFault.STATUS, 503) and times == ["POST"]
    assert await asked(step("http://127.0.0.1:1/")) == LookUpFailed(LookUpFault.UNREACHABLE)


async def test_what_may_have_been_done_is_not_told_twice() -> None:
    """The connection breaks; what was asked leads on to where nobody is."""
    times: list[str] = []

    async def serve(request: web.Request) -> web.Response:
        times.append(request.path)
        if request.path == "/done":
            raise web.HTTPSeeOther("http://127.0.0.1:1/")
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    async with service(serve) as url:
        for path in ("/breaks", "/done"):
            came = await asked(step(url + path, method="POST", body={}, tries=3))
            assert came == LookUpFailed(LookUpFault.LOST), path
        assert times == ["/breaks", "/done"]
        came = await asked(step(f"{url}/breaks", tries=2))
    assert came == LookUpFailed(LookUpFault.UNREACHABLE)
    assert set(times[2:]) == {"/breaks"} and len(times) >= 4  # aiohttp asks once more by itself


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "192.168.1.1", "172.16.0.1", "169.254.169.254", "0.0.0.0",  # noqa: S104
        "100.64.0.1", "::1", "fe80::1", "fc00::1", "::ffff:127.0.0.1", "2002:7f00:1::", "224.0.0.1",
        "fe80::1%eth0", "not an address",
    ],
)  # fmt: skip
def test_no_address_inside_is_asked(address: str) -> None:
    assert not may_be_asked("crm.example", 443, address, ())


def test_public_and_allowed_addresses_are_asked() -> None:
    assert may_be_asked("crm.example", 443, "93.184.216.34", ())
    assert may_be_asked("crm.example", 443, "127.0.0.1", HERE)
    assert may_be_asked("crm.example", 443, "::ffff:127.0.0.1", HERE)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "2130706433",
        "0x7f.1",
        "127.1",
        "0177.0.0.1",
        "127.0.0.1.",
    ],
)
async def test_the_centre_itself_is_refused(host: str) -> None:
    async def serve(_: web.Request) -> web.Response:
        raise AssertionError("it was asked")

    async with service(serve) as url:
        port = url.rpartition(":")[2]
        look_ups = LookUps(lambda _project, _name: None)
        came = await look_ups.ask(step(f"http://{host}:{port}/"))
        await look_ups.close()
    assert came == LookUpFailed(LookUpFault.REFUSED)


@pytest.mark.parametrize("url", ["http://crm.example:99999/", "http://[::1", "http://crm:x/", "x"])
async def test_what_is_no_address_is_refused_and_breaks_no_call(url: str) -> None:
    assert await asked(step(url)) == LookUpFailed(LookUpFault.REFUSED)


async def test_a_redirect_does_not_lead_inside_nor_take_the_secret_along() -> None:
    seen: list[tuple[str, str | None]] = []

    async def other(request: web.Request) -> web.Response:
        seen.append((request.path, request.headers.get("X-Token")))
        return web.json_response("there")

    async with service(other) as elsewhere:
        odd = {"/odd": "http://xn--a.example/", "/odder": "//[v1.a]@"}

        async def serve(request: web.Request) -> web.Response:
            seen.append((request.path, request.headers.get("X-Token")))
            if request.path == "/round":
                raise web.HTTPFound("/round")
            if request.path == "/inside":
                raise web.HTTPFound("http://10.0.0.1/")
            if request.path == "/file":
                raise web.HTTPFound("file:///etc/passwd")
            if request.path in odd:
                return web.Response(status=302, headers={"Location": odd[request.path]})
            raise web.HTTPFound(f"{elsewhere}/next")

        async with service(serve) as url:
            secret = {"secrets": {"X-Token": "token"}}
            assert await asked(step(f"{url}/out", **secret), token="s") == LookedUp("there")
            assert seen == [("/out", "s"), ("/next", None)]
            for path, fault in (
                ("round", LookUpFailed(LookUpFault.STATUS, 302)),
                ("inside", LookUpFailed(LookUpFault.REFUSED)),
                ("file", LookUpFailed(LookUpFault.REFUSED)),
                ("odd", LookUpFailed(LookUpFault.REFUSED)),
                ("odder", LookUpFailed(LookUpFault.STATUS, 302)),
            ):
                assert await asked(step(f"{url}/{path}")) == fault, path


@asynccontextmanager
async def rude_service(first: bytes, then: bytes) -> AsyncIterator[tuple[str, list[str]]]:
    """A service that sends ``then`` again and again; what it has seen is in the list."""
    seen: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        seen.append("asked")
        writer.write(first)
        gone = asyncio.ensure_future(reader.read())
        while not gone.done():
            writer.write(then)
            await asyncio.wait({gone}, timeout=0.05)
        seen.append("closed")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", seen


_OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize(
    ("first", "then", "fault"),
    [
        (_OK + b"Content-Length: 9000\r\n\r\n[", b"1,", LookUpFault.TIMEOUT),
        (_OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n", LookUpFault.TIMEOUT),
        (_OK + b"Content-Length: 90000000\r\n\r\n[", b"1," * 8000, LookUpFault.TOO_LARGE),
        (b"HTTP/1.1 200 OK\r\n", b"X-More: header\r\n", LookUpFault.TIMEOUT),
        (b"", b"\x00\xff", LookUpFault.UNREACHABLE),
    ],
)
async def test_who_sends_drop_by_drop_or_rubbish_is_left(
    first: bytes, then: bytes, fault: LookUpFault
) -> None:
    async with rude_service(first, then) as (url, seen):
        assert await asked(step(url, timeout_s=0.5)) == LookUpFailed(fault)
        await until(lambda: seen == ["asked", "closed"], seen=lambda: seen)


async def test_a_caller_who_hangs_up_takes_the_question_along() -> None:
    look_ups = LookUps(lambda _project, _name: None, lambda: HERE)
    async with rude_service(b"", b"") as (url, seen):
        asking = asyncio.ensure_future(look_ups.ask(step(url, timeout_s=30.0, tries=3)))
        await until(lambda: seen)
        asking.cancel()
        await until(lambda: seen == ["asked", "closed"], seen=lambda: seen)
    await look_ups.close()


async def test_a_secret_that_is_not_there_asks_nobody() -> None:
    one = step("http://127.0.0.1:1/", secrets={"X-Token": "missing"})
    assert await asked(one) == LookUpFailed(LookUpFault.NO_SECRET)


async def test_an_allowed_port_lets_in_to_no_other() -> None:
    async def serve(_: web.Request) -> web.Response:
        return web.json_response(1)

    async with service(serve) as url, service(serve) as other:
        port, others = (each.rpartition(":")[2] for each in (url, other))
        for text in (f"127.0.0.1:{port}", f"localhost:{port}", f"127.0.0.0/8:{port}"):
            one = service_of(text)
            look_ups = LookUps(lambda _project, _name: None, lambda one=one: (one,))  # type: ignore[misc]
            host = "localhost" if text.startswith("local") else "127.0.0.1"
            assert await look_ups.ask(step(f"http://{host}:{port}/")) == LookedUp(1), text
            came = await look_ups.ask(step(f"http://{host}:{others}/"))
            assert came == LookUpFailed(LookUpFault.REFUSED), text
            await look_ups.close()


async def test_a_host_that_hangs_takes_no_room_from_others_and_no_caller_waits_long() -> None:
    let_go = asyncio.Event()
    begun = 0

    async def hangs(_: web.Request) -> web.Response:
        nonlocal begun
        begun += 1
        await let_go.wait()
        return web.json_response("late")

    async def quick(_: web.Request) -> web.Response:
        return web.json_response("quick")

    async with service(hangs) as slow, service(quick) as fast:
        fast = fast.replace("127.0.0.1", "localhost")
        look_ups = LookUps(lambda _project, _name: None, lambda: HERE, of_a_host=3)
        waiting = [
            asyncio.ensure_future(look_ups.ask(step(slow, timeout_s=30.0))) for _ in range(9)
        ]
        await until(lambda: begun == 3)
        assert await look_ups.ask(step(fast, timeout_s=20.0)) == LookedUp("quick")
        assert begun == 3, "the others wait for their turn"
        waiting.pop().cancel()  # the caller has hung up
        let_go.set()
        assert await asyncio.gather(*waiting) == [LookedUp("late")] * 8
        let_go.clear()
        short = LookUps(lambda _project, _name: None, lambda: HERE, in_all_s=0.3)
        came = await short.ask(step(slow, timeout_s=30.0, tries=5))
        assert came == LookUpFailed(LookUpFault.TIMEOUT)
        let_go.set()
        await short.close()
        await look_ups.close()


def test_a_fault_that_comes_again_is_logged_now_and_then() -> None:
    now = 0.0
    faults = RepeatedFaults(60, clock=lambda: now)
    assert [faults.times("a"), faults.times("a"), faults.times("b")] == [1, 0, 1]
    now = 59.0
    assert faults.times("a") == 0
    now = 61.0
    assert faults.times("a") == 3, "those that were not logged are counted"
    for kind in range(5000):
        assert faults.times(f"other {kind}") == 1


async def test_a_permission_that_is_withdrawn_counts_at_once() -> None:
    async def serve(_: web.Request) -> web.Response:
        return web.json_response(1)

    async with service(serve) as url:
        port = url.rpartition(":")[2]
        allowed = [service_of(f"localhost:{port}")]
        look_ups = LookUps(lambda _project, _name: None, lambda: tuple(allowed))
        one = step(f"http://localhost:{port}/")
        for _ in range(2):
            assert await look_ups.ask(one) == LookedUp(1)
            kept = allowed.pop()  # the connection is still there, and the address remembered
            assert await look_ups.ask(one) == LookUpFailed(LookUpFault.REFUSED)
            allowed.append(kept)
        for number in range(9):
            allowed.append(service_of(f"10.0.0.{number}"))
            assert await look_ups.ask(one) == LookedUp(1)
        await look_ups.close()
