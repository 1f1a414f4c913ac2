"""Words for what came of calls with customers, which desks and other pages show alike."""

from campaigns.dispositions import Disposition
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
