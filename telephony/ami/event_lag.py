"""Measures how late a link's events are, by an event that Asterisk sends back to us."""

from collections.abc import Callable

from domain.identity import NodeName
from telephony.ami.originate import new_channel_id
from telephony.ami.protocol import AmiProtocol
from telephony.complaints import Complaints

ECHO = b"UserEvent: OffhookEcho\r\n"
"""In each echo, ours or another controller's."""

LATE_S = 5.0
"""A warning is logged when events are later than this."""


class EventLag:
    """Asterisk may take minutes to send what has happened, and we to get to it, while it still
    answers each ping. So with every ping we ask for an event and measure how long it takes to
    arrive.
    """

    def __init__(self, node: NodeName, clock: Callable[[], float], answer_s: float) -> None:
        """Asterisk has ``answer_s`` seconds to say that it sends the event."""
        self._node = node
        self._clock = clock
        self._answer_s = answer_s
        self._complain = Complaints()
        self._echo = b""
        self._asked_at: float | None = None
        self._last_s = 0.0

    @property
    def seconds(self) -> float:
        """How late events are at least."""
        under_way = 0.0 if self._asked_at is None else self._clock() - self._asked_at
        return max(self._last_s, under_way)

    def forget(self) -> None:
        """Begin anew, with a new connection."""
        self._asked_at, self._last_s = None, 0.0

    async def ask(self, protocol: AmiProtocol, backlog: int) -> None:
        """Have Asterisk send an event back to us, unless one is under way.

        ``backlog`` is how many events wait on our side, for the log. Raises LinkDown,
        OutcomeUnknown.
        """
        if self.seconds > LATE_S:
            self._complain(
                "AMI events are late: boards, records and offers lag behind the phones. Find out"
                " what keeps Asterisk or this machine so busy",
                kind=self._node,
                node=self._node,
                late_s=round(self.seconds, 1),
                waiting_here=backlog,
            )
        if self._asked_at is not None:
            return
        name = new_channel_id()
        self._echo, self._asked_at = f"\r\nEcho: {name}".encode(), self._clock()
        reply = await protocol.ask(
            "UserEvent", {"UserEvent": "OffhookEcho", "Echo": name}, self._answer_s
        )
        if not reply.succeeded:  # this user may not send it
            self.forget()

    def came(self, echo: bytes) -> None:
        """An echo has come; perhaps ours."""
        if self._asked_at is not None and self._echo in echo:
            self._last_s, self._asked_at = self._clock() - self._asked_at, None
