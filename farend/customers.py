"""Who calls in the demo, how often, and how long agents talk to them.

The numbers fit the demo's centre: its agents keep up with these customers for as long as it is left
alone (``tests/farend/test_demo_load.py`` plays eight hours). If customers came faster than agents
can finish with them, the queues would grow with every minute.
"""

import random
from dataclasses import dataclass

from domain.identity import LineName

ARRIVAL_S = 2.2
"""Mean time between two customers."""
ANSWERS_AFTER_S, TALKS_S = 1.5, 5.0
"""How long an agent's phone rings, and how long they talk."""
BACK_AFTER_S = 5.0
"""How long agents stay away whom the system set away, because they missed a call, say."""


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer who will call."""

    number: str
    line: LineName
    language_key: str
    menu_key: str
    patience_s: float | None
    """Seconds in the queue after which they hang up; None: they stay."""
    score: str

    @property
    def steps(self) -> str:
        """What they say and press."""
        return f"speak-1,press-{self.language_key},speak-2.5,press-{self.menu_key},speak-900"


def customer(number: int, rng: random.Random) -> Customer:
    """The customer who calls as the ``number``-th."""
    language = rng.choice("12")
    choice = rng.choices("120", (5, 4, 1))[0]
    return Customer(
        number=f"138{number:08d}",
        line=LineName(rng.choice(("carrier", "carrier", "gateway-lines"))),
        language_key=language,
        menu_key=choice,
        patience_s=rng.choice((None, None, None, 6.0, 12.0)),
        score=rng.choice("345"),
    )


def until_the_next(rng: random.Random) -> float:
    """Seconds until the next customer calls."""
    return rng.expovariate(1 / ARRIVAL_S)
