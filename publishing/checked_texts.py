"""Checks published texts, each once: editions share the flows in which they don't differ."""

from functools import lru_cache

from ivr_flows.loader import Checked, check


@lru_cache(maxsize=500)
def checked_once(name: str, text: str) -> Checked:
    """What comes of the text of a flow by itself."""
    return check(text, f"{name}.yaml")
