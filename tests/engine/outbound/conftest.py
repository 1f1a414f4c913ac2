"""An engine whose Asterisk takes all that it is asked for, and a database."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from domain.identity import NodeName
from engine.engine import Engine
from storage.database import Database
from telephony.ami.link import Link
from tests.engine.outbound.desk_scene import DeskScene
from tests.links import TakingLink
from tests.telephony.calls.events import NODE


@pytest.fixture
def links() -> dict[NodeName, Link]:
    return {NODE: TakingLink(NODE)}


@pytest.fixture
async def desk(engine: Engine, database: Database) -> AsyncIterator[DeskScene]:
    async with AsyncExitStack() as running:
        yield DeskScene(engine, database, running)
