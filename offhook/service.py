"""The controller's process: wires everything together, starts it in order, stops it in order."""

import asyncio
import contextlib
import gc
import hashlib
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import structlog
from aiohttp import web

from api.resources import API
from campaigns.known_customers import KnownCustomers
from centre.directory_copy import DirectoryCopy
from centre.directory_service import DirectoryService
from centre.directory_store import DirectoryStore
from centre.following import FollowedDirectory
from centre.phone_setups import PhoneSetups
from centre.pins import AgentPins
from centre.running import centre_of
from configuration.addresses import check_addresses
from configuration.centre_file import Config
from configuration.directory_at_start import asterisk_passwords, directory_at_start, keep_here
from configuration.flows import (
    caller_phrases,
    directory_check,
    station_phrases,
)
from configuration.in_force import CannotKeep, InForce, keep, serving
from configuration.secrets import Secrets
from console.app import make_app
from console.floor.working import WorkServices
from console.flows.way_services import WayServices
from console.kit.context import SESSIONS, PhoneAccess
from console.kit.door import Door
from console.prompts.prompt_services import PromptServices
from domain.centre import Centre
from domain.errors import OperatorError
from engine.agents.kept_rooms import KEPT_ROOMS, KeptRooms
from engine.calls.call import LiveCall
from engine.calls.gap import Gap
from engine.draining import drain
from engine.engine import Engine
from engine.holidays_ahead import HolidaysAhead
from engine.inbound.apologies import Apologies
from engine.inbound.caller_sessions import Closing
from engine.inbound.entry_choice import EntryChoice
from engine.inbound.flow_means import FlowMeans
from engine.inbound.hotline_call import HotlineCalls
from engine.inbound.look_ups import LookUps
from engine.inbound.repeated_faults import RepeatedFaults
from engine.inbound.voice_steps import VoiceMeans
from engine.outbound.answered_call import AnsweredCalls
from engine.outbound.flow_calls import FlowCalls
from engine.reconcile.absence import Absence
from engine.reconcile.database_at_start import DatabaseAtStart
from engine.recorder import Recorder
from engine.running_centre import RunningCentre
from engine.stations.feature_codes import StationFeatures
from engine.trials.trial_calls import TrialCalls
from machine.hosts import with_port
from machine.open_files import claim
from offhook.flow_work import FlowWork
from offhook.outbound_work import OutboundWork
from offhook.places import Places, places
from publishing.flow_drafts import FlowDrafts
from publishing.flow_transfers import FlowTransfers
from records.entry_figures import EntryFigures
from records.flow_figures import FlowFigureStore
from records.flow_ways import FlowWayStore
from storage.controller_lock import ControllerLock
from storage.database import check_address, close_pool, make_pool
from storage.last_known import LAST_KNOWN, LastKnown
from storage.outbox import Outbox
from supervision.pulse import answer
from telephony.agi.kept_port import is_ours
from telephony.agi.server import AgiServer
from telephony.ami.link import Link, no_faults
from telephony.asterisk.centre_in_asterisk import CentreInAsterisk
from telephony.asterisk.generated_files import AMI_USER, Ports
from telephony.asterisk.process import HERE, check_free, is_plain
from telephony.asterisk.versions import faults_of
from worklist.worklist import Worklist

log = structlog.get_logger()

"""How long whoever publishes a flow waits for its prompts at most; calls wait for none."""
FIRST_SNAPSHOT_S = 5.0
"""How long calls wait for the first snapshot of Asterisk, which may be down for longer."""


class _StoppedError(Exception):
    """Somebody has stopped the controller before it began."""


class CannotServe(OperatorError):  # noqa: N818
    """The controller can't start; the text says what, where and what to do."""


