"""The words of the matrix of agents and skills."""

from collections.abc import Mapping

from console.centre.skill_matrix import LevelsFault
from console.kit.translations import N_

FAULTS: Mapping[LevelsFault, str] = {
    LevelsFault.TOO_MANY: N_("Save fewer at once: %(most)s cells at most."),
    LevelsFault.UNREADABLE: N_("The input can't be read. Reload the page and enter it again."),
    LevelsFault.TWICE: N_("There are two levels for one skill of an agent: %(names)s."),
    LevelsFault.NO_SUCH_LEVEL: N_(
        "Levels are from %(least)s to %(most_level)s. There is another one at: %(names)s."
    ),
    LevelsFault.NO_SUCH_AGENT: N_(
        "These agents don't exist any more, or are no longer in your projects: %(names)s. What"
        " you entered for them has been taken out. Save the rest again."
    ),
    LevelsFault.NO_SUCH_SKILL: N_(
        "These skills don't exist any more: %(names)s. What you entered for them has been taken"
        " out. Save the rest again."
    ),
    LevelsFault.NOT_THEIRS: N_(
        "You may not change these agents: %(names)s. What you entered for them has been taken"
        " out. Save the rest again."
    ),
}
NOTHING_SAVED = N_("Nothing was saved.")
SCRIPT: Mapping[str, str] = {
    "unsaved": N_("Unsaved changes: %(n)s"),
    "none": N_("No unsaved changes"),
    "was": N_("unsaved; it was %(level)s"),
    "was_none": N_("unsaved; there was no level"),
    "read_only": N_("You may not change this agent."),
    "most": N_("Save first: no more than %(n)s changes can be saved at once."),
    "saving": N_("Saving…"),
}
"""Texts for ``matrix.js``."""
