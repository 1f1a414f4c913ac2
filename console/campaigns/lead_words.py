"""The words for leads and for attempts to reach them: states, stages, changes and refusals."""

from campaigns.do_not_call import ListingSource
from campaigns.lead_lists import ListRefusal
from campaigns.lead_service import LeadChangeKind
from campaigns.stored_leads import LeadState
from console.campaigns import callback_words
from console.floor import outbound_words
from console.kit.translations import N_
from dialer.attempt_stages import AttemptStage

STATES = {
    LeadState.OPEN: N_("Open"),
    LeadState.PAUSED: N_("Paused"),
    LeadState.FINISHED: N_("Finished"),
    LeadState.INVALID: N_("No valid number"),
    LeadState.DO_NOT_CALL: N_("Not to be called"),
    LeadState.REMOVED: N_("Removed"),
}
STATE_COLOURS = {
    LeadState.OPEN: "green",
    LeadState.PAUSED: "orange",
    LeadState.FINISHED: "blue",
    LeadState.INVALID: "yellow",
    LeadState.DO_NOT_CALL: "red",
    LeadState.REMOVED: "secondary",
}
MOVES = {
    LeadState.OPEN: N_("Open it again"),
    LeadState.PAUSED: N_("Pause"),
    LeadState.REMOVED: N_("Remove"),
}
NEXT = {
    LeadState.OPEN: (LeadState.PAUSED, LeadState.REMOVED),
    LeadState.PAUSED: (LeadState.OPEN, LeadState.REMOVED),
    LeadState.FINISHED: (LeadState.OPEN, LeadState.REMOVED),
    LeadState.INVALID: (LeadState.REMOVED,),
    LeadState.DO_NOT_CALL: (),
    LeadState.REMOVED: (),
}
"""What the page offers. A lead without a valid number is opened by mending its numbers."""
STAGES: dict[str, str] = {
    AttemptStage.RESERVED: N_("About to be called"),
    AttemptStage.REQUESTED: N_("Being dialled"),
    AttemptStage.RINGING: N_("Ringing"),
    AttemptStage.UNKNOWN: N_("What became of it is unknown"),
    AttemptStage.DETECTING: N_("Answered; a person or a machine?"),
    AttemptStage.ANSWERED: N_("Answered"),
    AttemptStage.OFFERED: N_("An agent's phone rings"),
    AttemptStage.TALKING: N_("Talking"),
    AttemptStage.MACHINE: N_("A machine answered"),
    AttemptStage.ABANDONED: N_("Abandoned"),
    AttemptStage.MESSAGE_PLAYED: N_("Got the message"),
    AttemptStage.NOT_REACHED: N_("Not reached"),
    AttemptStage.ENDED: N_("Ended"),
}
OUTCOMES = outbound_words.OUTCOMES
CAUSES = outbound_words.CAUSES
DISPOSITIONS = outbound_words.DISPOSITIONS
CHANGES: dict[str, str] = {
    LeadChangeKind.EDITED: N_("Changed"),
    LeadChangeKind.PAUSED: N_("Paused"),
    LeadChangeKind.REMOVED: N_("Removed"),
    LeadChangeKind.REOPENED: N_("Opened again"),
    LeadChangeKind.DO_NOT_CALL: N_("Closed: not to be called"),
    LeadChangeKind.SKIPPED: N_("Skipped by an agent who saw it first"),
    **callback_words.CHANGES,
}
LISTED = {
    "added": N_("%(number)s was put on the do-not-call list"),
    "removed": N_("%(number)s was taken off the do-not-call list"),
}
SOURCES: dict[str, str] = {
    ListingSource.KEY: N_("the customer pressed the key for it"),
    ListingSource.AGENT: N_("the customer told an agent"),
    ListingSource.IMPORT: N_("an import"),
    ListingSource.PAGE: N_("by hand"),
}
REFUSALS: dict[str, str] = {
    ListRefusal.NOT_FROM_HERE: N_("That is not possible with the lead as it is now."),
    ListRefusal.NO_SUCH: N_("There is no such lead any more."),
    ListRefusal.FORBIDDEN: N_("You may not do this."),
}
"""Of what this page does."""
