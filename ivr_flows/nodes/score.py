"""The node ``score``: ask how satisfied the caller is."""

from collections.abc import Iterator, Sequence

from pydantic import Field

from domain.facts import Misdialled, Scored
from ivr_flows.kind import Exit, NodeKind, PromptNames
from ivr_flows.nodes.keys import ThinkingTime, Tries
from ivr_flows.walk import Script, Walk


class ScoreNode(NodeKind):
    """Ask for a key from ``lowest`` to ``highest``; ``unscored`` once the tries are used up."""

    prompts: PromptNames = Field(min_length=1, description="the question")
    wrong_key: PromptNames = Field(default=(), description="said before the question is repeated")
    lowest: int = Field(default=1, ge=0, le=9, description="the worst score")
    highest: int = Field(default=5, ge=0, le=9, description="the best score")
    timeout: ThinkingTime = Field(default=6.0, description="seconds to wait for a key")
    tries: Tries = Field(default=2, description="how often to ask altogether")

    def exits(self) -> tuple[Exit, ...]:
        return (Exit("scored", waits=True), Exit("unscored", waits=True, otherwise="scored"))

    def faults(self, _languages: Sequence[str]) -> Iterator[tuple[tuple[str | int, ...], str]]:
        if self.lowest >= self.highest:
            yield (
                ("highest",),
                f"the best score is {self.highest}; expected more than the lowest, {self.lowest}",
            )

    def visit(self, walk: Walk) -> Script[str | None]:
        scores = {str(score): score for score in range(self.lowest, self.highest + 1)}
        before: tuple[str, ...] = ()
        for attempt in range(1, self.tries + 1):
            answer = yield from walk.ask(before + self.prompts, first_timeout_s=self.timeout)
            score = scores.get(answer.digits)
            if score is not None:
                yield from walk.note(Scored(score))
                return "scored"
            yield from walk.note(Misdialled(walk.node, answer.digits, attempt))
            before = self.wrong_key
        return "unscored"
