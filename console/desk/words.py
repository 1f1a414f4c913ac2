"""The words of the desk's own parts: the customer, and what a call came to."""

from campaigns.dispositions import DispositionRefusal
from console.kit.translations import N_

REFUSALS = {
    DispositionRefusal.NO_SUCH_CALL: N_("This call is not known, or was not yours."),
    DispositionRefusal.NO_TIME: N_("When is the customer to be called? Choose a day and time."),
    DispositionRefusal.TOO_FAR: N_("A callback can be at most a year ahead."),
    DispositionRefusal.TOO_LONG: N_("The note is too long: at most 10,000 characters."),
    DispositionRefusal.NO_NUMBER: N_("The caller's number is withheld; type the number to call."),
}
AWAY = N_("Not saved yet: the database is away. It is sent again by itself; leave the page open.")
NO_CHOICE = N_("Choose what the call came to.")
NO_LONGER = N_("This choice is no longer offered. Choose another one.")
NOT_A_NUMBER = N_("The number to call back is not a phone number. Type it with its area code.")
TEXTS = {
    "unsaved": N_("Not saved yet. What you type is kept in this browser."),
    "sending": N_("Not saved yet: sending."),
    "waiting": N_("Not saved yet: no connection. It is sent as soon as there is one."),
    "saved": N_("Saved at %(time)s. You can correct it until your next call."),
    "choose": N_("Choose what the call came to."),
    "yours": N_("by your clock %(time)s"),
    "same_clock": N_("The customer's clock is yours."),
    "past": N_("This time is over."),
    "promised_you": N_("You promised to call back: %(time)s"),
    "promised_team": N_("A callback was promised: %(time)s"),
    "outbound": N_("We called"),
    "inbound": N_("Called us"),
    "unknown": N_("Nobody in the project's lists has this number."),
    "no_earlier": N_("No earlier calls."),
    "of_other": N_("Not saved yet: %(who)s"),
    "looking": N_("Looking for the customer…"),
    "no_card": N_("The customer's data can't be read at the moment; trying again."),
}
"""What the scripts show."""
