"""Puts the controller's parts together, and starts and stops them in order."""

import contextlib
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

from configuration.addresses import check_addresses
from configuration.centre_file import Config
from configuration.in_force import InForce
from console.kit.context import SESSIONS
from engine.engine import Engine
from machine.open_files import claim
from offhook.background import run_all, run_beside
from offhook.call_work import CallWork
from offhook.centre_work import CentreWork
from offhook.console_work import console_app, listen
from offhook.database_work import DatabaseWork
from offhook.directory_work import DirectoryWork
from offhook.flow_work import FlowWork
from offhook.outbound_work import OutboundWork
from offhook.places import places
from offhook.session_work import SessionWork
from telephony.agi.kept_port import is_ours
from telephony.asterisk.generated_files import Ports
from telephony.asterisk.process import check_free

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
    uses the database, and waits until no other one does.

    What is started first is stopped last.
    """
    where = places(found.config, state)
    files = claim()
    await _check_ports(found.config, ports)
    async with AsyncExitStack() as stack:
        # What is known: from the database, or from this machine's own files without it.
        stored = await DatabaseWork.begin(stack, dsn, state, found.secrets.admin, alone)
        directory = await DirectoryWork.begin(found, where, stored)
        found = replace(found, config=directory.config)
        flow_work = await FlowWork.begin(found, where, stored, directory)
        stack.push_async_callback(flow_work.prompts.close)
        run_all(stack, flow_work.at_once())

        # Calls: those that are there already, those that we place, and who answers them.
        calls = CallWork.restored(found, ports, where, directory.centre, stored)
        engine = calls.engine
        run_beside(stack, calls.link.run(engine.switches), "ami")
        with contextlib.suppress(TimeoutError):
            await calls.link.wait_up(FIRST_SNAPSHOT_S)
        run_all(stack, calls.once_seen())
        outbound = OutboundWork(found.config.node, stored, flow_work, calls)
        run_all(stack, outbound.at_once())
        sessions = SessionWork(
            found, ports, where, stored, directory, flow_work, calls, outbound, most=files.sessions
        )
        stack.push_async_callback(sessions.look_ups.close)
        stack.push_async_callback(sessions.trials.close)

        # The centre, as people and as Asterisk see it.
        seen = CentreWork.of(found, directory.directory, stored, flow_work, calls, outbound)
        run_all(stack, seen.at_once())
        if directory.asterisk is not None:
            run_beside(stack, directory.asterisk.run(), "the centre in Asterisk")
        run_beside(stack, stored.database.refold(), "old figures")
        stack.push_async_callback(outbound.imports.close)
        app = console_app(
            found.config,
            ports,
            where,
            stored,
            directory,
            flow_work,
            outbound,
            sessions,
            seen.centre,
        )

        # All is wired: changes are followed, and visitors and callers let in.
        run_beside(stack, directory.follow(engine, app[SESSIONS]), "the directory")
        run_all(stack, flow_work.once_wired(stored.database.open, open_now=stored.open_now))
        await listen(stack, app, found.config, ports.console, files.visitors)
        run_beside(stack, flow_work.speak_ahead(directory.in_use), "prompts")
        await sessions.server.start()
        stack.push_async_callback(sessions.server.close)
        run_all(stack, outbound.once_served())
        yield engine


async def _check_ports(config: Config, ports: Ports) -> None:
    """See that we can listen, before anything is started."""
    check_addresses(config, asterisk=False)
    wanted = [("tcp", config.console.bind, ports.console, "the console")]
    if not await is_ours(config.asterisk.agi_bind, ports.agi):
        wanted.insert(0, ("tcp", config.asterisk.agi_bind, ports.agi, "FastAGI"))
    check_free(wanted)
