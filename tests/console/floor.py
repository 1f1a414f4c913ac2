"""A small floor in memory, for tests of the console that run without an engine."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from campaigns.stored_campaign import Campaign
from domain.agent_facts import AgentState
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
    CallId,
    CampaignName,
    LineName,
    NodeName,
    ProjectName,
    QueueName,
    SkillName,
    StationName,
)
from domain.stations import StationState
from engine.board_ports import (
    AgentView,
    Board,
    CallStage,
    CallView,
    LineView,
    NodeView,
    QueueView,
    StaffView,
    StoreView,
)
from engine.campaign_ports import CampaignView, NoTestCall
from engine.centre_ports import CommandOutcome, CommandResult, Recipient, Verb
from tests.console.small_desks import SmallDesks

TEA, BANK = ProjectName("tea"), ProjectName("bank")
_NAMES = ("李娜", "王伟", "张敏", "刘洋", "陈静", "Müller", "赵磊", "孙丽")


def _queue(name: str, project: ProjectName, chinese: str, english: str) -> Queue:
    return Queue(
        QueueName(name), project, SkillName("sales"), title={"zh-CN": chinese, "en": english}
    )


def small_centre() -> Centre:
    """Two clients' projects; agents 1001 to 1006 serve tea, 1005 to 1008 the bank."""
    agents = []
    for number, name in enumerate(_NAMES, 1):
        projects = tuple(p for p, serves in ((TEA, number <= 6), (BANK, number >= 5)) if serves)
        code = f"{1000 + number}"
        agents.append(
            Agent(AgentCode(code), name, projects, {SkillName("sales"): 1}, StationName(code))
        )
    return Centre(
        projects=(Project(TEA, "清泉茶业"), Project(BANK, "Harbour Bank")),
        hotlines=(Hotline("4008001000", TEA, "hotline"), Hotline("4008002000", BANK, "hotline")),
        queues=(
            _queue("sales", TEA, "销售", "Sales"),
            _queue("service", TEA, "售后", "Service"),
            _queue("cards", BANK, "信用卡", "Cards"),
        ),
        agents=tuple(agents),
        stations=tuple(Station(StationName(a.code), StationKind.SOFTPHONE) for a in agents),
        lines=(
            Line(LineName("gateway-lines"), LineKind.FXO, 8),
            Line(LineName("carrier"), LineKind.TRUNK, 30),
        ),
        timezone="Asia/Shanghai",
    )


@dataclass(frozen=True, slots=True)
class Asked:
    """A command as it came from the console."""

    agent: AgentCode
    verb: Verb
    by: str
    reason: str | None
    station: StationName | None
    seconds: float | None
    to: Recipient | None = None


class CampaignsUnderWay:
    """LiveCampaigns whose views the test writes."""

    def __init__(self) -> None:
        self.views: dict[CampaignName, CampaignView] = {}
        self.cut: list[CampaignName] = []
        self.tested: list[tuple[CampaignName, str, str]] = []
        self.test_came: CallId | NoTestCall = NoTestCall.SHUT

    def view(self, name: CampaignName) -> CampaignView | None:
        return self.views.get(name)

    def cut_ringing(self, name: CampaignName) -> None:
        self.cut.append(name)

    async def place(self, campaign: Campaign, typed: str, by: str) -> CallId | NoTestCall:
        self.tested.append((campaign.name, typed, by))
        return self.test_came


