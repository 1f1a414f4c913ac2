"""Texts of exporting and importing flows."""

from collections.abc import Mapping

from console.kit.translations import N_
from ivr_flows.kind import NameOf
from publishing.flow_transfers import FlowFate

NO_FILE = N_("Choose a file first.")
FILE_GONE = N_("The file is no longer here. Choose it again.")
FATES: Mapping[FlowFate, tuple[str, str]] = {
    FlowFate.NEW: ("green", N_("new")),
    FlowFate.CHANGED: ("orange", N_("changes the draft")),
    FlowFate.SAME: ("secondary", N_("the same as here")),
    FlowFate.NOT_YOURS: ("red", N_("here it belongs to others")),
}
"""Each with its colour."""
KINDS: Mapping[NameOf, str] = {
    NameOf.QUEUE: N_("Queue"),
    NameOf.CALENDAR: N_("Calendar"),
    NameOf.AGENT: N_("Agent"),
    NameOf.LINE: N_("Line"),
    NameOf.SECRET: N_("Secret"),
    NameOf.FLOW: N_("Flow"),
    NameOf.RECORDING: N_("Recording"),
}
