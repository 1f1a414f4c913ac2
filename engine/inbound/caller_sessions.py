"""Keeps track of which FastAGI session drives which call, from admission to its end."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum

from domain.call_facts import TurnedAway
from domain.identity import CallId, ChannelId, LineName, NodeName
from domain.reasons import EndReason, NoEntry, Party, Unlisted
from engine.admission import Admission
from engine.agents.live_talks import LiveTalks
from engine.calls.call import Driver, LiveCall
from engine.calls.live_calls import LiveCalls
from engine.changes import Changes
from telephony.agi.agi_wire import SessionRefused
from telephony.ami.link import Link
from telephony.ami.secret_keys import SecretKeys
from telephony.centre_calls import Calls
from telephony.complaints import Complaints

_LOOK_AFTER_S = 5.0
_ENDS_WITHIN_S = 4.0


class Closing(StrEnum):
    """What becomes of new calls while the controller ends."""

    REFUSE = "refuse"  # Asterisk stops too: the carrier may send them elsewhere
    OWN_QUEUE = "own queue"  # Asterisk goes on: its own queue rings the phones


class Sessions:
    """All sessions of callers; each reports on its own call."""

    def __init__(
        self,
        changes: Changes,
        calls: LiveCalls,
        talks: LiveTalks,
        links: Mapping[NodeName, Link],
        channels: Calls,
        admission: Admission,
    ) -> None:
        self.closing: Closing | None = None
        """Set when the controller is about to stop."""
        self.calls = calls
        self._changes = changes
        self._talks = talks
        self._links = links
        self._channels = channels
        self._admission = admission
        self._complain = Complaints()
        self._tasks: set[asyncio.Task[None]] = set()

    async def admit(self, channel: ChannelId, line: str, hotline: str) -> None:
        """Return when a session may drive this caller, and no other does. Raises SessionRefused."""
        await self._admission.caller(channel, line, hotline)
        await self.released(channel.call)

    async def released(self, name: CallId) -> None:
        """Return when no session drives the call; SessionRefused if one that does doesn't end.

        A transfer or a cut brings a caller back with a later session. By then the server has ended
        the earlier one, whose work here may take another moment.
        """
        while (call := self.calls.get(name)) is not None and call.attached:
            try:
                async with asyncio.timeout(_ENDS_WITHIN_S):
                    await call.released.wait()
            except TimeoutError:
                raise SessionRefused(
                    "second", f"the earlier session of call {name} does not end"
                ) from None

    def enter(
        self,
        channel: ChannelId,
        channel_name: str,
        line: LineName,
        caller: str | None,
        number: str,
        entered_at: float,
        caller_name: str | None = None,
        driver: Driver | None = None,
    ) -> LiveCall | None:
        """From now on a session drives this call; None if ``number`` is not a hotline's.

        ``entered_at`` is in epoch seconds.
        """
        call = self.calls.take_up(
            channel, channel_name, line, caller, number, entered_at, caller_name
        )
        if call is not None:
            self.attach(call, driver)
        return call

    def attach(self, call: LiveCall, driver: Driver | None) -> None:
        """From now on a session drives this call."""
        call.attached, call.attached_at = True, datetime.now(UTC)
        call.driver = driver
        call.released.clear()
        call.turn += 1
        call.inbox.clear()
        self._changes.touch()

    def taken_back(self, call: LiveCall, language: str | None) -> None:
        """The call was under way before: it was transferred, or its controller was lost."""
        call.language = language
        if not call.served:
            self.calls.adopt(call)

    def turned_away(self, call: LiveCall, why: NoEntry) -> None:
        """The call is not led into its flow."""
        self.calls.note(call, TurnedAway(why))

    def secret_keys(self, call: LiveCall) -> SecretKeys | None:
        """What keeps keys of the call's node out of all events; None if it has no link."""
        link = self._links.get(call.channel.node)
        return None if link is None else link.secret_keys

    def flow_ended(self, call: LiveCall, why: str) -> None:
        """The flow hangs up on purpose."""
        call.flow_ended = Unlisted(why)

    def refused(self, call: LiveCall, why: EndReason) -> None:
        """The call is hung up unanswered."""
        call.refused = why

    def session_over(self, call: LiveCall) -> None:
        """No session drives the call any more; it may be gone, transferred, or lost."""
        call.attached, call.driver = False, None
        call.released.set()
        call.served = True
        self._changes.touch()
        # AMI reports its end; in case the link missed it, somebody has to look.
        asyncio.get_running_loop().call_later(_LOOK_AFTER_S, self._look_after, call)

    def doubt(self, call: LiveCall) -> None:
        """A snapshot doesn't have the call, which may be younger: look for its channel."""
        task = asyncio.get_running_loop().create_task(self._settle(call))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _settle(self, call: LiveCall) -> None:
        try:
            if call.placed is None:
                await self._admission.caller(call.channel, call.line, call.hotline.number)
            else:
                await self._admission.customer(call.channel, call.line)
        except SessionRefused as refused:
            if self.calls.get(call.id) is not call:
                return
            self._complain(
                "a session that began while AMI was down is being ended",
                kind=refused.kind,
                call=call.id,
                why=str(refused),
            )
            if call.driver is not None:
                call.driver.end()
            self._talks.gone(call, Party.UNKNOWN, 0)

    def _look_after(self, call: LiveCall) -> None:
        link = self._links.get(call.channel.node)
        known = self._channels.view(call.id) is not None
        if link is not None and link.up and not known and not call.attached:
            self._talks.gone(call, Party.UNKNOWN, 0)
