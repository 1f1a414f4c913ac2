"""The words and colours for calls, their legs and their recordings, in English.

A colour never stands alone; it always comes with its text.
"""

from console.kit.translations import N_
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
