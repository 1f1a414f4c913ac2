"""The words and colours for calls, their legs and what became of them, in English.

A colour never stands alone; it always comes with its text.
"""

from collections.abc import Mapping

from console.kit.translations import N_
from domain.reasons import (
    ConsultEnd,
    EndReason,
    GiveUpReason,
    LossReason,
    NoCallback,
    NoEntry,
    OfferFailure,
    TransferKind,
)
from ivr_flows.steps import LookUpFault
from records.fold import LegOutcome, Outcome

OWN_PHONE = N_("A phone of the centre, to try it out; not counted in the queues' figures")

OUTCOMES = {
    Outcome.OPEN: N_("In progress"),
    Outcome.ANSWERED: N_("Answered"),
    Outcome.ABANDONED: N_("Abandoned"),
    Outcome.UNSERVED: N_("Not served"),
    Outcome.SELF_SERVICE: N_("Self-service"),
    Outcome.LOST: N_("Lost"),
    Outcome.BLOCKED: N_("Line full"),
    Outcome.REFUSED: N_("Caller blocked"),
    Outcome.CLOSED: N_("Closed"),
    Outcome.EMERGENCY: N_("Emergency message"),
    Outcome.NOT_REACHED: N_("Not reached"),
    Outcome.MACHINE: N_("Machine answered"),
}
OUTCOME_COLOURS = {
    Outcome.OPEN: "blue",
    Outcome.ANSWERED: "green",
    Outcome.ABANDONED: "orange",
    Outcome.UNSERVED: "yellow",
    Outcome.SELF_SERVICE: "teal",
    Outcome.LOST: "red",
    Outcome.BLOCKED: "red",
    Outcome.REFUSED: "secondary",
    Outcome.CLOSED: "secondary",
    Outcome.EMERGENCY: "yellow",
    Outcome.NOT_REACHED: "secondary",
    Outcome.MACHINE: "secondary",
}
LEG_OUTCOMES = {
    LegOutcome.OFFERED: N_("Ringing"),
    LegOutcome.TALKING: N_("Talking"),
    LegOutcome.TALKED: N_("Talked"),
    LegOutcome.TRANSFERRED: N_("Transferred"),
    LegOutcome.NO_ANSWER: N_("No answer"),
    LegOutcome.BUSY: N_("Phone busy"),
    LegOutcome.REJECTED: N_("Rejected"),
    LegOutcome.UNREACHABLE: N_("Phone unreachable"),
    LegOutcome.FORWARDED: N_("Phone forwards calls"),
    LegOutcome.DROPPED: N_("Answered, no talk"),
    LegOutcome.WITHDRAWN: N_("Withdrawn"),
    LegOutcome.CALLER_LEFT: N_("Caller left"),
    LegOutcome.FAILED: N_("Failed"),
}
LEG_COLOURS = {
    LegOutcome.OFFERED: "yellow",
    LegOutcome.TALKING: "blue",
    LegOutcome.TALKED: "green",
    LegOutcome.TRANSFERRED: "teal",
    LegOutcome.NO_ANSWER: "orange",
    LegOutcome.BUSY: "orange",
    LegOutcome.REJECTED: "orange",
    LegOutcome.UNREACHABLE: "red",
    LegOutcome.FORWARDED: "orange",
    LegOutcome.DROPPED: "red",
    LegOutcome.WITHDRAWN: "secondary",
    LegOutcome.CALLER_LEFT: "secondary",
    LegOutcome.FAILED: "red",
}
ENDED_BY = {
    "caller": N_("the caller"),
    "agent": N_("the agent"),
    "flow": N_("the flow"),
    "system": N_("the system"),
    "unknown": N_("unknown"),
}
WHY: Mapping[str, str] = {
    OfferFailure.NO_ANSWER: N_("no answer"),
    OfferFailure.BUSY: N_("the phone was busy"),
    OfferFailure.REJECTED: N_("the phone rejected it"),
    OfferFailure.UNREACHABLE: N_("the phone was unreachable"),
    OfferFailure.FORWARDED: N_("the phone tried to forward it"),
    OfferFailure.DROPPED: N_("the phone answered, but no conversation began"),
    OfferFailure.WITHDRAWN: N_("the offer was withdrawn"),
    OfferFailure.CALLER_LEFT: N_("the caller left"),
    GiveUpReason.TIMEOUT: N_("the wait was too long"),
    GiveUpReason.NOBODY_LOGGED_IN: N_("nobody was logged in"),
    GiveUpReason.UNKNOWN_QUEUE: N_("there is no such queue"),
    "no_agent": N_("no agent took the call"),
    "done": N_("the flow was finished"),
    EndReason.PHONE_GONE: N_("the phone stopped responding and could not be reached"),
    EndReason.STOPPING: N_("Offhook was stopping and took no new calls"),
    EndReason.CALLER_BLOCKED: N_("calls from this number are blocked"),
    NoEntry.CLOSED: N_("the hotline was closed"),
    NoEntry.EMERGENCY: N_("the hotline's emergency message was played"),
    EndReason.LINE_GONE: N_("the caller's line stopped responding"),
    EndReason.ASTERISK_ENDED: N_("Asterisk stopped during the call"),
    EndReason.CONTROLLER_AWAY: N_("the controller was away"),
    LossReason.NO_FILE: N_("Asterisk left no file"),
    LossReason.EMPTY_FILE: N_("Asterisk left an empty file"),
    LossReason.FOREIGN_FILE: N_("the file in its place is not one of Asterisk's recordings"),
}
"""Reasons in words. A customer's own flow may use others, which are shown as they are."""
NO_CALLBACK: Mapping[str, str] = {
    NoCallback.NOT_DIALLABLE: N_("that number can't be called"),
    NoCallback.DO_NOT_CALL: N_("it is on a do-not-call list"),
    NoCallback.FORBIDDEN: N_("the rules don't allow it"),
    NoCallback.NO_SUCH_TIME: N_("that time is over, or too far ahead"),
    NoCallback.NO_QUEUE: N_("there is no such queue"),
    NoCallback.FAILED: N_("it could not be kept"),
}
LOOK_UP_FAULTS: Mapping[str, str] = {
    LookUpFault.NOT_FOUND: N_("the service knows no such thing (404)"),
    LookUpFault.TIMEOUT: N_("no answer came in time"),
    LookUpFault.NO_NAME: N_("no name server knows the host"),
    LookUpFault.UNREACHABLE: N_("the service could not be reached, or broke off"),
    LookUpFault.LOST: N_("the connection broke before the answer was there"),
    LookUpFault.REFUSED: N_("its address is not allowed (one inside the centre, or none at all)"),
    LookUpFault.STATUS: N_("the service answered with an error"),
    LookUpFault.TOO_LARGE: N_("the answer was too large"),
    LookUpFault.NOT_JSON: N_("the answer was not JSON"),
    LookUpFault.NO_SECRET: N_("a secret that it sends is missing"),
    "found": N_("the answer lacked a part that is wanted"),
}
"""Why a look-up gave nothing. Older facts say neither status nor part."""
LOOK_UP_DETAILS: Mapping[str, str] = {
    LookUpFault.STATUS: N_("the service answered with the status %(detail)s"),
    "lacks": N_("the answer had no usable value for “%(detail)s”"),
}
TRANSFERS: Mapping[str, str] = {
    TransferKind.BLIND: N_("blind"),
    TransferKind.ATTENDED: N_("attended"),
}

CONSULT_ENDS: Mapping[str, str] = {
    ConsultEnd.PASSED_ON: N_("the customer stayed with them"),
    ConsultEnd.CANCELLED: N_("the agent ended it"),
    ConsultEnd.NOT_REACHED: N_("nobody answered"),
    ConsultEnd.LEFT: N_("whoever was asked left"),
    ConsultEnd.CUSTOMER_LEFT: N_("the customer left"),
}
