"""Replays a conversation that somebody tries out, and writes it down as a test.

Nothing is kept between two looks: whatever was done is done again each time, from the beginning.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from documents.document_errors import DocumentError
from documents.sentence import sentence
from ivr_flows.steps import Enqueue, OpeningState, TransferToAgent, TransferToNumber
from ivr_flows.trying.acting import act, always_open, begun
from ivr_flows.trying.rehearsal import AsksCalendar, DoesNotFit, Rehearsal
from ivr_flows.trying.rehearsed import HeardPrompt
from ivr_flows.trying.scripts import ScriptBeginning, ScriptStep, load_scripts
from ivr_flows.walkable import OneFlow

_PLAIN = re.compile(r"[a-z][a-z_0-9]{0,63}")
_NOT_TEXT = frozenset(("true", "false", "null", "yes", "no", "on", "off", "y", "n"))
_MOST_HEARD = 3
"""Prompts after each step that are written into a test: the last ones say where the call is."""


@dataclass(frozen=True, slots=True)
class Conversed:
    """A conversation up to now. ``done`` are the steps that fitted; those after them did not, and
    are left out. ``hours`` is what calendars said ("" is that of the number called)."""

    call: Rehearsal
    done: tuple[ScriptStep, ...]
    fitted: bool
    hours: Mapping[str, OpeningState]
    expected: tuple[tuple[Mapping[str, Any], ...], ...]
    """What a test expects before the first step, and after each."""

    def as_test(self, beginning: ScriptBeginning) -> Mapping[str, Any]:
        """The conversation as a test. One that goes on still ends by hanging up."""
        settings = beginning.model_dump(mode="json", exclude_defaults=True)
        if self.hours:
            settings["hours"] = {name: state.value for name, state in self.hours.items()}
        steps: list[Mapping[str, Any]] = list(self.expected[0])
        for step, expected in zip(self.done, self.expected[1:], strict=True):
            steps += (step.model_dump(mode="json", exclude_unset=True), *expected)
        if self.call.awaits is not None:
            steps += ({"hangs_up": True}, {"ends": "hung_up"})
        return {**settings, "steps": steps}


def conversed(
    flow: OneFlow,
    beginning: ScriptBeginning,
    steps: Sequence[ScriptStep],
    flows: Mapping[str, OneFlow],
    calendar: AsksCalendar = always_open,
) -> Conversed:
    """Do these steps from the beginning; it stops at the first that doesn't fit."""
    hours: dict[str, OpeningState] = dict(beginning.hours)

    def noted(name: str | None, at: datetime) -> OpeningState | None:
        if (said := calendar(name, at)) is not None:
            hours[name or ""] = said
        return said

    call = begun(flow, beginning, flows, noted)
    done: list[ScriptStep] = []
    expected = [tuple(_expected(call, 0))]
    for step in steps:
        heard = len(call.told)
        try:
            act(call, step)
        except DoesNotFit:
            break
        done.append(step)
        expected.append(tuple(_expected(call, heard)))
    return Conversed(call, tuple(done), len(done) == len(steps), hours, tuple(expected))


def _expected(call: Rehearsal, since: int) -> Iterator[Mapping[str, Any]]:
    heard = [one for one in call.told[since:] if isinstance(one, HeardPrompt)]
    for one in heard[-_MOST_HEARD:]:
        yield {"hears": one.prompt.partition("-")[0]}
    match call.awaits:
        case None:
            yield {"ends": call.ended}
        case Enqueue(_, queue):
            yield {"waits_in": queue}
        case TransferToAgent(_, agent):
            yield {"transfers_to": agent}
        case TransferToNumber(_, number):
            yield {"transfers_to": number}


def with_test(text: str, flow: str, name: str, test: Mapping[str, Any]) -> str:
    """A file of tests with one more, after the others; all that was written stays as it was.

    Raises DocumentError if the file is faulty, has such a test, or is written so that nothing can
    be added by itself.
    """
    source = f"{flow}.tests.yaml"
    others: list[str] = []
    if not text.strip():
        text = f"flow: {flow}\ntests:\n"
        lines, column, at = text.splitlines(), 2, 2
    else:
        before = load_scripts(text, source)
        others = list(before.tests)
        if name in before.tests:
            raise before.document.fault(
                ("tests", name),
                sentence('there is a test "%(name)s" already', name=name),
                sentence("give it another name"),
                key=True,
            )
        keys = before.document.keys
        places = [keys["tests", test] for test in before.tests]
        first, column = min(places)[0], places[0][1] - 1
        lines = text.split("\n")
        after = [line for path, (line, _) in keys.items() if len(path) == 1 and line > first]
        at = min(after) - 1 if after else len(lines)
        while at > 0 and not lines[at - 1].strip():
            at -= 1
    added = _written(name, test, column)
    new = "\n".join([*lines[:at], *([""] if at > 2 else []), *added, *lines[at:]])
    new += "" if new.endswith("\n") else "\n"
    try:
        after_all = load_scripts(new, source)
    except DocumentError:
        after_all = None
    if after_all is None or list(after_all.tests) != [*others, name]:
        raise DocumentError(
            source,
            at,
            1,
            sentence("nothing can be added to these tests by itself"),
            sentence("write each test on lines of its own, as in the library's flows"),
        )
    return new


def _written(name: str, test: Mapping[str, Any], column: int) -> list[str]:
    pad = " " * column
    lines = [f"{pad}{_scalar(name)}:"]
    lines += [f"{pad}  {key}: {_scalar(value)}" for key, value in test.items() if key != "steps"]
    lines.append(f"{pad}  steps:")
    for step in test["steps"]:
        ((what, value),) = step.items()
        lines.append(f"{pad}    - {what}: {_scalar(value)}")
    return lines


def _scalar(value: Any) -> str:
    """A value as YAML in one line; JSON is YAML."""
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value not in _NOT_TEXT:
        return value
    return json.dumps(value, ensure_ascii=False)
