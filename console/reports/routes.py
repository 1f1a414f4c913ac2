"""The routes of reports, and who may read them."""

from console.kit.features import Entry, Feature, get
from console.kit.permissions import WATCHERS
from console.kit.translations import N_
from console.reports import daily_pages, lead_report_pages
from console.reports.report_runs import prepare

REPORTS = Feature(
    "reports",
    (
        get("/reports/outbound", daily_pages.page, WATCHERS),
        get("/reports/outbound.{kind}", daily_pages.file, WATCHERS),
        get("/reports/leads", lead_report_pages.page, WATCHERS),
        get("/reports/leads.{kind}", lead_report_pages.file, WATCHERS),
    ),
    Entry("/reports/outbound", "stack-2", N_("Reports"), also=("/reports",)),
    prepare,
)
