"""Texts of replays."""

from collections.abc import Mapping

from console.kit.translations import N_
from ivr_flows.trying.replay import CantReplay, PlaceKind

HAS_ERRORS = N_("The draft has errors. Mend them, then replay.")
TOO_MANY = N_("Too many replays are under way. Try again in a minute.")
FAILED = N_("The replay ended early: the database could not be read. Begin again.")
NOWHERE = N_("nowhere")
PLACES: Mapping[PlaceKind, str] = {
    PlaceKind.QUEUE: N_("queue %(name)s"),
    PlaceKind.AGENT: N_("agent %(name)s"),
    PlaceKind.NUMBER: N_("number %(name)s"),
    PlaceKind.VOICEMAIL: N_("voicemail %(name)s"),
    PlaceKind.CALLBACK: N_("callback in %(name)s"),
    PlaceKind.HUNG_UP: N_("hung up at %(name)s"),
    PlaceKind.ENDED: N_("ended by the flow: %(name)s"),
}
WHY_NOT: Mapping[CantReplay, str] = {
    CantReplay.SECRET: N_("Secret digits were pressed, which are not recorded"),
    CantReplay.LOOKED_UP: N_("What a service answered is not recorded"),
    CantReplay.ASKED_MORE: N_("The draft asks something that they were never asked"),
    CantReplay.NOT_RECORDED: N_("The way of the call can't be followed by what is recorded"),
    CantReplay.NO_FLOW: N_("The revision that the call met can't be read any more"),
}
