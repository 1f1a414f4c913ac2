"""Texts of the page on which a flow is tried out, and what happened there in words."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from aiohttp import web

from console.kit.rendering import says
from console.kit.translations import N_
from ivr_flows.steps import (
    BookCallback,
    Enqueue,
    LookUp,
    LookUpFault,
    OpeningState,
    QueueExit,
    RecordVoice,
    TransferToAgent,
    TransferToNumber,
)
from ivr_flows.trying.rehearsal import Rehearsal
from ivr_flows.trying.rehearsed import HeardPrompt, PassedNode
from ivr_flows.values import BUILT_IN, HIDDEN

NAME_WANTED = N_("Give the test a name.")
HAS_ERRORS = N_("The draft has errors; correct them first.")
TOO_LONG = N_("The conversation is too long to go on.")
KEYS_WANTED = N_("Keys are the digits, * and #.")
SECONDS_WANTED = N_("Write how many seconds, from 1 to 600.")
JSON_WANTED = N_('This is not JSON. An answer looks like {"order": {"state": "sent"}}.')
ANSWER_TOO_LARGE = N_("This answer is too large to be tried here.")
DOES_NOT_FIT = N_(
    "The last steps don't fit any more, because the flow or what it began with has changed;"
    " they are left out."
)

HOURS: Mapping[str, str] = {
    "": N_("as the calendars say"),
    OpeningState.OPEN: N_("open"),
    OpeningState.CLOSED: N_("closed"),
    OpeningState.HOLIDAY: N_("closed for a holiday"),
}
QUEUE_EXITS: Mapping[QueueExit, str] = {
    QueueExit.TALKED: N_("An agent talks with them"),
    QueueExit.TIMEOUT: N_("They have waited too long"),
    QueueExit.NOBODY: N_("Nobody is logged in"),
    QueueExit.OVERFLOW: N_("Too many wait already"),
    QueueExit.FAILED: N_("The queue can't take them"),
}
"""How a wait can end here; keys are pressed."""
TRANSFER_EXITS: Mapping[QueueExit, str] = {
    QueueExit.TALKED: N_("They talk with each other"),
    QueueExit.TIMEOUT: N_("Nobody answers"),
    QueueExit.FAILED: N_("It can't be tried"),
}
LOOK_UP_FAULTS: Mapping[LookUpFault, str] = {
    LookUpFault.NOT_FOUND: N_("There is no such thing (404)"),
    LookUpFault.TIMEOUT: N_("It doesn't answer in time"),
    LookUpFault.NO_NAME: N_("No name server knows its host"),
    LookUpFault.UNREACHABLE: N_("It can't be reached"),
    LookUpFault.LOST: N_("The connection breaks"),
    LookUpFault.REFUSED: N_("The address is not allowed"),
    LookUpFault.STATUS: N_("It answers with an error"),
    LookUpFault.TOO_LARGE: N_("Its answer is too large"),
    LookUpFault.NOT_JSON: N_("Its answer is not JSON"),
    LookUpFault.NO_SECRET: N_("A secret is missing"),
}
BUILT_IN_NAMES: Mapping[str, str] = {
    "caller": N_("the caller's number"),
    "called": N_("the number called"),
    "known": N_("whether the centre knows the caller"),
    "language": N_("the caller's language"),
    "today": N_("the day"),
    "now": N_("the time"),
}

_SAID: Mapping[str, str] = {
    "pressed": N_("presses %(about)s"),
    "pressed_secret": N_("presses keys that are secret"),
    "silent": N_("presses nothing"),
    "hung_up": N_("hangs up"),
    "waits": N_("waits in the queue %(about)s"),
    "waited": N_("has waited %(about)s s more"),
    "left": N_("the wait is over: %(about)s"),
    "agent_found": N_("an agent is there"),
    "asks": N_("asks %(about)s"),
    "answered": N_("the answer is there"),
    "no_answer": N_("no answer: %(about)s"),
    "lacks": N_("the answer has no usable value for %(about)s, so it counts as none"),
    "records": N_("is recorded after a tone"),
    "recorded": N_("has spoken for %(about)s s"),
    "not_recorded": N_("could not be recorded"),
    "books": N_("wants to be called at %(about)s"),
    "booked": N_("the callback is booked"),
    "not_booked": N_("the callback is refused"),
    "agent": N_("is brought to the agent %(about)s"),
    "number": N_("is brought to %(about)s"),
    "apologised": N_("hears an apology, because the flow leads nowhere (%(about)s)"),
    "ended": N_("the call ends: %(about)s"),
    "opted_out": N_("is not called again"),
}
_ABOUT: Mapping[str, Mapping[str, str]] = {
    "left": {each.value: text for each, text in QUEUE_EXITS.items()},
    "no_answer": {each.value: text for each, text in LOOK_UP_FAULTS.items()},
}


class Awaits(StrEnum):
    """What the call waits for."""

    KEYS = "keys"
    QUEUE = "queue"
    TRANSFER = "transfer"
    LOOK_UP = "look_up"
    VOICE = "voice"
    CALLBACK = "callback"
    NOTHING = "nothing"


AWAITED: Mapping[Awaits, str] = {
    Awaits.KEYS: N_("A key of the caller is awaited"),
    Awaits.QUEUE: N_("The caller waits in a queue"),
    Awaits.TRANSFER: N_("The caller is being transferred"),
    Awaits.LOOK_UP: N_("The answer of a service is awaited"),
    Awaits.VOICE: N_("The caller is to speak"),
    Awaits.CALLBACK: N_("A callback is to be booked"),
    Awaits.NOTHING: N_("The call is over"),
}


def awaited(call: Rehearsal) -> Awaits:
    """What the call waits for."""
    match call.awaits:
        case None:
            return Awaits.NOTHING
        case Enqueue():
            return Awaits.QUEUE
        case TransferToAgent() | TransferToNumber():
            return Awaits.TRANSFER
        case LookUp():
            return Awaits.LOOK_UP
        case RecordVoice():
            return Awaits.VOICE
        case BookCallback():
            return Awaits.CALLBACK
        case _:
            return Awaits.KEYS


@dataclass(frozen=True, slots=True)
class TalkEvent:
    """One line of a conversation. ``heard`` is the prompt's name if the caller hears it."""

    at: datetime
    node: str
    text: str
    heard: str = ""
    language: str = ""


