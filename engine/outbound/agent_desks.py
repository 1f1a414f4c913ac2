"""What agents' desks see and ask of the campaigns (``engine.desk_ports.LiveDesks``)."""

from dataclasses import replace

from campaigns.campaign import Mode
from domain.identity import AgentCode, CampaignName
from engine.calls.call import LiveCall
from engine.desk_ports import DeskView, DialFault, DialNotice
from engine.outbound.callback_calls import CallbackCalls
from engine.outbound.campaign_runs import CampaignRuns
from engine.outbound.desk_dials import DeskDials
from engine.outbound.hand_calls import HandCalls
from engine.outbound.preview_run import PreviewRun
from engine.outbound.running_attempt import RunningAttempt


class AgentDesks:
    """The desks of all agents."""

    def __init__(self, desks: DeskDials, runs: CampaignRuns, by_hand: HandCalls) -> None:
        self._desks = desks
        self._runs = runs
        self._by_hand = by_hand

    def look(self, agent: AgentCode) -> DeskView:
        """What the desk shows now."""
        return replace(self._desks.view(agent), ways=self._by_hand.ways(agent))

    async def changed(self, agent: AgentCode, seen: int, within_s: float) -> DeskView:
        """The same, once it isn't version ``seen`` any more, or ``within_s`` have passed."""
        if not self._desks.is_open(agent):
            self._desks.note_asking(agent)
            self._runs.share_out()
        await self._desks.changed(agent, seen, within_s)
        return self.look(agent)

    async def dial(self, agent: AgentCode, lead: int) -> DialNotice | None:
        """Call the customer whom the agent looks at; None: it is being done."""
        run = self._preview(agent)
        return DialNotice(DialFault.CHANGED, "") if run is None else run.previews.dial(agent, lead)

    async def skip(self, agent: AgentCode, lead: int, reason: str, note: str) -> DialNotice | None:
        """Don't call them."""
        run = self._preview(agent)
        if run is None:
            return DialNotice(DialFault.CHANGED, "")
        return await run.previews.skip(agent, lead, reason, note)

    async def dial_by_hand(
        self, agent: AgentCode, number: str, campaign: CampaignName
    ) -> DialNotice | None:
        """Call a number that the agent has typed, as this campaign does."""
        return self._by_hand.dial(agent, number, campaign)

    def hang_up(self, agent: AgentCode) -> None:
        """End the call before it is answered."""
        if not self._by_hand.hang_up(agent) and (run := self._preview(agent)) is not None:
            run.previews.hang_up(agent)

    def _preview(self, agent: AgentCode) -> PreviewRun | None:
        dial = self._desks.at(agent)
        run = None if dial is None else self._runs.by_name.get(dial.campaign.name)
        return run if isinstance(run, PreviewRun) else None


class PlacedHosts:
    """Finds the host of a call that we placed: a campaign's run, a callback, or the call by
    hand."""

    def __init__(self, runs: CampaignRuns, by_hand: HandCalls, callbacks: CallbackCalls) -> None:
        self._runs = runs
        self._by_hand = by_hand
        self._callbacks = callbacks

    async def begun(self) -> None:
        """Wait until it is known which campaigns run here."""
        await self._runs.begun()
        await self._callbacks.begun()

    async def take_up(self) -> None:
        """Go on with calls for which agents are kept whom an earlier controller called."""
        await self.begun()
        for call in list(self._runs.calls.by_id.values()):
            if call.kept_again:
                self.host_of(call)

    def host_of(self, call: LiveCall) -> RunningAttempt | None:
        """None if its campaign is not run here any more."""
        if call.placed is not None and call.placed.mode == Mode.CALLBACK:
            return self._callbacks.host(call)
        if call.placed is not None and call.placed.campaign is None:
            return self._by_hand.host(call)
        return self._runs.host_of(call)
