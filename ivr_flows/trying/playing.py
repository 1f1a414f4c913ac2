"""Plays the tests beside a flow, and counts which exits they take."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from documents.document_errors import DocumentError
from documents.sentence import Sentence, sentence
from ivr_flows.flow import Flow
from ivr_flows.steps import Enqueue, TransferToAgent, TransferToNumber
from ivr_flows.trying.acting import act, always_open, begun, where_it_is
from ivr_flows.trying.rehearsal import AsksCalendar, DoesNotFit, Rehearsal
from ivr_flows.trying.rehearsed import Happened, HeardPrompt, PassedNode
from ivr_flows.trying.scripts import Scripts, ScriptSettings, ScriptStep
from ivr_flows.values import HIDDEN, NotOfType, value_of, written
from ivr_flows.walkable import OneFlow

MOST_NODES_IN_ALL = 100_000
"""That the tests of a flow may pass: they are played while people wait."""


@dataclass(frozen=True, slots=True)
class Played:
    """What came of one test: its fault, if it failed, and all that was heard and happened."""

    name: str
    fault: DocumentError | None
    told: tuple[HeardPrompt | Happened, ...]
    way: tuple[PassedNode, ...] = ()


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
    """What came of all tests of a flow. ``not_its``: they are another flow's, and none was
    played."""

    tests: tuple[Played, ...]
    coverage: Coverage
    not_its: DocumentError | None = None

    @property
    def faults(self) -> tuple[DocumentError, ...]:
        """Those of the tests that failed."""
        failed = tuple(played.fault for played in self.tests if played.fault is not None)
        return failed if self.not_its is None else (self.not_its, *failed)


def play_all(
    flow: Flow,
    scripts: Scripts,
    flows: Mapping[str, OneFlow],
    calendar: AsksCalendar = always_open,
) -> AllPlayed:
    """Play all tests; ``flows`` are those to which this one may lead, ``calendar`` is asked of the
    hours about which a test says nothing."""
    if scripts.flow != flow.name:
        what = sentence(
            'these are tests of the flow "%(other)s"; expected "%(flow)s"',
            other=scripts.flow,
            flow=flow.name,
        )
        return AllPlayed((), coverage_of(flow, ()), scripts.document.fault(("flow",), what))
    played: list[Played] = []
    passed = 0
    for name, script in scripts.tests.items():
        test = _Test(flow, flows, name, script, scripts, calendar)
        played.append(test.play() if passed <= MOST_NODES_IN_ALL else test.left_out())
        passed += len(played[-1].way)
    return AllPlayed(tuple(played), coverage_of(flow, (left for one in played for left in one.way)))


def rehearsal_of(
    flow: Flow,
    scripts: Scripts,
    name: str,
    flows: Mapping[str, OneFlow],
    calendar: AsksCalendar = always_open,
) -> Rehearsal:
    """The call of one test, played to its end. Raises the DocumentError of a test that fails, and
    KeyError if there is none of this name."""
    test = _Test(flow, flows, name, scripts.tests[name], scripts, calendar)
    call, fault = test.played()
    if fault is not None:
        raise fault
    return call


def coverage_of(flow: Flow, way: Iterable[PassedNode]) -> Coverage:
    """Which exits of the flow were taken by calls that passed these nodes. Exits that lead where
    the one leads that stands in for them don't count."""
    exits = {
        (node.id, exit.name)
        for node in flow.nodes.values()
        for exit in node.settings.exits()
        if node.exits[exit.name] != node.exits.get(exit.otherwise or "")
    }
    taken = {
        (node, left.exit)
        for left in way
        if left.exit is not None and (node := own_node(flow, left)) is not None
    }
    return Coverage(frozenset(taken & exits), frozenset(exits))


def own_node(flow: Flow, left: PassedNode) -> str | None:
    """Which node of this flow was left, in its in-queue flow too; None: it is another flow's."""
    *outer, node = left.node.split(">")
    found = [flow.nodes.get(each) for each in outer]
    if left.flow != flow.name or any(one is None or one.settings.enters for one in found):
        return None
    return node


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
    calendar: AsksCalendar
    _heard: int = field(default=0)

    def play(self) -> Played:
        """Play the test."""
        call, fault = self.played()
        return Played(self.name, fault, tuple(call.told), tuple(call.way))

    def played(self) -> tuple[Rehearsal, DocumentError | None]:
        """The call of the test, and the fault of one that fails."""
        script = self.script
        call = begun(self.flow, script, self.flows, self.calendar)
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
                what = sentence(
                    "the test ends here, but the call goes on: %(now)s", now=where_it_is(call)
                )
                fault = self._fault(last, script.steps[last], what)
        return call, fault

    def left_out(self) -> Played:
        """What comes of a test if those before it took too long."""
        what = sentence(
            "not played: the tests before it passed more than %(most)s nodes",
            most=f"{MOST_NODES_IN_ALL:,}",
        )
        return Played(self.name, self._fault(0, self.script.steps[0], what), ())

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
                _waits_in(call, step.waits_in or "")
            case "transfers_to":
                _transfers_to(call, step.transfers_to or "")
            case "holds":
                _holds(call, step.holds or {})
            case "ends":
                if call.ended != step.ends:
                    raise _Failed(
                        sentence(
                            'expected the call to end with "%(why)s"; %(now)s',
                            why=step.ends or "",
                            now=where_it_is(call),
                        )
                    )
            case _:
                self._heard = len(call.told)
                try:
                    act(call, step)
                except DoesNotFit:
                    raise _Failed(
                        sentence(
                            '"%(what)s" does not fit here; %(now)s',
                            what=step.what,
                            now=where_it_is(call),
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


def _waits_in(call: Rehearsal, queue: str) -> None:
    step = call.awaits
    if not isinstance(step, Enqueue) or step.queue != queue:
        raise _Failed(
            sentence(
                'expected the caller to wait in "%(queue)s"; %(now)s',
                queue=queue,
                now=where_it_is(call),
            )
        )


def _transfers_to(call: Rehearsal, whom: str) -> None:
    step = call.awaits
    if (isinstance(step, TransferToAgent) and step.agent == whom) or (
        isinstance(step, TransferToNumber) and step.number == whom
    ):
        return
    raise _Failed(
        sentence(
            'expected the caller to be brought to "%(whom)s"; %(now)s',
            whom=whom,
            now=where_it_is(call),
        )
    )


def _holds(call: Rehearsal, wanted: Mapping[str, object]) -> None:
    shown = call.values.shown()
    for name, given in wanted.items():
        if name not in shown:
            raise _Failed(sentence('there is no variable "%(name)s" here', name=name))
        try:
            value = written(value_of(given, call.values.type_of(name)))
        except NotOfType:
            value = str(given)
        if shown[name] == HIDDEN:
            raise _Failed(
                sentence('"%(name)s" is secret: its value can\'t be looked at', name=name)
            )
        if shown[name] != value:
            raise _Failed(
                sentence(
                    'expected "%(name)s" to be "%(value)s"; it is "%(found)s"',
                    name=name,
                    value=value,
                    found=shown[name],
                )
            )
