"""The node ``say``: say something to the caller and go on."""

from collections.abc import Iterator, Sequence
from typing import Annotated

from pydantic import Field

from ivr_flows.kind import Exit, LanguageTags, NodeKind, PromptNames
from ivr_flows.walk import Script, Walk


class SayNode(NodeKind):
    """Say prompts, in the caller's language or in each of ``languages`` that they may choose."""

    prompts: PromptNames = Field(min_length=1, description="what is said: prompt names")
    languages: LanguageTags = Field(
        default=(), description="say it in each of these; without it, in the caller's language"
    )
    interruptible: Annotated[bool, Field(description="whether a key cuts it short")] = True

    def exits(self) -> tuple[Exit, ...]:
        return (Exit("next", waits=False),)

    def faults(self, languages: Sequence[str]) -> Iterator[tuple[tuple[str | int, ...], str]]:
        for index, language in enumerate(self.languages):
            if language not in languages:
                yield (
                    ("languages", index),
                    f'the flow has no language "{language}"; expected {" or ".join(languages)}',
                )

    def visit(self, walk: Walk) -> Script[str | None]:
        wanted = [language for language in self.languages if language in walk.languages]
        yield from walk.say(self.prompts, languages=wanted, interruptible=self.interruptible)
        return "next"
