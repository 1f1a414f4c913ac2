"""SIGTERM to ``serve`` while its Asterisk stays: calls end, and Asterisk takes new ones."""

import asyncio
import signal
from pathlib import Path

import pytest

from centre.directory import Directory
from configuration.centre_file import load
from configuration.secrets import secrets_for
from domain.identity import LineName, StationName
from storage.embedded import EmbeddedServer
from tests.conftest import CentreFile, FarEndFactory, InstanceFactory
from tests.faults.scene import seat
from tests.offhook.command import Serving

pytestmark = pytest.mark.live


async def test_new_calls_go_to_asterisks_own_queue(
    instance: InstanceFactory,
    far_end: FarEndFactory,
    centre_file: CentreFile,
    tmp_path: Path,
    postgres: EmbeddedServer,
) -> None:
    pbx = await instance()
    far = await far_end(pbx)
    folders = f"spool: {pbx.spool}/monitor, cel: {pbx.cel}, sounds: {pbx.prompts}"
    file = centre_file(add=f"asterisk: {{managed: false, {folders}}}\n")
    state = tmp_path / "state"  # where the instance has its secrets
    secrets_for(state, load(file).sections or Directory())
    dsn = await postgres.database("service_ends")
    await seat(dsn, ["1001"])
    async with Serving(file, state, pbx.ports, dsn, tmp_path / "log") as serving:
        await serving.until_said("AMI link up")
        first = await far.customer("4008001000", "stay", line=LineName("carrier"))
        await far.event("FarendAnswered", timeout=20)
        ending = asyncio.create_task(_end(serving))
        said = await serving.until_said("stopping now would cut off")
        assert "1 call (0 talking, 0 waiting, 1 in menus)" in said
        assert "new calls go to Asterisk's own queue" in said
        second = await far.customer("4008001000", "speak-60", line=LineName("carrier"))
        ringing = await far.event("FarendRinging", timeout=30)
        assert ringing["Station"] == StationName("1001")
        assert not ending.done()
        await far.hang_up(first)
        assert await ending == 0
        await far.hang_up(second)


async def _end(serving: Serving) -> int:
    assert serving.process is not None
    serving.process.send_signal(signal.SIGTERM)
    return await asyncio.wait_for(serving.process.wait(), 60)
