"""The sentences about a call that we placed: what became of it before and without a talk."""

from collections.abc import Mapping

from console.calls.timeline_text import Naming, TimelineText
from console.floor import outbound_words
from console.kit.translations import N_
from domain.happening import Happening
from domain.outbound_facts import (
    CallPlaced,
    CustomerAbandoned,
    CustomerAnswered,
    CustomerRang,
    DetectionBegan,
    FateUnknown,
    MachineFound,
    MessagePlayed,
    NotReached,
    OptedOut,
    PersonFound,
)


def outbound_sentence(what: Happening, naming: Naming) -> TimelineText | None:
    """Says a fact about a call that we placed; None: it is about something else."""
    values: Mapping[str, object]
    match what:
        case CallPlaced():
            text = N_("%(caller_id)s called %(number)s on line %(line)s.")
            if what.campaign:
                text = N_("Campaign %(campaign)s called %(number)s on line %(line)s.")
            values = {
                "campaign": what.campaign,
                "number": what.number,
                "caller_id": what.caller_id,
                "line": what.line,
            }
            return TimelineText("phone-call", "blue", text, values)
        case CustomerRang():
            return TimelineText("phone", "secondary", N_("The customer's phone rings."))
        case CustomerAnswered():
            return TimelineText("phone-call", "green", N_("The customer answered."))
        case DetectionBegan():
            text = N_("Offhook listened to whether a person or a machine had answered.")
            return TimelineText("volume", "secondary", text)
        case PersonFound():
            return TimelineText(
                "user", "green", N_("A person answered, or nothing that is clearly a machine.")
            )
        case MachineFound():
            text = N_("A machine answered, as far as could be heard, and the call was ended.")
            return TimelineText("phone-off", "secondary", text)
        case NotReached(cause):
            text = N_("The customer was not reached: %(cause)s.")
            values = {"cause": naming.code(cause, outbound_words.CAUSES)}
            return TimelineText("phone-off", "secondary", text, values)
        case CustomerAbandoned(by_customer):
            text = N_("No agent was free in time.")
            if by_customer:
                text = N_("The customer hung up before an agent was free.")
            return TimelineText("phone-off", "red", text)
        case MessagePlayed(whole):
            text = N_("The customer heard the project's message.")
            if not whole:
                text = N_("The customer heard a part of the project's message.")
            return TimelineText("volume", "secondary", text)
        case OptedOut(None):
            text = N_("The customer asked never to be called again by this centre.")
            return TimelineText("phone-off", "red", text)
        case OptedOut(project):
            text = N_("The customer asked not to be called again for %(project)s.")
            return TimelineText("phone-off", "red", text, {"project": project})
        case FateUnknown():
            text = N_("Nobody knows what became of the call: it was not found in Asterisk.")
            return TimelineText("alert-triangle", "yellow", text)
    return None
