"""What tests share: databases, and Asterisk, its instances and the far end, on their own ports."""

import asyncio
import os
import socket
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from configuration.secrets import Secrets
from domain.centre import (
    Agent,
    Centre,
    Hotline,
    Line,
    LineKind,
    Project,
    Queue,
    Station,
    StationKind,
)
from domain.identity import (
    AgentCode,
    LineName,
    NodeName,
    ProjectName,
    QueueName,
    SkillName,
    StationName,
)
from engine.clock import Clock, ReportTiming
from engine.engine import Engine
from farend.network import FarEnd
from storage.database import Database, open_database
from storage.embedded import EmbeddedServer
from storage.outbox import Outbox
from telephony.ami.link import Link
from telephony.asterisk.instance import Instance, Ports
from telephony.asterisk.provision import AsteriskInstall, find_or_install
from tests.databases import FreshDatabases, a_folder, a_server, make_template
from tests.pair import Pair, paired
from tests.passwords import passwords_for
from tests.shared_chromium import a_chromium
from tests.side_by_side import ByTest
from tests.spoken_before import speak

# How long an example takes says how busy the machine is, not whether it is right.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")

# Tests start Offhook dozens of times. Where bytecode is not kept, as in many containers, each of
# those processes would compile all of Offhook again, and each run of pytest all tests.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

PortBlocks = Callable[..., Ports]
InstanceFactory = Callable[..., Awaitable[Instance]]
FarEndFactory = Callable[..., Awaitable[FarEnd]]
CentreFile = Callable[..., Path]

_BLOCK = 500
_BASES: tuple[int, ...] = (*range(24_000, 32_000, _BLOCK), *range(12_000, 18_000, _BLOCK))
"""Where blocks of ports begin; the demo has those between."""

_CENTRE_FILE = """\
projects:
  - {name: tea, title: Tea}
hotlines:
  - {number: "4008001000", project: tea, flow: hotline}
queues:
  - {name: sales, project: tea, skill: sales}
  - {name: service, project: tea, skill: service}
  - {name: operator, project: tea, skill: operator}
agents:
  - {code: "1001", name: Amy, projects: [tea], station: "1001", skills: {sales: 3}}
stations:
  - {name: "1001"}
lines:
  - {name: carrier, kind: trunk}
"""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling | None:
    """With ``--dist loadscope``, as the runner has it for live tests."""
    return ByTest(config, log) if config.getoption("dist") == "loadscope" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with those that take long, so that no worker is left with one at the end."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


class Claims:
    """Blocks of ports, one at a time for one process, whoever else runs tests here.

    A block is ours while we hold its last port: that counts over chroots and users, too.
    """

    def __init__(self) -> None:
        self._held: list[socket.socket] = []

    def claim(self) -> int:
        for base in _BASES:
            held = socket.socket()
            try:
                held.bind(("127.0.0.1", base + _BLOCK - 1))
            except OSError:
                held.close()
                continue
            self._held.append(held)
            return base
        raise RuntimeError("all blocks of test ports are in use: too many tests at once")

    def release(self) -> None:
        for held in self._held:
            held.close()
        self._held.clear()


@pytest.fixture(scope="session")
def asterisk_install() -> AsteriskInstall:
    """An Asterisk; installed first if need be."""
    return find_or_install()


@pytest.fixture
def ports() -> Iterator[PortBlocks]:
    """A factory of port blocks that nobody else has until the test is over."""
    claims = Claims()
    yield lambda: Ports.block(claims.claim())
    claims.release()


@pytest.fixture(scope="module")
def module_ports() -> Iterator[PortBlocks]:
    """A factory of port blocks that nobody else has until all tests of the module are over."""
    claims = Claims()
    yield lambda: Ports.block(claims.claim())
    claims.release()


@pytest.fixture(scope="session")
def centre() -> Centre:
    """A small centre: one hotline, three queues, four agents and phones, two lines."""
    tea = ProjectName("tea")
    skills: list[dict[SkillName, int]] = [
        {SkillName("sales"): 3, SkillName("operator"): 1},
        {SkillName("service"): 3, SkillName("operator"): 2},
        {SkillName("sales"): 2, SkillName("service"): 2, SkillName("operator"): 1},
        {SkillName("service"): 2, SkillName("operator"): 3},
    ]
    codes = ["1001", "1002", "1003", "1004"]
    return Centre(
        projects=(Project(tea, "Tea"),),
        hotlines=(Hotline("4008001000", tea, "hotline"),),
        queues=tuple(
            Queue(QueueName(name), tea, SkillName(name))
            for name in ("sales", "service", "operator")
        ),
        agents=tuple(
            Agent(AgentCode(code), f"Agent {code}", (tea,), has, StationName(code))
            for code, has in zip(codes, skills, strict=True)
        ),
        stations=tuple(
            Station(StationName(code), StationKind.FXS if code == "1004" else StationKind.SOFTPHONE)
            for code in codes
        ),
        lines=(
            Line(LineName("gateway-lines"), LineKind.FXO, 8),
            Line(LineName("carrier"), LineKind.TRUNK, 30),
        ),
    )


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    """An outbox that nobody pumps: what is put stays in its file, ``outbox.jsonl``."""
    one = Outbox(tmp_path / "outbox.jsonl")
    yield one
    one.close()


