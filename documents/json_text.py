"""Parses JSON from a file that people may have edited."""

import json
from typing import Any


def parsed(text: bytes) -> Any:
    """The data that the JSON text holds. Raises only ValueError, whatever is wrong with it."""
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("nested too deep") from None
