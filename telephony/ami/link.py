"""Keeps an AMI connection to one Asterisk up: the only way to a node's manager interface."""

import asyncio
import random
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from time import monotonic

import structlog

from domain.identity import NodeName
from telephony.ami import lifecycle
from telephony.ami.ami_wire import Message
from telephony.ami.delivery import Delivery
from telephony.ami.event_lag import ECHO, EventLag
from telephony.ami.lifecycle import AmiLoginRefused
from telephony.ami.link_listener import LinkListener, Nobody
from telephony.ami.lost_replies import LostReplies
from telephony.ami.originate import Originate
from telephony.ami.protocol import (
    ActionRefused,
    AmiProtocol,
    Headers,
    LinkDown,
    OutcomeUnknown,
)
from telephony.ami.secret_keys import SecretKeys
from telephony.ami.snapshot import take_snapshot
from telephony.ami.state import LinkKind, LinkState, Timing

log = structlog.get_logger()


def no_faults(_version: str) -> Iterable[str]:
    """Any version of Asterisk is taken to be all right."""
    return ()


class Link:
    """One AMI connection to a node, connected again whenever it is lost; ``run`` keeps it up.

    ``faults_of`` says what is wrong with an Asterisk of this version; that is logged, once.
    """

    def __init__(
        self,
        node: NodeName,
        host: str,
        port: int,
        username: str,
        secret: str,
        *,
        faults_of: Callable[[str], Iterable[str]] = no_faults,
        clock: Callable[[], float] = monotonic,
        timing: Timing | None = None,
        rng: random.Random | None = None,
        max_backlog: int = 500_000,
    ) -> None:
        self.node = node
        self.host = host
        self.port = port
        self.timing = timing or Timing()
        self.reconnects = 0
        """How often the link has come up after the first time."""
        self.secret_keys = SecretKeys(clock)
        """Whose keys must not be seen: their events end here."""
        self._username = username
        self._secret = secret
        self._clock = clock
        self._rng = rng or random.Random()  # noqa: S311 - jitter, not a secret
        self._max_backlog = max_backlog
        self._faults_of = faults_of
        self._judged: set[str] = set()
        self._listener: LinkListener = Nobody()
        self._delivery = Delivery(self._delivered, node)
        self._lag = EventLag(node, clock, self.timing.pong)
        self._protocol: AmiProtocol | None = None
        self._state = LinkState(LinkKind.DOWN, clock(), "not started")
        self._is_up = asyncio.Event()
        self._boot = ""
        self._booted = asyncio.Event()
        self._ups = 0
        self._closing = False
        self._task: asyncio.Task[None] | None = None
        self._said = ""
        self._lost_replies = LostReplies(self.wait_up, self._channels, clock, self.timing)
        self._log = log.bind(node=node, ami=f"{host}:{port}")

    # --- what it is now

    @property
    def up(self) -> bool:
        """Logged in, snapshot delivered: events flow and actions can be sent."""
        return self._state.kind is LinkKind.UP

    @property
    def sends(self) -> bool:
        """Whether an action can be sent. A connection may have ended before what was received of it
        is delivered; until then the link is up, and sends nothing."""
        return self.up and self._protocol is not None and self._protocol.sends

    @property
    def state(self) -> LinkState:
        return self._state

    @property
    def backlog(self) -> int:
        """How many events have been received but not delivered."""
        return len(self._delivery)

    @property
    def failures(self) -> int:
        """How many events the consumer failed on."""
        return self._delivery.failures

    @property
    def lag(self) -> float:
        """How late events are at least, in seconds; 0 while the link is not up."""
        return self._lag.seconds if self.up else 0.0

    async def wait_up(self, timeout: float | None = None) -> None:
        """Wait until the link is up. Raises TimeoutError."""
        async with asyncio.timeout(timeout):
            await self._is_up.wait()

    # --- actions

    async def action(
        self, name: str, headers: Headers | None = None, *, timeout: float = 5.0
    ) -> Message:
        """Send one action, once, and return its reply.

        The reply overtakes events: those that came before it may still be queued.

        Raises ActionRefused (Asterisk said no), LinkDown (nothing was sent), OutcomeUnknown (it was
        sent, but no answer came in ``timeout`` seconds or before the link was lost; it may have
        been done), ValueError (Asterisk would misread a header, see ami_wire.encode).
        """
        reply = await self._live().ask(name, headers or {}, timeout)
        if not reply.succeeded:
            raise ActionRefused(name, reply)
        return reply

    async def listing(
        self,
        name: str,
        headers: Headers | None = None,
        *,
        item: str,
        complete: str,
        timeout: float = 10.0,
    ) -> list[Message]:
        """Send an action that is answered with a list; returns its ``item`` events up to
        ``complete``.

        Raises what ``action`` does. An empty list is not a refusal.
        """
        return await self._live().ask_list(name, headers or {}, item, complete, timeout)

    async def originate(self, call: Originate, *, timeout: float = 5.0) -> None:
        """Place a call, once. Returns when Asterisk has accepted it, or is seen placing it.

        Events with ``Uniqueid`` = ``call.channel_id`` report how it goes on, and so does
        OriginateResponse. If the reply is lost, we look for the channel once the link is up.

        Raises what ``action`` does; OutcomeUnknown means that no such channel was found: the call
        was not placed, or is over already. If it turns up after all, it has that id.
        """
        try:
            await self.action("Originate", call.headers(), timeout=timeout)
        except OutcomeUnknown as lost:
            if not await self._lost_replies.turns_up(call.channel_id):
                raise OutcomeUnknown(
                    "Originate", f"{lost.why}; no channel {call.channel_id} on {self.node} since"
                ) from lost

    async def _channels(self) -> list[Message]:
        return await self.listing(
            "CoreShowChannels", item="CoreShowChannel", complete="CoreShowChannelsComplete"
        )

    def _live(self) -> AmiProtocol:
        if self._protocol is None or not self.up:
            raise LinkDown(
                f"{self.node}: AMI {self.host}:{self.port} is {self._state.kind}:"
                f" {self._state.error or 'not ready yet'}"
            )
        return self._protocol

    # --- life

    async def run(self, listener: LinkListener) -> None:
        """Keep the link up until cancelled, or until ``close``, after which it returns."""
        if self._task is not None:
            raise RuntimeError("this link runs already")
        self._task = asyncio.current_task()
        self._listener = listener
        failures = 0
        try:
            while not self._closing:
                was_up = False
                wait = 0.0
                try:
                    await self._connect_and_serve()
                except AmiLoginRefused as error:
                    self._became(LinkKind.REFUSED, str(error))
                    wait = self.timing.retry_refused
                except (OSError, OutcomeUnknown, LinkDown) as error:
                    was_up = self.up
                    await self._lost(_reason(error))
                except Exception as error:
                    # A bug of ours must not leave a centre without its events.
                    self._log.exception(
                        "the AMI link failed because of a bug in Offhook; trying again"
                    )
                    was_up = self.up
                    await self._lost(_reason(error))
                    wait = self.timing.retry_most
                failures = 0 if was_up else failures + 1
                if not wait:
                    most = min(
                        self.timing.retry_most, self.timing.retry_first * 2 ** min(failures, 16)
                    )
                    wait = most * self._rng.uniform(0.5, 1.0)
                await asyncio.sleep(wait)
        except asyncio.CancelledError:
            if not self._closing:
                raise
        finally:
            self._task = None
            self._delivery.hold()
            was_up = self.up
            self._became(LinkKind.CLOSED, "closed")
            if was_up:
                self._tell(self._listener.on_down, self.node, self._state.error)

    async def close(self) -> None:
        """End the link for good; once this returns, nothing of it runs and nothing is delivered."""
        self._closing = True
        self._delivery.hold()
        task = self._task
        if task is not None and task is not asyncio.current_task():
            task.cancel()
            await asyncio.wait((task,))
        if self._state.kind is not LinkKind.CLOSED:
            self._became(LinkKind.CLOSED, "closed")

    async def _connect_and_serve(self) -> None:
        """Serve one connection from beginning to end; always raises."""
        self._delivery.hold()
        self._delivery.clear()
        self._booted.clear()
        self._lag.forget()
        protocol = await lifecycle.connect(self, self.host, self.port, self.timing.connect)
        try:
            self._protocol = protocol
            self._became(LinkKind.SYNCING, self._state.error)
            events_from = datetime.now(UTC)
            await lifecycle.log_in(protocol, self._username, self._secret, self.timing.login)
            if not await lifecycle.booted(protocol, self._booted, self.timing.boot):
                self._log.warning(
                    "no FullyBooted event came; going on without it. Does the AMI user"
                    " have read = system in manager.conf?"
                )
            self.secret_keys.logged_in()
            await lifecycle.check_name(protocol, self.node, self.timing.login)
            await self._synchronise(protocol, events_from)
            await lifecycle.keep_alive(
                protocol, self.timing.ping_every, self.timing.pong, self._measure_lag
            )
        finally:
            self._protocol = None
            if not protocol.closed:
                protocol.close()

    async def _measure_lag(self, protocol: AmiProtocol) -> None:
        await self._lag.ask(protocol, self.backlog)

    def _delivered(self, message: Message) -> None:
        raw = message.raw
        if raw.startswith(b"Event: UserEvent") and ECHO in raw:
            self._lag.came(raw)
            return
        self._listener.on_message(self.node, message)

    async def _synchronise(self, protocol: AmiProtocol, events_from: datetime) -> None:
        try:
            snapshot = await take_snapshot(
                protocol.ask, protocol.ask_list, events_from, self._boot, self.timing.snapshot
            )
        except ActionRefused as refused:
            raise AmiLoginRefused(
                f"{refused}; AMI user {self._username!r} needs write = reporting in manager.conf"
            ) from refused
        self._boot = snapshot.boot
        self._became(LinkKind.UP, "")
        self.reconnects, self._ups = self._ups, self._ups + 1
        if snapshot.version not in self._judged:
            self._judged.add(snapshot.version)
            for fault in self._faults_of(snapshot.version):
                self._log.warning(fault)
        self._tell(self._listener.on_snapshot, self.node, snapshot)
        self._delivery.release()
        self._log.info(
            "AMI link up",
            channels=len(snapshot.channels),
            asterisk_started=snapshot.boot,
            restarted=snapshot.restarted,
            held_events=len(self._delivery),
            refused_lists=snapshot.missing or None,
        )
        if snapshot.left_out:
            self._log.warning(
                "Asterisk's list of channels has entries that are not channels; they are left out",
                entries=len(snapshot.left_out),
                first=snapshot.left_out[:3],
            )

    async def _lost(self, error: str) -> None:
        if self.up:
            # What was received is true, so it is delivered first.
            self._became(LinkKind.DOWN, error)
            await self._delivery.drained()
            self._tell(self._listener.on_down, self.node, self._state.error)
        else:
            self._became(LinkKind.DOWN, error)

    # --- called by the protocol

    def dispatch(self, event: Message) -> None:
        """An event came."""
        if self.secret_keys and self.secret_keys.drops(event.raw):
            return
        if event.name == "FullyBooted":
            self._booted.set()
        if self._lost_replies.sought:
            self._lost_replies.look_at(event.raw)
        self._delivery.put(event)
        if len(self._delivery) > self._max_backlog and self._protocol is not None:
            # Nothing is lost by this: a snapshot follows the next login.
            self._protocol.fail(
                f"{self._max_backlog} events are waiting: their consumer is too slow"
            )

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection has ended; ``run`` notices by itself."""

    def _tell(self, callback: Callable[..., object], *arguments: object) -> None:
        try:
            callback(*arguments)
        except Exception:
            self._log.exception("the AMI link's listener failed; the link goes on")

    def _became(self, kind: LinkKind, error: str) -> None:
        self._state = LinkState(kind, self._clock(), error)
        if kind is LinkKind.UP:
            self._is_up.set()
        else:
            self._is_up.clear()
        # One line when something changes, not one for every failed attempt.
        said = "" if kind is LinkKind.UP else error
        if kind in (LinkKind.DOWN, LinkKind.REFUSED) and said != self._said:
            if kind is LinkKind.REFUSED:
                self._log.error(f"{error}. Trying again every {self.timing.retry_refused:g} s")
            else:
                self._log.warning(f"AMI link down: {error}. Trying again")
        if kind is not LinkKind.SYNCING:
            self._said = said


def _reason(error: Exception) -> str:
    """The reason in words, for whoever runs the centre."""
    if isinstance(error, OutcomeUnknown):
        return f"at {error.action}: {error.why}"
    return str(error) or type(error).__name__
