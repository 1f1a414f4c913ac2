"""A version with a known fault is reported at the start, in one line."""

import dataclasses
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from domain.centre import Centre
from telephony.asterisk.instance import Instance
from telephony.asterisk.provision import AsteriskInstall
from telephony.asterisk.versions import faults_of
from tests.conftest import PortBlocks
from tests.passwords import passwords_for


@pytest.mark.parametrize("version", ["22.11.0", "Asterisk 22.11.0", "22.11.0~dfsg+~cs6.17.6-1"])
def test_a_faulty_version_is_known_however_it_is_written(version: str) -> None:
    [line] = faults_of(version)
    assert "listened to can't be bridged" in line
    assert "issues/2134); use 22.10" in line


@pytest.mark.parametrize("version", ["18.26.4", "20.6.0~dfsg", "20.10.1", "21.5.0", "22.0.0"])
def test_one_that_ignores_how_ami_is_filtered_is_known(version: str) -> None:
    [line] = faults_of(version)
    assert "can't keep an event from AMI" in line


@pytest.mark.parametrize(
    "version", ["20.11.0", "21.6.0", "22.1.0", "22.10.1+dfsg-1", "22.11.1", "GIT-master-a1b2", ""]
)
def test_others_are_not_blamed(version: str) -> None:
    assert list(faults_of(version)) == []


@pytest.mark.live
async def test_the_start_says_it_once(
    asterisk_install: AsteriskInstall, ports: PortBlocks, centre: Centre, tmp_path: Path
) -> None:
    install = dataclasses.replace(asterisk_install, version="22.11.0")
    secrets = passwords_for(tmp_path / "state", centre)
    one = Instance(tmp_path / "i", ports(), centre, secrets.for_asterisk(centre), install)
    with capture_logs() as said:
        await one.start()
    await one.stop()
    assert len([e for e in said if e["event"].startswith("Asterisk 22.11.0: ")]) == 1
