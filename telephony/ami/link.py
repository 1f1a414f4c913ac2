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
from telephony.ami.event_lag import EventLag
from telephony.ami.event_stream import EventStream
from telephony.ami.lifecycle import AmiLoginRefused
from telephony.ami.link_listener import LinkListener
from telephony.ami.link_status import LinkStatus
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
from telephony.ami.snapshot import Snapshot, take_snapshot
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
        self._rng = rng or random.Random()  # noqa: S311 - jitter, not a secret
        self._faults_of = faults_of
        self._judged: set[str] = set()
        self._log = log.bind(node=node, ami=f"{host}:{port}")
        self._status = LinkStatus(clock, self._log, self.timing.retry_refused)
        self._lag = EventLag(node, clock, self.timing.pong)
        self._lost_replies = LostReplies(self.wait_up, self._channels, clock, self.timing)
        self._events = EventStream(
            node,
            self._log,
            self._lag,
            self._lost_replies,
            self.secret_keys,
            max_backlog=max_backlog,
            overflows=self._cut,
        )
        self._protocol: AmiProtocol | None = None
        self._boot = ""
        self._ups = 0
        self._closing = False
        self._task: asyncio.Task[None] | None = None

    # --- what it is now

    @property
    def up(self) -> bool:
        """Logged in, snapshot delivered: events flow and actions can be sent."""
        return self._status.up

    @property
    def sends(self) -> bool:
        """Whether an action can be sent. A connection may have ended before what was received of it
        is delivered; until then the link is up, and sends nothing."""
        return self.up and self._protocol is not None and self._protocol.sends

    @property
    def state(self) -> LinkState:
        return self._status.state

    @property
    def backlog(self) -> int:
        """How many events have been received but not delivered."""
        return len(self._events)

    @property
    def failures(self) -> int:
        """How many events the consumer failed on."""
        return self._events.failures

    @property
    def lag(self) -> float:
        """How late events are at least, in seconds; 0 while the link is not up."""
        return self._lag.seconds if self.up else 0.0

    async def wait_up(self, timeout: float | None = None) -> None:
        """Wait until the link is up. Raises TimeoutError."""
        await self._status.wait_up(timeout)

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
                f"{self.node}: AMI {self.host}:{self.port} is {self.state.kind}:"
                f" {self.state.error or 'not ready yet'}"
            )
        return self._protocol

    # --- life

    async def run(self, listener: LinkListener) -> None:
        """Keep the link up until cancelled, or until ``close``, after which it returns."""
        if self._task is not None:
            raise RuntimeError("this link runs already")
        self._task = asyncio.current_task()
        self._events.listen(listener)
        failures = 0
        try:
            while not self._closing:
                was_up = False
                wait = 0.0
                try:
                    await self._connect_and_serve()
                except AmiLoginRefused as error:
                    self._status.became(LinkKind.REFUSED, str(error))
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
                await asyncio.sleep(wait or self._pause(failures))
        except asyncio.CancelledError:
            if not self._closing:
                raise
        finally:
            self._task = None
            self._events.hold()
            was_up = self.up
            self._status.became(LinkKind.CLOSED, "closed")
            if was_up:
                self._events.down("closed")

    def _pause(self, failures: int) -> float:
        """How long to wait after so many failures in a row, in seconds."""
        most = min(self.timing.retry_most, self.timing.retry_first * 2.0 ** min(failures, 16))
        return most * self._rng.uniform(0.5, 1.0)

    async def close(self) -> None:
        """End the link for good; once this returns, nothing of it runs and nothing is delivered."""
        self._closing = True
        self._events.hold()
        task = self._task
        if task is not None and task is not asyncio.current_task():
            task.cancel()
            await asyncio.wait((task,))
        if self.state.kind is not LinkKind.CLOSED:
            self._status.became(LinkKind.CLOSED, "closed")

    async def _connect_and_serve(self) -> None:
        """Serve one connection from beginning to end; always raises."""
        self._events.begin()
        protocol = await lifecycle.connect(self._events, self.host, self.port, self.timing.connect)
        try:
            self._protocol = protocol
            self._status.became(LinkKind.SYNCING, self.state.error)
            events_from = datetime.now(UTC)
            await lifecycle.log_in(protocol, self._username, self._secret, self.timing.login)
            if not await lifecycle.booted(protocol, self._events.booted, self.timing.boot):
                self._log.warning(
                    "no FullyBooted event came; going on without it. Does the AMI user"
                    " have read = system in manager.conf?"
                )
            self.secret_keys.logged_in()
            await lifecycle.check_name(protocol, self.node, self.timing.login)
            await self._synchronise(protocol, events_from)
            await lifecycle.keep_alive(
                protocol, self.timing.ping_every, self.timing.pong, self._events.measure_lag
            )
        finally:
            self._protocol = None
            if not protocol.closed:
                protocol.close()

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
        self._status.became(LinkKind.UP, "")
        self.reconnects, self._ups = self._ups, self._ups + 1
        self._judge(snapshot.version)
        self._events.up(snapshot)
        self._report(snapshot)

    def _judge(self, version: str) -> None:
        if version not in self._judged:
            self._judged.add(version)
            for fault in self._faults_of(version):
                self._log.warning(fault)

    def _report(self, snapshot: Snapshot) -> None:
        self._log.info(
            "AMI link up",
            channels=len(snapshot.channels),
            asterisk_started=snapshot.boot,
            restarted=snapshot.restarted,
            held_events=self.backlog,
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
            self._status.became(LinkKind.DOWN, error)
            await self._events.drained()
            self._events.down(error)
        else:
            self._status.became(LinkKind.DOWN, error)

    def _cut(self, why: str) -> None:
        if self._protocol is not None:
            self._protocol.fail(why)


def _reason(error: Exception) -> str:
    """The reason in words, for whoever runs the centre."""
    if isinstance(error, OutcomeUnknown):
        return f"at {error.action}: {error.why}"
    return str(error) or type(error).__name__
