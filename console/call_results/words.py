"""The words of the pages on calls' results."""

from campaigns.disposition_choices import CallKind
from campaigns.dispositions import Disposition
from campaigns.project_choices import ChoicesRefusal
from console.floor import outbound_words
from console.kit.translations import N_

MEANINGS = outbound_words.DISPOSITIONS

EFFECTS: dict[str, str] = {
    Disposition.SUCCESS: N_("The lead is finished, and counts as a success in the reports."),
    Disposition.REFUSED: N_("The lead is finished. The customer isn't called again."),
    Disposition.APPOINTMENT: N_("The lead is finished, and counts as an appointment."),
    Disposition.DUPLICATE: N_("The lead is finished. The reports count it apart."),
    Disposition.CALLBACK: N_("The agent chooses a time, and the customer is called then."),
    Disposition.NOT_NOW: N_(
        "As if nobody had answered: the customer is called again later, as long as attempts are "
        "left."
    ),
    Disposition.WRONG_NUMBER: N_(
        "This number isn't called again. If the lead has no other, it is reported as invalid."
    ),
    Disposition.DO_NOT_CALL: N_(
        "The number goes on the do-not-call list at once, and no other result takes it off."
    ),
    Disposition.RESOLVED: N_("What the customer called for is done."),
    Disposition.UNRESOLVED: N_("It is written down that somebody has to follow this up."),
}

KINDS: dict[str, str] = {
    CallKind.OUTBOUND: N_("Calls that we place"),
    CallKind.INBOUND: N_("Calls that come in"),
}

LACKING: dict[str, str] = {
    CallKind.OUTBOUND: N_(
        "No result is offered after a call that we place, so agents have nothing to choose from."
    ),
    CallKind.INBOUND: N_(
        "No result is offered after a call that comes in, so agents have nothing to choose from."
    ),
    Disposition.DO_NOT_CALL: N_(
        "No result of calls that we place puts a number on the do-not-call list. Agents can't do "
        "as a customer asks who doesn't want to be called again."
    ),
}

REFUSALS: dict[str, str] = {
    ChoicesRefusal.FORBIDDEN: N_("You may not do this."),
    ChoicesRefusal.CHANGED_MEANWHILE: N_(
        "Somebody else has changed this result meanwhile, and nothing of yours was saved. Below "
        "is what you typed; saved again, it takes the place of theirs."
    ),
    ChoicesRefusal.TWICE: N_("There are two results with one code. Reload the page."),
    ChoicesRefusal.TOO_MANY: N_("A project has at most %(most)s results, retired ones included."),
    ChoicesRefusal.REMOVED: N_(
        "Calls may have this result, so that it can't be removed. Retire it instead."
    ),
    ChoicesRefusal.NONE_LEFT: N_(
        "This is the last result that agents can choose. Add another one before you retire it."
    ),
    ChoicesRefusal.NO_SUCH_CHANGE: N_("That change does not exist, so it can't be taken back."),
}

SKIPS = N_("Reasons to skip a customer")
SKIPS_CHANGED = N_(
    "Somebody else has changed the reasons meanwhile, and nothing of yours was saved. Below is "
    "what you typed; saved again, it takes the place of theirs."
)

NO_TITLE = N_("Name it in at least one language.")
NO_MEANING = N_("Choose what becomes of the customer.")
NO_KIND = N_("Choose at least one kind of call.")
INBOUND_ONLY = N_("What you chose for the customer fits only calls that come in.")
OUTBOUND_ONLY = N_("What you chose for the customer fits only calls that we place.")
NO_HOURS = N_("Type a number of hours from 0 to %(most)s, or leave it empty.")
SUB_WITHOUT_TITLE = N_("Name each reason in at least one language. To take one away, retire it.")
TOO_MANY_SUBS = N_("There can be at most %(most)s reasons.")
TOO_LONG = N_("A name has at most %(most)s characters.")

DONE: dict[str, str] = {
    "made": N_("The result was added."),
    "changed": N_("Saved. Agents see it with their next call."),
    "moved": N_("The order was changed."),
    "retired": N_("Retired. Calls that have this result keep it."),
    "offered": N_("Agents can choose it again."),
    "usual": N_("The usual results are back."),
    "skips": N_("The reasons to skip a customer were saved."),
    "undone": N_("The results are what they were before that change."),
}

CHANGES: dict[str, str] = {
    "added": N_("added"),
    "renamed": N_("renamed: %(was)s → %(now)s"),
    "meaning": N_("means “%(now)s” now, was “%(was)s”"),
    "kinds": N_("for: %(now)s"),
    "again": N_("called again after: %(now)s"),
    "retired": N_("retired"),
    "offered": N_("offered again"),
    "note": N_("needs a note: %(now)s"),
    "no_note": N_("needs no note: %(now)s"),
    "sub_added": N_("reason added: %(now)s"),
    "sub_renamed": N_("reason renamed: %(was)s → %(now)s"),
    "sub_retired": N_("reason retired: %(now)s"),
    "sub_offered": N_("reason offered again: %(now)s"),
    "sub_order": N_("the order of the reasons changed"),
}

CAMPAIGNS_GAP = N_("the campaign's gap between attempts")
HOURS = N_("%(n)s h")
