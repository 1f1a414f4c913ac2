"""Takes a customer who has answered our call through their campaign's flow.

The campaign has no agents of its own: the flow is the one that callers of a number may hear, and it
may bring the customer to an agent of a queue. If there is no controller, or no such flow any more,
the dialplan plays the campaign's message (``[outbound]``).
"""

from dataclasses import replace
from time import time

import structlog

from campaigns.campaign import CampaignSettings
from domain.identity import AgentCode, ProjectName
from domain.outbound_facts import CustomerAbandoned, OptedOut
from engine.admission import Admission
from engine.board_ports import CallStage
from engine.calls.call import LiveCall
from engine.clock import epoch
from engine.flows_in_force import FlowsInForce
from engine.inbound.bookmark import Arguments
from engine.inbound.flow_entry import FlowEntry
from engine.inbound.flow_means import FlowMeans
from engine.inbound.flow_steps import FlowSteps
from engine.outbound.answered_call import Host, Hosts, begun
from engine.outbound.placed_session import driven
from ivr_flows.steps import Enqueue, Left, MenuIsDue, QueueExit
from telephony.agi.agi_wire import SessionRefused
from telephony.agi.session import Session
from telephony.variables import ChannelVariable

log = structlog.get_logger()

_USUAL_PRIORITY = CampaignSettings.model_fields["priority"].default


class FlowCalls:
    """Serves the route ``flow`` of the FastAGI server."""

    def __init__(
        self, means: FlowMeans, admission: Admission, hosts: Hosts, flows: FlowsInForce
    ) -> None:
        self._means = means
        self._sessions = means.sessions
        self._admission = admission
        self._hosts = hosts
        self._flows = flows

    async def serve(self, session: Session) -> None:
        """Drive one customer to the end of the flow. HungUp ends it quietly.

        Raises SessionRefused if it can't be a call of ours.
        """
        name, given = _arguments(session.args)
        async with driven(self._sessions, self._admission, session, given.line) as call:
            await begun(session, self._hosts)
            flows = await session.until(self._flows.of(given.entered_in))
            if name not in flows.flows:
                log.error("a campaign's flow is not there any more", call=call.id, flow=name)
                await session.set_variable(ChannelVariable.DONE, "1")  # they hear the message
                return
            # From here on the dialplan knows that there was a controller.
            await session.set_variable(ChannelVariable.UNTIL, "")
            self._sessions.calls.stage(call, CallStage.FLOW)
            host = self._hosts.host_of(call)
            entry = FlowEntry(
                flows.flows[name],
                languages=(),
                usual=given.language or None,
                queue=None if host is None else host.queue,
                raised=_USUAL_PRIORITY if host is None else host.raised,
                answered=True,
                name=name,
                edition=flows.edition,
                revision=flows.revisions.get(name, 0),
                revisions=flows.revisions,
                flows=flows.flows,
            )
            steps = _CustomersSteps(session, call, given, entry, self._means, host)
            await steps.walk()
        await session.hang_up()


class _CustomersSteps(FlowSteps):
    """The steps of a customer whom we called."""

    def __init__(
        self,
        session: Session,
        call: LiveCall,
        given: Arguments,
        entry: FlowEntry,
        means: FlowMeans,
        host: Host | None,
    ) -> None:
        super().__init__(session, call, given, entry, means)
        self._host = host

    async def _wait(self, step: Enqueue, only: AgentCode | None = None) -> Left | MenuIsDue:
        if self._host is not None and not step.goes_on:
            now, since = time(), self._given.queued_at if self._given.waited else ""
            self._host.asks_for_agent(now - epoch(since, now))
        came = await super()._wait(step, only)
        # Who presses a key has chosen something else.
        if isinstance(came, Left) and came.why not in (QueueExit.TALKED, QueueExit.KEY):
            self._sessions.calls.note(self._call, CustomerAbandoned(by_customer=False))
            if self._host is not None:
                self._host.abandoned()
        return came

    async def _opt_out(self) -> bool:
        of = await self._session.get_variable(ChannelVariable.OPT_OUT_OF)
        self._sessions.calls.note(self._call, OptedOut(ProjectName(of) if of else None))
        return True


def _arguments(given: tuple[str, ...]) -> tuple[str, Arguments]:
    """The flow's name, and how far the call has come. Raises SessionRefused."""
    if len(given) != 8:
        raise SessionRefused(
            "arguments", f"it has {len(given)} arguments; the dialplan is not this Offhook's"
        )
    line, flow, *come, edition = given
    return flow, replace(Arguments.of(("", line, "", *come)), flow=flow, edition=edition)
