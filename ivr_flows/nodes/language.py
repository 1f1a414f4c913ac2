"""The node ``language``: let the caller choose the language of all that follows."""

from collections.abc import Iterator, Mapping

from pydantic import Field

from documents.document import Path
from documents.sentence import sentence
from domain.flow_facts import LanguageChosen, Misdialled
from ivr_flows.kind import Exit, NodeFault, NodeKind, PromptNames, Scope
from ivr_flows.nodes.keys import ThinkingTime, Tries, key_faults
from ivr_flows.nodes.languages import unknown_language
from ivr_flows.walk import Walk
from ivr_flows.walkable import Script


class LanguageNode(NodeKind):
    """Ask in every language that the caller may choose; silence or repeated wrong keys choose the
    default. If there is only one, nothing is asked."""

    prompts: PromptNames = Field(min_length=1, description="the question, said in every language")
    keys: Mapping[str, str] = Field(min_length=1, description="each key with its language")
    default: str | None = Field(
        default=None, description="the language if no key is pressed; without it, the flow's first"
    )
    wrong_key: PromptNames = Field(default=(), description="said after a key that means nothing")
    timeout: ThinkingTime = Field(default=5.0, description="seconds to wait for a key")
    tries: Tries = Field(default=2, description="how often to ask altogether")

    def exits(self) -> tuple[Exit, ...]:
        return (Exit("next", waits=False),)  # with one language, nobody is asked

    def faults(self, scope: Scope) -> Iterator[NodeFault]:
        yield from key_faults(self.keys)
        wanted: list[tuple[Path, str]] = [
            (("keys", key), language) for key, language in self.keys.items()
        ]
        if self.default is not None:
            wanted.append((("default",), self.default))
        yield from unknown_language(wanted, scope.languages)
        pressed: dict[str, str] = {}
        for key, language in self.keys.items():
            if language in pressed:
                yield NodeFault(
                    ("keys", key),
                    sentence(
                        'key "%(key)s" means %(language)s, as key "%(other)s" does; '
                        "expected one key for each language",
                        key=key,
                        language=language,
                        other=pressed[language],
                    ),
                )
            pressed.setdefault(language, key)

    def visit(self, walk: Walk) -> Script[str]:
        default = self.default if self.default in walk.languages else None
        chosen = walk.usual or default or walk.languages[0]
        before: tuple[str, ...] = ()
        tries = self.tries if len(walk.languages) > 1 else 0
        for attempt in range(1, tries + 1):
            answer = yield from walk.ask(
                before + self.prompts, first_timeout_s=self.timeout, languages=walk.languages
            )
            if self.keys.get(answer.digits) in walk.languages:
                chosen = self.keys[answer.digits]
                break
            if not answer.digits and answer.timed_out:
                break  # silence is an answer here, because most callers want the default
            yield from walk.note(Misdialled(walk.here.node, answer.digits, attempt))
            before = self.wrong_key
        walk.speak(chosen)
        yield from walk.note(LanguageChosen(chosen))
        return "next"
