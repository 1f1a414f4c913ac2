"""``python -m farend``: runs a far end by itself, for a centre elsewhere (such as a container).

Agents log in at their phones and get ready, and customers call the hotline, until it is stopped
or a given number of calls are over.
"""

import argparse
import asyncio
import contextlib
import itertools
import random
import signal
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from centre.running import centre_of
from configuration.centre_file import ConfigError, load
from configuration.secrets import SecretsError, secrets_for
from domain.centre import Centre
from domain.identity import AgentCode, StationName
from farend.network import FarEnd, FarEndError
from telephony.asterisk.generated_files import Addresses, Ports
from telephony.asterisk.process import AsteriskError
from telephony.asterisk.provision import ProvisionError, find_or_install, say

REGISTERED_WITHIN_S = 60.0
CALL_ENDS_WITHIN_S = 1200.0
AGAIN_S = 30.0


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A centre known to us by its address and configuration."""

    addresses: Addresses
    ports: Ports
    centre: Centre


def main() -> None:
    """Exit with 0 when all calls were made or it was stopped, else with 1 and one line on why."""
    arguments = _arguments()
    try:
        asyncio.run(_play(arguments))
    except (
        *(AsteriskError, ConfigError, FarEndError, OSError),
        *(ProvisionError, SecretsError),
    ) as error:
        sys.exit(f"farend: {error}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m farend", description=__doc__)
    parser.add_argument("--config", type=Path, required=True, help="the centre's phones and lines")
    parser.add_argument(
        "--secrets", type=Path, required=True, help="the folder of its passwords.json"
    )
    parser.add_argument("--target", default="127.0.0.1:5060", help="its SIP, HOST:PORT")
    parser.add_argument("--folder", type=Path, required=True, help="where to keep our own files")
    parser.add_argument("--bind", default="127.0.0.1", help="our own SIP address")
    parser.add_argument("--port", type=int, default=25_000, help="the first of our ports")
    parser.add_argument("--every", type=float, default=6.0, help="seconds between two calls")
    parser.add_argument("--calls", type=int, help="end after this many calls")
    return parser.parse_args()


async def _play(arguments: argparse.Namespace) -> None:
    sections = load(arguments.config).sections
    if sections is None:
        raise ConfigError(
            f"{arguments.config}: it has no phones and lines; name a file that './run centre"
            " export' wrote"
        )
    centre = centre_of(sections)
    host, _, port = arguments.target.rpartition(":")
    ports = Ports.block(arguments.port)
    target = Elsewhere(
        Addresses(sip=host),
        replace(ports, sip=int(port)),
        centre,
    )
    secrets = secrets_for(arguments.secrets, sections)
    install = await asyncio.to_thread(find_or_install)
    far_end = FarEnd(arguments.folder, ports, install, target, secrets.sip, sip_bind=arguments.bind)
    task = asyncio.current_task()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel if task else sys.exit)
    with contextlib.suppress(asyncio.CancelledError):
        try:
            await far_end.start(timeout=REGISTERED_WITHIN_S)
            say(f"{len(centre.stations)} phones and {len(centre.lines)} lines are registered")
            async with asyncio.TaskGroup() as agents:
                for agent in centre.agents:
                    if agent.station is not None:
                        pin = secrets.pins[agent.code]
                        agents.create_task(_begin(far_end, agent.station, agent.code, pin))
            await _day(far_end, centre, arguments.calls, arguments.every)
        finally:
            await far_end.stop()


async def _begin(far_end: FarEnd, station: StationName, code: AgentCode, pin: str) -> None:
    """Have the agent log in with *11 and get ready with *12."""
    await far_end.phone(station, "answer-1.5,speak-5,hangup")
    keys = f"wait-2,press-{code}#,wait-2,press-{pin}#,stay"
    await far_end.ended(await far_end.dial(station, "*11", keys))
    await far_end.ended(await far_end.dial(station, "*12", "stay"))
    say(f"agent {code} is at phone {station}")


async def _day(far_end: FarEnd, centre: Centre, calls: int | None, every: float) -> None:
    """Have customers call; after the centre restarts they get through again within a minute."""
    chance = random.Random(20)  # noqa: S311 - a play, the same each time
    open_calls: set[asyncio.Task[None]] = set()
    for number in itertools.count(1) if calls is None else range(1, calls + 1):
        line = chance.choice(centre.lines).name
        choice = chance.choices("120", (5, 4, 1))[0]
        call = await far_end.customer(
            chance.choice(centre.hotlines).number,
            f"speak-1,press-{chance.choice('12')},speak-2.5,press-{choice},speak-4,"
            # Some say nothing while an agent serves them; then their gateways send no sound.
            + chance.choice(("speak-20,stay", "speak-20,stay", "stay", "wait-15,hangup")),
            line=line,
            caller=f"138{number:08d}",
        )
        say(f"customer 138{number:08d} calls over {line}")
        task = asyncio.create_task(_follow(far_end, call))
        open_calls.add(task)
        task.add_done_callback(open_calls.discard)
        await asyncio.sleep(every)
        if number % max(1, round(AGAIN_S / every)) == 0:
            with contextlib.suppress(FarEndError):
                await far_end.register()
    if open_calls:
        await asyncio.wait(open_calls)


async def _follow(far_end: FarEnd, call: str) -> None:
    try:
        cause = await far_end.ended(call, timeout=CALL_ENDS_WITHIN_S)
        say(f"  {call} is over, cause {cause}")
    except FarEndError as error:
        say(f"  {call}: {error}")


if __name__ == "__main__":
    main()
