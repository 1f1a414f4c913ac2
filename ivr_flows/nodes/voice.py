"""The nodes ``voicemail`` and ``record``: keep what the caller says."""

from collections.abc import Iterator

from pydantic import Field

from domain.identity import QueueName
from ivr_flows.kind import Exit, Mention, NameOf, NodeKind, PromptNames, VariableSet
from ivr_flows.nodes.collect import Terminator
from ivr_flows.steps import NotDone, RecordVoice, VoiceRecorded
from ivr_flows.values import VariableType
from ivr_flows.walk import Walk
from ivr_flows.walkable import Script

DONE, EMPTY, FAILED = "done", "empty", "failed"

_EXITS = (
    Exit(DONE, waits=True),
    Exit(EMPTY, waits=True, otherwise=DONE),
    Exit(FAILED, waits=False, otherwise=EMPTY),
)


class VoicemailNode(NodeKind):
    """Let the caller leave a message, which somebody of a queue works off. A caller who hangs up
    during it has left it."""

    prompts: PromptNames = Field(min_length=1, description="said before the tone")
    queue: str | None = Field(
        default=None,
        min_length=1,
        description="whose people hear it; without one, those of the number called",
    )
    longest: float = Field(default=120, ge=5, le=600, description="seconds of a message at most")
    silence: float = Field(default=5, ge=1, le=60, description="seconds of silence that end it")
    terminator: Terminator = Field(
        default=Terminator.POUND, strict=False, description='the key that ends it: "#", "*" or none'
    )

    def exits(self) -> tuple[Exit, ...]:
        return _EXITS

    def mentions(self) -> Iterator[Mention]:
        if self.queue is not None:
            yield Mention(("queue",), NameOf.QUEUE, self.queue)

    def visit(self, walk: Walk) -> Script[str]:
        queue = walk.queue if self.queue is None else QueueName(self.queue)
        if queue is None:
            return FAILED
        yield from walk.say(self.prompts)
        step = RecordVoice(
            walk.here.node, self.longest, self.silence, _keys(self.terminator), queue
        )
        return _exit((yield from walk.do(step, VoiceRecorded, NotDone)))


class RecordNode(NodeKind):
    """Record what the caller says; it is kept with the call."""

    prompts: PromptNames = Field(default=(), description="said before the tone")
    variable: str | None = Field(
        default=None, description="the variable that keeps the recording's name"
    )
    longest: float = Field(default=60, ge=1, le=600, description="seconds at most")
    silence: float = Field(default=3, ge=1, le=60, description="seconds of silence that end it")
    terminator: Terminator = Field(
        default=Terminator.POUND, strict=False, description='the key that ends it: "#", "*" or none'
    )

    def exits(self) -> tuple[Exit, ...]:
        return _EXITS

    def writes(self) -> Iterator[VariableSet]:
        if self.variable is not None:
            yield VariableSet(("variable",), self.variable, (VariableType.TEXT,))

    def visit(self, walk: Walk) -> Script[str]:
        yield from walk.say(self.prompts)
        step = RecordVoice(walk.here.node, self.longest, self.silence, _keys(self.terminator))
        outcome = yield from walk.do(step, VoiceRecorded, NotDone)
        if self.variable is not None:
            name = outcome.name if isinstance(outcome, VoiceRecorded) else None
            walk.here.values.set(self.variable, name)
        return _exit(outcome)


def _keys(terminator: Terminator) -> str:
    return "" if terminator is Terminator.NONE else terminator.value


def _exit(outcome: VoiceRecorded | NotDone) -> str:
    if isinstance(outcome, NotDone):
        return FAILED
    return DONE if outcome.seconds > 0 else EMPTY
