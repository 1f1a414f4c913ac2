"""What calls customers, on an engine without an Asterisk: all of its real parts."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import asyncpg

from campaigns.attempts import Attempts
from campaigns.callback_claims import CallbackClaims
from campaigns.campaign import CampaignSettings, CampaignState, Mode
from campaigns.campaign_service import Campaigns
from campaigns.claims import LeadClaims
from campaigns.hand_dialling import HandDialling
from campaigns.lead_skips import LeadSkips
from campaigns.stored_campaign import Campaign
from domain.identity import CampaignName, ProjectName
from engine.engine import Engine
from engine.outbound.agent_desks import PlacedHosts
from engine.outbound.callback_calls import CallbackCalls
from engine.outbound.campaign_run import OnDecision
from engine.outbound.campaign_runs import CampaignRuns
from engine.outbound.desk_dials import DeskDials
from engine.outbound.hand_calls import HandCalls
from engine.outbound.run_maker import RunMaker
from engine.outbound.way_out import WayOut
from tests.telephony.calls.events import NODE, about

SETTINGS = CampaignSettings(
    title="Spring", queue="sales", line="carrier", rules="us", mode=Mode.PREVIEW, by_hand=True
)
ZONE = ZoneInfo("Asia/Shanghai")


def campaign(settings: CampaignSettings = SETTINGS) -> Campaign:
    """A running campaign that isn't stored."""
    now = datetime.now(UTC)
    return Campaign(CampaignName("spring"), ProjectName("tea"), CampaignState.RUNNING, settings,
                    (), 0, now, now)  # fmt: skip


class OutboundFloor:
    """The parts, put together as ``offhook.outbound_work`` does."""

    def __init__(self, engine: Engine, pool: asyncpg.Pool) -> None:
        self.calls = engine.calls
        self.flows = {"offered"}
        """The flows that there are, by name."""
        self.decided: OnDecision = lambda *_: None
        """Is told each decision of a campaign."""
        self.claims = CallbackClaims(pool, lambda: ZONE)
        self.door = WayOut(
            "us", engine.lines_out, engine.calls, engine.talks, engine.links, engine.channels,
            Attempts(pool, lambda: ZONE), HandDialling(pool, lambda: ZONE),
        )  # fmt: skip
        self.desks = DeskDials(
            engine.floor, engine.nailed_up, engine.changes, engine.clock, engine.news
        )
        self.maker = RunMaker(
            engine.calls, self.door, LeadClaims(pool, lambda: ZONE), engine.clock, self.desks,
            LeadSkips(pool), engine.floor, flow_is_there=lambda name: name in self.flows,
            decided=lambda *said: self.decided(*said),
        )  # fmt: skip
        self.runs = CampaignRuns(
            Campaigns(pool), self.maker, self.door, engine.in_force, engine.floor, engine.calls,
            engine.news,
        )  # fmt: skip
        self.by_hand = HandCalls(
            self.runs, self.door, self.desks, engine.in_force, engine.floor, engine.calls,
            engine.clock,
        )  # fmt: skip
        self.callbacks = CallbackCalls(
            self.claims, self.runs, self.door, self.desks, engine.in_force, engine.floor,
            engine.calls, engine.clock, engine.news,
        )  # fmt: skip
        self.hosts = PlacedHosts(self.runs, self.by_hand, self.callbacks)


def nail_up(engine: Engine, station: str) -> None:
    """The phone is in its room."""
    leg = (f"PJSIP/{station}-00000001", f"offhook.leg{station}")
    engine.switches.on_message(NODE, about("Newchannel", *leg, 6))
    engine.switches.on_message(
        NODE,
        about("BridgeEnter", *leg, 6, Context="agent-room", Exten=station, BridgeUniqueid="room",
              BridgeCreator="ConfBridge"),
    )  # fmt: skip