def _prompts_seen_as(config: Config, where: Places) -> Path | None:
    """The path by which our own Asterisk reaches the folder of prompts, if it can use one."""
    if not config.asterisk.managed or is_plain(where.prompts):
        return None
    return HERE / os.path.relpath(where.prompts, where.state.absolute() / "asterisk")


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
    stop, at_once = asyncio.Event(), asyncio.Event()
    if pulse is not None:
        answer(pulse)
    loop = asyncio.get_running_loop()

    def asked(number: signal.Signals) -> None:
        if stop.is_set() or number is signal.SIGQUIT:
            at_once.set()
        stop.set()
        if not kept:
            serving(state, now=False)

    def said(line: str) -> None:
        log.info(line)
        tell(line)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        loop.add_signal_handler(number, asked, number)
    config = found.config

    def leave() -> None:
        log.error("another controller works on this database now, so this one ends")
        at_once.set()
        stop.set()

    try:
        alone = _only_one(state, dsn, said, leave, stop)
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
            await stop.wait()
            if not at_once.is_set():
                closing = Closing.REFUSE if config.asterisk.managed else Closing.OWN_QUEUE
                draining = loop.create_task(drain(engine, closing, config.drain_s, said))
                waiting = loop.create_task(at_once.wait())
                await asyncio.wait((draining, waiting), return_when=asyncio.FIRST_COMPLETED)
                for task in (draining, waiting):
                    task.cancel()
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
    state: Path,
    dsn: str,
    waits: Callable[[str], None],
    leave: Callable[[], None],
    stop: asyncio.Event,
) -> AsyncIterator[None]:
    """Wait until no other controller works on the database, and keep others from it.

    ``leave`` is called if another one has begun while our database was away. Raises _StoppedError
    if ``stop`` is set meanwhile.
    """
    lock = ControllerLock(dsn, _whose(state), waits=waits)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(lock.close)
        taking = asyncio.ensure_future(lock.take())
        stopping = asyncio.ensure_future(stop.wait())
        await asyncio.wait((taking, stopping), return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not taking.done():
            taking.cancel()
            raise _StoppedError
        taking.exception()  # what is wrong with the database, its first use reports
        _background(stack, lock.hold(leave), "the controller's lock")
        yield


@asynccontextmanager
async def running(
    found: InForce,
    state: Path,
    ports: Ports,
    dsn: str,
    alone: AbstractAsyncContextManager[None] | None = None,
) -> AsyncIterator[Engine]:
    """Run the whole controller for as long as the context lasts. ``alone`` is entered before it
    uses the database, and waits until no other one does."""
    config, secrets = found.config, found.secrets
    phrases = station_phrases()
    where = places(config, state)
    files = claim()
    check_addresses(config, asterisk=False)
    wanted = [("tcp", config.console.bind, ports.console, "the console")]
    if not await is_ours(config.asterisk.agi_bind, ports.agi):
        wanted.insert(0, ("tcp", config.asterisk.agi_bind, ports.agi, "FastAGI"))
    check_free(wanted)
    async with AsyncExitStack() as stack:
        check_address(dsn)
        pool = await make_pool(dsn)
        stack.push_async_callback(close_pool, pool)
        last_known = LastKnown(state / LAST_KNOWN)
        outbox = Outbox(state / "outbox.jsonl", last_known)
        stack.callback(outbox.close)
        if alone is not None:
            await stack.enter_async_context(alone)
        database = DatabaseAtStart(pool, dsn, outbox, last_known, secrets.admin)
        calls, agents, accounts = database.calls, database.agents, database.accounts
        _background(stack, database.carry(), "outbox")
        stack.push_async_callback(outbox.rescue)
        states, open_calls = await database.begin()
        last_known.write()
        is_open = database.without is None
        config, directory = await directory_at_start(
            config, state, pool if is_open else None, secrets
        )
        found = replace(found, config=config)
        followed = FollowedDirectory(pool, directory)

        flow_work = await FlowWork.begin(
            pool,
            config,
            secrets,
            found.files,
            state,
            where,
            lambda: followed.found.kept.directory,
            seen_as=_prompts_seen_as(config, where),
            open_now=is_open,
        )
        prompts, flows = flow_work.prompts, flow_work.flows
        stack.push_async_callback(prompts.close)
        for work, what in flow_work.at_once():
            _background(stack, work, what)
        link = _link(config, ports, secrets)
        ended: asyncio.Queue[LiveCall] = asyncio.Queue()
        gaps: asyncio.Queue[Gap] = asyncio.Queue()
        engine = Engine(
            centre_of(directory.kept.directory),
            outbox,
            {config.node: link},
            on_call_over=ended.put_nowait,
            on_gap=gaps.put_nowait,
            kept_rooms=KeptRooms(state / KEPT_ROOMS),
        )
        if not config.recordings.root.is_absolute():
            # We don't create a folder elsewhere: a disk may be mounted there later.
            where.recordings.mkdir(parents=True, exist_ok=True)
        recorder = Recorder(engine.calls, ended, where.spool, where.recordings, calls, outbox)
        engine.restore(states, open_calls)
        absence = Absence(
            engine,
            gaps,
            calls,
            outbox,
            where.cel,
            state / "cel-position.json",
            is_behind=lambda: database.without is not None,
        )
        _background(stack, link.run(engine.switches), "ami")
        with contextlib.suppress(TimeoutError):
            await link.wait_up(FIRST_SNAPSHOT_S)
        _background(stack, absence.run(), "absence")
        _background(stack, recorder.run(), "recordings")
        _background(stack, database.catch_up(engine), "catching up with the database")
        _background(stack, engine.lost_phones.run(), "lost phones")

        outbound = OutboundWork(
            config.node,
            engine,
            pool,
            prompts,
            flows,
            flushed=outbox.flushed,
            caught_up=absence.caught_up.wait,
        )
        for work, what in outbound.at_once():
            _background(stack, work, what)
        look_ups = LookUps(flow_work.rights.secret, flow_work.rights.services)
        stack.push_async_callback(look_ups.close)
        means = FlowMeans(
            engine.sessions,
            engine.queued,
            prompts,
            look_ups,
            Apologies(caller_phrases()),
            engine.passes,
            voice=VoiceMeans(recorder.voices, outbound.caller_callbacks, RepeatedFaults()),
        )
        trials = TrialCalls(config.node, link, prompts, where.spool)
        stack.push_async_callback(trials.close)
        agi = AgiServer(
            config.asterisk.agi_bind,
            ports.agi,
            {
                "call": HotlineCalls(
                    means,
                    flows,
                    EntryChoice(
                        engine.calls, engine.floor, means.hours, KnownCustomers(pool).is_customer
                    ),
                ).serve,
                "placed": AnsweredCalls(
                    engine.sessions,
                    engine.admission,
                    engine.queued,
                    outbound.hosts,
                ).serve,
                "flow": FlowCalls(means, engine.admission, outbound.hosts, flows).serve,
                "trial": trials.serve,
                "agent": StationFeatures(
                    engine, AgentPins(followed.secrets), phrases, prompts
                ).serve,
            },
            secrets.agi,
            max_sessions=files.sessions,
        )
        holidays = HolidaysAhead(engine)
        _background(stack, holidays.keep(), "holidays")
        centre = RunningCentre(
            engine,
            calls,
            outbox,
            recorder,
            without=lambda: database.without,
            unpublished=lambda: holidays.unpublished,
            ahead=outbound.ahead,
        )

        def change() -> str | None:
            return found.changed(followed.found.kept.directory, tuple(flows))

        _background(stack, centre.keep_comparing(change, found.since), "configuration")
        asterisk = None if where.generated is None else CentreInAsterisk(where.generated)
        if asterisk is not None:
            asterisk.give(engine.centre, asterisk_passwords(secrets, directory).credentials)
            _background(stack, asterisk.run(), "the centre in Asterisk")
        in_use: asyncio.Queue[Centre] = asyncio.Queue()
        in_use.put_nowait(engine.centre)

        async def take(now: DirectoryCopy) -> None:
            centre = centre_of(now.kept.directory)
            engine.take(centre)
            log.info("a change is in force", revision=now.kept.revision)
            if asterisk is not None:  # after the engine, to which no channel is a stranger's then
                asterisk.give(centre, asterisk_passwords(secrets, now).credentials)
            app[SESSIONS].take(centre)
            in_use.put_nowait(centre)
            await asyncio.to_thread(keep_here, state, now)
            await database.agents.remember(centre.agents)

        async def follow() -> None:
            await database.open()
            if directory.kept.revision == 0:  # begun without the database, and without a copy
                await directory_at_start(config, state, pool, secrets)
            else:
                await database.agents.remember(engine.centre.agents)
            await followed.follow(take)

        _background(stack, centre.keep_figures(), "figures")
        _background(stack, database.refold(), "old figures")
        stack.push_async_callback(outbound.imports.close)
        app = make_app(
            centre,
            calls,
            agents,
            accounts,
            where.recordings,
            directory=DirectoryService(
                DirectoryStore(pool),
                check=directory_check(flows, flows.project_of),
                on_change=followed.look,
            ),
            phone_setups=PhoneSetups(pool),
            campaigns=outbound.campaign_services(),
            desks=outbound.desks(),
            lead_lists=outbound.list_services(),
            reports=outbound.report_services(),
            disposing=outbound.disposition_services(),
            flows=flows.of_projects,
            working=WorkServices(Worklist(pool, accounts.audit), outbound.caller_callbacks),
            flow_files=lambda: flow_work.published.left_alone,
            entry_figures=EntryFigures(pool),
            flow_drafts=FlowDrafts(pool),
            publications=flow_work.publications,
            ways=WayServices(FlowFigureStore(pool), FlowWayStore(pool)),
            flow_transfers=FlowTransfers(pool, flow_work.surroundings.outside),
            trials=trials,
            look_up_rights=flow_work.rights,
            prompts=PromptServices(prompts, flow_work.recordings, flow_work.recorded),
            phones=_phone_access(config, ports),
            api=API,
            public_url=config.console.public_url,
            proxies=config.console.proxies,
        )
        _background(stack, follow(), "the directory")
        for work, what in flow_work.once_wired(database.open, open_now=is_open):
            _background(stack, work, what)
        await _listen(stack, app, config, ports.console, files.visitors)
        _background(stack, flow_work.speak_ahead(in_use), "prompts")
        await agi.start()
        stack.push_async_callback(agi.close)
        for work, what in outbound.once_served():
            _background(stack, work, what)
        yield engine


def _phone_access(config: Config, ports: Ports) -> PhoneAccess:
    """Where phones register; that Asterisk listens everywhere is no address to type in."""
    bind = None if config.sip.bind in ("0.0.0.0", "::") else config.sip.bind  # noqa: S104
    return PhoneAccess(config.sip.external_address or bind, ports.sip, ports.sip_tls)


def _whose(state: Path) -> str:
    """What a controller and those that are started in its place have in common."""
    place = f"{socket.gethostname()}:{state.resolve()}"
    return hashlib.sha256(place.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _background(
    stack: AsyncExitStack, work: Coroutine[object, object, None], what: str
) -> asyncio.Task[None]:
    """Run in the background until the stack unwinds; a task that dies by itself is logged."""

    async def watched() -> None:
        try:
            await work
        except asyncio.CancelledError:
            raise
        except Exception:
            log.exception("a part of the controller died; restart it and report this", part=what)

    task = asyncio.get_running_loop().create_task(watched(), name=what)

    async def end() -> None:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    stack.push_async_callback(end)
    return task


def _link(config: Config, ports: Ports, secrets: Secrets) -> Link:
    return Link(
        config.node,
        config.asterisk.host,
        config.asterisk.ami_port or ports.ami,
        AMI_USER,
        secrets.ami,
        # For our own Asterisk, its start has already reported this.
        faults_of=no_faults if config.asterisk.managed else faults_of,
    )


async def _listen(
    stack: AsyncExitStack, app: web.Application, config: Config, port: int, most: int
) -> None:
    host = config.console.bind
    door = Door(app, most=most)
    stack.push_async_callback(door.close)
    try:
        await door.open(host, port)
    except OSError as error:
        raise CannotServe(
            f"the console can't listen on {with_port(host, port)} ({error.strerror}); stop whatever"
            " uses it, or set another console.port in the configuration"
        ) from error
