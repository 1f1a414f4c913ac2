"""Texts of the pages of flows."""

from collections.abc import Mapping

from console.kit.translations import N_
from domain.roles import Role
from publishing.flow_words import FlowRefusal

CHANGERS = frozenset((Role.ADMIN, Role.OPS))
"""The roles that change flows; others read them."""

REFUSALS: Mapping[FlowRefusal, str] = {
    FlowRefusal.FORBIDDEN: N_("Your role or your projects don't allow it."),
    FlowRefusal.UNKNOWN: N_("There is no such flow."),
    FlowRefusal.EXISTS: N_("There is a flow %(about)s already. Choose another name."),
    FlowRefusal.BAD_NAME: N_(
        "A flow's name has at most 64 lower-case letters, digits and _, with a letter first."
    ),
    FlowRefusal.TOO_LARGE: N_("The text is too large: %(about)s characters are allowed."),
    FlowRefusal.OTHER_NAME: N_(
        'The text calls the flow "%(about)s". Write this flow\'s name after "flow:".'
    ),
    FlowRefusal.CHANGED_MEANWHILE: N_("%(about)s has changed the flow meanwhile."),
    FlowRefusal.FAULTY: N_("The flow has errors; correct them first."),
    FlowRefusal.UNCONFIRMED: N_("The flow has warnings that nobody has confirmed."),
    FlowRefusal.TESTS_FAIL: N_("A test of the flow fails: %(about)s"),
    FlowRefusal.IN_USE: N_("Callers are still led to the flow: %(about)s"),
    FlowRefusal.BREAKS_OTHERS: N_("Another flow would not fit any more: %(about)s"),
    FlowRefusal.IN_THE_PAST: N_("This time has passed. Choose a later one."),
    FlowRefusal.NOT_PLANNED: N_("This publication is not planned any more."),
}
ALL_PROJECTS = N_("All projects")
EMPTY_PIECE = N_("Empty flow")
EMPTY_NOTE = N_("A greeting and a goodbye, to begin with.")
EDITOR_TEXTS = {
    "saved": N_("saved %(at)s by %(by)s"),
    "unsaved": N_("not saved yet"),
    "saving": N_("saving…"),
    "failed": N_("That did not work (%(status)s). Reload the page and try again."),
    "offline": N_("The console can't be reached. Check the network, then try again."),
    "signed_out": N_("You are no longer signed in. Sign in again."),
}
"""Texts for ``editor.js``."""
