"""What the nodes that ask for a key have in common."""

from collections.abc import Iterable, Iterator
from typing import Annotated

from pydantic import Field

from documents.document import KEY_ITSELF
from documents.sentence import sentence
from ivr_flows.kind import NodeFault

PHONE_KEYS = "0123456789*#"

ThinkingTime = Annotated[float, Field(ge=0.5, le=60)]
"""How long a caller may think, in seconds."""

Tries = Annotated[int, Field(ge=1, le=9)]
"""How many times a question is asked altogether."""


def key_faults(keys: Iterable[str]) -> Iterator[NodeFault]:
    """What is wrong with the keys of a ``keys:`` mapping."""
    for key in keys:
        if key not in tuple(PHONE_KEYS):
            yield NodeFault(
                ("keys", key, KEY_ITSELF),
                sentence(
                    '"%(key)s" is not a key on a phone; expected one of 0 to 9, "*" or "#", '
                    "in quotes",
                    key=key,
                ),
            )
