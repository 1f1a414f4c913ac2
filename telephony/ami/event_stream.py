"""The events of an AMI link: taken from its connection, and handed on in order."""

import asyncio
from collections.abc import Callable

from structlog.typing import FilteringBoundLogger

from domain.identity import NodeName
from telephony.ami.ami_wire import Message
from telephony.ami.delivery import Delivery
from telephony.ami.event_lag import ECHO, EventLag
from telephony.ami.link_listener import LinkListener, Nobody
from telephony.ami.lost_replies import LostReplies
from telephony.ami.protocol import AmiProtocol
from telephony.ami.secret_keys import SecretKeys
from telephony.ami.snapshot import Snapshot


class EventStream:
    """What a link brings, one connection after another, to whoever listens to it.

    Events that come before the connection's snapshot are held back until ``up`` has handed that on.
    """

    def __init__(
        self,
        node: NodeName,
        log: FilteringBoundLogger,
        lag: EventLag,
        lost_replies: LostReplies,
        secret_keys: SecretKeys,
        *,
        max_backlog: int,
        overflows: Callable[[str], None],
    ) -> None:
        """More than ``max_backlog`` events that wait are too many: ``overflows`` is called, with
        the reason, and is to end the connection."""
        self.booted = asyncio.Event()
        """Asterisk has said on this connection that it has loaded all modules."""
        self._node = node
        self._log = log
        self._lag = lag
        self._lost_replies = lost_replies
        self._secret_keys = secret_keys
        self._max_backlog = max_backlog
        self._overflows = overflows
        self._listener: LinkListener = Nobody()
        self._delivery = Delivery(self._delivered, node)

    def __len__(self) -> int:
        """How many events have been received but not delivered."""
        return len(self._delivery)

    @property
    def failures(self) -> int:
        """How many events the listener failed on."""
        return self._delivery.failures

    # --- told by the link

    def listen(self, listener: LinkListener) -> None:
        """From now on, everything goes to this one."""
        self._listener = listener

    def begin(self) -> None:
        """A new connection is made; what was held of an earlier one is dropped."""
        self._delivery.hold()
        self._delivery.clear()
        self.booted.clear()
        self._lag.forget()

    def hold(self) -> None:
        """Deliver no event from now on."""
        self._delivery.hold()

    def up(self, snapshot: Snapshot) -> None:
        """The link is up: hand on the snapshot, then every event since the login."""
        self._tell(self._listener.on_snapshot, self._node, snapshot)
        self._delivery.release()

    async def drained(self) -> None:
        """Wait until everything that was received has been delivered."""
        await self._delivery.drained()

    def down(self, why: str) -> None:
        """The link was up, and is lost."""
        self._tell(self._listener.on_down, self._node, why)

    async def measure_lag(self, protocol: AmiProtocol) -> None:
        """Ask for an event, to see how late it comes. Raises LinkDown, OutcomeUnknown."""
        await self._lag.ask(protocol, len(self))

    # --- told by the connection

    def dispatch(self, event: Message) -> None:
        """An event came."""
        if self._secret_keys and self._secret_keys.drops(event.raw):
            return
        if event.name == "FullyBooted":
            self.booted.set()
        if self._lost_replies.sought:
            self._lost_replies.look_at(event.raw)
        self._delivery.put(event)
        if len(self._delivery) > self._max_backlog:
            # Nothing is lost by this: a snapshot follows the next login.
            self._overflows(f"{self._max_backlog} events are waiting: their consumer is too slow")

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection has ended; the link notices by itself."""

    def _delivered(self, message: Message) -> None:
        raw = message.raw
        if raw.startswith(b"Event: UserEvent") and ECHO in raw:
            self._lag.came(raw)
            return
        self._listener.on_message(self._node, message)

    def _tell(self, callback: Callable[..., object], *arguments: object) -> None:
        try:
            callback(*arguments)
        except Exception:
            self._log.exception("the AMI link's listener failed; the link goes on")
