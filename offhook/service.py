"""The controller's process: the only one on its database, from its start to a signal to end."""

import asyncio
import gc
import hashlib
import signal
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import structlog

from configuration.in_force import CannotKeep, InForce, keep, serving
from engine.draining import drain
from engine.inbound.caller_sessions import Closing
from offhook.background import run_beside
from offhook.controller import running
from storage.controller_lock import ControllerLock
from supervision.pulse import answer
from telephony.asterisk.generated_files import Ports

log = structlog.get_logger()


class _StoppedError(Exception):
    """Somebody has stopped the controller before it began."""


class _Stop:
    """Waits for a signal to stop. SIGTERM and SIGINT let calls end first, a second one or SIGQUIT
    doesn't. ``on_signal`` is called at each."""

    def __init__(self, on_signal: Callable[[], None]) -> None:
        self.asked, self.at_once = asyncio.Event(), asyncio.Event()
        self._on_signal = on_signal
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
            loop.add_signal_handler(number, self._signalled, number)

    def _signalled(self, number: signal.Signals) -> None:
        if self.asked.is_set() or number is signal.SIGQUIT:
            self.at_once.set()
        self.asked.set()
        self._on_signal()

    def leave(self) -> None:
        """Stop at once: another controller works in our place."""
        log.error("another controller works on this database now, so this one ends")
        self.at_once.set()
        self.asked.set()

    async def after(self, last: Coroutine[Any, Any, None]) -> None:
        """Do this last thing, unless we are to stop at once."""
        loop = asyncio.get_running_loop()
        doing, waiting = loop.create_task(last), loop.create_task(self.at_once.wait())
        await asyncio.wait((doing, waiting), return_when=asyncio.FIRST_COMPLETED)
        for task in (doing, waiting):
            task.cancel()


async def serve(
    found: InForce,
    state: Path,
    ports: Ports,
    dsn: str,
    tell: Callable[[str], None],
    pulse: socket.socket | None = None,
    *,
    kept: bool,
) -> None:
    """Run the controller until a signal. Raises an error if something it needs to start is missing.

    SIGTERM and SIGINT let calls end first (``drain_s``); a second one stops at once. SIGQUIT stops
    at once so that the controller can be started again: Asterisk keeps all calls. ``tell`` is
    given "ready", and later lines for a person. ``pulse`` is the socket on which the supervisor
    asks whether we still work. ``kept``: a supervisor keeps the configuration in force and
    restarts us.
    """
    if pulse is not None:
        answer(pulse)

    def signalled() -> None:
        if not kept:
            serving(state, now=False)

    def said(line: str) -> None:
        log.info(line)
        tell(line)

    stop, config = _Stop(signalled), found.config
    try:
        alone = _only_one(state, dsn, said, stop)
        async with running(found, state, ports, dsn, alone) as engine:
            # Calls leave hardly any reference cycles. Collecting at every 700th object, through all
            # that was loaded at the start, took a tenth of the time, with pauses of many ms.
            gc.collect()
            gc.freeze()
            gc.set_threshold(20_000, 10, 10)
            if not kept:
                _remember(found, state)
            tell("ready")
            log.info("offhook serves", hotlines=[h.number for h in engine.centre.hotlines])
            await stop.asked.wait()
            if not stop.at_once.is_set():
                closing = Closing.REFUSE if config.asterisk.managed else Closing.OWN_QUEUE
                await stop.after(drain(engine, closing, config.drain_s, said))
            log.info("offhook stops; conversations go on, Asterisk keeps the waiting callers")
    except _StoppedError:
        log.info("offhook stops before it began")


def _remember(found: InForce, state: Path) -> None:
    try:
        keep(found, state)
    except CannotKeep as error:
        log.error(str(error))
    serving(state, now=True)


@asynccontextmanager
async def _only_one(
    state: Path, dsn: str, waits: Callable[[str], None], stop: _Stop
) -> AsyncIterator[None]:
    """Wait until no other controller works on the database, and keep others from it. We leave if
    another one has begun while our database was away. Raises _StoppedError if we are to stop
    meanwhile.
    """
    lock = ControllerLock(dsn, _whose(state), waits=waits)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(lock.close)
        taking = asyncio.ensure_future(lock.take())
        stopping = asyncio.ensure_future(stop.asked.wait())
        await asyncio.wait((taking, stopping), return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not taking.done():
            taking.cancel()
            raise _StoppedError
        taking.exception()  # what is wrong with the database, its first use reports
        run_beside(stack, lock.hold(stop.leave), "the controller's lock")
        yield


def _whose(state: Path) -> str:
    """What a controller and those that are started in its place have in common."""
    place = f"{socket.gethostname()}:{state.resolve()}"
    return hashlib.sha256(place.encode("utf-8", "surrogateescape")).hexdigest()[:16]
