"""Keeps a run for each campaign that is under way, and shares the agents out among them."""

import asyncio
from collections.abc import Collection, Iterable

import structlog

from acd.commands import AgentChanged
from acd.match import able
from acd.seat import SeatView
from campaigns.campaign import CampaignState, Mode
from campaigns.campaign_refusals import CampaignRefused
from campaigns.campaign_service import Campaigns
from campaigns.stored_campaign import Campaign
from domain.agent_facts import AgentState
from domain.identity import AgentCode, CampaignName, QueueName
from domain.roles import Actor, Role
from engine.agents.agent_news import AgentNews
from engine.agents.live_floor import LiveFloor
from engine.calls.call import LiveCall
from engine.calls.live_calls import LiveCalls
from engine.campaign_ports import CampaignView
from engine.centre_in_force import CentreInForce
from engine.outbound.live_run import LiveRun
from engine.outbound.run_maker import RunMaker
from engine.outbound.running_attempt import RunningAttempt
from engine.outbound.shares import even_out
from engine.outbound.way_out import WayOut
from machine.one_line import in_one_line
from storage.database_errors import AWAY
from telephony.complaints import Complaints

log = structlog.get_logger()

LOOK_EVERY_S = 5.0
"""How often the campaigns are read anyway: another process may have changed one."""
AGAIN_AFTER_S = 2.0
DIALLER = Actor("dialler", Role.ADMIN, None)
_UNDER_WAY = (CampaignState.RUNNING, CampaignState.PAUSED, CampaignState.DRAINING)
_AT_WORK = (AgentState.READY, AgentState.OFFERED, AgentState.TALKING, AgentState.WRAP_UP)


