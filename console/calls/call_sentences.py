"""The sentences about a call as a whole, its way through its flow, and its recordings."""

from collections.abc import Iterable, Mapping

from console.calls import words
from console.calls.timeline_text import Naming, TimelineText
from console.kit.translations import N_
from console.kit.words import CALL_LANGUAGES
from domain.call_facts import (
    CallBlocked,
    CallEnded,
    CallEntered,
    ControllerLost,
    EntryRuleHeld,
    FellBack,
    TurnedAway,
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
from domain.reasons import NoEntry, Party
from domain.recording_facts import Recorded, RecordingMissing, Silence, VoiceKept
from domain.stations import OWN_PHONES
from ivr_flows.nodes.look_up import FAILED, NOT_FOUND

_WITHOUT_ANSWER = (NOT_FOUND, FAILED)


def call_sentence(what: Happening, naming: Naming) -> TimelineText | None:
    """Says a fact about a call, its flow or its recordings; None: it is about something else."""
    values: Mapping[str, object]
    match what:
        case CallEntered(line=line) if line == OWN_PHONES:
            text = N_(
                "Phone %(caller)s of the centre called the hotline %(hotline)s, to try it out."
            )
            values = {"caller": naming.caller(what), "hotline": what.hotline}
            return TimelineText("phone-incoming", "blue", text, values)
        case CallEntered():
            return TimelineText(
                "phone-incoming",
                "blue",
                N_("%(caller)s called the hotline %(hotline)s on line %(line)s."),
                {"caller": naming.caller(what), "hotline": what.hotline, "line": what.line},
            )
        case CallBlocked(line):
            text = N_("Line %(line)s was full; the call was refused unanswered.")
            return TimelineText("phone-off", "red", text, {"line": line})
        case TurnedAway(NoEntry.CLOSED):
            return TimelineText("moon", "secondary", N_("The hotline was closed."))
        case TurnedAway(NoEntry.EMERGENCY):
            text = N_("The hotline's emergency message took the place of its flow.")
            return TimelineText("alert-triangle", "yellow", text)
        case TurnedAway(NoEntry.CALLER_BLOCKED):
            text = N_("Calls from this number are blocked; the call was refused unanswered.")
            return TimelineText("phone-off", "secondary", text)
        case TurnedAway(why):
            text = N_("The call did not enter the hotline's flow: %(why)s.")
            return TimelineText(
                "phone-off", "secondary", text, {"why": naming.code(why, words.WHY)}
            )
        case EntryRuleHeld(_, rule, flow):
            text = N_("The rule “%(rule)s” of the number led the call into the flow %(flow)s.")
            return TimelineText("arrows-split-2", "secondary", text, {"rule": rule, "flow": flow})
        case ControllerLost():
            text = N_("The controller was away; Asterisk kept the call.")
            return TimelineText("plug-connected-x", "red", text)
        case FellBack(queue):
            text = N_("Asterisk's own queue %(queue)s took the caller.")
            return TimelineText("plug-connected-x", "red", text, {"queue": naming.queue(queue)})
        case CallEnded(by, _, why):
            text = N_("The call was ended by %(by)s.")
            if why:
                text = N_("The call was ended by %(by)s: %(why)s.")
            values = {"by": naming.party(by), "why": naming.code(why, words.WHY)}
            return TimelineText("phone-off", "secondary", text, values)
        case LanguageChosen(language):
            text = N_("The caller chose %(language)s.")
            known = naming.code(language, CALL_LANGUAGES)
            return TimelineText("language", "secondary", text, {"language": known})
        case ChoiceMade(node, digits, choice):
            text = N_("In “%(node)s” the caller pressed %(digits)s: %(choice)s.")
            values = {"node": node, "digits": digits, "choice": choice}
            return TimelineText("list-details", "secondary", text, values)
        case Misdialled(node, digits, attempt):
            if digits:
                text = N_(
                    "In “%(node)s” the caller pressed %(digits)s, which isn't a choice"
                    " (attempt %(try)s)."
                )
            else:
                text = N_("In “%(node)s” the caller pressed nothing (attempt %(try)s).")
            values = {"node": node, "digits": digits, "try": attempt}
            return TimelineText("alert-triangle", "yellow", text, values)
        case WayTaken(flow, revision=revision, nodes=(_, *_) as nodes):
            text = N_("In the flow %(flow)s: %(way)s.")
            if revision:
                text = N_("In revision %(revision)s of the flow %(flow)s: %(way)s.")
            way = " → ".join(_passed(one, naming) for one in nodes)
            values = {"flow": flow, "revision": revision, "way": way}
            return TimelineText("list-details", "secondary", text, values)
        case WayTaken(flow):
            text = N_("In the flow %(flow)s.")
            return TimelineText("list-details", "secondary", text, {"flow": flow})
        case Scored(score):
            text = N_("The caller gave the call a score of %(score)s out of 5.")
            return TimelineText("star", "yellow", text, {"score": score})
        case CallbackAsked(number, at, None):
            text = N_("The caller will be called back at %(number)s, from %(at)s on.")
            values = {"number": number, "at": naming.time(at)}
            return TimelineText("phone", "blue", text, values)
        case CallbackAsked(number, _, why):
            text = N_("The caller asked to be called back at %(number)s, but won't be: %(why)s.")
            values = {"number": number, "why": naming.code(why, words.NO_CALLBACK)}
            return TimelineText("phone", "orange", text, values)
        case Recorded(whole=False):
            text = N_(
                "The recording was stored, but is incomplete: %(duration)s of %(bridged)s of"
                " conversation."
            )
            values = {
                "duration": naming.duration(what.duration_s),
                "bridged": naming.duration(what.bridged_s),
            }
            return TimelineText("microphone", "red", text, values, _silences(what.silent, naming))
        case Recorded():
            text = N_("The recording was stored: %(duration)s.")
            values = {"duration": naming.duration(what.duration_s)}
            then = _silences(what.silent, naming)
            return TimelineText("microphone", "secondary", text, values, then)
        case RecordingMissing(why):
            text = N_("The recording is lost: %(why)s.")
            return TimelineText("microphone", "red", text, {"why": naming.code(why, words.WHY)})
        case VoiceKept(_, None):
            text = N_("What the caller said was recorded: %(duration)s.")
            values = {"duration": naming.duration(what.duration_s)}
            return TimelineText("microphone", "secondary", text, values, _cut(what, naming))
        case VoiceKept(_, queue):
            text = N_("The caller left a voicemail for the queue %(queue)s: %(duration)s.")
            values = {"queue": naming.queue(queue), "duration": naming.duration(what.duration_s)}
            return TimelineText("microphone", "blue", text, values, _cut(what, naming))
    return None


def _cut(voice: VoiceKept, naming: Naming) -> tuple[str, ...]:
    if not voice.short:
        return ()
    return (naming.says(N_("The disk was full: some of what they said is missing."), None),)


def _passed(one: NodePassed, naming: Naming) -> str:
    """A node that the call has passed, how it was left, and how long that took."""
    text = N_("%(node)s (%(time)s)")
    why = _no_answer(one, naming)
    if one.exit is None:
        text = N_("%(node)s: hung up (%(time)s)")
    elif why:
        text = N_("%(node)s: %(exit)s, because %(why)s (%(time)s)")
    elif one.exit and one.exit != "next":
        text = N_("%(node)s: %(exit)s (%(time)s)")
    time = naming.duration(one.lasted_s)
    values = {"node": one.node, "exit": one.exit, "time": time, "why": why}
    return naming.says(text, values)


def _no_answer(one: NodePassed, naming: Naming) -> str | None:
    """Why a look-up gave nothing; None at other nodes, and if nobody knows."""
    if one.exit not in _WITHOUT_ANSWER:
        return None
    code, _, detail = (one.answers or "").rpartition(",")[2].removeprefix("=").partition(":")
    text = words.LOOK_UP_DETAILS.get(code) if detail else None
    text = text or words.LOOK_UP_FAULTS.get(code)
    return None if text is None else naming.says(text, {"detail": detail})


def _silences(silent: Iterable[Silence], naming: Naming) -> tuple[str, ...]:
    """A sentence for each stretch in which a recording lacks a voice."""
    text = N_("No sound from %(party)s from %(begin)s to %(end)s.")
    return tuple(
        naming.says(
            text,
            {
                "party": naming.says(
                    words.ENDED_BY.get(each.side or Party.UNKNOWN, words.ENDED_BY["unknown"]), None
                ),
                "begin": naming.duration(each.from_s),
                "end": naming.duration(each.to_s),
            },
        )
        for each in silent
    )
