"""The node ``play``: play recordings that were uploaded."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import BeforeValidator, Field

from ivr_flows.kind import Exit, Mention, NameOf, NodeKind, listed
from ivr_flows.walk import Walk
from ivr_flows.walkable import Script


class PlayNode(NodeKind):
    """Play recordings from the project's prompts, in the caller's language."""

    recordings: Annotated[tuple[str, ...], BeforeValidator(listed)] = Field(
        min_length=1, description="what is played: names of uploaded prompts"
    )
    interruptible: Annotated[bool, Field(description="whether a key cuts it short")] = True

    def exits(self) -> tuple[Exit, ...]:
        return (Exit("next", waits=False),)

    def mentions(self) -> Iterator[Mention]:
        for index, name in enumerate(self.recordings):
            yield Mention(("recordings", index), NameOf.RECORDING, name)

    def visit(self, walk: Walk) -> Script[str]:
        yield from walk.play(self.recordings, interruptible=self.interruptible)
        return "next"
