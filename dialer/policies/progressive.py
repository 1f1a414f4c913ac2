"""Progressive: one call for each agent who is ready. Nobody is abandoned but by accident."""

from dialer.lessons import Lesson
from dialer.limit import Counted
from dialer.policy import Reason, Situation, Wish, free_agents, policy

_REASON = Reason("{ready} ready, {open} calls under way: one call for each free agent")
_FULL = Reason("every ready agent has a call under way")


def one_for_each(at: Situation) -> Wish:
    """What progressive dialling wants; the other policies begin with it, too."""
    count = free_agents(at)
    if count <= 0:
        return Wish(0, _FULL)
    return Wish(count, Reason(_REASON.text, {"ready": at.under_way.ready, "open": at.open}))


@policy("progressive")
class Progressive:
    """Knows nothing and needs nothing."""

    def learn(self, lesson: Lesson, now: float) -> None:
        """Nothing to learn."""

    def counted(self, counted: Counted, now: float) -> None:
        """Nothing to learn."""

    def decide(self, at: Situation, _now: float) -> Wish:
        """One call for each free agent."""
        return one_for_each(at)
