"""Finds every text in the console's source that must be in the catalogue."""

from pathlib import Path

from babel.messages.extract import extract_from_dir

import console

ROOT = Path(console.__file__).parent
_METHODS = [("**.py", "python"), ("**.html", "jinja2")]
_KEYWORDS = {"_": None, "N_": None, "gettext": None}


def messages() -> set[str]:
    """The texts, in English."""
    found = extract_from_dir(
        ROOT,
        method_map=_METHODS,
        options_map={"**.html": {"newstyle_gettext": "true", "trimmed": "true"}},
        keywords=_KEYWORDS,
    )
    return {message for _, _, message, _, _ in found if isinstance(message, str) and message}
