"""Says how many calls may go out on each line, whoever places them."""

from collections.abc import Iterator
from contextlib import contextmanager

from domain.centre import Line
from domain.identity import LineName
from engine.centre_in_force import CentreInForce
from telephony.centre_calls import Calls


class LinesOut:
    """The lines, and the calls on their way out."""

    def __init__(self, in_force: CentreInForce, channels: Calls) -> None:
        self._in_force = in_force
        self._channels = channels
        self._going: dict[LineName, int] = {}
        """Calls that have no channel yet, by line."""

    def line(self, name: LineName) -> Line | None:
        """The line of this name; None if it is not in the centre any more."""
        return next((line for line in self._in_force.centre.lines if line.name == name), None)

    def free(self, name: LineName, for_inbound: int = 0) -> int:
        """How many more calls the line may carry, with so many channels left free."""
        found = self.line(name)
        if found is None:
            return 0
        used = self._channels.channels_in_use(name) + self._going.get(name, 0)
        return max(0, found.channels - for_inbound - used)

    @contextmanager
    def going(self, name: LineName) -> Iterator[None]:
        """A call is on its way out on this line; its channel is shown by the end, or never."""
        self._going[name] = self._going.get(name, 0) + 1
        try:
            yield
        finally:
            self._going[name] -= 1