class Floor:
    """A LiveCentre whose board the test writes, and whose agents do what they are asked."""

    def __init__(self, at: datetime | None = None) -> None:
        self.at = at or datetime.now(UTC)
        self.version = 1
        self.asked: list[Asked] = []
        self.refusal: CommandResult | None = None
        self._moved = asyncio.Condition()
        self.config = small_centre()
        self.nodes: tuple[NodeView, ...] = (NodeView(NodeName("pbx1"), True, self.ago(7200)),)
        self.store = StoreView(up=True)
        self.agents = {
            a.code: AgentView(
                a.code,
                a.name,
                a.projects,
                AgentState.LOGGED_OUT,
                self.ago(3600),
                skills=a.skills,
                usual_station=a.station,
            )
            for a in self.config.agents
        }
        self.campaigns = CampaignsUnderWay()
        self.desks = SmallDesks()
        self.calls: dict[CallId, CallView] = {}
        self.phones: dict[StationName, StationState] = {}
        """Those that have registered."""
        self.watching: list[tuple[AgentCode, Callable[[CallView], None]]] = []
        self.figures: dict[QueueName, dict[str, Any]] = {}
        """Those of a queue that are to be others than usual."""

    def ago(self, seconds: float) -> datetime:
        """A moment before now."""
        return self.at - timedelta(seconds=seconds)

    def centre(self) -> Centre:
        return self.config

    def board(self, projects: frozenset[ProjectName] | None) -> Board:
        def seen(*names: ProjectName) -> bool:
            return projects is None or not projects.isdisjoint(names)

        calls = tuple(c for c in self.calls.values() if seen(c.project))
        return Board(
            version=self.version,
            at=datetime.now(UTC),
            nodes=self.nodes,
            lines=(
                LineView(LineName("gateway-lines"), LineKind.FXO, len(self.calls), 8, True),
                LineView(LineName("carrier"), LineKind.TRUNK, 0, 30, False),
            ),
            queues=tuple(self._queue(q) for q in self.config.queues if seen(q.project)),
            agents=tuple(a for a in self.agents.values() if seen(*a.projects)),
            calls=calls,
            store=self.store,
            staff={p.name: self._staff(p.name) for p in self.config.projects if seen(p.name)},
        )

    @contextmanager
    def watch_offers(self, agent: AgentCode, offered: Callable[[CallView], None]) -> Iterator[None]:
        self.watching.append((agent, offered))
        try:
            yield
        finally:
            self.watching.remove((agent, offered))

    def offer(self, agent: str, call: CallView) -> None:
        """Shows an agent's desks whom they are about to get."""
        for code, offered in list(self.watching):
            if code == agent:
                offered(call)

    def phone(self, station: StationName) -> StationState:
        return self.phones.get(station, StationState.UNREACHABLE)

    def _staff(self, project: ProjectName) -> StaffView:
        states = [a.state for a in self.agents.values() if project in a.projects]
        return StaffView(
            ready=states.count(AgentState.READY),
            talking=states.count(AgentState.TALKING),
            wrap_up=states.count(AgentState.WRAP_UP),
            paused=states.count(AgentState.PAUSED),
        )

    def _queue(self, queue: Queue) -> QueueView:
        waiting = [
            c
            for c in self.calls.values()
            if c.queue == queue.name and c.stage in (CallStage.QUEUE, CallStage.RINGING)
        ]
        view = QueueView(
            name=queue.name,
            project=queue.project,
            title=queue.title,
            waiting=len(waiting),
            waiting_since=min((c.stage_since for c in waiting), default=None),
            staff=queue.project,
            offered_today=51 if queue.project == TEA else 0,
            answered_today=46 if queue.project == TEA else 0,
            abandoned_today=4 if queue.project == TEA else 0,
            short_abandoned_today=1 if queue.project == TEA else 0,
            unserved_today=0,
            answered_within_today=41 if queue.project == TEA else 0,
            measured_today=51 if queue.project == TEA else 0,
            service_level=41 / 51 if queue.project == TEA else None,
            service_level_s=20,
            short_abandon_s=5,
        )
        return replace(view, **self.figures.get(queue.name, {}))

    async def changed(self, after: int) -> int:
        async with self._moved:
            await self._moved.wait_for(lambda: self.version > after)
            return self.version

    async def move(self) -> None:
        """Tells those who watch."""
        async with self._moved:
            self.version += 1
            self._moved.notify_all()

    async def put_agent(self, code: str, state: AgentState, ago_s: float = 0, **more: Any) -> None:
        """Sets an agent's state."""
        key = AgentCode(code)
        since = datetime.now(UTC) - timedelta(seconds=ago_s)
        self.agents[key] = replace(
            self.agents[key],
            **{"state": state, "since": since, "reason": None, "call": None, **more},
        )
        await self.move()

    async def put_call(
        self, number: int, stage: CallStage, ago_s: float = 0, **more: Any
    ) -> CallId:
        """Adds a call of the tea project, or changes it."""
        call = CallId(f"pbx1-1767225600.{number}")
        now = datetime.now(UTC)
        view = self.calls.get(call) or CallView(
            id=call,
            project=TEA,
            caller=f"1380013{number:04d}",
            hotline="4008001000",
            line=LineName("gateway-lines"),
            stage=stage,
            since=now - timedelta(seconds=ago_s + 25),
            stage_since=now,
            language="zh-CN",
        )
        stage_since = now - timedelta(seconds=ago_s)
        self.calls[call] = replace(view, **{"stage": stage, "stage_since": stage_since, **more})
        await self.move()
        return call

    async def agent_command(
        self,
        agent: AgentCode,
        verb: Verb,
        *,
        by: str,
        reason: str | None = None,
        station: StationName | None = None,
        seconds: float | None = None,
        to: Recipient | None = None,
    ) -> CommandResult:
        self.asked.append(Asked(agent, verb, by, reason, station, seconds, to))
        if self.refusal is not None:
            return self.refusal
        match verb:
            case Verb.LOG_IN:
                await self.put_agent(
                    agent, AgentState.PAUSED, reason="login", station=station, station_state="idle"
                )
            case Verb.READY:
                await self.put_agent(agent, AgentState.READY)
            case Verb.AWAY:
                await self.put_agent(agent, AgentState.PAUSED, reason=reason)
            case Verb.LOG_OUT:
                await self.put_agent(agent, AgentState.LOGGED_OUT, station=None, station_state=None)
            case Verb.EXTEND:
                until = self.agents[agent].until or datetime.now(UTC)
                self.agents[agent] = replace(
                    self.agents[agent], until=until + timedelta(seconds=seconds or 0)
                )
                await self.move()
        return CommandResult(CommandOutcome.DONE)


