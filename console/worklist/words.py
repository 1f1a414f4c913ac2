"""The words of the worklist."""

from collections.abc import Mapping

from console.kit.translations import N_
from domain.reasons import NoCallback
from worklist.entries import WorkKind, WorkPlace, WorkRefusal

KINDS: Mapping[str, str] = {
    WorkKind.VOICEMAIL: N_("Voicemails"),
    WorkKind.CALLBACK: N_("Callbacks"),
    WorkKind.MISSED: N_("Missed calls"),
}
ONE: Mapping[str, str] = {
    WorkKind.VOICEMAIL: N_("Voicemail"),
    WorkKind.CALLBACK: N_("Callback"),
    WorkKind.MISSED: N_("Missed call"),
}
ICONS: Mapping[str, str] = {
    WorkKind.VOICEMAIL: "microphone",
    WorkKind.CALLBACK: "phone-call",
    WorkKind.MISSED: "phone-off",
}
COLOURS: Mapping[str, str] = {
    WorkKind.VOICEMAIL: "blue",
    WorkKind.CALLBACK: "green",
    WorkKind.MISSED: "orange",
}
PLACES: Mapping[str, str] = {
    WorkPlace.MENU: N_("hung up in the menu"),
    WorkPlace.END: N_("heard the flow to its end"),
    WorkPlace.ABANDONED: N_("hung up in the queue"),
    WorkPlace.UNSERVED: N_("waited too long, or for nobody"),
    WorkPlace.LOST: N_("the system ended it"),
    WorkPlace.CLOSED: N_("called while it was closed"),
    WorkPlace.BOOKED: N_("called as soon as an agent is free"),
    WorkPlace.TRIED: N_("called in vain, is tried again"),
    WorkPlace.IN_CALL: N_("being called now"),
    WorkPlace.PAUSED: N_("the list of callers is paused"),
}
STATES: Mapping[str, str] = {
    "open": N_("Still open"),
    "mine": N_("In my hands"),
    "done": N_("Already done"),
}
DAYS: Mapping[str, str] = {
    "1": N_("Since yesterday"),
    "7": N_("7 days"),
    "30": N_("30 days"),
}
REFUSALS: Mapping[str, str] = {
    WorkRefusal.NO_SUCH: N_("It isn't open any more."),
    WorkRefusal.TAKEN: N_("%(who)s has it in hand."),
    WorkRefusal.DONE: N_("Somebody has done it meanwhile."),
    WorkRefusal.OPEN: N_("It is open already."),
    WorkRefusal.IN_CALL: N_("The caller is being called back at this moment."),
    WorkRefusal.CHANGED: N_("The callback has been promised anew, or called, since."),
    WorkRefusal.TOO_LONG: N_("The note is too long: at most %(most)s characters."),
}
NO_CALLBACK: Mapping[str, str] = {
    NoCallback.NOT_DIALLABLE: N_("This number can't be called."),
    NoCallback.DO_NOT_CALL: N_("This number is on a do-not-call list."),
    NoCallback.FORBIDDEN: N_("The rules don't allow calling this number."),
    NoCallback.NO_SUCH_TIME: N_("That time can't be used."),
    NoCallback.NO_QUEUE: N_("It belongs to no queue, so no agent can be connected."),
    NoCallback.FAILED: N_("It could not be kept."),
}
CALLED = N_("called back %(at)s: %(outcome)s")
CALLED_NOW = N_("on the line now")
DIALLED = N_("The number is being dialled at your desk.")
NOT_DIALLED = N_("It isn't dialled now. Your desk says why.")
BOOKED = N_("You are connected at your desk as soon as you are ready and no caller waits.")
BOOKED_LATER = N_("The rules allow the call from %(at)s on; it is yours then.")
NO_AGENT = N_("Only who is an agent, at a phone, can call back.")
DONE = N_("Done.")
REOPENED = N_("It is open again.")
TEXTS = {
    "done": DONE,
    "undo": N_("Undo"),
    "stale": N_("Not live at the moment. It goes on by itself."),
}
"""Texts for ``worklist.js``, beside the player's."""
