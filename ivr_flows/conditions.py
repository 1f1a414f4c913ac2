"""Typed conditions on variables, as ``choose`` and entry rules write them. Pure.

    {variable: balance, at_least: 100}    {variable: order, known: false}
    {variable: day, at_least: "{today}"}

A value may be another variable of the same type, in braces. All comparisons of one condition must
hold. What isn't known fulfils only ``known: false`` and ``is_not``.
"""

import re
from collections.abc import Iterator
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from ivr_flows.values import NotOfType, Value, Values, VariableType, value_of

Written = str | int | float | bool

_OTHER = re.compile(r"\{([a-z][a-z0-9_]*)\}")


def _listed(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


class Criterion(BaseModel):
    """What a variable must be."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    variable: str = Field(description="the variable that is compared")
    is_: Written | None = Field(default=None, alias="is", description="the value it must have")
    is_not: Written | None = Field(default=None, description="a value it may not have")
    one_of: Annotated[tuple[Written, ...] | None, BeforeValidator(_listed)] = Field(
        default=None, min_length=1, description="a list of values, one of which it must have"
    )
    at_least: Written | None = Field(default=None, description="the least value it may have")
    at_most: Written | None = Field(default=None, description="the greatest value it may have")
    starts_with: str | None = Field(
        default=None, min_length=1, description="what its text or digits must begin with"
    )
    known: bool | None = Field(default=None, description="whether it must be known, or must not be")

    def comparisons(self) -> Iterator[tuple[str, Written]]:
        """Each comparison that is written: its name, and each value it names."""
        for name in ("is_", "is_not", "at_least", "at_most"):
            value = getattr(self, name)
            if value is not None:
                yield name.rstrip("_"), value
        for value in self.one_of or ():
            yield "one_of", value

    @property
    def compares(self) -> bool:
        """Whether it says anything at all."""
        if self.starts_with is not None or self.known is not None:
            return True
        return next(self.comparisons(), None) is not None


ORDERED = frozenset({VariableType.NUMBER, VariableType.MONEY, VariableType.DATE, VariableType.TIME})
"""The types of which there is more and less."""

OF_CHARACTERS = frozenset({VariableType.TEXT, VariableType.DIGITS})


def holds(condition: Criterion, values: Values) -> bool:
    """Whether the condition is fulfilled; the checker has found that it is sound."""
    type, value = values.type_of(condition.variable), values[condition.variable]
    if condition.known is not None and condition.known is (value is None):
        return False
    for name, wanted in condition.comparisons():
        if name == "one_of":
            continue
        if not _COMPARED[name](value, _wanted(wanted, type, values)):
            return False
    if condition.one_of is not None and not any(
        _is(value, _wanted(wanted, type, values)) for wanted in condition.one_of
    ):
        return False
    if condition.starts_with is not None:
        return isinstance(value, str) and value.startswith(condition.starts_with)
    return True


def other_variable(wanted: Written) -> str | None:
    """The variable that is compared with, if it is one."""
    found = _OTHER.fullmatch(wanted) if isinstance(wanted, str) else None
    return found.group(1) if found else None


def _wanted(wanted: Written, type: VariableType, values: Values) -> Value:
    other = other_variable(wanted)
    return value_of(wanted, type) if other is None else values[other]


def _is(value: Value, wanted: Value) -> bool:
    if isinstance(value, str) and isinstance(wanted, str):
        return value.casefold() == wanted.casefold()
    return value is not None and value == wanted


def _at_least(value: Value, wanted: Value) -> bool:
    if value is None or wanted is None:
        return False
    return value >= wanted  # type: ignore[operator]  # both are of one type


def _at_most(value: Value, wanted: Value) -> bool:
    if value is None or wanted is None:
        return False
    return value <= wanted  # type: ignore[operator]


_COMPARED = MappingProxyType(
    {
        "is": _is,
        "is_not": lambda value, wanted: not _is(value, wanted),
        "at_least": _at_least,
        "at_most": _at_most,
    }
)


def is_of_type(wanted: Written, type: VariableType) -> bool:
    """Whether a condition's value can be one of the variable's."""
    try:
        return value_of(wanted, type) is not None
    except NotOfType:
        return False
