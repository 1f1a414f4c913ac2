"""The words of callbacks: what they wait for, and what was done to them."""

from campaigns.callback_claims import SERVED
from campaigns.callbacks import CallbackChangeKind, CallbackRefusal
from console.kit.translations import N_

TO_COME = N_("To come")
DUE = N_("Due")
OVERDUE = N_("Overdue: no agent has been free")
IN_CALL = N_("Being called")
WAITS_FOR = {
    "lead": N_("The lead is paused"),
    "list": N_("The list is paused"),
    "campaign": N_("No campaign that is running or paused calls it"),
}
NO_TIME = N_("Type a date and a time.")
CHANGES: dict[str, str] = {
    CallbackChangeKind.MOVED: N_("Callback moved to another time"),
    CallbackChangeKind.PASSED_ON: N_("Callback handed over"),
    CallbackChangeKind.CANCELLED: N_("Callback cancelled"),
    CallbackChangeKind.RESTORED: N_("Change of the callback taken back"),
    CallbackChangeKind.DROPPED: N_("Callback dropped"),
    CallbackChangeKind.DONE: N_("Callback worked off"),
}
DROPPED_FOR = {SERVED: N_("the caller has talked with somebody since")}
"""Why callbacks are dropped, besides the rules."""
DONE = {
    "moved": N_("Moved. You can take it back below."),
    "passed_on": N_("Handed over. You can take it back below."),
    "cancelled": N_("Cancelled. You can take it back below."),
    "restored": N_("Taken back."),
}
REFUSALS = {
    CallbackRefusal.CHANGED_MEANWHILE: N_(
        "Somebody has changed it meanwhile. This is how it is now."
    ),
    CallbackRefusal.IN_CALL: N_("The customer is being called at this moment."),
    CallbackRefusal.IN_THE_PAST: N_("That time is over. Choose a later one."),
    CallbackRefusal.TOO_FAR: N_("A callback can be at most a year ahead."),
}
