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
    FlowRefusal.NO_TEXT: N_("The text has a NUL character in it. Remove it."),
    FlowRefusal.OTHER_NAME: N_(
        'The text calls the flow "%(about)s". Write this flow\'s name after "flow:".'
    ),
    FlowRefusal.CHANGED_MEANWHILE: N_("%(about)s has changed the flow meanwhile."),
    FlowRefusal.FAULTY: N_("The flow has errors; correct them first."),
    FlowRefusal.UNCONFIRMED: N_("The flow has warnings that nobody has confirmed."),
    FlowRefusal.TESTS_FAIL: N_("A test of the flow fails: %(about)s"),
    FlowRefusal.IN_USE: N_("Callers are still led to the flow: %(about)s"),
    FlowRefusal.BREAKS_OTHERS: N_("Another flow would not fit any more: %(about)s"),
    FlowRefusal.LACKS_QUEUE: N_(
        "It leads to the queue of whoever leads to it, and these have none: %(about)s"
    ),
    FlowRefusal.LOSES_OPT_OUT: N_(
        "Customers could not ask any more not to be called again, which these campaigns"
        " offer: %(about)s"
    ),
    FlowRefusal.IN_THE_PAST: N_("This time has passed. Choose a later one."),
    FlowRefusal.TOO_FAR: N_("This time is more than twenty years ahead. Choose an earlier one."),
    FlowRefusal.NOT_PLANNED: N_("This publication is not planned any more."),
    FlowRefusal.HAS_REVISIONS: N_("The flow has revisions, so it stays. Retire it instead."),
}
ALL_PROJECTS = N_("All projects")
EMPTY_PIECE = N_("Empty flow")
PIECES: Mapping[str, str] = {
    "after_hours": N_("While the number is closed, callers leave a message or book a call."),
    "appointment": N_("Callers key in a day and a time at which somebody calls them."),
    "greeting": N_("A greeting, the language, then the queue of the number called."),
    "hotline": N_("Greeting, language, a menu of three queues, a score and a goodbye."),
    "order_status": N_("Callers key in an order's number; a service answers what became of it."),
    "satisfaction": N_("Two questions by key, and a few words from whoever isn't satisfied."),
}
"""What the flows of the library do."""
EMPTY_NOTE = N_("A greeting and a goodbye, to begin with.")
WRONG_NAME = N_('the text calls the flow "%(name)s"; expected the name under which it is kept')
RIGHT_NAME = N_('write "flow: %(name)s"')
MOST_NAMES = 2000
"""Of one sort, that the editor offers."""
KIND_TITLES: Mapping[str, str] = {  # in the order of ivr_flows.nodes.KINDS
    "say": N_("Say"),
    "play": N_("Play"),
    "language": N_("Language"),
    "menu": N_("Menu"),
    "collect": N_("Collect digits"),
    "choose": N_("Choose"),
    "set": N_("Set"),
    "hours": N_("Opening hours"),
    "split": N_("Split"),
    "look_up": N_("Look up"),
    "queue": N_("Queue"),
    "agent": N_("One agent"),
    "number": N_("Outside number"),
    "callback": N_("Callback"),
    "voicemail": N_("Voicemail"),
    "record": N_("Record"),
    "survey": N_("Survey"),
    "flow": N_("Sub-flow"),
    "return": N_("Return"),
    "go_on": N_("Go on in"),
    "pause": N_("Pause"),
    "opt_out": N_("Do not call"),
    "hangup": N_("Hang up"),
}
KIND_ICONS: Mapping[str, str] = {
    "say": "volume",
    "play": "music",
    "language": "language",
    "menu": "list-details",
    "collect": "keyboard",
    "choose": "route",
    "set": "pencil",
    "hours": "clock",
    "split": "percentage",
    "look_up": "world-search",
    "queue": "hourglass",
    "agent": "headset",
    "number": "phone-outgoing",
    "callback": "phone-call",
    "voicemail": "mail",
    "record": "microphone",
    "survey": "star",
    "flow": "stack-2",
    "return": "arrow-back-up",
    "go_on": "arrow-forward-up",
    "pause": "player-pause",
    "opt_out": "ban",
    "hangup": "phone-off",
}
EDITOR_TEXTS = {
    "saved": N_("saved %(at)s by %(by)s"),
    "unsaved": N_("not saved yet"),
    "saving": N_("saving…"),
    "failed": N_("That did not work (%(status)s). Reload the page and try again."),
    "offline": N_("The console can't be reached. Check the network, then try again."),
    "signed_out": N_(
        "You are no longer signed in. Your text is kept in this browser: load this page again,"
        " sign in, and go on with it."
    ),
    "expired": N_(
        "You have signed in anew since this page was opened. Your text is kept in this browser:"
        " load this page again, and go on with it."
    ),
    "checking": N_("checking…"),
    "sound": N_("No errors, no warnings"),
    "errors": N_("Errors: %(n)s"),
    "warnings": N_("Warnings: %(n)s"),
    "line": N_("Line %(n)s"),
    "not_checked": N_("The text could not be checked: %(why)s"),
    "behind": N_("The picture shows the text before its last mistake."),
    "start": N_("Entry"),
    "missing": N_("missing"),
    "no_nodes": N_("As soon as the text has nodes, they are drawn here."),
    "default": N_("usually %(value)s"),
    "needed": N_("must be there"),
    "values": N_("one of %(values)s"),
    "exit_of": N_("exit of the node"),
    "new_node": N_("a node that an exit leads to"),
    "enter": N_("Double-click opens that flow"),
    "own_queue": N_("the number's queue"),
    "own_calendar": N_("the number's calendar"),
    "in_queue": N_("while waiting"),
    "play": N_("Play %(name)s in %(language)s"),
    "go_to": N_("Go to prompt %(name)s"),
    "kept": N_("You changed this flow here before and did not save it."),
    "kept_old": N_(
        "You changed this flow here before and did not save it; %(by)s has saved it since."
    ),
    "tests_kept": N_("You changed these tests here before and did not save them."),
    "tests_kept_old": N_(
        "You changed these tests here before and did not save them; they have been changed since."
        " Saving yours takes the place of them."
    ),
    "take_theirs": N_("Take theirs? What you changed is lost."),
    "changed_by": N_("Saved by %(by)s, %(at)s"),
}
"""Texts for ``editor.js`` and the picture."""
PHRASES = {
    "instead": N_("Write “%(name)s”"),
    "Find": N_("Find"),
    "Replace": N_("Replace"),
    "next": N_("next match"),
    "previous": N_("previous match"),
    "all": N_("all matches"),
    "match case": N_("match case"),
    "regexp": N_("regular expression"),
    "by word": N_("whole words"),
    "replace": N_("replace"),
    "replace all": N_("replace all"),
    "close": N_("close"),
    "current match": N_("current match"),
    "on line": N_("on line"),
    "Go to line": N_("Go to line"),
    "go": N_("go"),
    "Completions": N_("What can be written here"),
    "Fold line": N_("Fold this part"),
    "Unfold line": N_("Unfold this part"),
    "Folded lines": N_("Folded lines"),
    "Unfolded lines": N_("Unfolded lines"),
    "folded code": N_("folded text"),
    "unfold": N_("unfold"),
    "to": N_("to"),
    "Selection deleted": N_("Selection deleted"),
    "No diagnostics": N_("No errors, no warnings"),
    "Revert this chunk": N_("Take this part from the left"),
    "$ unchanged lines": N_("$ unchanged lines"),
}
"""What CodeMirror says, in the user's language."""
