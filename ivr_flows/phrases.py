"""Prompts outside any flow: what agents' phones and the dialplan say."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from documents.document import read
from documents.document_errors import DocumentError, did_you_mean, first_of
from documents.sentence import sentence
from documents.validation import validated
from domain.prompts import PromptText
from ivr_flows.flow_schema import PhrasesFile
from ivr_flows.prompt_texts import read_prompts
from ivr_flows.texts import Prompt
from ivr_flows.values import NO_VALUES, counts


class StationPhrase(StrEnum):
    """What agents hear at their phones (library/station.yaml).

    A reason for being away may have its own phrase, ``away_<reason>``; otherwise ``AWAY`` is used.
    """

    ENTER_CODE = "enter_code"
    ENTER_PIN = "enter_pin"
    WRONG_PIN = "wrong_pin"  # or a wrong code: we don't reveal which
    TOO_MANY_TRIES = "too_many_tries"
    STATION_TAKEN = "station_taken"
    ALREADY_LOGGED_IN = "already_logged_in"
    NOT_LOGGED_IN = "not_logged_in"
    LOGGED_IN = "logged_in"
    LOGGED_OUT = "logged_out"
    LOGGED_OUT_LATER = "logged_out_later"  # after the current talk
    READY = "ready"
    CHOOSE_REASON = "choose_reason"
    WRONG_REASON = "wrong_reason"
    AWAY = "away"
    AWAY_LATER = "away_later"
    WRAP_UP_OVER = "wrap_up_over"
    WRAP_UP_EXTENDED = "wrap_up_extended"  # {seconds}
    NO_WRAP_UP = "no_wrap_up"  # there is none to extend or end
    REFUSED = "refused"  # not possible in this state
    UNAVAILABLE = "unavailable"  # Offhook can't do it now
    UNKNOWN_CODE = "unknown_code"  # no such feature code, no such number


class DialplanPhrase(StrEnum):
    """What the dialplan plays when there is no controller (library/dialplan.yaml)."""

    BAD_NUMBER = "bad_number"
    ONE_MOMENT = "one_moment"  # the controller was lost, and is being tried again
    WAIT_FOR_AGENT = "wait_for_agent"  # Asterisk's own queue takes the caller
    CALL_LATER = "call_later"  # not even the queue can take them


class CallerPhrase(StrEnum):
    """What callers hear outside the words of their flow (library/caller.yaml)."""

    SORRY = "sorry"  # the flow has led them nowhere, and the call is ended


@dataclass(frozen=True, slots=True)
class Phrases:
    """A catalogue of prompts. ``languages[0]`` stands in for a language that it doesn't have."""

    source: str
    languages: tuple[str, ...]
    prompts: Mapping[str, Prompt]

    def text(self, name: str, language: str, **values: int) -> PromptText:
        """The phrase, ready to speak. Raises KeyError if there is none of this name."""
        known = language if language in self.languages else self.languages[0]
        return self.prompts[name].spoken(known, counts(values))

    def fixed(self) -> tuple[PromptText, ...]:
        """Every phrase that has no parameters, in every language."""
        return tuple(
            prompt.spoken(language, NO_VALUES)
            for language in self.languages
            for prompt in self.prompts.values()
            if prompt.fixed
        )


def load_phrases(text: str | bytes, source: str, wanted: Iterable[str] = ()) -> Phrases:
    """Read a file of phrases. Raises DocumentError if it has a fault or lacks a ``wanted`` one."""
    document = read(text, source)
    faults: list[DocumentError] = []
    file = validated(PhrasesFile, document.data, document, (), "the file", faults)
    if file is None:
        raise first_of(faults)
    prompts = read_prompts(file.prompts, file.languages, document, faults)
    faults.extend(
        document.fault(
            ("prompts",),
            sentence('there is no prompt "%(name)s", which Offhook speaks', name=name),
            did_you_mean(name, prompts) or sentence('add "%(name)s:"', name=name),
            key=True,
        )
        for name in wanted
        if name not in prompts
    )
    if faults:
        raise first_of(faults)
    return Phrases(source, file.languages, prompts)
