"""The whole of Offhook with its far end, the hotline's own flow, and two clients."""

import itertools
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from centre.directory import Directory
from centre.running import centre_of
from configuration.centre_file import load
from configuration.flows import LIBRARY
from domain.identity import LineName, StationName
from farend.console_client import ConsoleClient
from farend.network import FarEnd
from offhook.stack import Stack
from storage.database import make_pool
from storage.embedded import EmbeddedServer
from telephony.asterisk.provision import AsteriskInstall
from tests.conftest import PortBlocks
from tests.console.browsing import Open, a_browser
from tests.databases import migrated
from tests.faults.scene import NO_SPARE_S, Scene, seat, write_centre
from tests.spoken_before import hand_over

HouseFactory = Callable[..., Awaitable[Scene]]
GATEWAY = LineName("gateway-lines")
PASSWORD = "correct horse battery"

_numbers = itertools.count(1)


@pytest.fixture
async def house(
    asterisk_install: AsteriskInstall,
    ports: PortBlocks,
    tmp_path: Path,
    postgres: EmbeddedServer,
    spoken_before: Path,
) -> AsyncIterator[HouseFactory]:
    """``await house(agents=2)`` starts everything; the first ``seated`` agents are ready.

    ``flow="hotline"`` is the library's, and ``hurried`` if it says and waits less; the usual one
    leads straight into a queue.
    """
    async with AsyncExitStack() as running:

        async def start(
            *,
            agents: int,
            seated: int = 0,
            flow: str = "straight",
            hurried: bool = False,
            **queue: Any,
        ) -> Scene:
            state = tmp_path / "s"
            file = write_centre(state, agents=agents, flow=flow, **queue)
            centre: dict[str, Any] = json.loads(file.read_text())
            centre["projects"].append({"name": "bank", "title": "Bank"})
            centre["lines"].append({"name": GATEWAY, "kind": "fxo", "channels": 8})
            file.write_text(json.dumps(centre))
            if hurried:
                text = (LIBRARY / f"{flow}.yaml").read_text("utf-8")
                text = re.sub(r"timeout: \d+", "timeout: 2", text)
                text = re.sub(
                    r"(main_menu|no_key):\n    zh-CN: .*", r"\1:\n    zh-CN: 请按键。", text
                )
                (state / "flows" / f"{flow}.yaml").write_text(text, "utf-8")
            config = load(file)
            name = f"house_{next(_numbers)}"
            hand_over(spoken_before, state)
            dsn = await migrated(postgres, name)
            agents_there = centre_of(config.sections or Directory()).agents
            await seat(dsn, [agent.code for agent in agents_there][:seated])
            stack = Stack(
                config,
                state,
                ports(),
                asterisk_install,
                database=postgres,
                database_name=name,
                spare_after_s=NO_SPARE_S,
            )
            await running.enter_async_context(stack)
            far = FarEnd(
                tmp_path / "f", ports(), asterisk_install, stack.instance, stack.secrets.sip
            )
            running.push_async_callback(far.stop)
            await far.start()
            console = ConsoleClient(stack.console_url, "admin", stack.secrets.admin)
            await running.enter_async_context(console)
            pool = await make_pool(dsn, pool_size=2)
            running.callback(pool.terminate)
            return Scene(stack, far, console, pool)

        yield start


async def feature(here: Scene, station: str, code: str, steps: str = "stay") -> None:
    """Dial a feature code and listen to the end of what it says."""
    call = await here.far.dial(StationName(station), code, steps)
    await here.far.ended(call, timeout=40)


async def log_in(here: Scene, station: str, agent: str, pin: str | None = None) -> None:
    """*11 with code and PIN, the right one unless another is given."""
    pin = pin or here.stack.secrets.pins[next(a for a in here.stack.secrets.pins if a == agent)]
    await feature(here, station, "*11", f"wait-2,press-{agent}#,wait-2,press-{pin}#,stay")


def seen(board: dict[str, Any], agent: str) -> tuple[str, str | None]:
    """An agent's state and reason on the board."""
    (row,) = (row for row in board["agents"] if row["code"] == agent)
    return row["state"], row.get("reason")


@pytest.fixture
async def open_page(chromium: str) -> AsyncIterator[Open]:
    """``await open_page("/board", "sue", at=url)``: a page of a browser of its own, signed in."""
    async with a_browser(chromium, PASSWORD, by_form=True) as opening:
        yield opening
