"""One consultation: who asks whom about which call, and how far that has come."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from domain.centre import OutsideNumber
from domain.identity import AgentCode, ChannelId, NodeName, StationName
from engine.board_ports import ConsultStage, ConsultView
from engine.calls.call import LiveCall


@dataclass(slots=True, eq=False)
class Aside:
    """One consultation."""

    call: LiveCall
    agent: AgentCode
    station: StationName
    """The agent's phone, and room."""
    whom: AgentCode | None
    """None: somebody outside."""
    room: StationName
    """The phone and room of whom they ask."""
    outside: OutsideNumber | None = None
    stage: ConsultStage = ConsultStage.CALLING
    link: ChannelId | None = None
    leaving: bool = False
    """The customer is on the way to whom was asked."""
    since: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def node(self) -> NodeName:
        return self.call.channel.node

    @property
    def name(self) -> str:
        """Whom they ask, as it is recorded: an agent's code, or the room of somebody outside."""
        return self.whom or self.room

    def views(self) -> dict[AgentCode, ConsultView]:
        """How it looks to the agent who asks, and to the colleague who is asked."""
        caller, stage, since = self.call.caller, self.stage, self.since
        who = self.whom or AgentCode("")
        asks = ConsultView(stage, who, since, True, caller)
        if self.outside is not None:
            asks = replace(asks, number=self.outside.number, title=self.outside.title)
        if self.whom is None:
            return {self.agent: asks}
        return {self.whom: ConsultView(stage, self.agent, since, False, caller), self.agent: asks}
