"""A call's facts as sentences, for its page."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from console.calls import words
from console.kit.language import N_
from console.kit.words import CALL_LANGUAGES, NUMBER_WITHHELD
from domain.facts import CallFact, CallFactKind
from domain.identity import AgentCode

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
    kind: CallFactKind


@dataclass(frozen=True, slots=True)
class _Look:
    icon: str
    colour: str
    text: str


_K = CallFactKind
_LOOKS: Mapping[CallFactKind, _Look] = {
    _K.ENTERED: _Look(
        "phone-incoming", "blue", N_("%(caller)s calls the hotline %(hotline)s on line %(line)s.")
    ),
    _K.BLOCKED: _Look(
        "phone-off", "red", N_("The line %(line)s is full; the call is refused unanswered.")
    ),
    _K.LANGUAGE: _Look("language", "secondary", N_("The caller chooses %(language)s.")),
    _K.CHOSE: _Look(
        "list-details", "secondary", N_("In “%(node)s” the caller presses %(digits)s: %(choice)s.")
    ),
    _K.MISDIALLED: _Look(
        "alert-triangle",
        "yellow",
        N_("In “%(node)s” the caller presses %(digits)s, which isn't a choice (try %(try)s)."),
    ),
    _K.QUEUED: _Look("hourglass", "orange", N_("Waits in the queue %(queue)s.")),
    _K.ANNOUNCED: _Look("volume", "secondary", N_("Hears: place %(position)s in the queue.")),
    _K.OFFERED: _Look("phone-call", "yellow", N_("Rings at %(agent)s, phone %(station)s.")),
    _K.OFFER_FAILED: _Look("phone-off", "orange", N_("%(agent)s doesn't get the call: %(why)s.")),
    _K.CONNECTED: _Look("headset", "green", N_("%(agent)s answers at phone %(station)s.")),
    _K.HELD: _Look("player-pause", "purple", N_("On hold, by %(by)s.")),
    _K.RESUMED: _Look("player-play", "green", N_("The conversation goes on.")),
    _K.TRANSFERRED: _Look(
        "transfer", "teal", N_("%(from_agent)s transfers the call to %(to)s (%(kind)s).")
    ),
    _K.DISCONNECTED: _Look("phone", "secondary", N_("The conversation with %(agent)s is over.")),
    _K.LEFT_QUEUE: _Look(
        "door-exit", "orange", N_("Leaves the queue %(queue)s without an agent: %(why)s.")
    ),
    _K.CONTROLLER_LOST: _Look(
        "plug-connected-x", "red", N_("The controller was away; Asterisk kept the call.")
    ),
    _K.FALLBACK: _Look(
        "plug-connected-x", "red", N_("Asterisk's own queue %(queue)s takes the caller.")
    ),
    _K.SCORED: _Look("star", "yellow", N_("The caller scores the call with %(score)s of 5.")),
    _K.RECORDED: _Look("microphone", "secondary", N_("The recording is stored: %(duration)s.")),
    _K.RECORDING_LOST: _Look("microphone", "red", N_("The recording is lost: %(why)s.")),
    _K.ENDED: _Look("phone-off", "secondary", N_("The call ends, by %(by)s.")),
}
_SILENCE = N_("In “%(node)s” the caller presses nothing (try %(try)s).")
_NOT_WHOLE = N_(
    "The recording is stored, but not whole: %(duration)s of %(bridged)s of conversation."
)
_NO_SOUND = N_("No sound from %(party)s from %(begin)s to %(end)s.")
_WAITS_ABOUT = N_("Hears: place %(position)s in the queue, about %(wait)s to wait.")
_NOBODY_LOGGED_IN = N_("Phone %(station)s answers; nobody was logged in there.")
_TALK_ENDED = N_("The conversation with %(agent)s is over, ended by %(by)s.")
_TALK_ENDED_WITH_WHY = N_("The conversation with %(agent)s is over: %(why)s.")
_ENDED_WITH_WHY = N_("The call ends, by %(by)s: %(why)s.")

WHY = {
    "no_answer": N_("no answer"),
    "busy": N_("the phone is busy"),
    "rejected": N_("the phone rejected it"),
    "unreachable": N_("the phone is unreachable"),
    "forwarded": N_("the phone wants to forward it"),
    "dropped": N_("the phone answered, but there was no talk"),
    "withdrawn": N_("the offer was taken back"),
    "caller_left": N_("the caller left"),
    "timeout": N_("waited too long"),
    "nobody_logged_in": N_("nobody is logged in"),
    "unknown_queue": N_("there is no such queue"),
    "no_agent": N_("no agent took the call"),
    "done": N_("all is done"),
    "phone_gone": N_("nothing came from the phone any more, and it could not be reached"),
    "stopping": N_("Offhook was being stopped, and took no new calls"),
    "line_gone": N_("nothing came from the caller's line any more"),
    "Asterisk ended during the call": N_("Asterisk ended during the call"),
    "the controller was away": N_("the controller was away"),
}
"""Why something is so; a flow of one's own may end calls with other words, told as they are."""
_TRANSFERS = {"blind": N_("without asking"), "attended": N_("after asking")}
_VALUES: Mapping[str, Mapping[str, str]] = {
    "why": WHY,
    "kind": _TRANSFERS,
    "by": words.ENDED_BY,
    "language": CALL_LANGUAGES,
}
"""Keys of a fact's detail whose values have words of their own."""