@pytest.fixture
def links() -> dict[NodeName, Link]:
    """The AMI links of ``engine``: none, until a test puts one there."""
    return {}


class MovableClock:
    """Monotonic seconds, so many ahead as a test says."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.ahead


@pytest.fixture
def clock() -> MovableClock:
    """The clock of ``engine``."""
    return MovableClock()


@pytest.fixture
def timing() -> ReportTiming:
    """The timing of ``engine``; a test that needs another names its own by ``parametrize``."""
    return ReportTiming()


@pytest.fixture
async def engine(
    centre: Centre,
    outbox: Outbox,
    links: dict[NodeName, Link],
    clock: MovableClock,
    timing: ReportTiming,
) -> Engine:
    """An engine; what it writes down stays in its outbox's file."""
    return Engine(centre, outbox, links, clock=Clock(clock), timing=timing)


@pytest.fixture
def centre_file(tmp_path: Path) -> CentreFile:
    """``centre_file(("old", "new"))`` writes the good one with these changes; its path."""

    def write(*changes: tuple[str, str], add: str = "") -> Path:
        text = _CENTRE_FILE
        for old, new in changes:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        file = tmp_path / "centre.yaml"
        file.write_text(text + add)
        return file

    return write


@pytest.fixture
def secrets(tmp_path: Path, centre: Centre) -> Secrets:
    """Passwords for ``centre``."""
    return passwords_for(tmp_path / "state", centre)


@pytest.fixture(scope="session")
def server_data() -> Iterator[Path]:
    """The data folder of an embedded PostgreSQL that has only the template in it."""
    with a_folder() as folder:
        server = EmbeddedServer(folder)
        server.start()
        asyncio.run(make_template(server))
        server.stop()
        yield server.data


@pytest.fixture(scope="session")
def spoken_before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the phrases that every Offhook speaks; see ``tests/spoken_before.py``."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    speak(shared / "spoken-before")
    return shared / "spoken-before"


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Chromium that runs: the address at which Playwright connects to it."""
    with a_chromium(tmp_path_factory.mktemp("chromium")) as address:
        yield address


@pytest.fixture(scope="session")
def postgres(server_data: Path) -> Iterator[EmbeddedServer]:
    """The session's server. Tests that stop a server take one of their own."""
    with a_server(server_data) as server:
        yield server


@pytest.fixture(scope="session")
def fresh_databases(postgres: EmbeddedServer) -> FreshDatabases:
    """The databases of the session's server."""
    return FreshDatabases(postgres)


@pytest.fixture
async def dsn(fresh_databases: FreshDatabases) -> str:
    """The address of a fresh, migrated database."""
    return await fresh_databases.one()


@pytest.fixture
async def database(dsn: str) -> AsyncIterator[Database]:
    """A fresh database, opened."""
    opened = await open_database(dsn)
    yield opened
    await opened.close()


@pytest.fixture
async def instance(
    asterisk_install: AsteriskInstall,
    ports: PortBlocks,
    centre: Centre,
    tmp_path: Path,
) -> AsyncIterator[InstanceFactory]:
    """``await instance()`` starts the Asterisk of ``centre`` (or centre=..., node=...)."""
    started: list[Instance] = []

    async def start(centre: Centre = centre, *, begin: bool = True, **settings: Any) -> Instance:
        number = len(started)
        one = Instance(
            tmp_path / f"i{number}",
            settings.pop("ports", None) or ports(),
            centre,
            passwords_for(tmp_path / "state", centre).for_asterisk(centre),
            asterisk_install,
            **settings,
        )
        started.append(one)
        if begin:
            await one.start()
        return one

    yield start
    for one in started:
        await one.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def built_pair(
    asterisk_install: AsteriskInstall,
    module_ports: PortBlocks,
    centre: Centre,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Pair]:
    """The Asterisk of ``centre`` and its far end, for all tests of a module."""
    folder = tmp_path_factory.mktemp("pair")
    async with paired(asterisk_install, module_ports, folder, centre) as one:
        yield one


@pytest_asyncio.fixture(loop_scope="module")
async def pair(built_pair: Pair) -> AsyncIterator[Pair]:
    """The module's Asterisk and far end, where nothing has happened yet."""
    yield built_pair
    await built_pair.clear()


@pytest.fixture
async def far_end(
    asterisk_install: AsteriskInstall, ports: PortBlocks, tmp_path: Path
) -> AsyncIterator[FarEndFactory]:
    """``await far_end(instance)`` starts the network, the customers and the agents' phones."""
    started: list[FarEnd] = []

    async def start(target: Instance) -> FarEnd:
        one = FarEnd(
            tmp_path / f"f{len(started)}",
            ports(),
            asterisk_install,
            target,
            passwords_for(tmp_path / "state", target.centre).sip,
        )
        started.append(one)
        await one.start()
        return one

    yield start
    for one in started:
        await one.stop()
