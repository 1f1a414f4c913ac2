"""Words for what came of calls with customers, which desks and other pages show alike."""

from campaigns.dispositions import Disposition
from campaigns.lead_skips import SkipReason
from console.kit.translations import N_
from dialer.rules import PastOutcome
from domain.reasons import Cause

OUTCOMES: dict[str, str] = {
    PastOutcome.NOBODY: N_("nobody was reached"),
    PastOutcome.MACHINE: N_("a machine answered"),
    PastOutcome.ABANDONED: N_("no agent was free"),
    PastOutcome.SPOKEN: N_("talked"),
}
CAUSES: dict[str, str] = {
    Cause.BUSY: N_("the line was busy"),
    Cause.NO_ANSWER: N_("no answer"),
    Cause.REJECTED: N_("the call was rejected"),
    Cause.INVALID: N_("no such number"),
    Cause.CONGESTION: N_("no free line"),
    Cause.FAILED: N_("the trunk or network failed"),
    Cause.CUT: N_("hung up by us while it rang"),
}
SKIPS: dict[str, str] = {
    SkipReason.LATER: N_("Better at another time"),
    SkipReason.UNSUITABLE: N_("Not one for this campaign"),
    SkipReason.WRONG_DATA: N_("The data can't be right"),
    SkipReason.KNOWN: N_("Done already, or somebody else does it"),
    SkipReason.OTHER: N_("Another reason, see the note"),
}
DISPOSITIONS: dict[str, str] = {
    Disposition.SUCCESS: N_("Success"),
    Disposition.REFUSED: N_("Refused"),
    Disposition.APPOINTMENT: N_("Appointment"),
    Disposition.DUPLICATE: N_("Called for this before"),
    Disposition.CALLBACK: N_("Callback"),
    Disposition.NOT_NOW: N_("Not now"),
    Disposition.WRONG_NUMBER: N_("Wrong number"),
    Disposition.DO_NOT_CALL: N_("Doesn't want to be called"),
    Disposition.RESOLVED: N_("Resolved"),
    Disposition.UNRESOLVED: N_("To be followed up"),
}
