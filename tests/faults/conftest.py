"""A whole stack for each test, or for a module: ports, a database and a far end of its own."""

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from centre.authority import SYSTEM
from centre.directory import Directory, Edit, edits_between
from centre.directory_service import DirectoryService, wishes_of
from centre.directory_store import DirectoryStore
from centre.organisation_settings import AgentSettings
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


@asynccontextmanager
async def _scenes(
    install: AsteriskInstall,
    ports: PortBlocks,
    base: Path,
    postgres: EmbeddedServer,
    spoken_before: Path,
) -> AsyncIterator[SceneFactory]:
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
            state = base / folder
            config = load(write_centre(state, agents=agents, **centre))
            name = f"fault_{next(_numbers)}"
            if not speaks:
                hand_over(spoken_before, state)
            dsn = await migrated(server, name)
            codes = [agent.code for agent in centre_of(config.sections or Directory()).agents]
            await seat(dsn, codes[:seated])
            stack = Stack(
                config, state, block or ports(), install, database=server,
                database_name=name, fallback_after_s=fallback_after_s, progress=progress,
                environment=environment, spare_after_s=SPARE_AFTER_S if spare else NO_SPARE_S,
            )  # fmt: skip
            await running.enter_async_context(stack)
            far_folder = base / f"f{folder[1:]}"
            far = FarEnd(
                far_folder,
                ports(),
                install,
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
    async with _scenes(asterisk_install, ports, tmp_path, postgres, spoken_before) as start:
        yield start


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def module_scene(
    asterisk_install: AsteriskInstall,
    module_ports: PortBlocks,
    tmp_path_factory: pytest.TempPathFactory,
    postgres: EmbeddedServer,
    spoken_before: Path,
) -> AsyncIterator[SceneFactory]:
    """The same for a scene that the tests of a module share. It makes one in its fixture ``built``,
    its tests use ``one``, and it is in ``TOGETHER`` (tests/side_by_side.py)."""
    base = tmp_path_factory.mktemp("scene")
    async with _scenes(asterisk_install, module_ports, base, postgres, spoken_before) as start:
        yield start


async def _put_back(one: Scene, before: Directory) -> None:
    """Make the directory what it was, and wait until the controller has it."""
    service = DirectoryService(DirectoryStore(one.pool))
    now = await service.read()
    if not edits_between(now.directory, before):
        return
    # By its name, which means nothing to any test, the last agent shows what the controller has.
    name = f"Put back {next(_numbers)}"
    last = max(before.of(AgentSettings).values(), key=lambda agent: agent.code)
    renamed = last.model_copy(update={"name": name})
    wanted = before.after([Edit(last.KIND, last.key, last, renamed)])
    await service.change(SYSTEM, wishes_of(edits_between(now.directory, wanted), now))
    await one.until(
        lambda board: any(agent["name"] == name for agent in board["agents"]),
        what="the directory to be as it was",
    )


@pytest_asyncio.fixture(loop_scope="module")
async def one(built: Scene) -> AsyncIterator[Scene]:
    """The module's scene, in which nothing has happened but what is recorded: no test leaves a
    call, a setting, a habit of a phone or an agent's state behind."""
    one, before = built, (await DirectoryService(DirectoryStore(built.pool)).read()).directory
    ready = {
        row["code"] for row in (await one.console.board())["agents"] if row["state"] == "ready"
    }
    yield one
    if one.stack.controller.pid is None:
        await one.stack.controller.start()
    for asterisk in (one.far.process, one.stack.instance.process):
        await asterisk.console("channel request hangup all")
    await one.until_quiet()
    await one.until(lambda board: not board["calls"], what="no call to be left")
    await _put_back(one, before)
    await one.phones("answer-1,stay")
    await one.far.forget_plans()
    one.far.remote.events.clear()
    one.far.seen.clear()
    for row in (await one.console.board())["agents"]:
        if row["code"] in ready and row["state"] == "logged_out":
            await one.command(row["code"], "log_in", station=row["code"])
        if row["code"] in ready and row["state"] in ("paused", "logged_out"):
            await one.command(row["code"], "ready")
        elif row["code"] not in ready and row["state"] != "logged_out":
            await one.command(row["code"], "log_out")
    await one.until(
        lambda board: all(
            (row["state"], row["station_state"]) == ("ready", "idle")
            if row["code"] in ready
            else row["state"] == "logged_out"
            for row in board["agents"]
        ),
        what="the agents to be where they were",
    )


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
