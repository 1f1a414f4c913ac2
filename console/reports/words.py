"""The words of the reports, in English."""

from campaigns.daily_report import ReportBy
from campaigns.lead_report import Follows
from campaigns.outbound_figures import CallResult, ReportStatus
from console.kit.translations import N_
from console.reports.asked_reports import ReportMistake

BY = {
    ReportBy.PROJECT: N_("Project"),
    ReportBy.CAMPAIGN: N_("Campaign"),
    ReportBy.AGENT: N_("Agent"),
}
STATUSES = {
    ReportStatus.UNDER_WAY: N_("Day under way"),
    ReportStatus.UNSETTLED: N_("Calls not settled yet"),
    ReportStatus.RESULTS_MISSING: N_("Results missing"),
    ReportStatus.FINAL: N_("Final"),
}
STATUS_COLOURS = {
    ReportStatus.UNDER_WAY: "blue",
    ReportStatus.UNSETTLED: "orange",
    ReportStatus.RESULTS_MISSING: "yellow",
    ReportStatus.FINAL: "green",
}
RESULTS = {
    CallResult.SUCCESS: N_("Success"),
    CallResult.REFUSED: N_("Refused"),
    CallResult.APPOINTMENT: N_("Appointment"),
    CallResult.DUPLICATE: N_("Called for this before"),
}
MISTAKES = {
    ReportMistake.NOT_A_DATE: N_("A date must look like 2026-01-31."),
    ReportMistake.BACKWARDS: N_("The end date is before the start date."),
    ReportMistake.TOO_LONG: N_("A report has at most 366 days. Choose a shorter span."),
}
TOO_MANY = N_("Too many reports are being made. Wait a minute, then reload the page.")
BY_HAND = N_("Dialled by hand")
NO_AGENT = N_("No agent")
TOTAL = N_("Total")
IN_A_FILE = {
    "date": N_("Date"),
    "status": N_("Status"),
    "agents": N_("Agents on duty"),
    "contacted": N_("Dials: contacted"),
    "not_contacted": N_("Dials: not contacted"),
    "wrong_number": N_("Dials: wrong number"),
    "dials": N_("Dials: in all"),
    "talked": N_("Calls: contacted"),
    "contact_rate": N_("Contact rate"),
    "total": N_("Results in all"),
    "other": N_("Other result"),
    "unsaid": N_("No result yet"),
    "trunk": N_("Not carried by the trunk"),
    "open": N_("Not over"),
}
"""The headings of the file; those of the page come in two lines."""
AGENTS_TALKED = N_("Agents who talked")
"""Instead of those on duty, where rows are for less than a project."""

KNOWN = N_("Known")
COLD = N_("Cold")
YES = N_("yes")
NO = N_("no")
FOLLOWS = {
    Follows.CALLBACK: N_("Callback at %(at)s"),
    Follows.LATER: N_("Next attempt from %(at)s on"),
    Follows.DUE: N_("Next attempt when it is their turn"),
    Follows.HELD: N_("Held until somebody changes the customer or the rules"),
    Follows.PAUSED: N_("Paused by somebody"),
    Follows.LIST_PAUSED: N_("The list is paused"),
    Follows.SUCCESS: N_("Done: success"),
    Follows.REFUSED: N_("Done: refused"),
    Follows.APPOINTMENT: N_("The appointment"),
    Follows.DUPLICATE: N_("Done: called for this before"),
    Follows.SPOKEN: N_("Done: talked, without a result"),
    Follows.ATTEMPTS: N_("Done: not reached in all attempts"),
    Follows.INVALID: N_("Back to the data team: no valid number"),
    Follows.DO_NOT_CALL: N_("Not to be called again"),
    Follows.FINISHED: N_("Done"),
}
LEADS_IN_A_FILE = (
    N_("Customer"),
    N_("Cold or known"),
    N_("Phone numbers"),
    N_("E-mail"),
    N_("Contact person"),
    N_("Followed up by"),
    N_("Product now in use"),
    N_("Still followed up?"),
    N_("What follows"),
    N_("Note"),
    N_("Attempts"),
    N_("Last attempt"),
    N_("Customer's key"),
)
"""The headings of the lead report's file, in its order."""
