"""Trial calls for pages: what a test says is under way, and what pages ask for."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from engine.trial_ports import TrialFault, TrialReport, TrialStage, TrialWish


@dataclass
class SmallTrials:
    """Calls nobody."""

    reports: dict[str, TrialReport] = field(default_factory=dict)
    wishes: list[TrialWish] = field(default_factory=list)
    fault: TrialFault | None = None

    def report(self, flow: str) -> TrialReport | None:
        return self.reports.get(flow)

    def begin(self, wish: TrialWish) -> TrialFault | None:
        if self.fault is None:
            self.wishes.append(wish)
            flow, began = wish.flow.name, datetime.now(UTC)
            stage = TrialStage.PREPARING
            self.reports[flow] = TrialReport("1", flow, 1, wish.test, wish.by, began, stage)
        return self.fault

    def goes_on(self, flow: str, stage: TrialStage) -> None:
        """The call of this flow's draft has come so far."""
        self.reports[flow] = replace(self.reports[flow], stage=stage)

    def cancel(self, flow: str) -> None:
        self.goes_on(flow, TrialStage.CANCELLED)
