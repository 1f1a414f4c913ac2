"""A prompt's text in each language, and how one is filled for a call."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from domain.prompts import PromptText

PARAMETER = re.compile(r"\{([a-z][a-z0-9_]*)\}")
"""A place in a text that is filled at the call, such as ``{position}``."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt's text by language; every language has the same parameters."""

    name: str
    texts: Mapping[str, str]

    def parameters(self, language: str) -> frozenset[str]:
        """The names in braces in this language's text."""
        return frozenset(PARAMETER.findall(self.texts[language]))

    @property
    def fixed(self) -> bool:
        """Whether the text is always the same, so that it can be spoken beforehand."""
        return not any(self.parameters(language) for language in self.texts)

    def spoken(self, language: str, **values: int) -> PromptText:
        """The text with its parameters filled in; KeyError if one is missing."""
        text = self.texts[language]
        # One expression, not str.format: a flow's text must not reach into Python objects.
        filled = PARAMETER.sub(lambda match: str(values[match.group(1)]), text)
        used = [str(values[name]) for name in dict.fromkeys(PARAMETER.findall(text))]
        return PromptText("-".join([self.name, *used]), language, filled)
