from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from typing import Protocol

import pytest
import pytest_asyncio

from domain.identity import NodeName
from telephony.ami.link import Link
from telephony.ami.protocol import ActionRefused
from telephony.ami.state import Timing
from telephony.asterisk.provision import AsteriskInstall
from tests.conftest import PortBlocks
from tests.telephony.ami.asterisk import SECRET, USER, SmallAsterisk
from tests.telephony.ami.watch import Running, Watch
from tests.waiting import until

QUICK = Timing(retry_first=0.02, retry_most=0.1, lookup=10.0)


class Connect(Protocol):
    async def __call__(
        self,
        port: int | None = None,
        *,
        watch: Watch | None = None,
        up: bool = True,
        timing: Timing = QUICK,
        user: str = USER,
        secret: str = SECRET,
    ) -> tuple[Link, Watch]: ...


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def asterisk(
    tmp_path_factory: pytest.TempPathFactory,
    asterisk_install: AsteriskInstall,
    module_ports: PortBlocks,
) -> AsyncIterator[SmallAsterisk]:
    small = SmallAsterisk(tmp_path_factory.mktemp("ast"), asterisk_install, module_ports())
    await small.start()
    yield small
    await small.kill()


@pytest_asyncio.fixture(loop_scope="module")
async def connect(asterisk: SmallAsterisk) -> AsyncIterator[Connect]:
    """Links that run until the test ends: to Asterisk, or to a port before it."""
    async with AsyncExitStack() as stack:

        async def connect(
            port: int | None = None,
            *,
            watch: Watch | None = None,
            up: bool = True,
            timing: Timing = QUICK,
            user: str = USER,
            secret: str = SECRET,
        ) -> tuple[Link, Watch]:
            watch = watch or Watch()
            link = Link(
                NodeName("pbx1"), asterisk.host, port or asterisk.ami, user, secret,
                timing=timing,
            )  # fmt: skip
            await stack.enter_async_context(Running(link, watch))
            if up:
                await link.wait_up(60)
            return link, watch

        yield connect


@pytest_asyncio.fixture(loop_scope="module")
async def calls_end_with_the_test(connect: Connect) -> AsyncIterator[None]:
    """Leaves the next test an Asterisk without calls, also when this one fails."""
    yield
    link, watch = await connect()
    with suppress(ActionRefused):  # nothing is left
        await link.action("Hangup", {"Channel": "/^Local/"})
    await until(lambda: not watch.channels)
