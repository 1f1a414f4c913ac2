"""How the settings of things may be written: titles, texts, hours, numbers, languages.

Each type refuses what is not of its form; ``centre.fault_texts`` says so in words.
"""

import re
import unicodedata
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from machine.hosts import split_port

T = TypeVar("T")

Language = Literal["zh-CN", "en"]

_TEXT_MOST = 200
_SPOKEN_MOST = 2_000
_BETWEEN_DIGITS = re.compile(r"(?<=[0-9+()])[ ().\-\u00a0\u2010-\u2015\u2212]+|^[(]+")
_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9]"


def _visible(text: str) -> str:
    """Refuses what can't be seen: line breaks in a title, or a right-to-left override."""
    if not text.strip() or not text.isprintable():
        raise PydanticCustomError("not_visible", "only visible characters")
    return text


def _spoken(text: str) -> str:
    if not text.replace("\n", " ").isprintable():
        raise PydanticCustomError("not_visible", "only visible characters")
    return text


def _host_and_port(text: str) -> str:
    try:
        split_port(text)
    except ValueError:
        # As if a pattern did not match: the report then says what the setting means.
        raise PydanticCustomError("string_pattern_mismatch", "not of this form") from None
    return text


def _unspaced(text: Any) -> Any:
    """A number without what people write between digits: ``138 0013-8000``, full width too."""
    if not isinstance(text, str):
        return text
    return _BETWEEN_DIGITS.sub("", unicodedata.normalize("NFKC", text).strip())


def each_once(values: tuple[T, ...]) -> tuple[T, ...]:
    """The values; refuses one that is there twice."""
    for number, value in enumerate(values):
        if value in values[:number]:
            raise PydanticCustomError("said_twice", "each no more than once")
    return values


Title = Annotated[str, Field(max_length=_TEXT_MOST), AfterValidator(_visible)]
Remark = Annotated[str, Field(max_length=_SPOKEN_MOST), AfterValidator(_spoken)]
Spoken = Annotated[str, Field(min_length=1, max_length=_SPOKEN_MOST), AfterValidator(_spoken)]
OpenHours = Annotated[str, Field(pattern=rf"^{_TIME}-({_TIME}|24:00)$")]
HostAndPort = Annotated[str, Field(max_length=260), AfterValidator(_host_and_port)]

CallersNumber = Annotated[str, BeforeValidator(_unspaced)]
CallerPattern = Annotated[
    str, BeforeValidator(_unspaced), Field(pattern=r"^\+?[0-9*#]{2,25}\*?$", max_length=27)
]
FlowName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]

Languages = Annotated[tuple[Language, ...], AfterValidator(each_once)]
