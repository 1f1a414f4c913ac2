"""A carrier known by its host name, and DNS that comes up later than Asterisk."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bench.raw_sip import Account, RawSip
from domain.centre import Centre, Line, LineKind
from domain.identity import LineName
from telephony.asterisk.carriers import keep_known
from telephony.asterisk.instance import Instance
from telephony.asterisk.provision import AsteriskInstall
from tests.conftest import PortBlocks
from tests.passwords import passwords_for
from tests.waiting import until

pytestmark = pytest.mark.live

HERE, THERE, BESIDE = "127.0.0.1", "127.0.0.9", "127.0.0.8"
NAME = "sip.carrier.invalid"


@pytest.fixture
def hosts(tmp_path: Path) -> Path:
    """What Asterisk reads as /etc/hosts."""
    file = tmp_path / "hosts"
    file.write_text(Path("/etc/hosts").read_text())
    return file


@pytest.fixture
def with_hosts(hosts: Path) -> tuple[str, ...]:
    """What starts a program with that file as its /etc/hosts."""
    own = ("unshare", "-m", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"', str(hosts))
    if subprocess.run([*own, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("only root can give a program its own /etc/hosts")
    return own


@pytest.fixture
async def one(
    with_hosts: tuple[str, ...],
    asterisk_install: AsteriskInstall,
    ports: PortBlocks,
    centre: Centre,
    tmp_path: Path,
) -> AsyncIterator[Instance]:
    """An Asterisk that can't find its carrier, and has another one by address."""
    centre = replace(
        centre,
        lines=(
            Line(LineName("carrier"), LineKind.TRUNK, 30, NAME),
            Line(LineName("beside"), LineKind.TRUNK, 30, BESIDE),
        ),
    )
    install = replace(asterisk_install, command=(*with_hosts, *asterisk_install.command))
    secrets = passwords_for(tmp_path / "state", centre)
    one = Instance(tmp_path / "i", ports(), centre, secrets, install)
    await one.start()
    yield one
    await one.stop()


async def call_from(one: Instance, address: str) -> int:
    """The status of a call to a number that isn't there: 404 for a line, 401 for strangers."""
    peer = await RawSip((HERE, one.ports.sip)).open(address)
    try:
        return (await peer.invite(peer.uri("4008009999"), Account("somebody"))).status
    finally:
        peer.close()


async def test_a_carriers_calls_are_taken_once_its_name_is_found(
    one: Instance, hosts: Path
) -> None:
    assert await call_from(one, BESIDE) == 404, "a number that isn't there"
    assert await call_from(one, THERE) == 401, "Asterisk knows nobody there"
    with capture_logs() as logs:
        watching = asyncio.create_task(keep_known(one, first_s=0.1, last_s=0.5))
        await until(lambda: logs, what="a word that the name is not found")
        with hosts.open("a") as file:
            file.write(f"{THERE} {NAME}\n")

        async def taken() -> bool:
            return await call_from(one, THERE) == 404

        await until(taken, what="the carrier's calls to be taken", every_s=0.1)
        await until(lambda: len(logs) == 2, what="a word that it is found", seen=lambda: logs)
        watching.cancel()
        await asyncio.wait([watching])
    assert await call_from(one, BESIDE) == 404
    assert [(line["log_level"], line["line"]) for line in logs] == [
        ("error", "carrier"), ("info", "carrier"),
    ]  # fmt: skip