def events(request: web.Request, call: Rehearsal) -> list[TalkEvent]:
    """What was heard and happened, in words."""
    found = []
    for one in call.told:
        if isinstance(one, HeardPrompt):
            found.append(TalkEvent(one.at, one.node, one.text, one.prompt, one.language))
            continue
        what = "pressed_secret" if one.what == "pressed" and not one.about else one.what
        about = one.about
        if (texts := _ABOUT.get(what)) is not None:
            about = says(request, texts.get(about, about))
        found.append(TalkEvent(one.at, one.node, says(request, _SAID[what], {"about": about})))
    return found


@dataclass(frozen=True, slots=True)
class ShownVariable:
    """A variable with its value; ``meaning`` is what a built-in one says."""

    name: str
    value: str
    secret: bool
    meaning: str


def variables(request: web.Request, call: Rehearsal) -> list[ShownVariable]:
    """The variables of the flow that the call is in: its own first."""
    shown = call.values.shown()
    own = sorted(shown, key=lambda name: name in BUILT_IN)
    return [
        ShownVariable(
            name,
            shown[name],
            shown[name] == HIDDEN,
            says(request, BUILT_IN_NAMES[name]) if name in BUILT_IN else "",
        )
        for name in own
    ]


def own_node(node: str) -> str:
    """The node of the flow itself at which a call is, also if it is in another that it entered."""
    return node.partition(">")[0]


def path_of(call: Rehearsal) -> Iterator[PassedNode]:
    """The nodes that were left, the last one first."""
    return reversed(call.way)


def step_of(**given: object) -> str:
    """What a button does, as the form sends it."""
    return json.dumps(given, ensure_ascii=False)
