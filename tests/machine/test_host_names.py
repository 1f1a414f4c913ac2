"""Names of hosts while name servers answer, hang and fail."""

import asyncio
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from socket import AddressFamily

import pytest

import machine
from machine.host_names import HostAddresses, HostNames
from tests.waiting import until

THERE: HostAddresses = ((socket.AF_INET, "192.0.2.1"),)


class HangingServer:
    """Answers for hosts whose name begins with "slow" only when it is let go."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.asked: list[str] = []

    def find(self, host: str, _family: AddressFamily) -> HostAddresses:
        self.asked.append(host)
        if host.startswith("slow"):
            self.go.wait()
        if host.endswith("gone"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return THERE


@pytest.fixture
def hanging() -> Iterator[HangingServer]:
    server = HangingServer()
    yield server
    server.go.set()


async def test_the_systems_resolver_is_asked() -> None:
    found = await HostNames().addresses("localhost", socket.AF_INET)
    assert {address for _, address in found} == {"127.0.0.1"}
    with pytest.raises(UnicodeError):
        await HostNames().addresses("a..b" + "c" * 80)


async def test_one_name_is_resolved_once_for_all_who_ask_meanwhile(hanging: HangingServer) -> None:
    names = HostNames(hanging.find, most=2)
    asking = [asyncio.ensure_future(names.addresses("slow.example")) for _ in range(9)]
    await until(lambda: hanging.asked)
    asking.pop().cancel()  # of whom one leaves
    assert await names.addresses("crm.example") == THERE
    hanging.go.set()
    assert await asyncio.gather(*asking) == [THERE] * 8
    assert hanging.asked == ["slow.example", "crm.example"]
    assert names.under_way == 0


async def test_names_that_hang_are_bounded_and_nobody_waits_long_for_them(
    hanging: HangingServer,
) -> None:
    names = HostNames(hanging.find, most=2, within_s=0.05)
    for host in ("slow.one", "slow.gone", "slow.one"):
        with pytest.raises(OSError, match=f"{host}: no name server has answered"):
            await names.addresses(host)
    assert hanging.asked == ["slow.one", "slow.gone"], "the second time it is waited for again"
    with pytest.raises(OSError, match=r"crm\.example: 2 names are being resolved"):
        await names.addresses("crm.example")
    hanging.go.set()
    await until(lambda: names.under_way == 0)
    assert await names.addresses("crm.example") == THERE


_HANGS = """
import asyncio, time
from contextlib import suppress
from machine.host_names import HostNames

async def main():
    names = HostNames(lambda *_: time.sleep(86_400), within_s=0.05)
    with suppress(OSError):
        await names.addresses("slow.example")
    print("under way:", names.under_way)

asyncio.run(main())
"""


def test_a_process_ends_while_a_name_hangs() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", _HANGS],
        cwd=Path(machine.__file__).parent.parent,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "under way: 1\n", "")
