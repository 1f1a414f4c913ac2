"""Puts together all that calls customers: campaigns, callbacks, calls by hand, and their pages."""

import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from uuid import uuid4
from zoneinfo import ZoneInfo

from campaigns.attempt_pages import AttemptPages
from campaigns.attempts import Attempts
from campaigns.callback_claims import CallbackClaims
from campaigns.callbacks import Callbacks
from campaigns.caller_callbacks import CallerCallbacks
from campaigns.campaign import CampaignSettings
from campaigns.campaign_alarms import CampaignAlarms
from campaigns.campaign_samples import CampaignSamples
from campaigns.campaign_service import Campaigns
from campaigns.claims import LeadClaims
from campaigns.customer_cards import CustomerCards
from campaigns.daily_report import DailyReports
from campaigns.dispositions import Dispositions
from campaigns.do_not_call import DoNotCall
from campaigns.funnel import CampaignFunnel
from campaigns.hand_dialling import HandDialling
from campaigns.lead_lists import LeadLists
from campaigns.lead_report import LeadReports
from campaigns.lead_service import LeadService
from campaigns.lead_skips import LeadSkips
from campaigns.list_imports import ListImports
from campaigns.pacing_log import PacingLog
from campaigns.plan import PlanState, plan_state
from campaigns.project_choices import ProjectChoices
from campaigns.rejected_rows import RejectedRows
from campaigns.typed_leads import TypedLeads
from console.campaigns.campaign_services import CampaignServices
from console.floor.disposing import DispositionServices
from console.lead_lists.list_services import ListServices
from console.reports.report_services import ReportServices
from domain.identity import AgentCode, NodeName
from engine.board_ports import AheadView
from engine.outbound.agent_desks import AgentDesks, PlacedHosts
from engine.outbound.callback_calls import CallbackCalls
from engine.outbound.campaign_books import CampaignBooks
from engine.outbound.campaign_runs import CampaignRuns
from engine.outbound.campaign_tests import CampaignTests
from engine.outbound.campaign_watch import CampaignWatch
from engine.outbound.days_off import CalendarDaysOff
from engine.outbound.desk_dials import DeskDials
from engine.outbound.fitting_settings import setting_faults
from engine.outbound.hand_calls import HandCalls
from engine.outbound.held_leads import HeldLeads
from engine.outbound.messages import CampaignMessages
from engine.outbound.run_maker import RunMaker
from engine.outbound.way_out import WayOut
from machine.local_zone import zone_here
from offhook.background import BackgroundWork
from offhook.call_work import CallWork
from offhook.database_work import DatabaseWork
from offhook.flow_work import FlowWork


