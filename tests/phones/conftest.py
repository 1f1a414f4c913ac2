"""A whole Offhook among phones that misbehave on purpose: one for all tests of a module."""

import itertools
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, cast

import pytest
import pytest_asyncio

from bench.planned_phone import punctual
from centre.directory import Directory
from centre.running import centre_of
from configuration.centre_file import load
from domain.agent_facts import AgentState
from farend.ami_client import Remote
from farend.console_client import ConsoleClient
from offhook.stack import Stack
from storage.embedded import EmbeddedServer
from supervision.controller_process import SPARE_AFTER_S
from telephony.asterisk.provision import AsteriskInstall
from tests.conftest import PortBlocks
from tests.databases import migrated
from tests.faults.scene import NO_SPARE_S, open_pool, seat, write_centre
from tests.phones.bent import BentPhone
from tests.phones.house import CALLED_FLOW, FLOW, VOICE_FLOW, NoFarEnd, PhoneHouse
from tests.spoken_before import hand_over

_numbers = itertools.count(1)

AGENTS = 4
"""Nobody ever sits at the last one's phone."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def built(
    asterisk_install: AsteriskInstall,
    module_ports: PortBlocks,
    postgres: EmbeddedServer,
    spoken_before: Path,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> AsyncIterator[PhoneHouse]:
    """The house, with nobody in it. In a module that says ``SPARE = True``, for it ends
    controllers, another one stands by."""
    state = tmp_path_factory.mktemp("house")
    file = write_centre(state, agents=AGENTS, flow="scored", ring_s=5, wrap_up_s=0)
    (state / "flows" / "scored.yaml").write_text(FLOW)
    (state / "flows" / "offered.yaml").write_text(CALLED_FLOW)
    (state / "flows" / "voice.yaml").write_text(VOICE_FLOW)
    config = load(file)
    name = f"phones_{next(_numbers)}"  # ports come again, in the next module
    centre = centre_of(config.sections or Directory())
    codes = [agent.code for agent in centre.agents]
    hand_over(spoken_before, state)
    await seat(await migrated(postgres, name), codes[:-1], AgentState.PAUSED)
    block = module_ports()
    async with AsyncExitStack() as running:
        stack = Stack(
            config,
            state,
            block,
            asterisk_install,
            database=postgres,
            database_name=name,
            spare_after_s=SPARE_AFTER_S if getattr(request.module, "SPARE", False) else NO_SPARE_S,
        )
        await running.enter_async_context(stack)
        phone = BentPhone(block.sip + 15, ("127.0.0.1", block.sip), stack.secrets.sip)
        await phone.start()
        running.push_async_callback(phone.close)
        for station in centre.stations:
            await phone.register(station.name)
        console = ConsoleClient(stack.console_url, "admin", stack.secrets.admin)
        await running.enter_async_context(console)
        pool = await open_pool(stack.dsn)
        running.callback(pool.terminate)
        watch = Remote()
        await watch.connect(*stack.instance.ami, stack.instance.ami_user, stack.secrets.ami)
        running.push_async_callback(watch.close)
        running.enter_context(punctual())
        yield PhoneHouse(stack, cast(Any, NoFarEnd()), console, pool, phone=phone, watch=watch)


@pytest_asyncio.fixture(loop_scope="module")
async def house(built: PhoneHouse) -> AsyncIterator[PhoneHouse]:
    """The house, everybody away, every phone sound, no call."""
    yield built
    await built.clear()
