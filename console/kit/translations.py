"""Loads the console's two languages and chooses one. English is the source of the catalogues.

``console.po`` has the pages' own texts, ``flows.po`` those of the flow language: what its checker
says, and what settings are for. They are read from their .po text at start, so there is no compile
step to forget.
"""

import io
from collections.abc import Iterable
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LANGUAGES = {"zh-CN": "中文", "en": "English"}
DEFAULT = "zh-CN"
_LOCALES = {"zh-CN": "zh_CN", "en": "en"}
CATALOGUES = Path(__file__).parents[1] / "locale"
NAMES = ("console", "flows")
"""Of the catalogues. A text in both is taken from the first."""


def N_(text: str) -> str:  # noqa: N802 - gettext's own name for "mark, don't translate yet"
    """Marks a text for the catalogue; it is translated where it is shown."""
    return text


def locale_of(language: str) -> str:
    """Babel's name for one of our languages."""
    return _LOCALES[language]


def load_translations() -> dict[str, NullTranslations]:
    """The translations by language. A broken catalogue raises at start, not in a page."""
    found: dict[str, NullTranslations] = {"en": NullTranslations()}
    for language, locale in _LOCALES.items():
        if locale == "en":
            continue
        first, *others = (_catalogue(locale, name) for name in NAMES)
        for other in others:
            first.add_fallback(other)
        found[language] = first
    return found


def _catalogue(locale: str, name: str) -> GNUTranslations:
    source = CATALOGUES / locale / "LC_MESSAGES" / f"{name}.po"
    with source.open("rb") as text:
        catalogue = read_po(text, locale=locale, abort_invalid=True)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)


def choose(wanted: Iterable[str | None], accept: str) -> str:
    """The first of ``wanted`` that the console has, else the browser's choice, else Chinese."""
    for language in wanted:
        if language in LANGUAGES:
            return language
    for part in accept.split(","):
        tag = part.split(";")[0].strip().lower()
        if tag.startswith("zh"):
            return "zh-CN"
        if tag.startswith("en"):
            return "en"
    return DEFAULT
