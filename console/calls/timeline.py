"""Turns a call's facts into the sentences of its timeline."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from console.calls import words
from console.floor import outbound_words
from console.kit.translations import N_
from console.kit.words import CALL_LANGUAGES, NUMBER_WITHHELD
from domain.call_facts import (
    CallBlocked,
    CallEnded,
    CallEntered,
    ControllerLost,
    EntryRuleHeld,
    FellBack,
    TurnedAway,
)
from domain.facts import CallFact
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
from domain.flow_facts import (
    CallbackAsked,
    ChoiceMade,
    LanguageChosen,
    Misdialled,
    NodePassed,
    Scored,
    WayTaken,
)
from domain.happening import Happening
from domain.identity import AgentCode
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
from domain.reasons import (
    ConsultEnd,
    EndReason,
    GiveUpReason,
    LossReason,
    NoCallback,
    NoEntry,
    OfferFailure,
    Party,
    TransferKind,
)
from domain.recording_facts import Recorded, RecordingMissing, Silence, VoiceKept
from domain.stations import OWN_PHONES, outside_number
from telephony.numbers import spaced

Says = Callable[[str, Mapping[str, object] | None], str]
"""Translates a marked text and fills in its values."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of the timeline."""

    at: datetime
    after_s: float
    """Seconds since the call entered."""
    icon: str
    colour: str
    text: str


WHY: Mapping[str, str] = {
    OfferFailure.NO_ANSWER: N_("no answer"),
    OfferFailure.BUSY: N_("the phone was busy"),
    OfferFailure.REJECTED: N_("the phone rejected it"),
    OfferFailure.UNREACHABLE: N_("the phone was unreachable"),
    OfferFailure.FORWARDED: N_("the phone tried to forward it"),
    OfferFailure.DROPPED: N_("the phone answered, but no conversation began"),
    OfferFailure.WITHDRAWN: N_("the offer was withdrawn"),
    OfferFailure.CALLER_LEFT: N_("the caller left"),
    GiveUpReason.TIMEOUT: N_("the wait was too long"),
    GiveUpReason.NOBODY_LOGGED_IN: N_("nobody was logged in"),
    GiveUpReason.UNKNOWN_QUEUE: N_("there is no such queue"),
    "no_agent": N_("no agent took the call"),
    "done": N_("the flow was finished"),
    EndReason.PHONE_GONE: N_("the phone stopped responding and could not be reached"),
    EndReason.STOPPING: N_("Offhook was stopping and took no new calls"),
    EndReason.CALLER_BLOCKED: N_("calls from this number are blocked"),
    NoEntry.CLOSED: N_("the hotline was closed"),
    NoEntry.EMERGENCY: N_("the hotline's emergency message was played"),
    EndReason.LINE_GONE: N_("the caller's line stopped responding"),
    EndReason.ASTERISK_ENDED: N_("Asterisk stopped during the call"),
    EndReason.CONTROLLER_AWAY: N_("the controller was away"),
    LossReason.NO_FILE: N_("Asterisk left no file"),
    LossReason.EMPTY_FILE: N_("Asterisk left an empty file"),
    LossReason.FOREIGN_FILE: N_("the file in its place is not one of Asterisk's recordings"),
}
"""Reasons in words. A customer's own flow may use others, which are shown as they are."""
_NO_CALLBACK: Mapping[str, str] = {
    NoCallback.NOT_DIALLABLE: N_("that number can't be called"),
    NoCallback.DO_NOT_CALL: N_("it is on a do-not-call list"),
    NoCallback.FORBIDDEN: N_("the rules don't allow it"),
    NoCallback.NO_SUCH_TIME: N_("that time is over, or too far ahead"),
    NoCallback.NO_QUEUE: N_("there is no such queue"),
    NoCallback.FAILED: N_("it could not be kept"),
}
_TRANSFERS: Mapping[str, str] = {
    TransferKind.BLIND: N_("blind"),
    TransferKind.ATTENDED: N_("attended"),
}

