"""Tells from Dial's outcome whether agent and caller talked, and if not, why. Pure.

Dial sets two variables of the caller's channel, DIALSTATUS and HANGUPCAUSE; both are wrong now and
then. The phone's own final answer and the time since it answered say the rest.
"""

from dataclasses import dataclass

from domain.reasons import OfferFailure

_UNACCEPTABLE = ("CHANUNAVAIL", "58")
"""What Dial says about a phone that answers 488 (measured): it refuses the sound we offer."""
_ASKS_FOR_A_PASSWORD = ("SIP 401", "SIP 407")
"""Not declined by anybody: the phone's settings are at fault."""


@dataclass(frozen=True, slots=True)
class DialOutcome:
    """What Dial says about a phone that it has rung."""

    status: str | None
    """DIALSTATUS. It is ANSWER even if the phone answers and hangs up at once."""
    cause: str | None
    """HANGUPCAUSE, Q.850."""

    @property
    def answered(self) -> bool:
        """Whether the phone answered, however briefly."""
        return self.status == "ANSWER"

    @property
    def unacceptable(self) -> bool:
        """Whether the phone may have refused the sound that it was offered."""
        return (self.status, self.cause) == _UNACCEPTABLE

    def failure(self, answer: str | None) -> OfferFailure:
        """Why agent and caller didn't talk; ``answer`` is the phone's final SIP response."""
        if self.answered or accepted(answer):
            return OfferFailure.DROPPED
        # If a phone wants to forward the call, Asterisk says only "busy". There is then no final
        # answer, or an earlier one: the phone rang, and forwards calls that nobody answers.
        words = answer or "SIP 1"
        if words.startswith("SIP 3") or (self.status == "BUSY" and words.startswith("SIP 1")):
            return OfferFailure.FORWARDED
        # If a phone rings out, the cause is still that of the caller's previous offer.
        declined = self.cause == "21" and self.status != "NOANSWER"
        if declined and not words.startswith(_ASKS_FOR_A_PASSWORD):
            return OfferFailure.REJECTED
        match self.status:
            case "NOANSWER":
                return OfferFailure.NO_ANSWER
            case "BUSY":
                return OfferFailure.BUSY
            case "CANCEL":
                return OfferFailure.CALLER_LEFT
            case _:
                return OfferFailure.UNREACHABLE


def accepted(answer: str | None) -> bool:
    """Whether the phone accepted the call, as in ``SIP 200 OK``."""
    return (answer or "").startswith("SIP 2")
