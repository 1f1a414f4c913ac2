"""The real FastAGI server with the real engine behind it, and a small centre: for hostile sessions.

It has neither AMI nor a database.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from acd.events import Away, LogIn, Ready
from centre.kinds import Kind
from centre.pins import AgentPins, hash_pin
from configuration.flows import caller_phrases, station_phrases
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
from engine.clock import ReportTiming
from engine.engine import Engine
from engine.flows_in_force import only_these
from engine.inbound.apologies import Apologies
from engine.inbound.entry_choice import EntryChoice
from engine.inbound.flow_means import FlowMeans
from engine.inbound.hotline_call import HotlineCalls
from engine.inbound.look_ups import LookUps
from engine.stations.feature_codes import StationFeatures
from ivr_flows.kind import NameOf
from ivr_flows.loader import load
from ivr_flows.references import Outside
from prompts.sounds import Prompts
from storage.outbox import Outbox
from telephony.agi.server import AgiServer
from telephony.ami.ami_wire import Message
from telephony.ami.link import Link
from telephony.ami.snapshot import Snapshot

SECRET = "a-secret-of-the-fuzzer"  # noqa: S105
NODE, HOTLINE, LINE = NodeName("pbx1"), "4008001000", LineName("carrier")
VICTIM, FAR_PHONE = "1795000000.1", "phone-of-the-quiet"
PINS = {AgentCode("1001"): "4711", AgentCode("1002"): "0815"}

_FLOW = """flow: waits
languages: [en]
start: choose
prompts:
  hello: {en: Hello}
nodes:
  choose:
    kind: menu
    prompts: hello
    keys: {"1": sales, "2": quiet}
    timeout: 1
    tries: 1
    exits: {sales: sales, quiet: quiet, exhausted: quiet}
  sales: {kind: queue, queue: sales, exits: {talked: bye, timeout: bye}}
  quiet: {kind: queue, queue: quiet, exits: {talked: bye, timeout: bye}}
  bye: {kind: hangup}
"""


def small_centre() -> Centre:
    """Two queues, two agents; ``quiet``'s is away, at a phone that nothing hits by chance."""
    tea, sales, quiet = ProjectName("tea"), SkillName("sales"), SkillName("quiet")
    queues = tuple(
        Queue(
            QueueName(skill), tea, skill, announce_first_s=0, announce_every_s=0, max_wait_s=86_400
        )
        for skill in (sales, quiet)
    )
    stations = tuple(Station(StationName(n), StationKind.SOFTPHONE) for n in ("1001", FAR_PHONE))
    agents = tuple(
        Agent(AgentCode(code), f"Agent {code}", (tea,), {skill: 3}, StationName(phone))
        for code, phone, skill in (("1001", "1001", sales), ("1002", FAR_PHONE, quiet))
    )
    return Centre(
        projects=(Project(tea, "Tea"),),
        hotlines=(Hotline(HOTLINE, tea, "waits"),),
        queues=queues,
        agents=agents,
        stations=stations,
        lines=(Line(LINE, LineKind.TRUNK, 30),),
    )


class FuzzedServer:
    """A server on a free port, which treats sessions as the controller would."""

    def __init__(self, server: AgiServer, engine: Engine, links: dict[NodeName, Link]) -> None:
        self.server = server
        self.engine = engine
        self.links = links

    async def look(self) -> None:
        """AMI comes up, and Asterisk has only the victim's call."""
        await asyncio.sleep(0.01)
        engine = self.engine
        engine.switches.on_down(NODE, "cut")
        victim = Message.of({"Event": "CoreShowChannel", **_channel(VICTIM)})
        engine.switches.on_snapshot(NODE, Snapshot((victim,)))


def _channel(uniqueid: str) -> dict[str, str | list[str]]:
    return {
        "Channel": f"PJSIP/{LINE}-{uniqueid[-8:]}",
        "ChannelState": "6",
        "CallerIDNum": "13800138000",
        "Uniqueid": uniqueid,
        "Linkedid": uniqueid,
        "ChanVariable": [
            f"OFFHOOK_CALL={NODE}-{uniqueid}",
            f"OFFHOOK_HOTLINE={HOTLINE}",
            f"OFFHOOK_ENTERED_AT={time.time():.3f}",
        ],
    }


@asynccontextmanager
async def door(folder: Path, **timing: float) -> AsyncIterator[FuzzedServer]:
    """The controller's sessions, without AMI and without a database; ``timing``: ReportTiming."""
    outbox = Outbox(folder / "outbox.jsonl")
    prompts = Prompts(folder / "prompts")
    links = {NODE: Link(NODE, "127.0.0.1", 1, "x", "y")}
    engine = Engine(small_centre(), outbox, links, timing=ReportTiming(**timing))
    for agent in engine.centre.agents:
        assert agent.station is not None
        engine.floor.feed(LogIn(agent.code, agent.station, agent.skills))
        engine.floor.feed(Ready(agent.code))
    engine.floor.feed(Away(AgentCode("1002"), "lunch"))
    hashed = {(Kind.AGENT, str(code)): hash_pin(pin) for code, pin in PINS.items()}
    pins = AgentPins(lambda: hashed)
    flow = load(_FLOW, "waits.yaml", Outside({NameOf.QUEUE: {"sales", "quiet"}}))
    flows = only_these({"waits": flow})
    means = FlowMeans(
        engine.sessions,
        engine.queued,
        prompts,
        LookUps(lambda _project, _name: None),
        Apologies(caller_phrases()),
        engine.passes,
    )
    server = AgiServer(
        "127.0.0.1",
        0,
        {
            "call": HotlineCalls(
                means, flows, EntryChoice(engine.calls, engine.floor, means.hours)
            ).serve,
            "agent": StationFeatures(engine, pins, station_phrases(), prompts).serve,
        },
        SECRET,
        request_timeout=2.0,
    )
    await server.start()
    try:
        yield FuzzedServer(server, engine, links)
    finally:
        await server.close()
        await prompts.close()
        outbox.close()