_CONSULT_ENDS: Mapping[str, str] = {
    ConsultEnd.PASSED_ON: N_("the customer stayed with them"),
    ConsultEnd.CANCELLED: N_("the agent ended it"),
    ConsultEnd.NOT_REACHED: N_("nobody answered"),
    ConsultEnd.LEFT: N_("whoever was asked left"),
    ConsultEnd.CUSTOMER_LEFT: N_("the customer left"),
}


def told(
    facts: list[CallFact],
    says: Says,
    agents: Mapping[AgentCode, str],
    queues: Mapping[str, str],
    duration: Callable[[float | None], str],
    outside: Mapping[str, str],
    clock: Callable[[datetime], str] = datetime.isoformat,
) -> list[Moment]:
    """The timeline in words. ``agents`` maps codes to names, ``queues`` names to titles, and
    ``outside`` numbers outside to titles; ``clock`` writes a moment."""
    start = facts[0].at if facts else None
    wording = _Wording(says, agents, queues, duration, outside, clock)
    moments = [wording.moment(fact, start or fact.at) for fact in facts]
    return sorted(moments, key=lambda moment: moment.at)  # a way is told from where it began


@dataclass(frozen=True, slots=True)
class _Line:
    """A sentence and its values; a value of None reads "unknown"."""

    icon: str
    colour: str
    text: str
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Wording:
    """Makes sentences in one reader's language."""

    says: Says
    agents: Mapping[AgentCode, str]
    queues: Mapping[str, str]
    duration: Callable[[float | None], str]
    outside: Mapping[str, str]
    clock: Callable[[datetime], str]

    def moment(self, fact: CallFact, start: datetime) -> Moment:
        line = self._line(fact.what)
        unknown = self.says("unknown", None)
        values = {name: unknown if value is None else value for name, value in line.values.items()}
        silent = fact.what.silent if isinstance(fact.what, Recorded) else ()
        text = self.says(line.text, values)
        for silence in self._silences(silent):
            text = self.says(N_("%(sentence)s %(next)s"), {"sentence": text, "next": silence})
        at = fact.at
        if isinstance(fact.what, WayTaken) and fact.what.nodes:
            text = self._way(fact.what)
            at = max(start, at - timedelta(seconds=max(one.before_s for one in fact.what.nodes)))
        return Moment(at, (at - start).total_seconds(), line.icon, line.colour, text)

    def _way(self, what: WayTaken) -> str:
        """The nodes that a call has passed, each with how it was left and how long that took."""
        way = " → ".join(self._node(one) for one in what.nodes)
        text = N_("In the flow %(flow)s: %(way)s.")
        values: dict[str, object] = {"flow": what.flow, "way": way}
        if what.revision:
            text = N_("In revision %(revision)s of the flow %(flow)s: %(way)s.")
            values["revision"] = what.revision
        return self.says(text, values)

    def _node(self, one: NodePassed) -> str:
        text = N_("%(node)s (%(time)s)")
        if one.exit is None:
            text = N_("%(node)s: hung up (%(time)s)")
        elif one.exit and one.exit != "next":
            text = N_("%(node)s: %(exit)s (%(time)s)")
        time = self.duration(one.lasted_s)
        return self.says(text, {"node": one.node, "exit": one.exit, "time": time})

    def _line(self, what: Happening) -> _Line:
        values: Mapping[str, object]
        match what:
            case CallEntered(line=line) if line == OWN_PHONES:
                text = N_(
                    "Phone %(caller)s of the centre called the hotline %(hotline)s, to try it out."
                )
                values = {"caller": self._caller(what), "hotline": what.hotline}
                return _Line("phone-incoming", "blue", text, values)
            case CallEntered():
                return _Line(
                    "phone-incoming",
                    "blue",
                    N_("%(caller)s called the hotline %(hotline)s on line %(line)s."),
                    {"caller": self._caller(what), "hotline": what.hotline, "line": what.line},
                )
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
                return _Line("phone-call", "blue", text, values)
            case CustomerRang():
                return _Line("phone", "secondary", N_("The customer's phone rings."))
            case CustomerAnswered():
                return _Line("phone-call", "green", N_("The customer answered."))
            case DetectionBegan():
                text = N_("Offhook listened to whether a person or a machine had answered.")
                return _Line("volume", "secondary", text)
            case PersonFound():
                return _Line(
                    "user", "green", N_("A person answered, or nothing that is clearly a machine.")
                )
            case MachineFound():
                text = N_("A machine answered, as far as could be heard, and the call was ended.")
                return _Line("phone-off", "secondary", text)
            case NotReached(cause):
                text = N_("The customer was not reached: %(cause)s.")
                values = {"cause": self._code(cause, outbound_words.CAUSES)}
                return _Line("phone-off", "secondary", text, values)
            case CustomerAbandoned(by_customer):
                text = N_("No agent was free in time.")
                if by_customer:
                    text = N_("The customer hung up before an agent was free.")
                return _Line("phone-off", "red", text)
            case MessagePlayed(whole):
                text = N_("The customer heard the project's message.")
                if not whole:
                    text = N_("The customer heard a part of the project's message.")
                return _Line("volume", "secondary", text)
            case OptedOut(None):
                text = N_("The customer asked never to be called again by this centre.")
                return _Line("phone-off", "red", text)
            case OptedOut(project):
                text = N_("The customer asked not to be called again for %(project)s.")
                return _Line("phone-off", "red", text, {"project": project})
            case FateUnknown():
                text = N_("Nobody knows what became of the call: it was not found in Asterisk.")
                return _Line("alert-triangle", "yellow", text)
            case CallBlocked(line):
                text = N_("Line %(line)s was full; the call was refused unanswered.")
                return _Line("phone-off", "red", text, {"line": line})
            case TurnedAway(NoEntry.CLOSED):
                return _Line("moon", "secondary", N_("The hotline was closed."))
            case TurnedAway(NoEntry.EMERGENCY):
                text = N_("The hotline's emergency message took the place of its flow.")
                return _Line("alert-triangle", "yellow", text)
            case TurnedAway(NoEntry.CALLER_BLOCKED):
                text = N_("Calls from this number are blocked; the call was refused unanswered.")
                return _Line("phone-off", "secondary", text)
            case TurnedAway(why):
                text = N_("The call did not enter the hotline's flow: %(why)s.")
                return _Line("phone-off", "secondary", text, {"why": self._code(why, WHY)})
            case EntryRuleHeld(_, rule, flow):
                text = N_("The rule “%(rule)s” of the number led the call into the flow %(flow)s.")
                return _Line("arrows-split-2", "secondary", text, {"rule": rule, "flow": flow})
            case LanguageChosen(language):
                text = N_("The caller chose %(language)s.")
                known = self._code(language, CALL_LANGUAGES)
                return _Line("language", "secondary", text, {"language": known})
            case ChoiceMade(node, digits, choice):
                text = N_("In “%(node)s” the caller pressed %(digits)s: %(choice)s.")
                values = {"node": node, "digits": digits, "choice": choice}
                return _Line("list-details", "secondary", text, values)
            case Misdialled(node, digits, attempt):
                if digits:
                    text = N_(
                        "In “%(node)s” the caller pressed %(digits)s, which isn't a choice"
                        " (attempt %(try)s)."
                    )
                else:
                    text = N_("In “%(node)s” the caller pressed nothing (attempt %(try)s).")
                values = {"node": node, "digits": digits, "try": attempt}
                return _Line("alert-triangle", "yellow", text, values)
            case WayTaken(flow):
                text = N_("In the flow %(flow)s.")
                return _Line("list-details", "secondary", text, {"flow": flow})
            case Queued(queue, raised=int(raised)):
                text = N_("The caller joined the queue %(queue)s; priority raised by %(n)s.")
                values = {"queue": self._queue(queue), "n": raised}
                return _Line("hourglass", "orange", text, values)
            case Queued(queue):
                text = N_("The caller joined the queue %(queue)s.")
                return _Line("hourglass", "orange", text, {"queue": self._queue(queue)})
            case PositionAnnounced(position, None):
                text = N_("The caller heard: position %(position)s in the queue.")
                return _Line("volume", "secondary", text, {"position": position})
            case PositionAnnounced(position, wait_s):
                text = N_(
                    "The caller heard: position %(position)s in the queue, about %(wait)s to wait."
                )
                values = {"position": position, "wait": self.duration(wait_s)}
                return _Line("volume", "secondary", text, values)
            case Offered(agent, station):
                text = N_("The call rang %(agent)s at phone %(station)s.")
                values = {"agent": self._agent(agent), "station": station}
                return _Line("phone-call", "yellow", text, values)
            case OfferNotTaken(agent, _, why):
                text = N_("%(agent)s didn't get the call: %(why)s.")
                values = {"agent": self._agent(agent), "why": self._code(why, WHY)}
                return _Line("phone-off", "orange", text, values)
            case TalkBegan(None, station) if whom := self._outside(station):
                text = N_("%(whom)s and the customer were connected.")
                return _Line("headset", "green", text, {"whom": whom})
            case TalkBegan(None, station):
                text = N_("Phone %(station)s answered; nobody was logged in there.")
                return _Line("headset", "green", text, {"station": station})
            case TalkBegan(agent, station):
                text = N_("%(agent)s answered at phone %(station)s.")
                values = {"agent": self._agent(agent), "station": station}
                return _Line("headset", "green", text, values)
            case Held(by=by):
                text = N_("Put on hold by %(by)s.")
                return _Line("player-pause", "purple", text, {"by": self._party(by)})
            case Resumed():
                return _Line("player-play", "green", N_("The conversation resumed."))
            case ConsultBegan(agent, _, whom):
                text = N_("%(agent)s asks %(whom)s; the customer hears music.")
                return _Line("users", "teal", text, self._who(agent, whom))
            case ConsultAnswered(agent, _, whom):
                text = N_("%(whom)s answered %(agent)s.")
                return _Line("users", "teal", text, self._who(agent, whom))
            case ConsultEnded(agent, _, whom, how, cause):
                text = N_("The consultation of %(agent)s with %(whom)s ended: %(how)s.")
                ended = self._code(cause, outbound_words.CAUSES) or self._code(how, _CONSULT_ENDS)
                values = {**self._who(agent, whom), "how": ended}
                return _Line("users", "secondary", text, values)
            case Transferred(agent, _, to, how):
                text = N_("%(from_agent)s transferred the call to %(to)s (%(kind)s).")
                asked = self._code(how, _TRANSFERS)
                values = {
                    "from_agent": self._agent(agent),
                    "to": self._outside(to) or to,
                    "kind": asked,
                }
                return _Line("transfer", "teal", text, values)
            case TalkEnded(agent, station, by, why):
                whom = self._outside(station)
                if why:
                    text = N_("The conversation with %(agent)s ended: %(why)s.")
                elif by not in (None, Party.UNKNOWN) and not (whom and by is Party.AGENT):
                    text = N_("The conversation with %(agent)s was ended by %(by)s.")
                else:
                    text = N_("The conversation with %(agent)s ended.")
                values = {
                    "agent": whom or self._agent(agent),
                    "by": self._party(by),
                    "why": self._code(why, WHY),
                }
                return _Line("phone", "secondary", text, values)
            case LeftQueue(queue, why):
                text = N_("The caller left the queue %(queue)s without reaching an agent: %(why)s.")
                values = {"queue": self._queue(queue), "why": self._code(why, WHY)}
                return _Line("door-exit", "orange", text, values)
            case ControllerLost():
                text = N_("The controller was away; Asterisk kept the call.")
                return _Line("plug-connected-x", "red", text)
            case FellBack(queue):
                text = N_("Asterisk's own queue %(queue)s took the caller.")
                return _Line("plug-connected-x", "red", text, {"queue": self._queue(queue)})
            case Scored(score):
                text = N_("The caller gave the call a score of %(score)s out of 5.")
                return _Line("star", "yellow", text, {"score": score})
            case Recorded(whole=False):
                text = N_(
                    "The recording was stored, but is incomplete: %(duration)s of %(bridged)s of"
                    " conversation."
                )
                values = {
                    "duration": self.duration(what.duration_s),
                    "bridged": self.duration(what.bridged_s),
                }
                return _Line("microphone", "red", text, values)
            case Recorded():
                text = N_("The recording was stored: %(duration)s.")
                values = {"duration": self.duration(what.duration_s)}
                return _Line("microphone", "secondary", text, values)
            case RecordingMissing(why):
                text = N_("The recording is lost: %(why)s.")
                return _Line("microphone", "red", text, {"why": self._code(why, WHY)})
            case VoiceKept(_, None):
                text = N_("What the caller said was recorded: %(duration)s.")
                values = {"duration": self.duration(what.duration_s)}
                return _Line("microphone", "secondary", text, values)
            case VoiceKept(_, queue):
                text = N_("The caller left a voicemail for the queue %(queue)s: %(duration)s.")
                values = {"queue": self._queue(queue), "duration": self.duration(what.duration_s)}
                return _Line("microphone", "blue", text, values)
            case CallbackAsked(number, at, None):
                text = N_("The caller will be called back at %(number)s, from %(at)s on.")
                values = {"number": number, "at": self._time(at)}
                return _Line("phone", "blue", text, values)
            case CallbackAsked(number, _, why):
                text = N_(
                    "The caller asked to be called back at %(number)s, but won't be: %(why)s."
                )
                values = {"number": number, "why": self._code(why, _NO_CALLBACK)}
                return _Line("phone", "orange", text, values)
            case CallEnded(by, _, why):
                text = N_("The call was ended by %(by)s.")
                if why:
                    text = N_("The call was ended by %(by)s: %(why)s.")
                values = {"by": self._party(by), "why": self._code(why, WHY)}
                return _Line("phone-off", "secondary", text, values)
        raise NotImplementedError(f"no sentence says {what!r}")

    def _caller(self, entered: CallEntered) -> str:
        number = entered.caller or self.says(NUMBER_WITHHELD, None)
        return f"{entered.caller_name} ({number})" if entered.caller_name else number

    def _agent(self, code: AgentCode | None) -> str | None:
        name = None if code is None else self.agents.get(code)
        return f"{name} ({code})" if name else code

    def _outside(self, station: str | None) -> str | None:
        """Somebody outside by their room; None if it is a phone of the centre."""
        number = outside_number(station or "")
        if number is None:
            return None
        title = self.outside.get(number)
        return f"{title} ({spaced(number)})" if title else spaced(number)

    def _who(self, agent: AgentCode | None, whom: str | None) -> dict[str, object]:
        other = None if whom is None else self._outside(whom) or self._agent(AgentCode(whom))
        return {"agent": self._agent(agent), "whom": other}

    def _queue(self, name: str | None) -> str | None:
        return None if name is None else self.queues.get(name, name)

    def _party(self, by: str | None) -> str | None:
        return self._code(by, words.ENDED_BY)

    def _time(self, text: str | None) -> str | None:
        """A moment that is stored as text."""
        try:
            return None if text is None else self.clock(datetime.fromisoformat(text))
        except ValueError:
            return text

    def _code(self, code: str | None, known: Mapping[str, str]) -> str | None:
        """A code's words; a code without words is shown as it is."""
        if code is None:
            return None
        text = known.get(code)
        return code if text is None else self.says(text, None)

    def _silences(self, silent: Iterable[Silence]) -> Iterable[str]:
        """A sentence for each stretch in which a recording lacks a voice."""
        for each in silent:
            party = words.ENDED_BY.get(each.side or Party.UNKNOWN, words.ENDED_BY["unknown"])
            yield self.says(
                N_("No sound from %(party)s from %(begin)s to %(end)s."),
                {
                    "party": self.says(party, None),
                    "begin": self.duration(each.from_s),
                    "end": self.duration(each.to_s),
                },
            )
