"""Trial calls for pages: what a test says is under way, and what pages ask for."""

from dataclasses import dataclass, field, replace

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
        return self.fault

    def cancel(self, flow: str) -> None:
        self.reports[flow] = replace(self.reports[flow], stage=TrialStage.CANCELLED)
