"""Places a campaign's test calls: what a customer would see and hear, at a phone of the staff.

A test call goes out by the one door, over the campaign's line and with its number, and plays its
message. It is nobody's lead, no agent is asked, no key is listened for, and nothing is counted:
neither in the campaign's figures and limit, nor in how often a number may be called.
"""

from campaigns.attempts import NotReserved, ReserveRefusal
from campaigns.campaign import Mode
from campaigns.do_not_call import is_e164
from campaigns.stored_campaign import Campaign
from domain.identity import AgentCode, CallId, LineName
from domain.reasons import Cause
from engine.calls.call import LiveCall
from engine.campaign_ports import NoTestCall
from engine.centre_in_force import CentreInForce
from engine.outbound.run_maker import MakeSound
from engine.outbound.way_out import NO_TURN, Shut, WayOut, WishedCall
from telephony.numbers import whole

LONGEST_NUMBER = 40
_FAULTS = {
    ReserveRefusal.DO_NOT_CALL: NoTestCall.DO_NOT_CALL,
    ReserveRefusal.NUMBER_IN_CALL: NoTestCall.IN_CALL,
}


class CampaignTests:
    """The test calls of all campaigns. ``sound`` makes a campaign's message."""

    def __init__(self, door: WayOut, in_force: CentreInForce, sound: MakeSound) -> None:
        self._door = door
        self._in_force = in_force
        self._sound = sound

    async def place(self, campaign: Campaign, typed: str, by: str) -> CallId | NoTestCall:
        """Call this number for ``by``, a user's name; the call's id once Asterisk was asked.

        What became of it is in its attempt's row.
        """
        settings = campaign.settings
        lines = (line for line in self._in_force.centre.lines if line.name == settings.line)
        line = next(lines, None)
        if line is None:
            return NoTestCall.NO_LINE
        number = None if len(typed) > LONGEST_NUMBER else whole(typed.strip(), line.country)
        if number is None or not is_e164(number):
            return NoTestCall.NOT_A_NUMBER
        wish = WishedCall(
            None,
            campaign.project,
            None,
            number,
            LineName(settings.line),
            Mode.TEST,
            settings.ring_s,
            settings.caller_id,
            message=await self._sound(campaign),
            tested_by=by,
        )
        came = await self._door.place(wish, lambda _: _Nobody())
        if came is NO_TURN:
            return NoTestCall.NO_TURN
        if isinstance(came, Shut):
            return NoTestCall.SHUT
        if isinstance(came, NotReserved):
            return _FAULTS.get(came.why, NoTestCall.IN_CALL)
        assert isinstance(came, LiveCall)  # noqa: S101 - nothing else is left
        return came.id


class _Nobody:
    """Follows a test call: nothing depends on what becomes of it."""

    def rings(self) -> None: ...

    def answered(self) -> None: ...

    def is_person(self) -> None: ...

    def is_machine(self) -> None: ...

    def talks(self, agent: AgentCode | None) -> None: ...

    def abandoned(self) -> None: ...

    def over(self, cause: Cause | None) -> None: ...
