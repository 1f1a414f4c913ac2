"""The sentences about the floor: how a caller waited, was offered, and talked with whom."""

from collections.abc import Mapping

from console.calls import words
from console.calls.timeline_text import Naming, TimelineText
from console.floor import outbound_words
from console.kit.translations import N_
from domain.floor_facts import (
    ConsultAnswered,
    ConsultBegan,
    ConsultEnded,
    Held,
    LeftQueue,
    Offered,
    OfferNotTaken,
    PositionAnnounced,
    Queued,
    Resumed,
    TalkBegan,
    TalkEnded,
    Transferred,
)
from domain.happening import Happening
from domain.reasons import Party


def floor_sentence(what: Happening, naming: Naming) -> TimelineText | None:
    """Says a fact about the floor; None: it is about something else."""
    values: Mapping[str, object]
    match what:
        case Queued(queue, raised=int(raised)):
            text = N_("The caller joined the queue %(queue)s; priority raised by %(n)s.")
            values = {"queue": naming.queue(queue), "n": raised}
            return TimelineText("hourglass", "orange", text, values)
        case Queued(queue):
            text = N_("The caller joined the queue %(queue)s.")
            return TimelineText("hourglass", "orange", text, {"queue": naming.queue(queue)})
        case PositionAnnounced(position, None):
            text = N_("The caller heard: position %(position)s in the queue.")
            return TimelineText("volume", "secondary", text, {"position": position})
        case PositionAnnounced(position, wait_s):
            text = N_(
                "The caller heard: position %(position)s in the queue, about %(wait)s to wait."
            )
            values = {"position": position, "wait": naming.duration(wait_s)}
            return TimelineText("volume", "secondary", text, values)
        case Offered(agent, station):
            text = N_("The call rang %(agent)s at phone %(station)s.")
            values = {"agent": naming.agent(agent), "station": station}
            return TimelineText("phone-call", "yellow", text, values)
        case OfferNotTaken(agent, _, why):
            text = N_("%(agent)s didn't get the call: %(why)s.")
            values = {"agent": naming.agent(agent), "why": naming.code(why, words.WHY)}
            return TimelineText("phone-off", "orange", text, values)
        case TalkBegan(None, station) if whom := naming.outsider(station):
            text = N_("%(whom)s and the customer were connected.")
            return TimelineText("headset", "green", text, {"whom": whom})
        case TalkBegan(None, station):
            text = N_("Phone %(station)s answered; nobody was logged in there.")
            return TimelineText("headset", "green", text, {"station": station})
        case TalkBegan(agent, station):
            text = N_("%(agent)s answered at phone %(station)s.")
            values = {"agent": naming.agent(agent), "station": station}
            return TimelineText("headset", "green", text, values)
        case Held(by=by):
            text = N_("Put on hold by %(by)s.")
            return TimelineText("player-pause", "purple", text, {"by": naming.party(by)})
        case Resumed():
            return TimelineText("player-play", "green", N_("The conversation resumed."))
        case ConsultBegan(agent, _, whom):
            text = N_("%(agent)s asks %(whom)s; the customer hears music.")
            return TimelineText("users", "teal", text, naming.who(agent, whom))
        case ConsultAnswered(agent, _, whom):
            text = N_("%(whom)s answered %(agent)s.")
            return TimelineText("users", "teal", text, naming.who(agent, whom))
        case ConsultEnded(agent, _, whom, how, cause):
            text = N_("The consultation of %(agent)s with %(whom)s ended: %(how)s.")
            ended = naming.code(cause, outbound_words.CAUSES) or naming.code(
                how, words.CONSULT_ENDS
            )
            values = {**naming.who(agent, whom), "how": ended}
            return TimelineText("users", "secondary", text, values)
        case Transferred(agent, _, to, how):
            text = N_("%(from_agent)s transferred the call to %(to)s (%(kind)s).")
            asked = naming.code(how, words.TRANSFERS)
            values = {
                "from_agent": naming.agent(agent),
                "to": naming.outsider(to) or to,
                "kind": asked,
            }
            return TimelineText("transfer", "teal", text, values)
        case TalkEnded(agent, station, by, why):
            whom = naming.outsider(station)
            if why:
                text = N_("The conversation with %(agent)s ended: %(why)s.")
            elif by not in (None, Party.UNKNOWN) and not (whom and by is Party.AGENT):
                text = N_("The conversation with %(agent)s was ended by %(by)s.")
            else:
                text = N_("The conversation with %(agent)s ended.")
            values = {
                "agent": whom or naming.agent(agent),
                "by": naming.party(by),
                "why": naming.code(why, words.WHY),
            }
            return TimelineText("phone", "secondary", text, values)
        case LeftQueue(queue, why):
            text = N_("The caller left the queue %(queue)s without reaching an agent: %(why)s.")
            values = {"queue": naming.queue(queue), "why": naming.code(why, words.WHY)}
            return TimelineText("door-exit", "orange", text, values)
    return None
