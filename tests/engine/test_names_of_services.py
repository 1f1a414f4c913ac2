"""Look-ups while the names of their services hang, and where such names lead."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from socket import AddressFamily

import pytest
from aiohttp import web

from engine.inbound.look_ups import LookUps
from ivr_flows.steps import LookedUp, LookUpFailed, LookUpFault
from machine.host_names import HostAddresses, HostNames
from publishing.inner_services import service_of
from tests.engine.test_look_ups import HERE, service, step
from tests.waiting import until


class NamesOfServices:
    """Leads each name to this machine, but for those that hang until they are let go."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.asked: list[str] = []

    def find(self, host: str, _family: AddressFamily) -> HostAddresses:
        self.asked.append(host)
        if host.startswith("slow"):
            self.go.wait()
        if host.startswith("gone"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        if host.startswith("later"):
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return ((socket.AF_INET, "127.0.0.1"),)


@pytest.fixture
def servers() -> Iterator[NamesOfServices]:
    one = NamesOfServices()
    yield one
    one.go.set()


async def _fine(_: web.Request) -> web.Response:
    return web.json_response("fine")


async def test_a_name_that_hangs_holds_up_neither_files_nor_others_nor_the_end(
    servers: NamesOfServices, tmp_path: Path
) -> None:
    # Everything else that blocks runs in this one thread: one name in it would hold up all.
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(1))
    look_ups = LookUps(lambda *_: None, lambda: HERE, names=HostNames(servers.find))
    async with service(_fine) as url:
        port = url.rpartition(":")[2]
        slow = [step(f"http://slow{n}.example/", timeout_s=30.0) for n in range(3)]
        waiting = [asyncio.ensure_future(look_ups.ask(one)) for one in slow for _ in range(5)]
        await until(lambda: len(servers.asked) == 3)
        await asyncio.to_thread((tmp_path / "file").write_text, "written")
        assert await look_ups.ask(step(f"http://crm.example:{port}/")) == LookedUp("fine")
        await look_ups.close()
    assert {await one for one in waiting} <= {LookUpFailed(LookUpFault.UNREACHABLE)}
    await loop.shutdown_default_executor()
    assert not servers.go.is_set()


async def test_a_name_that_hangs_is_a_timeout_and_is_not_resolved_for_each_try(
    servers: NamesOfServices,
) -> None:
    look_ups = LookUps(lambda *_: None, lambda: HERE, names=HostNames(servers.find))
    came = await look_ups.ask(step("http://slow.example/", timeout_s=0.1, tries=3))
    assert came == LookUpFailed(LookUpFault.TIMEOUT)
    assert servers.asked == ["slow.example"]
    await look_ups.close()


async def test_a_name_that_is_in_no_name_server_is_told_from_a_name_server_that_fails(
    servers: NamesOfServices,
) -> None:
    look_ups = LookUps(lambda *_: None, lambda: HERE, names=HostNames(servers.find))
    for host, fault in (("gone", LookUpFault.NO_NAME), ("later", LookUpFault.UNREACHABLE)):
        came = await look_ups.ask(step(f"http://{host}.example/", method="POST", body={}, tries=2))
        assert came == LookUpFailed(fault), host
    assert servers.asked == ["gone.example"] * 2 + ["later.example"] * 2  # it never was asked
    await look_ups.close()


@pytest.mark.parametrize(
    ("host", "fault"),
    [
        ("xn--a.example", LookUpFault.REFUSED), ("ä" * 70 + ".example", LookUpFault.REFUSED),
        ("a" * 64 + ".example", LookUpFault.NO_NAME), ("a..b", LookUpFault.NO_NAME),
        ("...", LookUpFault.NO_NAME),
    ],
)  # fmt: skip
async def test_what_can_be_no_name_costs_the_answer_and_no_more(
    host: str, fault: LookUpFault
) -> None:
    def find(host: str, _family: AddressFamily) -> HostAddresses:
        host.encode("idna")  # as the system's resolver does first
        raise AssertionError(host)

    look_ups = LookUps(lambda *_: None, lambda: HERE, names=HostNames(find))
    came = await look_ups.ask(step(f"http://{host}/", method="POST", body={}))
    assert came == LookUpFailed(fault)
    await look_ups.close()


async def test_it_is_the_resolved_address_that_is_judged(servers: NamesOfServices) -> None:
    async with service(_fine) as url:
        port = url.rpartition(":")[2]
        one = step(f"http://crm.example:{port}/")
        for allowed, came in (
            ((), LookUpFailed(LookUpFault.REFUSED)),
            ((service_of(f"other.example:{port}"),), LookUpFailed(LookUpFault.REFUSED)),
            ((service_of(f"crm.example:{port}"),), LookedUp("fine")),
        ):
            look_ups = LookUps(
                lambda *_: None,
                lambda allowed=allowed: allowed,  # type: ignore[misc]
                names=HostNames(servers.find),
            )
            assert await look_ups.ask(one) == came
            await look_ups.close()
