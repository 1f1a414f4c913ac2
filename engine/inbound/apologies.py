"""Says sorry to callers whom a flow has led nowhere, and tells ops so once."""

import structlog

from ivr_flows.phrases import CallerPhrase, Phrases
from ivr_flows.steps import Apologise, Play

log = structlog.get_logger()


class Apologies:
    """Has the words, and remembers which faults of flows have been logged."""

    def __init__(self, phrases: Phrases) -> None:
        self._phrases = phrases
        self._logged: set[tuple[str, str]] = set()

    def words(self, step: Apologise, flow: str) -> Play:
        """What the caller is to hear. Logs the first time for each flow and reason."""
        if (flow, step.why) not in self._logged:
            self._logged.add((flow, step.why))
            log.error(
                "a flow leads callers nowhere: they hear an apology, and their calls are ended",
                flow=flow,
                node=step.node,
                why=step.why,
            )
        sorry = self._phrases.text(CallerPhrase.SORRY, step.language)
        return Play(step.node, (sorry,), step.language, interruptible=False)
