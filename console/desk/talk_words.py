"""The words of the desk's scripts, in English (the catalogue's keys)."""

from console.floor import outbound_words
from console.kit.translations import N_
from engine.board_ports import ConsultStage

TALK_TEXTS = {
    ConsultStage.PRIVATE: N_("you two; the customer hears music"),
    ConsultStage.CALLING: N_("ringing; the customer hears music"),
    ConsultStage.CUSTOMER: N_("you and the customer; whoever you ask waits"),
    ConsultStage.CONFERENCE: N_("all three"),
    "asks": N_("You ask %(who)s"),
    "asked": N_("%(who)s asks you about %(caller)s"),
    "to_customer": N_("To the customer"),
    "to_colleague": N_("To whom you ask"),
    "free_line": N_("outside"),
    "no_line": N_("no free line"),
    "not_reached": N_("%(who)s can't be asked: %(why)s."),
    **{f"why_{cause}": text for cause, text in outbound_words.CAUSES.items()},
    "queue": N_("Queue %(title)s"),
    "free": N_("%(n)s free"),
    "busy": N_("busy"),
    "nobody": N_("Nobody else of this project is logged in, and no outside number is kept for it."),
}
"""For talk.js: how a consultation stands, and whom to ask."""