class CampaignRuns:
    """The runs of all campaigns that are under way."""

    def __init__(
        self,
        campaigns: Campaigns,
        maker: RunMaker,
        door: WayOut,
        in_force: CentreInForce,
        floor: LiveFloor,
        calls: LiveCalls,
        news: AgentNews,
    ) -> None:
        self.by_name: dict[CampaignName, LiveRun] = {}
        self._campaigns = campaigns
        self._maker = maker
        self._door = door
        self._in_force = in_force
        self._floor = floor
        self.calls = calls
        self._resting = set[CampaignName]()
        """Those that were outside the hours of their plan when they were last looked at."""
        self._of_agent: dict[AgentCode, CampaignName] = {}
        self._spared: frozenset[AgentCode] = frozenset()
        """Who calls somebody back next."""
        self._changed = asyncio.Event()
        self._begun = asyncio.Event()
        self._complain = Complaints()
        news.listen(self._agent_changed)

    def changed(self, _name: CampaignName) -> None:
        """Somebody has changed a campaign."""
        self._changed.set()

    async def run(self) -> None:
        """Follow the campaigns until cancelled; then stop dialling, while calls go on."""
        try:
            while True:
                self._changed.clear()
                wait = LOOK_EVERY_S
                try:
                    await self._follow()
                except AWAY as error:
                    self._complain("campaigns can't be read now", why=in_one_line(error))
                    wait = AGAIN_AFTER_S
                except Exception:
                    # A fault with one campaign must not stop the others for good.
                    log.exception("campaigns can't be followed because of a bug; trying again")
                    wait = AGAIN_AFTER_S
                try:
                    async with asyncio.timeout(wait):
                        await self._changed.wait()
                except TimeoutError:
                    continue
        finally:
            for run in self.by_name.values():
                await run.close()

    async def _follow(self) -> None:
        now = {one.name: one for one in await self._campaigns.seen_by(DIALLER)}
        for name, campaign in now.items():
            run = self.by_name.get(name)
            if run is None:
                if campaign.state in _UNDER_WAY:
                    await self._begin_or_tell(campaign)
            elif not self._maker.fits(run, campaign):
                await self._begin_otherwise(run, campaign)
            elif run.campaign != campaign:
                run.change(campaign, await self._maker.sound(campaign))
                log.info("a campaign goes on otherwise", campaign=name, state=campaign.state.value)
            await self._follow_plan(campaign)
        for name, run in list(self.by_name.items()):
            campaign = now.get(name, run.campaign)
            over = name not in now or campaign.state not in _UNDER_WAY
            if campaign.state is CampaignState.DRAINING and not run.under_way:
                over = await self._end(campaign, CampaignState.STOPPED)
            if over:
                run.cut_ringing()  # nobody would be there for those who answer
                del self.by_name[name]
                await run.close()
                self._forget(name)
                log.info("a campaign has stopped", campaign=name)
        self._adopt()
        self._share_out()
        self._begun.set()

    async def _follow_plan(self, campaign: Campaign) -> None:
        """Give a campaign's leads back when its hours are over, and end it after its last day."""
        run, state = self.by_name.get(campaign.name), self._maker.plan(campaign.settings)
        if run is None:
            return
        if state.ended and campaign.state in (CampaignState.RUNNING, CampaignState.PAUSED):
            log.info("a campaign's last day is over", campaign=campaign.name)
            await self._end(campaign, CampaignState.DRAINING)
            self._changed.set()
        if state.open is (campaign.name in self._resting):
            self._resting ^= {campaign.name}
            log.info("a campaign's hours have begun or ended", campaign=campaign.name,
                     open=state.open, until=state.until)  # fmt: skip
            run.look_again()

    async def _end(self, campaign: Campaign, state: CampaignState) -> bool:
        """Let the campaign end; returns False if somebody has just changed it, which holds."""
        try:
            await self._campaigns.move(DIALLER, campaign.name, state, seen=campaign.change)
        except CampaignRefused:
            self._changed.set()
            return False
        return True

    async def _begin_or_tell(self, campaign: Campaign) -> None:
        """One campaign that can't be run must not keep the others from it."""
        try:
            await self._begin(campaign)
        except AWAY:
            raise
        except Exception as error:
            self._complain(
                "a campaign can't be run because of a bug in Offhook",
                level="error",
                campaign=campaign.name,
                why=in_one_line(error),
            )

    async def _begin_otherwise(self, before: LiveRun, campaign: Campaign) -> None:
        """Its mode has changed to one of another kind: calls that are under way go on in that."""
        await before.close()
        self._forget(campaign.name)
        del self.by_name[campaign.name]
        await self._begin_or_tell(campaign)
        if (now := self.by_name.get(campaign.name)) is not None:
            for attempt in tuple(before.under_way.values()):
                # Whose agent is kept goes on in the run that keeps them.
                if not before.agent_waits_for(attempt.call):
                    now.host(attempt.call)

    async def _begin(self, campaign: Campaign) -> None:
        self.by_name[campaign.name] = await self._maker.make(campaign)
        self._resting.discard(campaign.name)
        log.info("a campaign runs", campaign=campaign.name, mode=campaign.settings.mode.value)

    # --- what pages ask

    def view(self, name: CampaignName) -> CampaignView | None:
        """What the campaign is doing; None if it isn't under way."""
        run = self.by_name.get(name)
        return None if run is None else run.view()

    def under_way(self) -> Iterable[tuple[Campaign, CampaignView]]:
        """All of them, and what they are doing."""
        return [(run.campaign, run.view()) for run in self.by_name.values()]

    def cut_ringing(self, name: CampaignName) -> None:
        """Hang up all its calls that nobody has answered."""
        if (run := self.by_name.get(name)) is not None:
            run.cut_ringing()

    # --- agents

    def share_out(self) -> None:
        """Plan anew: somebody is kept for a call by hand, or is not any more."""
        if self.by_name:
            self._share_out()

    def spare(self, agents: Collection[AgentCode]) -> None:
        """Plan without these agents, and with all others again: they call somebody back next."""
        self._spared = frozenset(agents)
        self.share_out()

    def calls_for(self, agent: AgentCode, before: float) -> bool:
        """Whether customers are being called whom this agent was planned for: they were dialled
        ``before`` (monotonic seconds), and nobody has answered yet."""
        seat = self._floor.core.agent(agent)
        return seat is not None and any(
            one.dialled_at < before and one.answered_at is None and one.only is None
            for run in self.by_name.values()
            if self._able_for(run, (seat,))
            for one in run.under_way.values()
        )

    def _agent_changed(self, change: AgentChanged) -> None:
        if not self.by_name:
            return
        name = self._of_agent.get(change.agent)
        run = None if name is None else self.by_name.get(name)
        if (change.state in _AT_WORK) is (run is None):
            self._share_out()
        elif run is None:
            return
        else:
            run.agent(change.agent, change.state, change.call)

    def _share_out(self) -> None:
        """Let each agent at work count for one campaign that dials and has leads.

        They stay with it while that is so. Where several campaigns could have the same agents, each
        gets about as many.
        """
        at_work = {
            seat.code: seat
            for seat in self._floor.core.agents
            if seat.state in _AT_WORK
            and (seat.kept is None or seat.kept in self.by_name)
            and seat.code not in self._spared
        }
        able_for = {
            name: self._able_for(run, at_work.values())
            for name, run in self.by_name.items()
            if run.dials
        }
        shares = {name: set[AgentCode]() for name in able_for}
        for agent, name in self._of_agent.items():
            if name in shares and agent in able_for[name]:
                shares[name].add(agent)
        even_out(
            shares,
            able_for,
            {name for name in shares if self.by_name[name].has_leads},
            {
                agent
                for agent, seat in at_work.items()
                if seat.state is AgentState.READY and seat.kept is None
            },
        )
        self._of_agent = {agent: name for name, share in shares.items() for agent in share}
        for name, run in self.by_name.items():
            planned = sorted(shares.get(name, ()))[run.settings.agents_for_inbound :]
            seats = [at_work[agent] for agent in planned]
            run.staff(
                ((seat.code, seat.state, seat.call) for seat in seats),
                wanted=bool(able_for.get(name)),
            )

    def _able_for(self, run: LiveRun, seats: Iterable[SeatView]) -> set[AgentCode]:
        queue = self._in_force.queues.get(QueueName(run.settings.queue or ""))
        if queue is None:
            return set()
        return {
            seat.code
            for seat in seats
            if able(seat.skills, queue) and seat.kept in (None, run.campaign.name)
            and run.takes(seat.code)
        }  # fmt: skip

    def _forget(self, name: CampaignName) -> None:
        self._of_agent = {agent: of for agent, of in self._of_agent.items() if of != name}

    # --- calls

    async def begun(self) -> None:
        """Wait until the campaigns have been read for the first time."""
        await self._begun.wait()

    def host_of(self, call: LiveCall) -> RunningAttempt | None:
        """The attempt of a call that a campaign placed; None if it isn't run here any more."""
        placed = call.placed
        run = None
        if placed is not None and placed.campaign is not None:
            run = self.by_name.get(placed.campaign)
        return None if run is None else run.host(call)

    def _adopt(self) -> None:
        """Take up calls that an earlier controller placed."""
        for call in list(self.calls.by_id.values()):
            placed = call.placed
            if placed is not None and call.follower is None and placed.mode != Mode.CALLBACK:
                self.host_of(call)
