"""The words of the list of attempts and of its file, in English."""

from campaigns.attempt_pages import CameGroup, ResultGroup
from campaigns.outbound_figures import CameTo
from console.kit.translations import N_

CAME: dict[CameTo | CameGroup, str] = {
    CameTo.TALKED: N_("Talked with an agent"),
    CameTo.ABANDONED: N_("Answered, no agent was free"),
    CameTo.MACHINE: N_("A machine answered"),
    CameTo.NOBODY: N_("Nobody answered"),
    CameTo.WRONG_NUMBER: N_("Wrong number"),
    CameTo.TRUNK: N_("Not carried by the trunk"),
    CameTo.OPEN: N_("Not over"),
    CameTo.NEVER_PLACED: N_("Never dialled"),
    CameGroup.DIALS: N_("All dials"),
    CameGroup.CONTACTED: N_("All that a person answered"),
    CameGroup.NOT_CONTACTED: N_("All that nobody answered, or a machine"),
}
RESULTS = {
    ResultGroup.LISTED: N_("Success, refused, appointment, called before"),
    ResultGroup.OTHER: N_("Other result"),
    ResultGroup.NONE: N_("No result yet"),
}
"""Those that stand for several; each by itself is in ``lead_words.DISPOSITIONS``."""
IN_A_FILE = (
    N_("Time"),
    N_("Call"),
    N_("Project"),
    N_("Campaign"),
    N_("List"),
    N_("Customer's key"),
    N_("Customer"),
    N_("Number"),
    N_("What came of it"),
    N_("Cause"),
    N_("SIP response"),
    N_("Agent's code"),
    N_("Agent"),
    N_("Answered at"),
    N_("Talked from"),
    N_("Ended at"),
    N_("Talked, in seconds"),
    N_("Result"),
    N_("Reason"),
    N_("Note"),
    N_("Line"),
    N_("Mode"),
    N_("Recorded"),
)
"""The headings of the file, in its order."""
YES = N_("yes")
