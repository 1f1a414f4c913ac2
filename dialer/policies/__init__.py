"""The pacing policies, one file each. Every module in this folder is loaded and found by name.

To add one, write a file with a class under ``@policy("name")`` (see ``dialer.policy``).
"""

from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from dialer.policy import POLICIES, Policy


def load_policies() -> dict[str, type[Policy]]:
    """Load and return all policies by name."""
    for module in iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
    return POLICIES


def make(name: str, **options: Any) -> Policy:
    """Create the policy of this name. Raises ValueError for an unknown name or option."""
    known = load_policies()
    if name not in known:
        raise ValueError(
            f"there is no pacing policy {name!r}; there are {', '.join(sorted(known))}"
        )
    try:
        return known[name](**options)
    except TypeError as error:
        raise ValueError(f"policy {name}: {error}") from None
