"""Texts of publishing flows, and of their revisions."""

from collections.abc import Mapping

from console.flows.text_difference import LineIs
from console.kit.translations import N_

NO_TIME = N_("Choose the day and the time at which callers are to meet it.")
TIME_BUT_NOW = N_("A time is filled in, but Now is chosen. Choose Later, or empty the time.")
LOOK_AGAIN = N_("Look at the difference again before you publish.")
NOTICES: Mapping[str, str] = {
    "published": N_("Revision %(n)s is published: the next call meets it."),
    "planned": N_("Revision %(n)s is planned. Until then callers meet what they meet now."),
    "rolled_back": N_("Rolled back: the next call meets revision %(n)s."),
    "called_off": N_("Called off: it is not published."),
    "retired": N_("The flow is retired: no new call meets it."),
}
OF_NOW = frozenset({"published", "rolled_back"})
"""Notices about the revision that calls meet now."""
WHY: Mapping[str, str] = {
    "published": N_("published"),
    "rolled_back": N_("rolled back"),
    "scheduled": N_("published as planned"),
    "retired": N_("retired"),
    "seeded": N_("from a file"),
}
LINES: Mapping[LineIs, str] = {
    LineIs.SAME: "",
    LineIs.REMOVED: N_("removed:"),
    LineIs.ADDED: N_("added:"),
    LineIs.SKIPPED: "",
}
"""What is read out before a line of a difference."""
