"""Progressive: dial one call for each ready agent. Nobody is abandoned except by accident."""

from dialer.abandon_count import Counted
from dialer.lessons import Lesson
from dialer.policy import Reason, Situation, Wish, free_agents, policy

_REASON = Reason("{ready} ready, {open} calls under way: one call for each free agent")
_FULL = Reason("every ready agent has a call under way")


def one_for_each(at: Situation) -> Wish:
    """Return what progressive dialling wants; other policies start with it, too."""
    count = free_agents(at)
    if count <= 0:
        return Wish(0, _FULL)
    return Wish(count, Reason(_REASON.text, {"ready": at.under_way.ready, "open": at.open}))


@policy("progressive")
class Progressive:
    """Dials one call per free agent. It learns nothing and has no options."""

    def learn(self, lesson: Lesson, now: float) -> None:
        """Do nothing: there is nothing to learn."""

    def counted(self, counted: Counted, now: float) -> None:
        """Do nothing: there is nothing to learn."""

    def decide(self, at: Situation, _now: float) -> Wish:
        """Dial one call for each free agent."""
        return one_for_each(at)
