"""A call's timeline: each of its facts as a sentence, at its time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from console.calls.call_sentences import call_sentence
from console.calls.floor_sentences import floor_sentence
from console.calls.outbound_sentences import outbound_sentence
from console.calls.timeline_text import Naming, Says, TimelineText
from console.kit.translations import N_
from domain.facts import CallFact
from domain.flow_facts import WayTaken
from domain.happening import Happening
from domain.identity import AgentCode

_SENTENCES = (call_sentence, floor_sentence, outbound_sentence)


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of the timeline."""

    at: datetime
    after_s: float
    """Seconds since the call entered."""
    icon: str
    colour: str
    text: str


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
    naming = Naming(says, agents, queues, duration, outside, clock)
    moments = [_moment(fact, start or fact.at, naming) for fact in facts]
    return sorted(moments, key=lambda moment: moment.at)  # a way is told from where it began


def _moment(fact: CallFact, start: datetime, naming: Naming) -> Moment:
    line = _line(fact.what, naming)
    unknown = naming.says("unknown", None)
    values = {name: unknown if value is None else value for name, value in line.values.items()}
    text = naming.says(line.text, values)
    for sentence in line.then:
        text = naming.says(N_("%(sentence)s %(next)s"), {"sentence": text, "next": sentence})
    at = fact.at
    if isinstance(fact.what, WayTaken) and fact.what.nodes:
        at = max(start, at - timedelta(seconds=max(one.before_s for one in fact.what.nodes)))
    return Moment(at, (at - start).total_seconds(), line.icon, line.colour, text)


def _line(what: Happening, naming: Naming) -> TimelineText:
    for sentence in _SENTENCES:
        if (line := sentence(what, naming)) is not None:
            return line
    raise NotImplementedError(f"no sentence says {what!r}")