async def busy(floor: Floor) -> None:
    """A floor with something in every place."""
    sales, service, cards = QueueName("sales"), QueueName("service"), QueueName("cards")
    stage, state = CallStage, AgentState
    talk = await floor.put_call(1, stage.TALKING, 95, queue=sales, agent=AgentCode("1001"))
    await floor.put_call(2, stage.QUEUE, 42, queue=sales, position=1)
    await floor.put_call(3, stage.QUEUE, 12, queue=service, position=1)
    await floor.put_call(4, stage.FLOW, 5)
    held = await floor.put_call(5, stage.HELD, 8, queue=service, agent=AgentCode("1006"))
    rings: dict[str, Any] = {"project": BANK, "hotline": "4008002000", "agent": AgentCode("1007")}
    await floor.put_call(6, stage.RINGING, 3, queue=cards, **rings)

    def at(code: str, phone: str = "idle") -> dict[str, Any]:
        return {"station": StationName(code), "station_state": phone}

    soon = datetime.now(UTC) + timedelta(seconds=13)
    busy_at = at("1001", "busy")
    await floor.put_agent("1001", state.TALKING, 95, call=talk, after_call="away", **busy_at)
    await floor.put_agent("1002", state.READY, 260, **at("1002"))
    await floor.put_agent("1003", state.WRAP_UP, 7, until=soon, **at("1003"))
    await floor.put_agent("1004", state.PAUSED, 1500, reason="lunch", **at("1004"))
    away = at("1005", "unreachable")
    await floor.put_agent("1005", state.PAUSED, 33, reason="unreachable", **away)
    await floor.put_agent("1006", state.TALKING, 120, call=held, **at("1006", "busy"))
    await floor.put_agent("1007", state.OFFERED, 3, **at("1007", "ringing"))
