"""A prompt's text in each language, and how it is filled in for a call."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from domain.prompts import PromptText
from ivr_flows.reading import MANDARIN, read_aloud
from ivr_flows.templates import Blank, gaps, pieces
from ivr_flows.values import Values, VariableType, written

_TWO_OF_THEM = re.compile(
    r"(?<![0-9.,:第])(?<!第 )2(?= ?(?:分钟|小时|秒|天|周|星期|年(?!级)|点(?![0-9])|元|块"
    r"|个|位(?![于置])|名|人|通|次|遍|条|台|件|项|种))"
)
"""A 2 before a measure word, which is 两 there. An ordinal (第2位) and the 2 of 12 stay 二."""

_IN_A_FILE_NAME = re.compile(r"[a-z0-9]{1,16}")


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt's text by language; every language has the same gaps."""

    name: str
    texts: Mapping[str, str]

    def gaps(self, language: str) -> tuple[Blank, ...]:
        """The places in this language's text that are filled in for a call."""
        return gaps(self.texts[language])

    @property
    def fixed(self) -> bool:
        """Whether the text is always the same, so that it can be spoken beforehand."""
        return not any(gaps(text) for text in self.texts.values())

    def spoken(self, language: str, values: Values) -> PromptText:
        """The text with its gaps filled in."""
        text = self.texts[language]
        if "{" not in text:
            return PromptText(self.name, language, text)
        used: dict[str, str] = {}
        said = []
        for piece in pieces(text):
            if isinstance(piece, str):
                said.append(piece)
                continue
            value = values[piece.variable]
            how = VariableType(piece.how) if piece.how else values.type_of(piece.variable)
            said.append(read_aloud(value, how, language))
            used[piece.variable] = written(value)
        filled = "".join(said)
        if language in MANDARIN:
            filled = _TWO_OF_THEM.sub("两", filled)
        return PromptText("-".join([self.name, *map(_in_a_name, used.values())]), language, filled)


def _in_a_name(value: str) -> str:
    """The value as a part of a sound file's name; no two values have the same."""
    if _IN_A_FILE_NAME.fullmatch(value):
        return value
    return "x" + hashlib.blake2b(value.encode(), digest_size=8).hexdigest()
