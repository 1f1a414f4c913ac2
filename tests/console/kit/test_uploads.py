"""A form with a file: read within bounds, and only where a route takes one."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import FormData

from console.kit.context import UPLOADS, ConsoleTiming
from console.kit.uploads import MOST_AT_ONCE, MOST_PARTS
from tests.console.browserless import Client
from tests.console.conftest import Console, Visit
from tests.waiting import until

HERE = "/centre/agents-sheet"
SHEET = b"code,name,projects\n1002,Li,tea\n"
LARGE = 4 * 1024 * 1024
BOUND = "multipart/form-data; boundary=x"


async def signed_in(visit: Visit) -> Client:
    ada = await visit("ada")
    await ada.get(HERE)
    return ada


def part(name: str, body: bytes, *, file: str | None = None) -> bytes:
    filename = f'; filename="{file}"' if file is not None else ""
    head = f'--x\r\nContent-Disposition: form-data; name="{name}"{filename}\r\n\r\n'
    return head.encode() + body + b"\r\n"


async def sent(client: Client, body: bytes, kind: str = BOUND, **headers: str) -> int:
    answer = await client.http.post(
        HERE,
        data=body,
        headers={"Content-Type": kind, "Connection": "close", **headers},
        allow_redirects=False,
    )
    return answer.status


async def test_a_file_needs_the_forms_token(visit: Visit) -> None:
    ada = await signed_in(visit)
    for token in ("", "0" * 64):
        ada.token = token
        assert (await ada.send(HERE, SHEET)).status == 403
    without = FormData()
    without.add_field("file", SHEET, filename="a.csv")
    assert (await ada.http.post(HERE, data=without)).status == 403
    guest = await visit()
    assert (await guest.send(HERE, SHEET)).headers["Location"].startswith("/login")


async def test_what_is_not_such_a_form_is_refused(visit: Visit) -> None:
    ada = await signed_in(visit)
    token = part("csrf", ada.token.encode())
    assert (await ada.post(HERE)).status == 415
    assert await sent(ada, b"--x--\r\n", "multipart/form-data") == 400
    assert await sent(ada, b"no part at all") == 400
    assert await sent(ada, token) == 400  # it has no end
    assert await sent(ada, token + part("a", b"\xff") + b"--x--\r\n") == 400
    assert await sent(ada, token + part("a", b"\0") + b"--x--\r\n") == 400
    assert await sent(ada, token + part("a", b"") * MOST_PARTS + b"--x--\r\n") == 400
    inner = b"--x\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n--y\r\n\r\n\r\n--y--\r\n"
    assert await sent(ada, token + inner + b"--x--\r\n") == 400
    assert await sent(ada, token + b"--x--\r\n", **{"Content-Encoding": "gzip"}) == 400
    assert await sent(ada, token + b"--x--\r\n") == 400  # it is whole, and has no file


async def test_a_file_may_be_as_large_as_its_route_says(visit: Visit) -> None:
    ada = await signed_in(visit)
    fits = b"code,name,projects\n" + b"x" * (LARGE - 19)
    assert (await ada.send(HERE, fits)).status == 400  # read, and not a sheet of agents
    large = await ada.send(HERE, b"x" * (LARGE + 100_000))
    assert large.status == 413

    async def of_unknown_length() -> AsyncIterator[bytes]:
        yield part("csrf", ada.token.encode())
        yield part("file", b"", file="a.csv")[:-2]
        for _ in range(LARGE // 65_536 + 3):
            yield b"x" * 65_536
        yield b"\r\n--x--\r\n"

    chunked = await ada.http.post(HERE, data=of_unknown_length(), headers={"Content-Type": BOUND})
    assert chunked.status == 413


@pytest.mark.parametrize("timing", [ConsoleTiming(file_s=0.2)])
async def test_a_file_that_comes_too_slowly_is_refused(visit: Visit) -> None:
    ada = await signed_in(visit)

    async def slow() -> AsyncIterator[bytes]:
        yield part("csrf", ada.token.encode()) + part("file", SHEET, file="a.csv")
        await asyncio.Event().wait()

    answer = await ada.http.post(HERE, data=slow(), headers={"Content-Type": BOUND})
    assert answer.status == 408


async def test_files_that_are_cut_off_leave_room_for_others(visit: Visit, console: Console) -> None:
    ada = await signed_in(visit)
    url = ada.http.make_url(HERE)
    head = f"POST {HERE} HTTP/1.1\r\nHost: {url.host}:{url.port}\r\nContent-Length: 5000\r\n"
    head += f"Cookie: offhook_session={ada.cookie('offhook_session')}\r\n"
    head += f"Content-Type: {BOUND}\r\n\r\n"
    writers = []
    for _ in range(MOST_AT_ONCE):
        _, writer = await asyncio.open_connection(url.host, url.port)
        writer.write(head.encode() + part("csrf", ada.token.encode()))
        writers.append(writer)
    await until(console.app[UPLOADS].locked)
    assert (await ada.send(HERE, SHEET)).status == 503
    for writer in writers:
        writer.close()
    await until(lambda: not console.app[UPLOADS].locked())
    assert (await ada.send(HERE, SHEET)).status == 303
