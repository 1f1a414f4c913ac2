"""Finds a part of a JSON answer by its path: names and numbers between dots. Pure."""

import re

from ivr_flows.steps import Json

_PATH = re.compile(r"[^.\s]{1,64}(\.[^.\s]{1,64}){0,9}")


def is_path(text: str) -> bool:
    """Whether the text can be a path."""
    return _PATH.fullmatch(text) is not None


def found_at(answer: Json, path: str) -> str | int | float | bool | None:
    """The value at this path; None if there is none, or it is not a plain value."""
    here: Json = answer
    for part in path.split("."):
        if isinstance(here, dict):
            here = here.get(part)
        elif isinstance(here, list) and part.isascii() and part.isdecimal():
            here = here[int(part)] if int(part) < len(here) else None
        else:
            return None
    return here if isinstance(here, str | int | float | bool) else None
