"""A caller for flows: supplies the outcome of each step, and keeps what it heard."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from configuration.flows import LIBRARY
from domain.happening import Happening
from ivr_flows.flow import Flow
from ivr_flows.interpreter import Conversation
from ivr_flows.kind import NameOf
from ivr_flows.loader import load
from ivr_flows.references import Outside
from ivr_flows.steps import (
    AnswerCall,
    Collect,
    Digits,
    Done,
    Enqueue,
    Hangup,
    Left,
    Note,
    Play,
    QueueExit,
    Step,
    StepOutcome,
)
from ivr_flows.walkable import FlowContext

SILENCE = Digits("", timed_out=True)


def hotline() -> Flow:
    path = LIBRARY / "hotline.yaml"
    queues = {"sales", "service", "operator"}
    return load(path.read_bytes(), path.name, Outside({NameOf.QUEUE: queues}))


@dataclass
class Call:
    """A whole call: ``keys`` answer the questions in turn, ``during`` cut plays short by node."""

    flow: Flow
    keys: Iterable[str] = ()
    queue: QueueExit = QueueExit.TALKED
    during: dict[str, str] = field(default_factory=dict)
    context: FlowContext = field(default_factory=FlowContext)
    start: str | None = None
    steps: list[Step] = field(default_factory=list)

    def __post_init__(self) -> None:
        keys = iter(self.keys)
        walk = Conversation(self.flow, self.context, self.start)
        step: Step | None = walk.begin()
        while step is not None:
            self.steps.append(step)
            assert len(self.steps) < 200, "the flow does not end"
            step = walk.go_on(self._outcome(step, next(keys, "") if _asks(step) else ""))

    def _outcome(self, step: Step, key: str) -> StepOutcome:
        match step:
            case Collect():
                return Digits(key) if key else SILENCE
            case Enqueue():
                return Left(self.queue)
            case Play() if step.node in self.during:
                return Digits(self.during[step.node])
        return Done()

    @property
    def said(self) -> list[str]:
        """The names of all prompts, in order."""
        return [
            prompt.name
            for step in self.steps
            if isinstance(step, Play | Collect)
            for prompt in step.prompts
        ]

    @property
    def notes(self) -> list[Happening]:
        return [step.what for step in self.steps if isinstance(step, Note)]

    @property
    def queues(self) -> list[str]:
        return [step.queue for step in self.steps if isinstance(step, Enqueue)]

    @property
    def end(self) -> str:
        last = self.steps[-1]
        assert isinstance(last, Hangup)
        return last.why

    @property
    def answers(self) -> int:
        return sum(isinstance(step, AnswerCall) for step in self.steps)


def _asks(step: Step) -> bool:
    return isinstance(step, Collect)
