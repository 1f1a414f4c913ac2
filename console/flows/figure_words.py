"""Texts of the figures of flows."""

from collections.abc import Mapping

from console.kit.translations import N_
from records.flow_figures import Span

SPANS: Mapping[Span, str] = {
    Span.HOUR: N_("Last hour"),
    Span.DAY: N_("Last day"),
    Span.WEEK: N_("Last week"),
}
