"""Puts the controller's parts together, and starts and stops them in order."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import structlog

from campaigns.known_customers import KnownCustomers
from centre.directory_copy import DirectoryCopy
from centre.following import FollowedDirectory
from centre.pins import AgentPins
from centre.running import centre_of
from configuration.addresses import check_addresses
from configuration.centre_file import Config
from configuration.directory_at_start import asterisk_passwords, directory_at_start, keep_here
from configuration.flows import caller_phrases, station_phrases
from configuration.in_force import InForce
from configuration.secrets import Secrets
from console.kit.context import SESSIONS
from domain.centre import Centre
from engine.agents.kept_rooms import KEPT_ROOMS, KeptRooms
from engine.calls.call import LiveCall
from engine.calls.gap import Gap
from engine.engine import Engine
from engine.holidays_ahead import HolidaysAhead
from engine.inbound.apologies import Apologies
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
from machine.open_files import claim
from offhook.background import run_beside
from offhook.console_work import console_app, listen
from offhook.flow_work import FlowWork
from offhook.outbound_work import OutboundWork
from offhook.places import Places, places
from storage.database import check_address, close_pool, make_pool
from storage.last_known import LAST_KNOWN, LastKnown
from storage.outbox import Outbox
from telephony.agi.kept_port import is_ours
from telephony.agi.server import AgiServer
from telephony.ami.link import Link, no_faults
from telephony.asterisk.centre_in_asterisk import CentreInAsterisk
from telephony.asterisk.generated_files import AMI_USER, Ports
from telephony.asterisk.process import HERE, check_free, is_plain
from telephony.asterisk.versions import faults_of

log = structlog.get_logger()

FIRST_SNAPSHOT_S = 5.0
"""How long calls wait for the first snapshot of Asterisk, which may be down for longer."""


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
        calls = database.calls
        run_beside(stack, database.carry(), "outbox")
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
            lambda: followed.found.kept,
            seen_as=_prompts_seen_as(config, where),
            open_now=is_open,
        )
        prompts, flows = flow_work.prompts, flow_work.flows
        stack.push_async_callback(prompts.close)
        for work, what in flow_work.at_once():
            run_beside(stack, work, what)
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
        run_beside(stack, link.run(engine.switches), "ami")
        with contextlib.suppress(TimeoutError):
            await link.wait_up(FIRST_SNAPSHOT_S)
        run_beside(stack, absence.run(), "absence")
        run_beside(stack, recorder.run(), "recordings")
        run_beside(stack, database.catch_up(engine), "catching up with the database")
        run_beside(stack, engine.lost_phones.run(), "lost phones")

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
            run_beside(stack, work, what)
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
        run_beside(stack, holidays.keep(), "holidays")
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

        run_beside(stack, centre.keep_comparing(change, found.since), "configuration")
        asterisk = None if where.generated is None else CentreInAsterisk(where.generated)
        if asterisk is not None:
            asterisk.give(engine.centre, asterisk_passwords(secrets, directory).credentials)
            run_beside(stack, asterisk.run(), "the centre in Asterisk")
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

        run_beside(stack, centre.keep_figures(), "figures")
        run_beside(stack, database.refold(), "old figures")
        stack.push_async_callback(outbound.imports.close)
        app = console_app(
            config, ports, where, pool, centre, database, followed, flow_work, outbound, trials
        )
        run_beside(stack, follow(), "the directory")
        for work, what in flow_work.once_wired(database.open, open_now=is_open):
            run_beside(stack, work, what)
        await listen(stack, app, config, ports.console, files.visitors)
        run_beside(stack, flow_work.speak_ahead(in_use), "prompts")
        await agi.start()
        stack.push_async_callback(agi.close)
        for work, what in outbound.once_served():
            run_beside(stack, work, what)
        yield engine


def _prompts_seen_as(config: Config, where: Places) -> Path | None:
    """The path by which our own Asterisk reaches the folder of prompts, if it can use one."""
    if not config.asterisk.managed or is_plain(where.prompts):
        return None
    return HERE / os.path.relpath(where.prompts, where.state.absolute() / "asterisk")


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