class OutboundWork:
    """The outbound work of one controller. ``imports`` is to be closed in the end."""

    def __init__(
        self,
        node: NodeName,
        stored: DatabaseWork,
        flow_work: FlowWork,
        calls: CallWork,
    ) -> None:
        engine, pool, flows = calls.engine, stored.pool, flow_work.flows
        self._engine = engine
        self._pool = pool
        zone_here()  # read now: a call is not to wait the tenths of a second that it may take
        self._days_off = CalendarDaysOff(lambda: engine.centre)
        self._messages = CampaignMessages(flow_work.prompts, flows)
        self._campaigns = Campaigns(
            pool,
            check=lambda project, made: setting_faults(
                engine.centre, flows.of_projects([project]), project, made
            ),
            on_change=lambda name: self._runs.changed(name),
        )
        claims = LeadClaims(pool, self._zone, days_off=self._days_off)
        self._held = HeldLeads(claims, lambda: engine.centre, self._zone)
        self._way_out = WayOut(
            f"{node}-{os.getpid()}-{uuid4().hex[:8]}",
            engine.lines_out,
            engine.calls,
            engine.talks,
            engine.links,
            engine.channels,
            Attempts(pool, self._zone, days_off=self._days_off),
            HandDialling(pool, self._zone),
            closing=lambda: engine.sessions.closing is not None,
        )
        self._books = CampaignBooks(
            pool,
            self._way_out.name,
            flushed=stored.outbox.flushed,
            caught_up=calls.absence.caught_up.wait,
        )
        self._dials = DeskDials(
            engine.floor, engine.nailed_up, engine.changes, engine.clock, engine.news
        )
        self._runs = CampaignRuns(
            self._campaigns,
            RunMaker(
                engine.calls,
                self._way_out,
                claims,
                engine.clock,
                self._dials,
                LeadSkips(pool),
                engine.floor,
                sound=self._messages.sound,
                history=self._books.history,
                decided=self._books.decided,
                zone=self._zone,
                plan=self._plan,
                flow_is_there=flows.__contains__,
            ),
            self._way_out,
            engine.in_force,
            engine.floor,
            engine.calls,
            engine.news,
        )
        self._by_hand = HandCalls(
            self._runs,
            self._way_out,
            self._dials,
            engine.in_force,
            engine.floor,
            engine.calls,
            engine.clock,
        )
        self._callbacks = CallbackCalls(
            CallbackClaims(pool, self._zone, days_off=self._days_off),
            self._runs,
            self._way_out,
            self._dials,
            engine.in_force,
            engine.floor,
            engine.calls,
            engine.clock,
            engine.news,
        )
        self.caller_callbacks = CallerCallbacks(pool, self._zone)
        self._alarms = CampaignAlarms(pool)
        self._lists = LeadLists(pool)
        self.imports = ListImports(pool, self._zone)

    def _zone(self) -> ZoneInfo:
        return zone_here(self._engine.centre.timezone)

    def _plan(self, settings: CampaignSettings) -> PlanState:
        return plan_state(settings, self._days_off, datetime.now(UTC), self._zone())

    # --- what calls

    @property
    def hosts(self) -> PlacedHosts:
        """Finds who had a call placed."""
        return PlacedHosts(self._runs, self._by_hand, self._callbacks)

    def at_once(self) -> Iterator[BackgroundWork]:
        """What runs from the beginning."""
        yield self._books.settle(), "attempts left open"
        yield self._books.keep(), "why campaigns dial"
        yield self._way_out.unplaced.close(), "attempts that were not placed"
        yield self._held.keep(), "leads that are held"

    def once_served(self) -> Iterator[BackgroundWork]:
        """What runs as soon as those who answer are served."""
        yield self._runs.run(), "campaigns"
        yield self._watch_once_begun(), "the watch on campaigns"
        yield self._callbacks.run(), "callbacks"
        yield self.hosts.take_up(), "agents kept for calls"

    async def _watch_once_begun(self) -> None:
        """Before, no campaign seems to be under way, and all alarms would be over."""
        watch = CampaignWatch(
            self._runs.under_way,
            CampaignSamples(self._pool),
            self._alarms,
            keep_days=lambda: self._engine.centre.keep_decisions_days,
        )
        await self._runs.begun()
        await watch.keep()

    # --- what pages ask

    def ahead(self) -> Mapping[AgentCode, AheadView]:
        """For which customers to come agents are kept now."""
        return self._dials.ahead()

    def campaign_services(self) -> CampaignServices:
        """For the pages of campaigns, leads and attempts."""
        return CampaignServices(
            self._campaigns,
            self._lists,
            CampaignFunnel(self._pool, self._zone, days_off=self._days_off),
            self._runs,
            LeadService(self._pool),
            PacingLog(self._pool),
            AttemptPages(self._pool),
            CampaignSamples(self._pool),
            self._alarms,
            CampaignTests(self._way_out, self._engine.in_force, self._messages.sound),
            plan=self._plan,
            days_off=self._days_off,
        )

    def list_services(self) -> ListServices:
        """For the pages of lists."""
        rejected, typed = RejectedRows(self._pool), TypedLeads(self._pool, self._zone)
        return ListServices(self._lists, self.imports, rejected, typed, DoNotCall(self._pool))

    def report_services(self) -> ReportServices:
        """For the reports."""
        pool = self._pool
        return ReportServices(DailyReports(pool), self._campaigns, self._lists, LeadReports(pool))

    def disposition_services(self) -> DispositionServices:
        """For what agents say of calls."""
        pool = self._pool
        return DispositionServices(
            Dispositions(pool), ProjectChoices(pool), CustomerCards(pool), Callbacks(pool)
        )

    def desks(self) -> AgentDesks:
        """For the customers whom agents' desks show."""
        return AgentDesks(self._dials, self._runs, self._by_hand)