def told(
    facts: list[CallFact],
    says: Says,
    agents: Mapping[AgentCode, str],
    queues: Mapping[str, str],
    duration: Callable[[float | None], str],
) -> list[Moment]:
    """The timeline in words. ``agents`` and ``queues`` have names by code and title by name."""
    start = facts[0].at if facts else None
    return [_moment(fact, start or fact.at, says, agents, queues, duration) for fact in facts]


def _moment(
    fact: CallFact,
    start: datetime,
    says: Says,
    agents: Mapping[AgentCode, str],
    queues: Mapping[str, str],
    duration: Callable[[float | None], str],
) -> Moment:
    look = _LOOKS[fact.kind]
    detail = fact.detail
    values: dict[str, object] = _Blanks(says("unknown", None))
    for key, value in detail.items():
        if value is not None:
            known = _VALUES.get(key, {}).get(str(value))
            values[key] = says(known, None) if known else value
    if detail.get("queue") in queues:
        values["queue"] = queues[str(detail["queue"])]
    for key in ("agent", "from_agent"):
        code = detail.get(key)
        if code:
            name = agents.get(AgentCode(str(code)))
            values[key] = f"{name} ({code})" if name else code
        else:
            values.pop(key, None)
    if fact.kind is CallFactKind.ENTERED:
        number = detail.get("caller") or says(NUMBER_WITHHELD, None)
        name = detail.get("caller_name")
        values["caller"] = f"{name} ({number})" if name else number
    for key, seconds in (("duration", "duration_s"), ("bridged", "bridged_s")):
        values[key] = duration(_number(detail.get(seconds)))
    values["wait"] = duration(_number(detail.get("expected_wait_s")))
    return Moment(
        at=fact.at,
        after_s=(fact.at - start).total_seconds(),
        icon=look.icon,
        colour="red" if _is_broken(fact) else look.colour,
        text=" ".join([says(_text(fact, look.text), values), *_silences(fact, says, duration)]),
        kind=fact.kind,
    )


def _text(fact: CallFact, usual: str) -> str:
    detail = fact.detail
    match fact.kind:
        case CallFactKind.MISDIALLED if not detail.get("digits"):
            return _SILENCE
        case CallFactKind.ANNOUNCED if detail.get("expected_wait_s") is not None:
            return _WAITS_ABOUT
        case CallFactKind.CONNECTED if not detail.get("agent"):
            return _NOBODY_LOGGED_IN
        case CallFactKind.RECORDED if detail.get("whole") is False:
            return _NOT_WHOLE
        case CallFactKind.DISCONNECTED if detail.get("why"):
            return _TALK_ENDED_WITH_WHY
        case CallFactKind.DISCONNECTED if detail.get("by") not in (None, "unknown"):
            return _TALK_ENDED
        case CallFactKind.ENDED if detail.get("why"):
            return _ENDED_WITH_WHY
        case _:
            return usual


def _silences(fact: CallFact, says: Says, duration: Callable[[float | None], str]) -> Iterable[str]:
    """Where a recording lacks a voice, a sentence each."""
    silent = fact.detail.get("silent")
    for each in silent if isinstance(silent, list) else ():
        party = words.ENDED_BY.get(str(each.get("side")), words.ENDED_BY["unknown"])
        yield says(
            _NO_SOUND,
            {
                "party": says(party, None),
                "begin": duration(_number(each.get("from_s"))),
                "end": duration(_number(each.get("to_s"))),
            },
        )


def _is_broken(fact: CallFact) -> bool:
    return fact.kind is CallFactKind.RECORDED and fact.detail.get("whole") is False


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) else None


class _Blanks(dict[str, object]):
    """Facts written in a crash may lack a detail; the sentence is told all the same."""

    def __init__(self, unknown: str) -> None:
        super().__init__()
        self._unknown = unknown

    def __missing__(self, key: str) -> object:
        return self._unknown
