"""A carrier known by its host name, and DNS that comes up later than Asterisk."""

import subprocess
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict

from bench.raw_sip import Account, RawSip
from domain.centre import Centre, Line, LineKind
from domain.identity import LineName
from telephony.asterisk.instance import Instance
from telephony.asterisk.provision import AsteriskInstall
from tests.conftest import PortBlocks
from tests.passwords import passwords_for
from tests.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.long]

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
async def watched(
    with_hosts: tuple[str, ...],
    asterisk_install: AsteriskInstall,
    ports: PortBlocks,
    centre: Centre,
    tmp_path: Path,
) -> AsyncIterator[tuple[Instance, list[EventDict]]]:
    """An Asterisk that can't find its carrier, and has another one by address; what is logged."""
    centre = replace(
        centre,
        lines=(
            Line(LineName("carrier"), LineKind.TRUNK, 30, NAME),
            Line(LineName("beside"), LineKind.TRUNK, 30, BESIDE),
        ),
    )
    install = replace(asterisk_install, command=(*with_hosts, *asterisk_install.command))
    secrets = passwords_for(tmp_path / "state", centre)
    one = Instance(tmp_path / "i", ports(), centre, secrets.for_asterisk(centre), install)
    with capture_logs() as logs:
        await one.start()
        yield one, logs
        await one.stop()


async def call_from(one: Instance, address: str) -> int:
    """The status of a call to a number that isn't there: 404 for a line, 401 for strangers."""
    peer = await RawSip((HERE, one.ports.sip)).open(address)
    try:
        return (await peer.invite(peer.uri("4008009999"), Account("somebody"))).status
    finally:
        peer.close()


async def test_a_carriers_calls_are_taken_once_its_name_is_found(
    watched: tuple[Instance, list[EventDict]], hosts: Path
) -> None:
    one, logs = watched
    assert await call_from(one, BESIDE) == 404, "a number that isn't there"
    assert await call_from(one, THERE) == 401, "Asterisk knows nobody there"

    def said() -> list[str]:
        return [entry["event"] for entry in logs if NAME in entry["event"]]

    await until(said, what="a word that the name is not found")
    with hosts.open("a") as file:
        file.write(f"{THERE} {NAME}\n")

    async def taken() -> bool:
        return await call_from(one, THERE) == 404

    await until(taken, what="the carrier's calls to be taken", every_s=0.1)
    await until(lambda: len(said()) == 2, what="a word that it is found", seen=lambda: logs)
    assert await call_from(one, BESIDE) == 404
    missed, found = said()
    assert missed.startswith(f"line carrier: its host {NAME} can't be found in DNS")
    assert found == f"line carrier: its host {NAME} has been found; its calls are accepted now"
