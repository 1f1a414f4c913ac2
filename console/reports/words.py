"""The words of the reports, in English."""

from campaigns.daily_report import ReportBy
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
