"""What a caller hears in place of a hotline's flow, while it is closed or in an emergency. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.centre import Calendar, Emergency, Hotline
from domain.prompts import PromptText
from domain.reasons import NoEntry

IsOpen = Callable[[Calendar, datetime], bool]
"""Whether a calendar is open at a moment, in the centre's time zone."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Why the flow is not entered, and what is said instead; nothing if no text is there."""

    why: NoEntry
    texts: tuple[PromptText, ...]


def notice(
    hotline: Hotline, languages: Sequence[str], language: str | None, now: datetime, is_open: IsOpen
) -> Notice | None:
    """What takes the place of the flow ``now`` (in the centre's time zone); None: the flow is
    entered.

    An emergency goes before the calendar. It is said in the caller's ``language``, or, while
    that isn't known, in each of ``languages``.
    """
    if hotline.emergency is not None and _lasts(hotline.emergency, now):
        why, said = NoEntry.EMERGENCY, hotline.emergency.message
    elif hotline.calendar is not None and not is_open(hotline.calendar, now):
        why, said = NoEntry.CLOSED, hotline.closed_message
    else:
        return None
    return Notice(why, _texts(hotline, why, said, _in(said, languages, language)))


def all_texts(hotline: Hotline) -> tuple[PromptText, ...]:
    """All that may be said in place of its flow, to be spoken in advance."""
    fire = hotline.emergency.message if hotline.emergency is not None else {}
    return _texts(hotline, NoEntry.EMERGENCY, fire, fire) + _texts(
        hotline, NoEntry.CLOSED, hotline.closed_message, hotline.closed_message
    )


def _texts(
    hotline: Hotline, why: NoEntry, said: Mapping[str, str], languages: Iterable[str]
) -> tuple[PromptText, ...]:
    name = f"{why.value}-{hotline.number.lstrip('+')}"
    return tuple(PromptText(name, language, said[language]) for language in languages)


def _lasts(emergency: Emergency, now: datetime) -> bool:
    return emergency.until is None or now < emergency.until


def _in(said: Mapping[str, str], languages: Sequence[str], language: str | None) -> Sequence[str]:
    """The languages in which to say it; what is there in no wanted one is said as it is."""
    if language is not None and language in said:
        return (language,)
    return [each for each in languages if each in said] or list(said)
