"""A call's facts as sentences, for its page."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from console.calls import words
from console.kit.translations import N_
from console.kit.words import CALL_LANGUAGES, NUMBER_WITHHELD
from domain.facts import (
    CallBlocked,
    CallEnded,
    CallEntered,
    CallFact,
    ChoiceMade,
    ControllerLost,
    FellBack,
    Happening,
    Held,
    LanguageChosen,
    LeftQueue,
    Misdialled,
    Offered,
    OfferNotTaken,
    PositionAnnounced,
    Queued,
    Recorded,
    RecordingMissing,
    Resumed,
    Scored,
    Silence,
    TalkBegan,
    TalkEnded,
    Transferred,
)
from domain.identity import AgentCode
from domain.reasons import EndReason, GiveUpReason, LossReason, OfferFailure, Party, TransferKind

Says = Callable[[str, Mapping[str, object] | None], str]
"""A marked text, looked up, its places filled."""


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
    OfferFailure.BUSY: N_("the phone is busy"),
    OfferFailure.REJECTED: N_("the phone rejected it"),
    OfferFailure.UNREACHABLE: N_("the phone is unreachable"),
    OfferFailure.FORWARDED: N_("the phone wants to forward it"),
    OfferFailure.DROPPED: N_("the phone answered, but there was no talk"),
    OfferFailure.WITHDRAWN: N_("the offer was taken back"),
    OfferFailure.CALLER_LEFT: N_("the caller left"),
    GiveUpReason.TIMEOUT: N_("waited too long"),
    GiveUpReason.NOBODY_LOGGED_IN: N_("nobody is logged in"),
    GiveUpReason.UNKNOWN_QUEUE: N_("there is no such queue"),
    "no_agent": N_("no agent took the call"),
    "done": N_("all is done"),
    EndReason.PHONE_GONE: N_("nothing came from the phone any more, and it could not be reached"),
    EndReason.STOPPING: N_("Offhook was being stopped, and took no new calls"),
    EndReason.LINE_GONE: N_("nothing came from the caller's line any more"),
    EndReason.ASTERISK_ENDED: N_("Asterisk ended during the call"),
    EndReason.CONTROLLER_AWAY: N_("the controller was away"),
    LossReason.NO_FILE: N_("Asterisk left no file"),
    LossReason.EMPTY_FILE: N_("the file that Asterisk left is empty"),
    LossReason.FOREIGN_FILE: N_("what lies in its place is not a recording of Asterisk's"),
}
"""Why something is so; a flow of one's own may end calls with other words, told as they are."""
_TRANSFERS: Mapping[str, str] = {
    TransferKind.BLIND: N_("without asking"),
    TransferKind.ATTENDED: N_("after asking"),
}


def told(
    facts: list[CallFact],
    says: Says,
    agents: Mapping[AgentCode, str],
    queues: Mapping[str, str],
    duration: Callable[[float | None], str],
) -> list[Moment]:
    """The timeline in words. ``agents`` and ``queues`` have names by code and title by name."""
    start = facts[0].at if facts else None
    wording = _Wording(says, agents, queues, duration)
    return [wording.moment(fact, start or fact.at) for fact in facts]


