"""Serves one session of a customer's call: admits it, drives it through its flow, and ends it.

The session may be the call's first, or go on where an earlier one left the call, perhaps in an
earlier controller: ``bookmark`` says how.
"""

from dataclasses import replace
from time import time

import structlog

from domain.identity import ChannelId, LineName, NodeName
from domain.reasons import EndReason, NoEntry
from engine.agents.live_talks import must_wait_again
from engine.calls.call import LiveCall
from engine.clock import epoch
from engine.flows_in_force import FlowsInForce
from engine.inbound.bookmark import Arguments, Stage
from engine.inbound.caller_sessions import Closing
from engine.inbound.entry_choice import EntryChoice
from engine.inbound.flow_entry import by_hotline
from engine.inbound.flow_means import FlowMeans
from engine.inbound.flow_steps import FlowSteps
from engine.inbound.notice import notice
from telephony.agi.agi_wire import HungUp, SessionRefused
from telephony.agi.session import Session
from telephony.caller import name_of, number_of
from telephony.variables import ChannelVariable

log = structlog.get_logger()

_CONGESTION = "42"
"""Q.850; in SIP 503, so that a carrier may try elsewhere."""
_REJECTED = "21"
"""Q.850; in SIP 403, so that a carrier doesn't try elsewhere."""

MOST_FAILURES = 3
"""So often a call's session may fail because of a bug; then its caller meets no flow any more."""


class HotlineCalls:
    """Serves the route ``call`` of the FastAGI server."""

    def __init__(self, means: FlowMeans, flows: FlowsInForce, choice: EntryChoice) -> None:
        self._means = means
        self._sessions = means.sessions
        self._flows = flows
        self._choice = choice

    async def serve(self, session: Session) -> None:
        """Drive one caller to the end of their flow; HungUp ends it quietly.

        Raises SessionRefused if it can't be a call of ours; the dialplan keeps the caller.
        """
        given = Arguments.of(session.args)
        number = number_of(session.env.get("agi_callerid", ""))
        channel = ChannelId(NodeName(session.node), session.uniqueid)
        await session.until(self._sessions.admit(channel, given.line, given.hotline))
        closing = self._sessions.closing
        if closing is Closing.OWN_QUEUE and not given.resumed:
            # As if we had been away for long: the dialplan turns to its own queue at once.
            await session.set_variable(ChannelVariable.LOST_AT, "1")
            return
        call = self._sessions.enter(
            channel,
            session.channel,
            LineName(given.line),
            number,
            given.hotline,
            epoch(given.entered_at, time()),
            name_of(given.caller_name, number),
            session,
        )
        if call is None:
            return
        if closing is Closing.REFUSE and not given.resumed:
            log.info("a call is refused because Offhook is stopping", call=call.id)
            self._sessions.refused(call, EndReason.STOPPING)
            await session.execute("Hangup", _CONGESTION)
            return
        turn = call.turn
        try:
            over = await self._serve(session, call, given)
        except (HungUp, SessionRefused):
            raise
        except Exception:
            self._failed(call)
            raise  # the server logs it
        finally:
            if call.turn == turn:  # otherwise a later session has the caller
                self._sessions.session_over(call)
        if over:
            # The dialplan hangs up. HANGUP would have Asterisk make two more events of each call.
            await session.set_variable(ChannelVariable.DONE, "1")

    async def _serve(self, session: Session, call: LiveCall, given: Arguments) -> bool:
        """Returns whether the call is over; otherwise the dialplan goes on with it."""
        if call.failures >= MOST_FAILURES:
            await session.set_variable(ChannelVariable.LOST_AT, "1")  # to Asterisk's own queue
            return False
        in_force = self._sessions.calls.in_force
        blocked = in_force.blocked(call.caller, call.line, call.project)
        if not given.resumed and blocked:
            log.info("a call is refused because its number is blocked", call=call.id)
            self._sessions.turned_away(call, NoEntry.CALLER_BLOCKED)
            self._sessions.refused(call, EndReason.CALLER_BLOCKED)
            await session.execute("Hangup", _REJECTED)
            return True
        call.recorded = bool(given.recording)
        if given.talked and must_wait_again(call):
            given = replace(given, stage=Stage.QUEUE)
        instead, name = None, given.flow if given.resumed else ""
        if not given.resumed:
            language = given.language or None
            hours = self._means.hours
            local = hours.local(in_force.centre)
            instead = notice(call.hotline, call.languages, language, local, hours.is_open)
            if instead is None:
                name = call.hotline.flow
                if call.hotline.rules:
                    name = await session.until(self._choice.flow_for(call, call.hotline))
        flows = await session.until(self._flows.of(given.entered_in))
        if name not in flows.flows:
            name = call.hotline.flow
        if name not in flows.flows:
            self._means.complain(
                "a number has no flow; its callers go to Asterisk's queue",
                kind=given.hotline,
                number=given.hotline,
                flow=name,
            )
            await session.set_variable(ChannelVariable.LOST_AT, "1")  # to Asterisk's own queue
            return False
        entry = by_hotline(name, flows, call.hotline, call.languages)
        steps = FlowSteps(session, call, given, entry, self._means)
        if instead is None:
            await steps.walk()
        else:
            await steps.say(instead)
        return True

    def _failed(self, call: LiveCall) -> None:
        """A session has met a bug. The dialplan tries again, and would do so for ever."""
        call.failures += 1
        if call.failures == MOST_FAILURES:
            self._means.complain(
                "a call's sessions fail because of a bug; its caller goes to Asterisk's own queue",
                kind=call.hotline.number,
                level="error",
                call=call.id,
                number=call.hotline.number,
                failed=call.failures,
            )
