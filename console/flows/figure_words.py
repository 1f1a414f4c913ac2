"""Texts of the figures of flows."""

from collections.abc import Mapping

from console.flows.words import EDITOR_TEXTS
from console.kit.translations import N_
from records.flow_figures import Span

SPANS: Mapping[Span, str] = {
    Span.HOUR: N_("Last hour"),
    Span.DAY: N_("Last 24 hours"),
    Span.WEEK: N_("Last week"),
}
PICTURE_TEXTS: Mapping[str, str] = {
    **EDITOR_TEXTS,
    "with_hung_up": N_("%(calls)s, %(hung_up)s hung up"),
}
"""Texts for ``figures.js`` and the picture."""