@dataclass(frozen=True, slots=True)
class _Line:
    """A sentence that is not yet filled in; a value that is None is called unknown."""

    icon: str
    colour: str
    text: str
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Wording:
    """What is needed to make sentences for one reader."""

    says: Says
    agents: Mapping[AgentCode, str]
    queues: Mapping[str, str]
    duration: Callable[[float | None], str]

    def moment(self, fact: CallFact, start: datetime) -> Moment:
        line = self._line(fact.what)
        unknown = self.says("unknown", None)
        values = {name: unknown if value is None else value for name, value in line.values.items()}
        silent = fact.what.silent if isinstance(fact.what, Recorded) else ()
        text = self.says(line.text, values)
        for silence in self._silences(silent):
            text = self.says(N_("%(sentence)s %(next)s"), {"sentence": text, "next": silence})
        after_s = (fact.at - start).total_seconds()
        return Moment(fact.at, after_s, line.icon, line.colour, text)

    def _line(self, what: Happening) -> _Line:
        values: Mapping[str, object]
        match what:
            case CallEntered():
                return _Line(
                    "phone-incoming",
                    "blue",
                    N_("%(caller)s calls the hotline %(hotline)s on line %(line)s."),
                    {"caller": self._caller(what), "hotline": what.hotline, "line": what.line},
                )
            case CallBlocked(line):
                text = N_("The line %(line)s is full; the call is refused unanswered.")
                return _Line("phone-off", "red", text, {"line": line})
            case LanguageChosen(language):
                text = N_("The caller chooses %(language)s.")
                known = self._code(language, CALL_LANGUAGES)
                return _Line("language", "secondary", text, {"language": known})
            case ChoiceMade(node, digits, choice):
                text = N_("In “%(node)s” the caller presses %(digits)s: %(choice)s.")
                values = {"node": node, "digits": digits, "choice": choice}
                return _Line("list-details", "secondary", text, values)
            case Misdialled(node, digits, attempt):
                if digits:
                    text = N_(
                        "In “%(node)s” the caller presses %(digits)s, which isn't a choice"
                        " (try %(try)s)."
                    )
                else:
                    text = N_("In “%(node)s” the caller presses nothing (try %(try)s).")
                values = {"node": node, "digits": digits, "try": attempt}
                return _Line("alert-triangle", "yellow", text, values)
            case Queued(queue):
                text = N_("Waits in the queue %(queue)s.")
                return _Line("hourglass", "orange", text, {"queue": self._queue(queue)})
            case PositionAnnounced(position, None):
                text = N_("Hears: place %(position)s in the queue.")
                return _Line("volume", "secondary", text, {"position": position})
            case PositionAnnounced(position, wait_s):
                text = N_("Hears: place %(position)s in the queue, about %(wait)s to wait.")
                values = {"position": position, "wait": self.duration(wait_s)}
                return _Line("volume", "secondary", text, values)
            case Offered(agent, station):
                text = N_("Rings at %(agent)s, phone %(station)s.")
                values = {"agent": self._agent(agent), "station": station}
                return _Line("phone-call", "yellow", text, values)
            case OfferNotTaken(agent, _, why):
                text = N_("%(agent)s doesn't get the call: %(why)s.")
                values = {"agent": self._agent(agent), "why": self._code(why, WHY)}
                return _Line("phone-off", "orange", text, values)
            case TalkBegan(None, station):
                text = N_("Phone %(station)s answers; nobody was logged in there.")
                return _Line("headset", "green", text, {"station": station})
            case TalkBegan(agent, station):
                text = N_("%(agent)s answers at phone %(station)s.")
                values = {"agent": self._agent(agent), "station": station}
                return _Line("headset", "green", text, values)
            case Held(by=by):
                text = N_("On hold, by %(by)s.")
                return _Line("player-pause", "purple", text, {"by": self._party(by)})
            case Resumed():
                return _Line("player-play", "green", N_("The conversation goes on."))
            case Transferred(agent, _, to, how):
                text = N_("%(from_agent)s transfers the call to %(to)s (%(kind)s).")
                asked = self._code(how, _TRANSFERS)
                values = {"from_agent": self._agent(agent), "to": to, "kind": asked}
                return _Line("transfer", "teal", text, values)
            case TalkEnded(agent, _, by, why):
                if why:
                    text = N_("The conversation with %(agent)s is over: %(why)s.")
                elif by not in (None, Party.UNKNOWN):
                    text = N_("The conversation with %(agent)s is over, ended by %(by)s.")
                else:
                    text = N_("The conversation with %(agent)s is over.")
                values = {
                    "agent": self._agent(agent),
                    "by": self._party(by),
                    "why": self._code(why, WHY),
                }
                return _Line("phone", "secondary", text, values)
            case LeftQueue(queue, why):
                text = N_("Leaves the queue %(queue)s without an agent: %(why)s.")
                values = {"queue": self._queue(queue), "why": self._code(why, WHY)}
                return _Line("door-exit", "orange", text, values)
            case ControllerLost():
                text = N_("The controller was away; Asterisk kept the call.")
                return _Line("plug-connected-x", "red", text)
            case FellBack(queue):
                text = N_("Asterisk's own queue %(queue)s takes the caller.")
                return _Line("plug-connected-x", "red", text, {"queue": self._queue(queue)})
            case Scored(score):
                text = N_("The caller scores the call with %(score)s of 5.")
                return _Line("star", "yellow", text, {"score": score})
            case Recorded(whole=False):
                text = N_(
                    "The recording is stored, but not whole: %(duration)s of %(bridged)s of"
                    " conversation."
                )
                values = {
                    "duration": self.duration(what.duration_s),
                    "bridged": self.duration(what.bridged_s),
                }
                return _Line("microphone", "red", text, values)
            case Recorded():
                text = N_("The recording is stored: %(duration)s.")
                values = {"duration": self.duration(what.duration_s)}
                return _Line("microphone", "secondary", text, values)
            case RecordingMissing(why):
                text = N_("The recording is lost: %(why)s.")
                return _Line("microphone", "red", text, {"why": self._code(why, WHY)})
            case CallEnded(by, _, why):
                text = N_("The call ends, by %(by)s.")
                if why:
                    text = N_("The call ends, by %(by)s: %(why)s.")
                values = {"by": self._party(by), "why": self._code(why, WHY)}
                return _Line("phone-off", "secondary", text, values)
        raise NotImplementedError(f"no sentence says {what!r}")

    def _caller(self, entered: CallEntered) -> str:
        number = entered.caller or self.says(NUMBER_WITHHELD, None)
        return f"{entered.caller_name} ({number})" if entered.caller_name else number

    def _agent(self, code: AgentCode | None) -> str | None:
        name = None if code is None else self.agents.get(code)
        return f"{name} ({code})" if name else code

    def _queue(self, name: str | None) -> str | None:
        return None if name is None else self.queues.get(name, name)

    def _party(self, by: str | None) -> str | None:
        return self._code(by, words.ENDED_BY)

    def _code(self, code: str | None, known: Mapping[str, str]) -> str | None:
        """A code's words; one that has none is said as it is."""
        if code is None:
            return None
        text = known.get(code)
        return code if text is None else self.says(text, None)

    def _silences(self, silent: Iterable[Silence]) -> Iterable[str]:
        """Where a recording lacks a voice, a sentence each."""
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
