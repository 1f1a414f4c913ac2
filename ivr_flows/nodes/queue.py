"""The node ``queue``: wait for an agent and talk with them."""

from pydantic import Field

from domain.identity import QueueName
from ivr_flows.kind import Exit, NodeKind, PromptNames
from ivr_flows.steps import QueueExit
from ivr_flows.walk import Script, Walk


class QueueNode(NodeKind):
    """Put the caller into a queue. While waiting they hear music and the announcements."""

    queue: str | None = Field(
        default=None,
        min_length=1,
        description="the queue's name in the centre; without one, the queue of the number called",
    )
    prompts: PromptNames = Field(default=(), description="said before the wait begins")
    music: str = Field(
        default="default", pattern=r"^[A-Za-z0-9_-]+$", description="the class of music on hold"
    )

    def exits(self) -> tuple[Exit, ...]:
        # nobody and failed are taken at once, so a loop through them would spin.
        return (
            Exit(QueueExit.TALKED.value, waits=True),
            Exit(QueueExit.TIMEOUT.value, waits=True),
            Exit(QueueExit.NOBODY.value, waits=False, otherwise=QueueExit.TIMEOUT.value),
            Exit(QueueExit.FAILED.value, waits=False, otherwise=QueueExit.NOBODY.value),
        )

    def visit(self, walk: Walk) -> Script[str | None]:
        if not walk.taken_back:
            yield from walk.say(self.prompts)
        queue = walk.queue if self.queue is None else QueueName(self.queue)
        if queue is None:
            return QueueExit.FAILED.value
        why = yield from walk.wait_in(queue, self.music)
        return why.value
