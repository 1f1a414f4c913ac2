"""The variables of a flow: their types, how a value is read from text, and what is known of a call.

A value is never an arbitrary object: it is what a caller keyed in, a service answered or the flow's
author wrote, of one of the types below. None is "not known".
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from types import MappingProxyType

from domain.errors import OffhookError

Value = str | Decimal | bool | date | time | None

LONGEST_TEXT = 500
"""Characters of a text; the rest is cut off."""
MOST_DIGITS = 64
LARGEST = Decimal(10) ** 15


class VariableType(StrEnum):
    """What a variable can hold, as a flow writes it after ``type:``."""

    TEXT = "text"
    DIGITS = "digits"  # keys as they were pressed: a number to identify something
    NUMBER = "number"  # to count and compare
    MONEY = "money"  # in the centre's currency
    DATE = "date"
    TIME = "time"  # of a day
    YES_NO = "yes_no"


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable that a flow declares. A ``secret`` one is never spoken, logged, stored or sent,
    except in the look-up that names it."""

    name: str
    type: VariableType
    secret: bool = False
    initial: Value = None
    note: str | None = None


HIDDEN = "***"
"""Stands for a secret value."""

CALLER, CALLED, KNOWN, LANGUAGE, TODAY, NOW = (
    "caller",
    "called",
    "known",
    "language",
    "today",
    "now",
)

BUILT_IN: Mapping[str, Variable] = MappingProxyType(
    {
        name: Variable(name, type)
        for name, type in (
            (CALLER, VariableType.DIGITS),  # the caller's number; not known if withheld
            (CALLED, VariableType.DIGITS),  # the number they called
            (KNOWN, VariableType.YES_NO),  # whether the centre knows the caller
            (LANGUAGE, VariableType.TEXT),  # the tag of the caller's language
            (TODAY, VariableType.DATE),  # by the centre's clock
            (NOW, VariableType.TIME),
        )
    }
)
"""What every call knows and no flow can set."""


class NotOfType(OffhookError, ValueError):  # noqa: N818 - an answer rather than an error
    """A text is not a value of the type."""


def value_of(given: object, type: VariableType) -> Value:
    """What a flow's author wrote, a caller keyed or a service answered, as a value of the type.

    Raises NotOfType. None and "" are None.
    """
    if given is None or given == "":
        return None
    reader = _READERS[type]
    value = reader(given)
    if value is None:
        raise NotOfType(type)
    return value


def _text(given: object) -> Value:
    if isinstance(given, bool):
        return "true" if given else "false"
    if isinstance(given, str | int | float | Decimal):
        plain = "".join(c if c.isprintable() else " " for c in str(given))
        return " ".join(plain.split())[:LONGEST_TEXT] or None
    return None


def _digits(given: object) -> Value:
    text = str(given) if isinstance(given, str | int) and not isinstance(given, bool) else ""
    plain = text.strip()
    if re.fullmatch(r"\+?[0-9*#]+", plain, re.ASCII) and len(plain) <= MOST_DIGITS:
        return plain
    return None


def _number(given: object) -> Value:
    if isinstance(given, bool) or not isinstance(given, str | int | float | Decimal):
        return None
    text = str(given).strip()
    if len(text) > MOST_DIGITS or not re.fullmatch(r"[-+]?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]{1,2})?", text, re.ASCII):  # fmt: skip # noqa: E501
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if abs(number) < LARGEST else None


def _money(given: object) -> Value:
    number = _number(given)
    return number.quantize(Decimal("0.01")) if isinstance(number, Decimal) else None


def _date(given: object) -> Value:
    if isinstance(given, date):
        return given
    text = str(given).strip() if isinstance(given, str | int) else ""
    found = re.fullmatch(r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})(?:T.*)?", text, re.ASCII)
    try:
        return date(*map(int, found.groups())) if found else None
    except ValueError:
        return None


def _time(given: object) -> Value:
    if isinstance(given, time):
        return given
    text = str(given).strip() if isinstance(given, str | int) else ""
    found = re.fullmatch(r"([0-9]{1,2}):?([0-9]{2})(?::[0-9]{2})?", text, re.ASCII)
    try:
        return time(int(found.group(1)), int(found.group(2))) if found else None
    except ValueError:
        return None


_WORDS = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


def _yes_no(given: object) -> Value:
    if isinstance(given, bool):
        return given
    return _WORDS.get(str(given).strip().lower()) if isinstance(given, str | int) else None


_READERS: Mapping[VariableType, Callable[[object], Value]] = MappingProxyType(
    {
        VariableType.TEXT: _text,
        VariableType.DIGITS: _digits,
        VariableType.NUMBER: _number,
        VariableType.MONEY: _money,
        VariableType.DATE: _date,
        VariableType.TIME: _time,
        VariableType.YES_NO: _yes_no,
    }
)


def written(value: Value) -> str:
    """The value as text, which ``value_of`` reads again; "" if it is not known."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case Decimal():
            return f"{value:f}"
        case date():
            return value.isoformat()
        case time():
            return f"{value:%H:%M}"
        case _:
            return value


class Values:
    """The variables of one call in one flow. A value always has its variable's type."""

    def __init__(self, variables: Mapping[str, Variable], given: Mapping[str, Value]) -> None:
        """``given`` are values to begin with, the built-in ones among them."""
        self._variables = variables
        self._values = {name: variable.initial for name, variable in variables.items()}
        self._values.update(given)

    def __getitem__(self, name: str) -> Value:
        return self._values.get(name)

    def type_of(self, name: str) -> VariableType:
        """The type of a variable, declared or built in."""
        return (self._variables.get(name) or BUILT_IN[name]).type

    def set(self, name: str, given: object) -> bool:
        """Set a declared variable; False, and not known, if what is given isn't of its type."""
        try:
            self._values[name] = value_of(given, self._variables[name].type)
        except NotOfType:
            self._values[name] = None
            return False
        return True

    def shown(self) -> Mapping[str, str]:
        """All of them as text, to be shown to a person: of secret ones only whether they are known
        (``HIDDEN``)."""
        return {
            name: HIDDEN
            if variable.secret and self._values.get(name) is not None
            else written(self._values.get(name))
            for name, variable in self._variables.items()
        }

    def know(self, name: str, value: Value) -> None:
        """Set a built-in one."""
        self._values[name] = value

    @property
    def kept(self) -> Mapping[str, str]:
        """What is to be remembered if the controller is lost: no secrets, nothing built in."""
        return {
            name: written(self._values[name])
            for name, variable in self._variables.items()
            if name not in BUILT_IN
            and not variable.secret
            and self._values.get(name) != variable.initial
        }


NO_VALUES = Values({}, {})
"""For texts that have nothing to fill in."""


def counts(values: Mapping[str, int]) -> Values:
    """Whole numbers by name, to be filled into a text."""
    variables = {name: Variable(name, VariableType.NUMBER) for name in values}
    return Values(variables, {name: Decimal(number) for name, number in values.items()})
