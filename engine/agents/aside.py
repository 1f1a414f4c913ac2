"""The table of a consultation: who hears whom at each stage, and what may come next. Pure.

The agent is always in; the customer and whoever is asked come and go (docs/decisions/0021).
"""

from collections.abc import Mapping
from enum import StrEnum

from engine.board_ports import ConsultStage


class ConsultStep(StrEnum):
    """What an agent may want in a consultation."""

    SWAP = "swap"  # to the customer, or back to whom they ask
    CONFERENCE = "conference"  # all three
    COMPLETE = "complete"  # the agent leaves, and the other two stay together
    CANCEL = "cancel"  # back to the customer alone


OVER = None
"""The consultation is over."""

_ANSWERED: Mapping[ConsultStep, ConsultStage | None] = {
    ConsultStep.CONFERENCE: ConsultStage.CONFERENCE,
    ConsultStep.COMPLETE: OVER,
    ConsultStep.CANCEL: OVER,
}

STEPS: Mapping[ConsultStage, Mapping[ConsultStep, ConsultStage | None]] = {
    ConsultStage.CALLING: {ConsultStep.CANCEL: OVER},
    ConsultStage.PRIVATE: {**_ANSWERED, ConsultStep.SWAP: ConsultStage.CUSTOMER},
    ConsultStage.CUSTOMER: {**_ANSWERED, ConsultStep.SWAP: ConsultStage.PRIVATE},
    ConsultStage.CONFERENCE: {
        ConsultStep.SWAP: ConsultStage.PRIVATE,
        ConsultStep.COMPLETE: OVER,
        ConsultStep.CANCEL: OVER,
    },
}
"""What may come next, and what comes of it."""

CUSTOMER_IN = frozenset({ConsultStage.CUSTOMER, ConsultStage.CONFERENCE})
"""Where the customer takes part; elsewhere they hear music."""
ASKED_IN = frozenset({ConsultStage.PRIVATE, ConsultStage.CONFERENCE})
"""Where whom the agent asks takes part; elsewhere they hear nothing, or their phone rings."""


def passes_on_by_hanging_up(stage: ConsultStage) -> bool:
    """Whether an agent who hangs up leaves the customer with whom they asked.

    Not one who talks with the customer alone at that moment: they end the talk.
    """
    return stage in ASKED_IN
