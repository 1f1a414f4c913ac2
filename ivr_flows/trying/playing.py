"""Plays the tests beside a flow, and counts which exits they take."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from documents.document_errors import DocumentError
from documents.sentence import Sentence, as_is, sentence
from domain.identity import QueueName
from ivr_flows.flow import Flow
from ivr_flows.steps import (
    BookCallback,
    Collect,
    Enqueue,
    LookedUp,
    LookUp,
    LookUpFailed,
    OpeningState,
    RecordVoice,
    TransferToAgent,
    TransferToNumber,
)
from ivr_flows.trying.rehearsal import CallBegins, DoesNotFit, Happened, HeardPrompt, Rehearsal
from ivr_flows.trying.scripts import Scripts, ScriptSettings, ScriptStep
from ivr_flows.walk import OneFlow


@dataclass(frozen=True, slots=True)
class Played:
    """What came of one test: its fault, if it failed, and all that was heard and happened."""

    name: str
    fault: DocumentError | None
    told: tuple[HeardPrompt | Happened, ...]


@dataclass(frozen=True, slots=True)
class Coverage:
    """Which exits of a flow were taken: (node, exit)."""

    taken: frozenset[tuple[str, str]]
    all: frozenset[tuple[str, str]]

    @property
    def missed(self) -> tuple[tuple[str, str], ...]:
        """Those that no test takes."""
        return tuple(sorted(self.all - self.taken))


@dataclass(frozen=True, slots=True)
class AllPlayed:
    """What came of all tests of a flow."""

    tests: tuple[Played, ...]
    coverage: Coverage

    @property
    def faults(self) -> tuple[DocumentError, ...]:
        """Those of the tests that failed."""
        return tuple(played.fault for played in self.tests if played.fault is not None)


def play_all(flow: Flow, scripts: Scripts, flows: Mapping[str, OneFlow]) -> AllPlayed:
    """Play all tests; ``flows`` are those to which this one may lead."""
    taken: set[tuple[str, str]] = set()
    played = []
    for name, script in scripts.tests.items():
        test = _Test(flow, flows, name, script, scripts)
        played.append(test.play())
        taken |= test.taken
    exits = {
        (node.id, exit.name)
        for node in flow.nodes.values()
        for exit in node.settings.exits()
        if node.exits[exit.name] != node.exits.get(exit.otherwise or "")
    }
    return AllPlayed(tuple(played), Coverage(frozenset(taken & exits), frozenset(exits)))


class _Failed(Exception):  # noqa: N818
    """A step did not go as it is written."""

    def __init__(self, what: Sentence) -> None:
        super().__init__(what)
        self.what = what


@dataclass(slots=True)
class _Test:
    flow: Flow
    flows: Mapping[str, OneFlow]
    name: str
    script: ScriptSettings
    scripts: Scripts
    taken: set[tuple[str, str]] = field(default_factory=set)
    _heard: int = 0

    def play(self) -> Played:
        script = self.script
        situation = CallBegins(
            script.begins,
            script.caller or None,
            script.called,
            script.known,
            QueueName(script.queue) if script.queue else None,
            flows=self.flows,
            lots=script.lots / 100,
        )
        call = Rehearsal(self.flow, situation, self._hours)
        fault = None
        for index, step in enumerate(script.steps):
            try:
                self._do(call, step)
            except _Failed as failed:
                fault = self._fault(index, step, failed.what)
                break
        else:
            if call.awaits is not None:
                last = len(script.steps) - 1
                fault = self._fault(
                    last,
                    script.steps[last],
                    sentence("the test ends here, but the call goes on: %(now)s", now=_now(call)),
                )
        self.taken |= {(left.node, left.exit) for left in call.way if left.exit is not None}
        return Played(self.name, fault, tuple(call.told))

    def _hours(self, calendar: str | None, _at: datetime) -> OpeningState | None:
        return self.script.hours.get(calendar or "", OpeningState.OPEN)

    def _fault(self, index: int, step: ScriptStep, what: Sentence) -> DocumentError:
        return self.scripts.document.fault(
            ("tests", self.name, "steps", index, step.what),
            sentence('test "%(name)s": %(what)s', name=self.name, what=what),
        )

    def _do(self, call: Rehearsal, step: ScriptStep) -> None:
        match step.what:
            case "hears":
                self._hears(call, step.hears or "")
            case "waits_in":
                self._waits_in(call, step.waits_in or "")
            case "ends":
                if call.ended != step.ends:
                    raise _Failed(
                        sentence(
                            'expected the call to end with "%(why)s"; %(now)s',
                            why=step.ends or "",
                            now=_now(call),
                        )
                    )
            case _:
                self._heard = len(call.told)
                try:
                    _act(call, step)
                except DoesNotFit:
                    raise _Failed(
                        sentence(
                            '"%(what)s" does not fit here; %(now)s', what=step.what, now=_now(call)
                        )
                    ) from None

    def _hears(self, call: Rehearsal, wanted: str) -> None:
        for index in range(self._heard, len(call.told)):
            one = call.told[index]
            if isinstance(one, HeardPrompt) and (
                one.prompt == wanted or one.prompt.startswith(f"{wanted}-") or wanted in one.text
            ):
                self._heard = index + 1
                return
        heard = [one.text for one in call.told[self._heard :] if isinstance(one, HeardPrompt)]
        raise _Failed(
            sentence(
                'the caller does not hear "%(wanted)s"; they hear: %(heard)s',
                wanted=wanted,
                heard=" / ".join(heard) if heard else sentence("nothing"),
            )
        )

    def _waits_in(self, call: Rehearsal, queue: str) -> None:
        step = call.awaits
        if not isinstance(step, Enqueue) or step.queue != queue:
            raise _Failed(
                sentence(
                    'expected the caller to wait in "%(queue)s"; %(now)s',
                    queue=queue,
                    now=_now(call),
                )
            )


def _act(call: Rehearsal, step: ScriptStep) -> None:
    if step.presses is not None:
        call.press(step.presses)
    elif step.silent:
        call.stay_silent()
    elif step.hangs_up:
        call.hang_up()
    elif step.says is not None:
        call.speak(step.says)
    elif step.queue is not None:
        call.leave_queue(step.queue)
    elif step.menu:
        call.menu_is_due()
    elif step.agent_found:
        call.agent_found()
    elif step.fails is not None:
        call.answer(LookUpFailed(step.fails))
    elif step.books is not None:
        call.book(taken=step.books)
    elif step.what == "answers":
        call.answer(LookedUp(step.answers))


def _now(call: Rehearsal) -> Sentence:
    """What the call waits for, in words."""
    match call.awaits:
        case None:
            return sentence('the call has ended with "%(why)s"', why=call.ended or "")
        case Collect(node):
            return sentence('at "%(node)s" a key of the caller is awaited', node=node)
        case Enqueue(node, queue):
            return sentence('at "%(node)s" the caller waits in "%(queue)s"', node=node, queue=queue)
        case LookUp(node):
            return sentence('at "%(node)s" the answer of a service is awaited', node=node)
        case RecordVoice(node):
            return sentence('at "%(node)s" the caller is to speak', node=node)
        case BookCallback(node):
            return sentence('at "%(node)s" a callback is to be booked', node=node)
        case TransferToAgent(node) | TransferToNumber(node):
            return sentence('at "%(node)s" the caller is being transferred', node=node)
        case _:
            return as_is(call.awaits.node)
