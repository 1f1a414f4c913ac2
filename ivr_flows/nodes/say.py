"""The node ``say``: say something to the caller and go on."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from ivr_flows.kind import Exit, LanguageTags, NodeFault, NodeKind, PromptNames, Scope
from ivr_flows.nodes.languages import unknown_language
from ivr_flows.walk import Walk
from ivr_flows.walkable import Script


class SayNode(NodeKind):
    """Say prompts, in the caller's language or in each of ``languages`` that they may choose."""

    prompts: PromptNames = Field(min_length=1, description="what is said: prompt names")
    languages: LanguageTags = Field(
        default=(), description="say it in each of these; without it, in the caller's language"
    )
    interruptible: Annotated[bool, Field(description="whether a key cuts it short")] = True

    def exits(self) -> tuple[Exit, ...]:
        return (Exit("next", waits=False),)

    def faults(self, scope: Scope) -> Iterator[NodeFault]:
        yield from unknown_language(
            ((("languages", index), tag) for index, tag in enumerate(self.languages)),
            scope.languages,
        )

    def visit(self, walk: Walk) -> Script[str]:
        wanted = [language for language in self.languages if language in walk.languages]
        yield from walk.say(self.prompts, languages=wanted, interruptible=self.interruptible)
        return "next"
