"""A whole stack for each test: own ports, own database on the session's server, own far end."""

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from centre.directory import Directory
from centre.running import centre_of
from configuration.centre_file import load
from domain.identity import StationName
from farend.console_client import ConsoleClient
from farend.network import FarEnd, MediaTransport
from offhook.stack import Stack
from storage.embedded import EmbeddedServer, ServerTiming
from supervision.controller_process import SPARE_AFTER_S
from telephony.asterisk.provision import AsteriskInstall
from tests.conftest import PortBlocks
from tests.databases import a_folder, copied, migrated
from tests.faults.scene import NO_SPARE_S, Scene, open_pool, seat, write_centre
from tests.spoken_before import hand_over

SceneFactory = Callable[..., Awaitable[Scene]]

_numbers = itertools.count(1)


@pytest.fixture
async def scene(
    asterisk_install: AsteriskInstall,
    ports: PortBlocks,
    tmp_path: Path,
    postgres: EmbeddedServer,
    spoken_before: Path,
) -> AsyncIterator[SceneFactory]:
    """``await scene(agents=4)`` starts everything, with the agents ready at their phones.

    ``spare=True``: another controller stands by, for tests in which one dies or is replaced.
    ``speaks=True``: the controller speaks even the phrases that are the same in each test.
    """
    async with AsyncExitStack() as running:

        async def start(
            *,
            agents: int,
            seated: int | None = None,
            server: EmbeddedServer = postgres,
            fallback_after_s: int = 60,
            block: Any = None,
            folder: str = "s",
            environment: dict[str, str] | None = None,
            spare: bool = False,
            speaks: bool = False,
            sounds: dict[StationName, MediaTransport] | None = None,
            progress: Callable[[str], None] = lambda _: None,
            **centre: Any,
        ) -> Scene:
            state = tmp_path / folder
            config = load(write_centre(state, agents=agents, **centre))
            name = f"fault_{next(_numbers)}"
            if not speaks:
                hand_over(spoken_before, state)
            dsn = await migrated(server, name)
            codes = [agent.code for agent in centre_of(config.sections or Directory()).agents]
            await seat(dsn, codes[:seated])
            stack = Stack(
                config, state, block or ports(), asterisk_install, database=server,
                database_name=name, fallback_after_s=fallback_after_s, progress=progress,
                environment=environment, spare_after_s=SPARE_AFTER_S if spare else NO_SPARE_S,
            )  # fmt: skip
            await running.enter_async_context(stack)
            far_folder = tmp_path / f"f{folder[1:]}"
            far = FarEnd(
                far_folder,
                ports(),
                asterisk_install,
                stack.instance,
                stack.secrets.sip,
                sounds=sounds,
            )
            await far.start()
            running.push_async_callback(far.stop)
            console = ConsoleClient(stack.console_url, "admin", stack.secrets.admin)
            await running.enter_async_context(console)
            pool = await open_pool(dsn)
            running.callback(pool.terminate)
            one = Scene(stack, far, console, pool)
            await one.until(
                lambda board: all(
                    agent["station_state"] == "idle"
                    for agent in board["agents"]
                    if agent["state"] == "ready"
                ),
                what="the phones are registered",
            )
            return one

        yield start


@pytest.fixture
def server_timing() -> ServerTiming:
    """How long ``own_server`` is given; a test may name its own by ``parametrize``."""
    return ServerTiming()


@pytest.fixture
def own_server(server_data: Path, server_timing: ServerTiming) -> Iterator[EmbeddedServer]:
    """A PostgreSQL that the test may stop and start."""
    with a_folder() as folder:
        copied(server_data, folder)
        server = EmbeddedServer(folder, server_timing)
        server.start()
        yield server
        server.stop()


async def count_facts(pool: asyncpg.Pool) -> int:
    return int(await pool.fetchval("select count(*) from call_facts"))
