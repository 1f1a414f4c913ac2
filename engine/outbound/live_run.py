"""What every run of a campaign on the phones has: its settings, its calls, and what it shows."""

import asyncio
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Collection, Coroutine, Iterable
from datetime import UTC, datetime

import structlog

from campaigns.campaign import CampaignSettings, CampaignState
from campaigns.claims import ClaimedLead
from campaigns.stored_campaign import Campaign
from dialer.abandon_count import Tally
from dialer.pacing_facts import Dialled, Lead, PacingFact
from domain.agent_facts import AgentState
from domain.identity import AgentCode, CallId, LineName, ListName
from engine.calls.call import LiveCall
from engine.calls.live_calls import LiveCalls
from engine.campaign_ports import CampaignView
from engine.clock import Clock
from engine.outbound.running_attempt import KEPT_GRACE_S, RunFigures, RunningAttempt
from engine.outbound.way_out import WayOut, WishedCall
from machine.one_line import in_one_line

log = structlog.get_logger()

StaffNow = Iterable[tuple[AgentCode, AgentState, CallId | None]]
"""Agents, the state of each, and the call they are in."""


class LiveRun(ABC):
    """A campaign that is running, paused or draining, in whatever mode.

    ``sound`` is what customers hear for whom nobody is free (in a campaign without agents, each
    customer), as Asterisk finds it; "" for none. ``open_now`` says whether the plan of these
    settings lets it dial now.
    """

    def __init__(
        self,
        campaign: Campaign,
        calls: LiveCalls,
        door: WayOut,
        clock: Clock,
        *,
        sound: str = "",
        open_now: Callable[[CampaignSettings], bool] = lambda _: True,
    ) -> None:
        self.campaign = campaign
        self.calls = calls
        self.clock = clock
        self.figures = RunFigures()
        self.under_way: dict[CallId, RunningAttempt] = {}
        self._door = door
        self._sound = sound
        self._open_now = open_now
        self._staff: dict[AgentCode, AgentState] = {}
        self._going: set[asyncio.Task[None]] = set()

    @property
    def settings(self) -> CampaignSettings:
        """The campaign's, as they are now."""
        return self.campaign.settings

    @property
    def dials(self) -> bool:
        """Whether new numbers are dialled."""
        running = self.campaign.state is CampaignState.RUNNING and self._door.open
        return running and self._open_now(self.settings)

    @property
    def sound(self) -> str:
        """What customers hear for whom nobody is free, as Asterisk finds it; "" for nothing."""
        return self._sound

    @property
    def agents(self) -> Collection[AgentCode]:
        """Those at work for it."""
        return self._staff.keys()

    def takes(self, agent: AgentCode) -> bool:  # noqa: ARG002 - some runs ask for more
        """Whether this agent, who can serve its customers, can work for it now."""
        return True

    @property
    @abstractmethod
    def has_leads(self) -> bool:
        """Whether there is somebody to dial, as far as is known."""

    @abstractmethod
    def change(self, campaign: Campaign, sound: str) -> None:
        """Go on with other settings, or in another state. Calls under way go on as they began."""

    @abstractmethod
    def look_again(self) -> None:
        """Something has changed that decides whether it dials. Leads are kept only if it does."""

    @abstractmethod
    def staff(self, agents: StaffNow, *, wanted: bool = False) -> None:
        """Plan with these agents, and with no others. ``wanted``: others could serve its customers,
        if it had any."""

    @abstractmethod
    def agent(self, agent: AgentCode, state: AgentState, call: CallId | None = None) -> None:
        """One of its agents is in this state now, perhaps because of one of its own calls."""

    @abstractmethod
    async def close(self) -> None:
        """Stop dialling, and give claimed leads back; calls under way go on."""

    @abstractmethod
    def feed(self, fact: PacingFact) -> None:
        """Something happened to one of its calls."""

    @property
    def claimed(self) -> int:
        """How many leads are dialled next."""
        return 0

    @property
    def counted(self) -> Tally:
        """What counts for the limit of abandoned calls."""
        return Tally()

    # --- its calls

    def host(self, call: LiveCall) -> RunningAttempt:
        """The attempt of a call of this campaign, also of one that an earlier controller placed, or
        that went out while the campaign had another mode."""
        found = self.under_way.get(call.id)
        if found is None:
            found = self._take(call, Lead(ListName("")))
            self.feed(Dialled(found.id, found.lead))
            found.catch_up()
        return found

    def _take(self, call: LiveCall, lead: Lead) -> RunningAttempt:
        found = self.under_way[call.id] = RunningAttempt(self, call, lead, self.clock.now())
        call.follower = found
        return found

    def forget(self, attempt: RunningAttempt) -> None:
        """The attempt is over."""
        self.under_way.pop(attempt.call.id, None)

    def agent_waits_for(self, call: LiveCall) -> bool:  # noqa: ARG002 - in some runs they do
        """Whether the agent for whom it was placed is at the phone for it."""
        return False

    def cut_ringing(self) -> None:
        """Hang up all calls that nobody has answered."""
        for attempt in list(self.under_way.values()):
            self._door.cut(attempt.call)

    def wish(self, claimed: ClaimedLead, agent: AgentCode | None = None) -> WishedCall:
        """The call to a claimed lead; ``agent``: who is kept for it until it is over."""
        settings, campaign = self.settings, self.campaign
        return WishedCall(
            campaign.name,
            campaign.project,
            claimed.lead.lead,
            claimed.number.number,
            LineName(settings.line),
            settings.mode,
            settings.ring_s,
            settings.caller_id,
            agent,
            claimed.guaranteed or agent is not None,
            self._sound,
            settings.opt_out_key,
            campaign.project if settings.opt_out_of == "project" else "",
            settings.detection,
            settings.lines_for_inbound,
            settings.limit.grace_s if agent is None else KEPT_GRACE_S,
            name=claimed.lead.name,
            fields=claimed.lead.fields,
        )

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._going.add(task)
        task.add_done_callback(self._gone_out)

    def _gone_out(self, task: "asyncio.Task[None]") -> None:
        self._going.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error(
                "a lead could not be dialled because of a bug in Offhook",
                campaign=self.campaign.name,
                why=in_one_line(error),
                exc_info=error,
            )

    # --- what it shows

    def view(self) -> CampaignView:
        """What it is doing now."""
        figures, tally = self.figures, self.counted
        decided = figures.decided
        attempts = self.under_way.values()
        answered = [one for one in attempts if one.answered_at is not None]
        return CampaignView(
            name=self.campaign.name,
            at=datetime.now(UTC),
            agents=Counter(self._staff.values()),
            ringing=len(attempts) - len(answered),
            waiting=sum(one.waits for one in answered),
            talking=sum(one.agent is not None for one in answered),
            hopper=self.claimed,
            dialled=figures.dialled,
            answered=figures.answered,
            connected=figures.connected,
            abandoned_run=figures.abandoned,
            abandoned=tally.abandoned,
            base=tally.base,
            limit=self.settings.limit.share,
            decided_at=None if decided is None else decided.at,
            decided=0 if decided is None else decided.count,
            reason=None if decided is None else decided.reason.text,
            reason_figures={} if decided is None else decided.reason.figures,
            trouble=figures.trouble,
        )
