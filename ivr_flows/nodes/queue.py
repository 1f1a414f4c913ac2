"""The node ``queue``: wait for an agent and talk with them."""

from collections.abc import Iterator, Mapping

from pydantic import Field

from documents.document import Path
from documents.sentence import Sentence, sentence
from domain.identity import QueueName
from ivr_flows.kind import Exit, Mention, NameOf, NodeFault, NodeKind, PromptNames, Scope
from ivr_flows.nodes.keys import key_faults
from ivr_flows.steps import Enqueue, Left, MenuIsDue, QueueExit
from ivr_flows.walk import Walk
from ivr_flows.walkable import Script

_OWN = frozenset(each.value for each in QueueExit) - {QueueExit.KEY.value}


class QueueNode(NodeKind):
    """Put the caller into a queue. While waiting they hear music and the announcements, and, if
    there is one, from time to time the in-queue flow, in which they keep their place."""

    queue: str | None = Field(
        default=None,
        min_length=1,
        description="the queue's name in the centre; without one, the queue of the number called",
    )
    prompts: PromptNames = Field(default=(), description="said before the wait begins")
    music: str = Field(
        default="default", pattern=r"^[A-Za-z0-9_-]+$", description="the class of music on hold"
    )
    priority: int | None = Field(
        default=None,
        ge=-100,
        le=100,
        description="how much this call raises the queue's priority; without it, by the caller",
    )
    longest_wait: float | None = Field(
        default=None, ge=1, le=7200, description="seconds to wait at most; else as the queue says"
    )
    most_waiting: int | None = Field(
        default=None, ge=1, le=10_000, description="with so many waiting, callers overflow"
    )
    keys: Mapping[str, str] = Field(
        default={}, description="keys that end the wait, each with its exit"
    )
    meanwhile: str | None = Field(
        default=None, description="the first node of the in-queue flow, which ends in return nodes"
    )
    every: float = Field(
        default=40.0, ge=5, le=600, description="seconds of waiting between two in-queue flows"
    )
    leaves: Mapping[str, str] = Field(
        default={}, description="exits with which the in-queue flow leaves, each with what it means"
    )

    def exits(self) -> tuple[Exit, ...]:
        # nobody, failed and overflow are taken at once, so a loop through them would spin.
        found = [
            Exit(QueueExit.TALKED.value, waits=True),
            Exit(QueueExit.TIMEOUT.value, waits=True),
            Exit(QueueExit.NOBODY.value, waits=False, otherwise=QueueExit.TIMEOUT.value),
            Exit(QueueExit.FAILED.value, waits=False, otherwise=QueueExit.NOBODY.value),
        ]
        if self.most_waiting is not None:
            timeout = QueueExit.TIMEOUT.value
            found.append(Exit(QueueExit.OVERFLOW.value, waits=False, otherwise=timeout))
        own = dict.fromkeys([*self.keys.values(), *self.leaves])
        return (*found, *(Exit(name, waits=True) for name in own if name not in _OWN))

    def mentions(self) -> Iterator[Mention]:
        if self.queue is not None:
            yield Mention(("queue",), NameOf.QUEUE, self.queue)

    def inner_starts(self) -> Iterator[tuple[Path, str]]:
        if self.meanwhile is not None:
            yield ("meanwhile",), self.meanwhile

    def faults(self, _scope: Scope) -> Iterator[NodeFault]:
        yield from key_faults(self.keys)
        for key, name in self.keys.items():
            if name in _OWN:
                yield NodeFault(("keys", key), _taken(name))
        for name in self.leaves:
            if name in _OWN:
                yield NodeFault(("leaves", name), _taken(name))
        if self.meanwhile is None and self.leaves:
            yield NodeFault(
                ("leaves",),
                sentence("there is no in-queue flow that could leave the queue"),
                sentence('add "meanwhile: ..." with its first node, or remove "leaves"'),
            )

    def visit(self, walk: Walk) -> Script[str]:
        if not walk.taken_back:
            yield from walk.say(self.prompts)
        queue = walk.queue if self.queue is None else QueueName(self.queue)
        if queue is None:
            return QueueExit.FAILED.value
        goes_on = False
        while True:
            outcome = yield from walk.wait_in(self._wait(walk, queue, goes_on=goes_on))
            match outcome:
                case Left(QueueExit.KEY, key) if key in self.keys:
                    return self.keys[key]
                case Left(QueueExit.OVERFLOW) if self.most_waiting is None:
                    return QueueExit.TIMEOUT.value
                case Left(QueueExit.KEY):
                    return QueueExit.TIMEOUT.value
                case Left():
                    return outcome.why.value
                case MenuIsDue() if self.meanwhile is not None:
                    back = yield from walk.meanwhile(self.meanwhile)
                    if back is not None and back.exit in self.leaves:
                        return back.exit or ""
            goes_on = True

    def _wait(self, walk: Walk, queue: QueueName, *, goes_on: bool) -> Enqueue:
        again = walk.back_again()
        return Enqueue(
            walk.here.node,
            queue,
            walk.language,
            self.music,
            walk.here.exits,
            () if goes_on or not walk.taken_back else again,
            again,
            raised=self.priority,
            longest_s=self.longest_wait,
            most_waiting=self.most_waiting,
            keys="".join(self.keys),
            every_s=None if self.meanwhile is None else self.every,
            goes_on=goes_on,
        )


def _taken(name: str) -> Sentence:
    return sentence('"%(exit)s" is an exit that every queue has; expected another name', exit=name)
