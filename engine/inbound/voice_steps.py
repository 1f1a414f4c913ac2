"""What a caller leaves with us in a flow: their voice, or the wish to be called back."""

from engine.calls.call import LiveCall
from ivr_flows.steps import BookCallback, Done, NotDone, RecordVoice, VoiceRecorded
from telephony.agi.session import Session


class VoiceSteps:
    """Takes it from one caller, in one session."""

    def __init__(self, session: Session, call: LiveCall) -> None:
        self._session = session
        self._call = call

    async def record(self, _step: RecordVoice) -> VoiceRecorded | NotDone:
        """Record what the caller says. Raises HungUp if they leave."""
        return NotDone()  # WIP: piece "voice"

    async def book(self, _step: BookCallback) -> Done | NotDone:
        """Note that somebody is to call them."""
        return NotDone()  # WIP: piece "voice"
