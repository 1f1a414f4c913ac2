"""A prompt's text in each language, and how it is filled in for a call."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from domain.prompts import PromptText

PARAMETER = re.compile(r"\{([a-z][a-z0-9_]*)\}")
"""A place in a text that is filled in for a call, such as ``{position}``."""

_MANDARIN = frozenset({"zh", "zh-CN"})
_TWO_OF_THEM = re.compile(
    r"(?<![0-9.,:第])(?<!第 )2(?= ?(?:分钟|小时|秒|天|周|星期|年(?!级)|点(?![0-9])|元|块"
    r"|个|位(?![于置])|名|人|通|次|遍|条|台|件|项|种))"
)
"""A 2 before a measure word, which is 两 there. An ordinal (第2位) and the 2 of 12 stay 二."""


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
        """The text with its parameters filled in. Raises KeyError if one is missing."""
        text = self.texts[language]
        # One expression, not str.format: a flow's text must not reach into Python objects.
        filled = PARAMETER.sub(lambda match: str(values[match.group(1)]), text)
        if language in _MANDARIN:
            filled = _TWO_OF_THEM.sub("两", filled)
        used = [str(values[name]) for name in dict.fromkeys(PARAMETER.findall(text))]
        return PromptText("-".join([self.name, *used]), language, filled)
