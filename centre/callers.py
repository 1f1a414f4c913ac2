"""Writes known callers' numbers as calls are recorded, so that lists and records have one form.

Pure. Lines whose number format is known have their callers recorded in E.164, such as
+8613800138000 (``telephony.numbers``). Whoever types a number need not know that.
"""

from enum import StrEnum

from centre.directory import Directory
from centre.endpoint_settings import LineSettings
from centre.inbound_settings import CallerSettings
from domain.centre import NumberFormat
from domain.errors import OffhookError
from telephony.numbers import whole

_SHORT = 6
"""So many digits may be a short number (10086, 110), which no country's rules know."""


class NumberMistake(StrEnum):
    """Why a caller's number can't be read."""

    NOT_A_NUMBER = "not_a_number"
    """No number of the lines' countries has so many digits."""
    WHICH_COUNTRY = "which_country"
    """It means one number in one line's country and another in another's."""


class CallerUnreadable(OffhookError):  # noqa: N818
    """A caller's number can't be written as calls are recorded; ``countries`` are the lines'."""

    def __init__(self, why: NumberMistake, countries: tuple[str, ...]) -> None:
        super().__init__(why)
        self.why = why
        self.countries = countries


def as_recorded(caller: CallerSettings, directory: Directory) -> CallerSettings:
    """The caller with the number that calls over the directory's lines are recorded with. Raises
    CallerUnreadable."""
    lines = directory.of(LineSettings).values()
    countries = tuple(
        dict.fromkeys(line.country for line in lines if line.numbers_in is not NumberFormat.AS_SENT)
    )
    number = caller.number
    digits = number.removeprefix("+")
    if not countries or len(digits) <= _SHORT or not digits.isdecimal():
        return caller
    found = {read for country in countries if (read := whole(number, country)) is not None}
    if not found:
        raise CallerUnreadable(NumberMistake.NOT_A_NUMBER, countries)
    if len(found) > 1:
        raise CallerUnreadable(NumberMistake.WHICH_COUNTRY, countries)
    return caller.model_copy(update={"number": found.pop()})
