"""The node ``survey``: ask how satisfied the caller is."""

from collections.abc import Iterator, Mapping

from pydantic import BaseModel, ConfigDict, Field

from documents.sentence import sentence
from domain.flow_facts import Misdialled, Scored
from ivr_flows.kind import Exit, NodeFault, NodeKind, PromptNames, Scope
from ivr_flows.nodes.keys import ThinkingTime, Tries
from ivr_flows.walk import Walk
from ivr_flows.walkable import Script

ANSWERED, UNANSWERED = "answered", "unanswered"


class SurveyQuestion(BaseModel):
    """One question, which a key from ``lowest`` to ``highest`` answers."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    prompts: PromptNames = Field(min_length=1, description="the question")
    lowest: int = Field(default=1, ge=0, le=9, description="the worst score")
    highest: int = Field(default=5, ge=0, le=9, description="the best score")


class SurveyNode(NodeKind):
    """Ask questions one after the other; ``unanswered`` once the tries of one are used up."""

    questions: Mapping[str, SurveyQuestion] = Field(
        min_length=1, max_length=9, description="each question by the name it has in reports"
    )
    wrong_key: PromptNames = Field(default=(), description="said before a question is repeated")
    timeout: ThinkingTime = Field(default=6.0, description="seconds to wait for a key")
    tries: Tries = Field(default=2, description="how often to ask each question altogether")

    def exits(self) -> tuple[Exit, ...]:
        return (Exit(ANSWERED, waits=True), Exit(UNANSWERED, waits=True, otherwise=ANSWERED))

    def faults(self, _scope: Scope) -> Iterator[NodeFault]:
        for name, question in self.questions.items():
            if question.lowest >= question.highest:
                yield NodeFault(
                    ("questions", name, "highest"),
                    sentence(
                        "the best score is %(best)s; expected more than the lowest, %(worst)s",
                        best=question.highest,
                        worst=question.lowest,
                    ),
                )

    def visit(self, walk: Walk) -> Script[str]:
        for name, question in self.questions.items():
            if not (yield from self._ask(walk, name, question)):
                return UNANSWERED
        return ANSWERED

    def _ask(self, walk: Walk, name: str, question: SurveyQuestion) -> Script[bool]:
        scores = {str(score): score for score in range(question.lowest, question.highest + 1)}
        before: tuple[str, ...] = ()
        for attempt in range(1, self.tries + 1):
            answer = yield from walk.ask(before + question.prompts, first_timeout_s=self.timeout)
            if (score := scores.get(answer.digits)) is not None:
                yield from walk.note(Scored(score, name))
                return True
            yield from walk.note(Misdialled(walk.here.node, answer.digits, attempt))
            before = self.wrong_key
        return False
