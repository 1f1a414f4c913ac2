"""How far a flow may lead a call, and the words for where it leads nowhere."""

from domain.errors import OffhookError
from ivr_flows.steps import Digits

DEEPEST = 8
"""Flows that may stand in one another."""
MOST_WITHOUT_WAITING = 100
"""Nodes that a call may pass without the caller's hearing or doing anything."""
MOST_WITHOUT_A_KEY = 300
"""Nodes that a call may pass without anything from the caller: nobody may be there any more. Each
walk through an in-queue flow is counted by itself."""
MOST_SILENT_S = 180.0
"""How long a caller may hear nothing, in seconds, while the flow waits for keys or for services."""

WENT_ROUND, TOO_DEEP, NO_FLOW = "went_round", "too_deep", "no_flow"
"""Why a call is ended whose flow leads nowhere."""


class Stuck(OffhookError):  # noqa: N818 - a flow does this, not our code
    """The flow leads the call nowhere; the argument says why, in a word."""


class WalkLimits:
    """Counts what a call passes and how long its caller hears nothing. Raises Stuck when a limit is
    passed."""

    def __init__(self) -> None:
        self._without_waiting = self._without_a_key = 0
        self._silent_s = 0.0

    def passes_node(self) -> None:
        """The call comes to a node."""
        self._without_waiting += 1
        self._without_a_key += 1
        if self._without_waiting > MOST_WITHOUT_WAITING or self._without_a_key > MOST_WITHOUT_A_KEY:
            raise Stuck(WENT_ROUND)

    def heard(self) -> None:
        """The caller has heard a prompt."""
        self._silent_s = 0.0

    def hears_nothing(self, seconds: float) -> None:
        """The caller has heard nothing for so long."""
        self._silent_s += seconds
        if self._silent_s > MOST_SILENT_S:
            raise Stuck(WENT_ROUND)

    def waited(self, *, talked: bool = False) -> None:
        """The caller has waited for something that they noticed; or talked with somebody."""
        self._without_waiting = 0
        self._silent_s = 0.0
        if talked:
            self._without_a_key = 0

    def asked(self, answer: Digits, timeout_s: float, *, heard: bool) -> None:
        """The caller was asked for keys, and waited for; ``heard`` says whether by a prompt."""
        self._without_waiting = 0
        if answer.digits:
            self._without_a_key = 0
        if answer.digits or heard:
            self._silent_s = 0.0
        if answer.timed_out and not answer.digits:
            self.hears_nothing(timeout_s)

    def begin_in_queue(self) -> int:
        """The in-queue flow begins; returns what ``end_in_queue`` is to be given.

        Callers may wait for hours, and the queue knows how long that may be.
        """
        without_a_key, self._without_a_key = self._without_a_key, 0
        return without_a_key

    def end_in_queue(self, before: int) -> None:
        """The in-queue flow is over."""
        self._without_a_key = before
