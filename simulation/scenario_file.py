"""Reads a campaign to simulate from YAML."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from documents.document import Document, read
from documents.document_errors import DocumentError, first_of
from documents.validation import validated
from simulation.distributions import checked
from simulation.scenario import LeadList, Scenario
from simulation.talk_script import contradictions, with_times

_POLICY_NAME = re.compile(r"[A-Za-z][\w.%+-]{0,39}")
_TIMES = ("delay", "ring", "hang_up", "talk", "machine_talk", "wrap_up", "patience")


def load(path: Path) -> Scenario:
    """Read and check the file. Raises DocumentError with file, line, field, and what was expected.

    Policies and their options are not checked here, because the world knows none: see
    ``simulation.chosen``.
    """
    return load_with_places(path)[0]


def load_with_places(path: Path) -> tuple[Scenario, Document]:
    """Do the same, and also return the document, which knows where everything is in the file."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise DocumentError(
            str(path), 1, 1, f"can't be read ({error.strerror})", "correct the path"
        ) from error
    document = read(text, str(path))
    faults: list[DocumentError] = []
    data = {} if document.data is None else document.data
    if isinstance(data, dict):
        data = _with_distributions(data, document, faults)
    found = validated(Scenario, data, document, (), "the campaign", faults)
    if found is not None:
        faults.extend(_contradictions(found, document))
    if found is None or faults:
        raise first_of(faults)
    return found, document


def _with_distributions(
    data: dict[str, Any], document: Document, faults: list[DocumentError]
) -> dict[str, Any]:
    """Return the data with its distributions read. Faulty ones are left out and reported."""
    known = dict(data)
    for name in _TIMES:
        if name in known:
            found = checked(known.pop(name), document, (name,), f'"{name}"', faults)
            if found is not None:
                known[name] = found
    if "script" in known:
        known["script"] = with_times(known["script"], document, ("script",), faults)
    listening = known.get("detection")
    if isinstance(listening, dict) and "seconds" in listening:
        detection = dict(listening)
        found = checked(
            detection.pop("seconds"), document, ("detection", "seconds"), '"detection.seconds"',
            faults,
        )  # fmt: skip
        known["detection"] = detection if found is None else {**detection, "seconds": found}
    return known


def _contradictions(scenario: Scenario, document: Document) -> Iterator[DocumentError]:
    """Yield the faults of settings that are valid alone but contradict each other."""
    if scenario.starts_at_h + scenario.hours > 24:
        yield document.fault(
            ("hours",),
            f"the day ends at {scenario.starts_at_h + scenario.hours:g} o'clock; expected no later"
            " than midnight, when a new count of abandoned calls begins",
            "begin earlier (starts_at_h) or make the day shorter (hours)",
        )
    if scenario.script is not None:
        if "talk" in scenario.model_fields_set:
            yield document.fault(
                ("talk",),
                "the campaign has talk and script; expected one of them",
                "the stages of a script say how long talks take: remove talk, or the script",
                key=True,
            )
        yield from contradictions(scenario.script, document, ("script",))
    refusals = scenario.refusals
    if refusals.invalid + refusals.busy > 1:
        yield document.fault(
            ("refusals",),
            f"invalid and busy are {refusals.invalid + refusals.busy:g} together; expected shares"
            " of the calls that are not answered, at most 1 together",
        )
    yield from _beyond_the_day(scenario, document)
    yield from _limit_faults(scenario, document)
    for name in scenario.policies:
        if not _POLICY_NAME.fullmatch(name):
            yield document.fault(
                ("policies", name),
                f"{name!r:.50} is not a name for a policy; expected a letter, then letters, digits"
                " and . % + - _, at most 40 characters",
                key=True,
            )
    yield from _lists_faults(scenario, document)


def _beyond_the_day(scenario: Scenario, document: Document) -> Iterator[DocumentError]:
    """Failures and changes that the day has no place for."""
    for number, failure in enumerate(scenario.failures):
        if failure.at_h >= scenario.hours:
            yield document.fault(
                ("failures", number, "at_h"),
                f'"at_h" of failure {number + 1} is {failure.at_h:g}; expected less than the day\'s'
                f" {scenario.hours:g} hours, counted from its start",
            )
        if failure.every_s is not None and failure.every_s <= failure.last_s:
            yield document.fault(
                ("failures", number, "every_s"),
                f'"every_s" of failure {number + 1} is {failure.every_s:g}; expected more than the'
                f" {failure.last_s:g} s that it lasts",
            )
    for number, change in enumerate(scenario.changes):
        if change.at_h >= scenario.hours:
            yield document.fault(
                ("changes", number, "at_h"),
                f'"at_h" of change {number + 1} is {change.at_h:g}; expected less than the day\'s'
                f" {scenario.hours:g} hours, counted from its start",
            )
        if change.agents is not None and change.staff is not None:
            yield document.fault(
                ("changes", number, "staff"),
                f"change {number + 1} has agents and staff; expected one of them",
                "agents is a number, staff a share of those there are",
            )


def _limit_faults(scenario: Scenario, document: Document) -> Iterator[DocumentError]:
    try:
        limit = scenario.limit.limit()
    except ValueError as error:
        yield document.fault(("limit",), str(error))
    else:
        if scenario.detection.on and limit.people_taken_for_machines is None:
            yield document.fault(
                ("detection", "on"),
                "detection is on, but nothing says how many people it takes for machines and hangs"
                ' up on; expected "people_taken_for_machines" under limit',
                "estimate the share by listening to some hundred recordings of what detection"
                " refused, or take a preset (uk, us, cautious), which has one",
            )


def _lists_faults(scenario: Scenario, document: Document) -> Iterator[DocumentError]:
    seen: set[str] = set()
    for number, each in enumerate(scenario.lists):
        yield from _list_faults(each, number, scenario.machines, document)
        if each.name in seen:
            yield document.fault(
                ("lists", number, "name"), f'the list "{each.name}" appears twice', "rename one"
            )
        seen.add(each.name)


def _list_faults(
    each: LeadList, number: int, machines: float, document: Document
) -> Iterator[DocumentError]:
    place = ("lists", number)
    if (each.answer_rate is None) == (not each.segments):
        yield document.fault(
            place,
            f'list "{each.name}" needs answer_rate or segments, but not both',
            "keep one of the two",
        )
        return
    rates: list[tuple[tuple[str | int, ...], float]] = [
        ((*place, "segments", name, "answer_rate"), segment.answer_rate)
        for name, segment in each.segments.items()
    ]
    if each.answer_rate is not None:
        rates.append(((*place, "answer_rate"), each.answer_rate))
    for path, rate in rates:
        if rate + machines > 1 + 1e-9:
            yield document.fault(
                path,
                f'{rate:g} of list "{each.name}" are answered by a person and {machines:g} by a'
                " machine (machines); expected at most 1 together",
            )
    total = sum(segment.share for segment in each.segments.values())
    if each.segments and abs(total - 1) > 1e-3:
        yield document.fault(
            (*place, "segments"),
            f'the shares of the segments of list "{each.name}" are {total:g} together; expected 1',
        )
