"""Queues for the floor's tests, and short ways to drive it."""

from acd.commands import AgentChanged, Announce, Command, GiveUp, Offer, WishRefused, Withdraw
from acd.events import FloorEvent, LogIn, Ready
from acd.floor import Floor
from domain.agent_facts import AgentState
from domain.centre import Queue
from domain.identity import AgentCode, CallId, ProjectName, QueueName, SkillName, StationName

A, B, C, D = (AgentCode(code) for code in ("1001", "1002", "1003", "1004"))
SALES, SERVICE, VIP = SkillName("sales"), SkillName("service"), SkillName("vip")
Q_SALES, Q_SERVICE, Q_VIP, Q_EXPERT = (
    QueueName(name) for name in ("sales", "service", "vip", "expert")
)


def queue(name: QueueName, skill: SkillName, **settings: float | int) -> Queue:
    """A queue with the defaults of the centre."""
    return Queue(name, ProjectName("acme"), skill, **settings)  # type: ignore[arg-type]


QUEUES = (
    queue(Q_SALES, SALES),
    queue(Q_SERVICE, SERVICE, wrap_up_s=0.0, ring_s=10.0),
    queue(Q_VIP, SALES, priority=5, wrap_up_s=30.0),
    queue(Q_EXPERT, SERVICE, min_level=3),
)


def call(number: int) -> CallId:
    """The n-th call."""
    return CallId(f"pbx1-{number}")


def station(code: AgentCode) -> StationName:
    """The station of an agent in these tests."""
    return StationName(f"st{code}")


class Driver:
    """A floor, its clock, and all it ever commanded."""

    def __init__(self, queues: tuple[Queue, ...] = QUEUES) -> None:
        self.floor = Floor(queues)
        self.now = 1000.0
        self.said: list[Command] = []

    def tell(self, *events: FloorEvent) -> list[Command]:
        """All at this moment."""
        out: list[Command] = []
        for event in events:
            out += self.floor.handle(event, self.now)
        self.said += out
        return out

    def wait(self, seconds: float) -> list[Command]:
        """Let time pass, with a tick at each deadline."""
        until = self.now + seconds
        out: list[Command] = []
        while (at := self.floor.next_deadline()) is not None and at <= until:
            self.now = max(self.now, at)
            out += self.floor.tick(self.now)
            following = self.floor.next_deadline()
            assert following is None or following > self.now, "a tick left something due"
        self.now = until
        self.said += out
        return out

    def ready(self, code: AgentCode, **skills: int) -> list[Command]:
        """Log in at the agent's own station and press ready."""
        levels = {SkillName(name): level for name, level in skills.items()}
        return self.tell(LogIn(code, station(code), levels or {SALES: 1}), Ready(code))

    def state(self, code: AgentCode) -> AgentState:
        """Where the agent is."""
        view = self.floor.agent(code)
        assert view
        return view.state

    def reason(self, code: AgentCode) -> str | None:
        """Why the agent is in this state."""
        view = self.floor.agent(code)
        assert view
        return view.reason

    def waiting(self) -> list[CallId]:
        """The calls in the order of their places."""
        return [view.call for view in self.floor.waiting]


def offers(commands: list[Command]) -> list[tuple[CallId, AgentCode]]:
    """Who is offered to whom."""
    return [(offer.call, offer.agent) for offer in commands if isinstance(offer, Offer)]


def withdrawn(commands: list[Command]) -> list[tuple[CallId, AgentCode]]:
    """What is taken back."""
    return [(back.call, back.agent) for back in commands if isinstance(back, Withdraw)]


def announced(commands: list[Command]) -> list[Announce]:
    """What is said to callers."""
    return [said for said in commands if isinstance(said, Announce)]


def given_up(commands: list[Command]) -> list[GiveUp]:
    """Who is let go."""
    return [gone for gone in commands if isinstance(gone, GiveUp)]


def refused(commands: list[Command]) -> list[WishRefused]:
    """What agents were refused."""
    return [no for no in commands if isinstance(no, WishRefused)]


def states(commands: list[Command], code: AgentCode) -> list[AgentState]:
    """The agent's states in their order."""
    return [
        changed.state
        for changed in commands
        if isinstance(changed, AgentChanged) and changed.agent == code
    ]
