"""What came of Dial: whether agent and caller talked, and why not. Pure.

Dial says it in two variables of the caller's channel, DIALSTATUS and HANGUPCAUSE; both are wrong
now and then. The phone's own final answer and the time since it answered say the rest.
"""

from dataclasses import dataclass

from domain.reasons import OfferFailure
from engine.agents.live_talks import HARDLY_S

_UNACCEPTABLE = ("CHANUNAVAIL", "58")
"""What Dial says of a phone that answers 488 (measured): it doesn't take the sound we offer."""
_ASKS_FOR_A_PASSWORD = ("SIP 401", "SIP 407")
"""Nobody declined: the phone's settings are at fault."""


@dataclass(frozen=True, slots=True)
class DialOutcome:
    """What Dial says of a phone that it has rung."""

    status: str | None
    """DIALSTATUS. It is ANSWER for a phone that answers and hangs up at once, too."""
    cause: str | None
    """HANGUPCAUSE, Q.850."""

    @property
    def answered(self) -> bool:
        """The phone answered, for however short a time."""
        return self.status == "ANSWER"

    @property
    def unacceptable(self) -> bool:
        """The phone may have refused the sound that it was offered."""
        return (self.status, self.cause) == _UNACCEPTABLE

    def failure(self, answer: str | None) -> OfferFailure:
        """Why agent and caller didn't talk; ``answer`` is the phone's own, as it came by SIP."""
        if self.answered or accepted(answer):
            return OfferFailure.DROPPED
        # Of a phone that wants to forward the call Asterisk says "busy", and nothing more.
        # Its last answer is then none, or the one before: it rang, and forwards whom nobody
        # answers.
        words = answer or "SIP 1"
        if words.startswith("SIP 3") or (self.status == "BUSY" and words.startswith("SIP 1")):
            return OfferFailure.FORWARDED
        # A phone that rings out leaves the cause of the caller's last offer where it was.
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


def is_talk(together_ms: int) -> bool:
    """Whether so long a time by Asterisk's clock is a talk.

    A negative one says only that the clock was set back meanwhile; to leave a caller who was
    served is better than to bring them back, and a phone that answers in vain is seldom besides.
    """
    return not 0 <= together_ms < HARDLY_S * 1000
