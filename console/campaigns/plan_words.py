"""The words for when a campaign runs, for gaps after outcomes and for alarm lines, in English."""

from console.kit.translations import N_
from domain.reasons import Cause

DAYS = (
    N_("Monday"), N_("Tuesday"), N_("Wednesday"), N_("Thursday"), N_("Friday"), N_("Saturday"),
    N_("Sunday"),
)  # fmt: skip
NAMES = {
    "runs": N_("When it runs, by the centre's clock"),
    "hours": N_("When customers are called, by their own clock"),
    "first_day": N_("First day"),
    "last_day": N_("Last day"),
    "closed_on": N_("Days on which it calls nobody"),
    "calendar": N_("Holidays of this calendar"),
    "gap_after_h": N_("Other hours until the next attempt"),
    "alarms": N_("Warn when so much of the limit is used, in %"),
}
HINTS = {
    "runs": N_(
        "A running campaign starts and ends its calls by itself at these hours. Empty: at any time."
    ),
    "hours": N_("Empty: whenever the calling rules allow."),
    "closed_on": N_("Such as 2026-12-24, 2026-12-31."),
    "calendar": N_(
        "Public holidays and days without hours of a calendar of the centre. Its opening hours, "
        "and days worked to make up for a holiday, don't count."
    ),
    "gap_after_h": N_("In hours. Empty: as after other attempts."),
    "alarms": N_("83, 93: at 2.5% and 2.8% abandoned, if the limit is 3%."),
}
GAP_CAUSES = {
    Cause.BUSY: N_("After busy"),
    Cause.NO_ANSWER: N_("After no answer"),
    Cause.REJECTED: N_("After a rejected call"),
    Cause.CUT: N_("After we hung up while it rang"),
}
"""The outcomes after which another gap can be chosen. Calls that the trunk didn't carry count as
none, and a wrong number isn't called again."""
NO_SPAN = N_("%(setting)s: “%(value)s” is not possible; write hours such as 09:00-12:00.")
NO_DATE = N_("%(setting)s: “%(value)s” is not a day; write it such as 2026-12-24.")
NO_HOURS = N_("%(setting)s: “%(value)s” is not possible; write hours from 0 to 8784.")
NO_ALARM = N_("%(setting)s: “%(value)s” is not possible; write up to five parts, such as 83, 93.")
