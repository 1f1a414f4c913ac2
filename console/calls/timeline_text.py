"""What a line of the timeline consists of, and what those whom it names are called in it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from console.calls import words
from console.kit.words import NUMBER_WITHHELD
from domain.call_facts import CallEntered
from domain.identity import AgentCode
from domain.stations import outside_number
from telephony.numbers import spaced

Says = Callable[[str, Mapping[str, object] | None], str]
"""Translates a marked text and fills in its values."""


@dataclass(frozen=True, slots=True)
class TimelineText:
    """A sentence and its values; a value of None reads "unknown"."""

    icon: str
    colour: str
    text: str
    values: Mapping[str, object] = field(default_factory=dict)
    then: tuple[str, ...] = ()
    """Sentences that follow it, in the reader's language already."""


@dataclass(frozen=True, slots=True)
class Naming:
    """What people, queues, moments and codes are called in one reader's language; None, which
    nobody knows, stays None."""

    says: Says
    agent_names: Mapping[AgentCode, str]
    queue_titles: Mapping[str, str]
    duration: Callable[[float | None], str]
    outside_titles: Mapping[str, str]
    clock: Callable[[datetime], str]

    def caller(self, entered: CallEntered) -> str:
        """Who called: the number, with the name that came with it."""
        number = entered.caller or self.says(NUMBER_WITHHELD, None)
        return f"{entered.caller_name} ({number})" if entered.caller_name else number

    def agent(self, code: AgentCode | None) -> str | None:
        """An agent by name and code."""
        name = None if code is None else self.agent_names.get(code)
        return f"{name} ({code})" if name else code

    def outsider(self, station: str | None) -> str | None:
        """Somebody outside by their room; None if it is a phone of the centre."""
        number = outside_number(station or "")
        if number is None:
            return None
        title = self.outside_titles.get(number)
        return f"{title} ({spaced(number)})" if title else spaced(number)

    def who(self, agent: AgentCode | None, whom: str | None) -> dict[str, object]:
        """The two sides of a consultation: the agent, and whom they ask."""
        other = None if whom is None else self.outsider(whom) or self.agent(AgentCode(whom))
        return {"agent": self.agent(agent), "whom": other}

    def queue(self, name: str | None) -> str | None:
        """A queue by its title."""
        return None if name is None else self.queue_titles.get(name, name)

    def party(self, by: str | None) -> str | None:
        """A side of the call."""
        return self.code(by, words.ENDED_BY)

    def time(self, text: str | None) -> str | None:
        """A moment that is stored as text."""
        try:
            return None if text is None else self.clock(datetime.fromisoformat(text))
        except ValueError:
            return text

    def code(self, code: str | None, known: Mapping[str, str]) -> str | None:
        """A code's words; a code without words is shown as it is."""
        if code is None:
            return None
        text = known.get(code)
        return code if text is None else self.says(text, None)
