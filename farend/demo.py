"""``./run demo``: plays a small working day on a real Asterisk, with the far end as the public."""

import asyncio
import contextlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from aiohttp import ClientError

from configuration.centre_file import DEMO_CENTRE, load
from domain.roles import Role
from farend.console_client import ConsoleClient, ConsoleRefused
from farend.network import FarEnd, FarEndError
from farend.outreach import Outreach
from farend.outreach_books import result_of
from farend.outreach_centre import with_outreach
from farend.working_day import WorkingDay, figures_of, unaccounted
from offhook.stack import Stack
from offhook.stack_error import StackError
from offhook.state_folder import free_state
from offhook.up import until_stopped
from storage.accounts import accounts_of
from storage.database import make_pool
from storage.database_errors import AWAY
from storage.users import UserStore
from supervision.outlet import say
from telephony.asterisk.generated_files import Ports
from telephony.asterisk.process import AsteriskError, check_free
from telephony.asterisk.provision import (
    find_or_install,
    find_or_install_espeak,
    find_or_install_ffmpeg,
    find_or_install_openssl,
)

FIRST_PORT, LAST_PORT, BLOCK = 18_000, 23_000, 500
CAMPAIGN_AGENTS, CAMPAIGN_WITHIN_S = 20, 530.0
"""How many agents a campaign has that is played by itself, and when it has to be dialled."""
SIDE_AGENTS, SIDE_LEADS = 4, 300
"""Of the campaign that goes on beside the callers."""
_CANT_FOLLOW: tuple[type[BaseException], ...] = (ConsoleRefused, ClientError, FarEndError, *AWAY)


async def demo(
    state: Path, calls: int | None, *, campaign: int | None = None, as_json: bool
) -> int:
    """Play ``calls`` calls, or a campaign with ``campaign`` leads and nothing else, or both kinds
    until Ctrl-C. Returns the exit code.

    Raises StackError, with one line for a person, if it breaks off.
    """
    playing = _demo(state, calls, campaign, as_json=as_json)
    endless = calls is None and campaign is None
    try:
        return await until_stopped(playing, at_a_signal=0 if endless else 130)
    except (FarEndError, ConsoleRefused, ExceptionGroup) as error:
        first: Exception = error
        while isinstance(first, ExceptionGroup):
            first = first.exceptions[0]
        if not isinstance(first, FarEndError | ConsoleRefused):
            raise
        raise StackError(f"the demo broke off: {first}") from error


async def _demo(state: Path, calls: int | None, campaign: int | None, *, as_json: bool) -> int:
    began = asyncio.get_running_loop().time()
    install = await asyncio.to_thread(find_or_install, say)
    await asyncio.to_thread(find_or_install_espeak, say)
    await asyncio.to_thread(find_or_install_ffmpeg, say)
    await asyncio.to_thread(find_or_install_openssl, say)
    await asyncio.to_thread(free_state, state)
    own = state / "centre.yaml"
    agents = 0
    if calls is None:
        agents = SIDE_AGENTS if campaign is None else CAMPAIGN_AGENTS
    centre_text = DEMO_CENTRE.read_text("utf-8")
    own.write_text(with_outreach(centre_text, agents) if agents else centre_text, "utf-8")
    config = load(own)
    blocks = _free_blocks()
    async with contextlib.AsyncExitStack() as running:
        stack = Stack(config, state, _next(blocks), install, progress=say)
        await running.enter_async_context(stack)
        say("starting the far end: the telephone network, the customers, the agents' phones")
        far_end = FarEnd(
            state / "farend", _next(blocks), install, stack.instance, stack.secrets.sip
        )
        running.push_async_callback(far_end.stop)
        await far_end.start()
        stack.keep()
        console = await running.enter_async_context(
            ConsoleClient(stack.console_url, "admin", stack.secrets.admin)
        )
        say(f"console: {stack.console_url}  user: admin  password: {stack.secrets.admin}")
        pool = await make_pool(stack.dsn, pool_size=2)
        running.push_async_callback(pool.close)
        await _more_users(accounts_of(pool).users, stack)
        outreach = None
        if agents:
            leads = SIDE_LEADS if campaign is None else campaign
            outreach = Outreach(stack, far_end, console, pool, agents=agents, leads=leads)
            await outreach.begin()
        if outreach is not None and campaign is not None:
            left_s = CAMPAIGN_WITHIN_S - (asyncio.get_running_loop().time() - began)
            late = await outreach.until_dialled(left_s)
            result = await result_of(outreach, far_end, pool, stack.instance.cel, stack.centre)
            return _told(result.figures, late + result.faults, as_json=as_json)
        day = WorkingDay(stack, far_end, console, pool, outreach.agents if outreach else ())
        if outreach is not None:
            side = asyncio.create_task(_beside(outreach))
            running.callback(side.cancel)
        summary = await day.play(calls)
        faults = unaccounted(summary, calls or 0) + await day.faults()
        return _told(figures_of(summary), faults, as_json=as_json)


async def _beside(outreach: Outreach) -> None:
    """Follow the campaign that goes on beside the callers, who don't depend on it."""
    try:
        await outreach.until_dialled()
        say("the campaign's list has been dialled")
    except _CANT_FOLLOW as error:
        say(f"(the campaign can't be followed: {error!r})")


def _told(
    figures: Mapping[str, float | int | None], faults: Iterable[str], *, as_json: bool
) -> int:
    """Print figures and what is not accounted for; the exit code."""
    if as_json:
        print(json.dumps(figures), flush=True)
    else:
        say(", ".join(f"{name} {value}" for name, value in figures.items()))
    missing = list(faults)
    for line in missing:
        say(f"not accounted for: {line}")
    return 1 if missing else 0


async def _more_users(users: UserStore, stack: Stack) -> None:
    """Add a user of each role, so that the console can be seen as each of them sees it."""
    project = stack.centre.projects[0].name
    agent = stack.centre.agents[0].code
    password = stack.secrets.admin
    for role in (Role.SUPERVISOR, Role.OPS, Role.QA, Role.CLIENT):
        await users.create(str(role), password, role, by="demo", projects=[project])
    await users.create("agent", password, Role.AGENT, by="demo", projects=[project], agent=agent)
    say("other users, with the same password: supervisor, ops, qa, client, agent")


def _next(blocks: Iterator[Ports]) -> Ports:
    ports = next(blocks, None)
    if ports is None:
        raise StackError(
            f"no free ports between {FIRST_PORT} and {LAST_PORT} on 127.0.0.1; stop the programs"
            " that use them (an earlier demo?)"
        )
    return ports


def _free_blocks() -> Iterator[Ports]:
    for base in range(FIRST_PORT, LAST_PORT, BLOCK):
        ports = Ports.block(base)
        try:
            check_free(
                [
                    ("udp", "127.0.0.1", ports.sip, "SIP"),
                    ("tcp", "127.0.0.1", ports.sip, "SIP"),
                    ("tcp", "127.0.0.1", ports.ami, "AMI"),
                    ("tcp", "127.0.0.1", ports.agi, "FastAGI"),
                    ("tcp", "127.0.0.1", ports.console, "the console"),
                ]
            )
        except AsteriskError:
            continue
        yield ports
