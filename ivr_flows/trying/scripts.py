"""The tests that are written beside a flow: conversations, each a caller and what they do and hear.

    flow: hotline
    tests:
      english_service:
        note: Whoever presses 2 and 2 reaches the service in English.
        at: 2026-11-27 10:00
        steps:
          - hears: greeting
          - presses: "2"
          - hears: main_menu
          - presses: "2"
          - waits_in: service
          - queue: talked
          - presses: "5"
          - ends: done

``hears``, ``waits_in``, ``transfers_to``, ``holds`` and ``ends`` are what is expected; the others
are what somebody does.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from documents.document import Document, read
from documents.document_errors import DocumentError, did_you_mean, one_of
from documents.sentence import Sentence, sentence
from documents.validation import validated
from ivr_flows.flow_schema import NAME
from ivr_flows.steps import LookUpFault, OpeningState, QueueExit

_NUMBER = r"^[0-9+*#]{0,32}$"

EXPECTED = frozenset(("hears", "waits_in", "transfers_to", "holds", "ends"))
"""The steps that do nothing: they say what is expected."""
_TRUE = frozenset(("silent", "hangs_up", "unrecorded", "menu", "agent_found"))
MOST_STEPS_IN_A_TEST = 500


class _ScriptSection(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class ScriptStep(_ScriptSection):
    """One thing that is done or expected; exactly one is written."""

    hears: str | None = Field(default=None, description="a prompt's name, or words of it")
    presses: str | None = Field(
        default=None, pattern=r"^[0-9*#]{1,64}$", description="keys, in quotes"
    )
    silent: bool | None = Field(default=None, description="true: the caller presses nothing")
    hangs_up: bool | None = Field(default=None, description="true: the caller leaves")
    says: float | None = Field(
        default=None, ge=0, le=600, description="seconds that the caller speaks after the tone"
    )
    unrecorded: bool | None = Field(
        default=None, description="true: what the caller says can't be recorded"
    )
    waits: float | None = Field(
        default=None, gt=0, le=7200, description="seconds that the caller waits on in the queue"
    )
    waits_in: str | None = Field(default=None, description="the queue in which the caller waits")
    transfers_to: str | None = Field(
        default=None, description="the agent or the number that the caller is brought to"
    )
    holds: dict[str, str | int | float | bool | None] | None = Field(
        default=None, description="variables with their values"
    )
    queue: QueueExit | None = Field(
        default=None, strict=False, description="how the wait, or the transfer, ends"
    )
    menu: bool | None = Field(default=None, description="true: the in-queue flow is due")
    agent_found: bool | None = Field(
        default=None, description="true: an agent is there during the in-queue flow"
    )
    answers: Any = Field(default=None, description="what the service answers, as JSON")
    fails: LookUpFault | None = Field(
        default=None, strict=False, description="why the service gives no answer"
    )
    books: bool | None = Field(default=None, description="whether the callback can be booked")
    ends: str | None = Field(default=None, description="why the call ends")

    @property
    def what(self) -> str:
        """Which of them it is."""
        return next(iter(self.model_fields_set), "")


class ScriptBeginning(_ScriptSection):
    """How the call of a test begins: who calls, and when."""

    note: str | None = Field(default=None, max_length=2000, description="what it is to show")
    at: str = Field(
        default="2026-01-05 10:00",
        description="when they call, by the centre's clock: 2026-11-27 10:00",
    )
    caller: str | None = Field(
        default="+8613800000000",
        pattern=_NUMBER,
        description="the caller's number; empty: withheld",
    )
    called: str | None = Field(default=None, pattern=_NUMBER, description="the number called")
    known: bool = Field(default=False, description="whether the centre knows the caller")
    placed: bool = Field(
        default=True, description="whether we called them, so that they can opt out"
    )
    queue: str | None = Field(default=None, description="the queue of the number called")
    languages: list[str] = Field(
        default=[], description="those that the number offers; without any, all of the flow"
    )
    language: str | None = Field(
        default=None, description="of callers who don't choose; without it, the first"
    )
    hours: dict[str, OpeningState] = Field(
        default={}, description="what calendars say; those left out are open"
    )
    lots: int = Field(default=0, ge=0, le=99, description="what is drawn at a split, in percent")

    @field_validator("hours", mode="before")
    @classmethod
    def _states(cls, given: Any) -> Any:
        known = {state.value: state for state in OpeningState}
        if isinstance(given, dict):
            return {name: known.get(state, state) for name, state in given.items()}
        return given

    @field_validator("at")
    @classmethod
    def _is_a_time(cls, given: str) -> str:
        if datetime.strptime(given, "%Y-%m-%d %H:%M").year not in range(2000, 2101):
            raise ValueError("expected a year from 2000 to 2100")
        return given

    @property
    def begins(self) -> datetime:
        """When they call."""
        return datetime.strptime(self.at, "%Y-%m-%d %H:%M")


class ScriptSettings(ScriptBeginning):
    """One test: who calls, when, and what happens."""

    steps: list[ScriptStep] = Field(
        min_length=1,
        max_length=MOST_STEPS_IN_A_TEST,
        description="what happens, in its order",
    )


class ScriptsFile(_ScriptSection):
    """A file of tests."""

    flow: str = Field(pattern=NAME, description="the name of the flow that is tested")
    tests: dict[str, Any] = Field(min_length=1, description="each test by its name")


class Scripts:
    """The tests of one flow, with the place of each step."""

    def __init__(self, flow: str, tests: Mapping[str, ScriptSettings], document: Document) -> None:
        self.flow = flow
        self.tests = tests
        self.document = document


def step_fault(step: ScriptStep) -> tuple[Sentence, Sentence | None] | None:
    """What is wrong with a step as a whole, and what to do about it."""
    if len(step.model_fields_set) != 1:
        written = sorted(step.model_fields_set)
        known = list(ScriptStep.model_fields)
        return (
            sentence("a step says one thing; expected one of %(names)s", names=one_of(known)),
            did_you_mean(written[0], known) if len(written) == 1 else None,
        )
    given = getattr(step, step.what)
    if given is None and step.what != "answers":
        return sentence('"%(what)s" says nothing', what=step.what), sentence("write its value")
    if given is False and step.what in _TRUE:
        return (
            sentence('"%(what)s" can only be true', what=step.what),
            sentence("leave the step out"),
        )
    return None


def load_scripts(text: str | bytes, source: str) -> Scripts:
    """Read a file of tests. Raises DocumentError with all its faults."""
    document = read(text, source)
    faults: list[DocumentError] = []
    file = validated(ScriptsFile, document.data, document, (), "the file of tests", faults)
    tests: dict[str, ScriptSettings] = {}
    for name, data in (file.tests if file else {}).items():
        path = ("tests", name)
        found = validated(ScriptSettings, data, document, path, f'test "{name}"', faults)
        if found is None:
            continue
        tests[name] = found
        for index, step in enumerate(found.steps):
            if fault := step_fault(step):
                faults.append(document.fault((*path, "steps", index), *fault))
    if faults or file is None:
        first, *others = sorted(faults, key=lambda fault: (fault.line, fault.column))
        first.others = tuple(others)
        raise first
    return Scripts(file.flow, tests, document)
