"""Passes on what happens to agents to whoever plans with them."""

from collections.abc import Callable

from acd.commands import AgentChanged


class AgentNews:
    """Calls each listener with each change of an agent, after the floor has carried it out."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[AgentChanged], None]] = []

    def listen(self, listener: Callable[[AgentChanged], None]) -> None:
        """From now on call ``listener`` too."""
        self._listeners.append(listener)

    def tell(self, change: AgentChanged) -> None:
        """Tell all of them."""
        for listener in self._listeners:
            listener(change)
