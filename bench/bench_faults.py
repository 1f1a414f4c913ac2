"""Kills the controller of a campaign a hundred times while sixty calls ring, and has the database
away for a minute; all books must agree afterwards (bench/campaign_kills.py).

A line for each kill goes to standard error, with what became of the calls that rang. The seed of
the moments is printed; ``OFFHOOK_FAULTS_SEED`` repeats it, ``OFFHOOK_FAULTS_KILLS`` is for another
number of kills, ``OFFHOOK_FAULTS_SECONDS`` for the longest that they may take (an hour). The exit
status is 1 if any books disagree.
"""

import asyncio
import json
import os
import random
import shutil
import sys
import tempfile
from contextlib import AsyncExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench import rig
from bench.campaign_kills import AGENTS, KilledCampaign
from configuration.centre_file import load
from domain.identity import LineName
from farend.console_client import ConsoleClient
from farend.network import FarEnd
from offhook.stack import Stack
from storage.database import make_pool
from storage.embedded import EmbeddedServer
from supervision.outlet import say
from telephony.asterisk.generated_files import Ports
from telephony.asterisk.provision import find_or_install

KILLS = int(os.environ.get("OFFHOOK_FAULTS_KILLS", "100"))
SEED = int(os.environ.get("OFFHOOK_FAULTS_SEED", "0")) or random.randrange(1, 1_000_000)
SECONDS = float(os.environ.get("OFFHOOK_FAULTS_SECONDS", "3600"))
_LINE = LineName("carrier")
QUEUE = "calls"
_RTP = 1_000


def measure() -> dict[str, Any]:
    """What became of the calls at each kill, and in all; JSON-able. ``disagreements`` are the
    differences between the books."""
    return asyncio.run(_measure())


async def _measure() -> dict[str, Any]:
    say(f"seed {SEED}")
    install = find_or_install()
    folder = Path(tempfile.mkdtemp(prefix="offhook-bench-"))
    server = EmbeddedServer(folder / "pg")
    # One block for both Asterisks: sound's ports are not checked, and two blocks might overlap.
    first = rig.free_ports(0, rtp=2 * _RTP + 20).sip
    ports, outside = Ports.block(first, rtp=_RTP), Ports.block(first + 20 + _RTP, rtp=_RTP)
    async with AsyncExitStack() as running:
        running.callback(shutil.rmtree, folder, ignore_errors=True)
        await asyncio.to_thread(server.start)
        running.callback(server.stop)
        own = folder / "s" / "centre.yaml"
        own.parent.mkdir()
        own.write_text(json.dumps(_centre()), "utf-8")  # JSON is YAML
        stack = Stack(load(own), own.parent, ports, install, database=server, database_name="bench")
        await running.enter_async_context(stack)
        far = FarEnd(folder / "f", outside, install, stack.instance, stack.secrets.sip)
        await far.start()
        running.push_async_callback(far.stop)
        console = ConsoleClient(stack.console_url, "admin", stack.secrets.admin)
        await running.enter_async_context(console)
        pool = await make_pool(stack.dsn, pool_size=2)
        running.callback(pool.terminate)
        campaign = KilledCampaign(
            stack, far, console, pool, queue=QUEUE, line=_LINE, seed=SEED, say=say
        )
        result = await campaign.run(KILLS, within_s=SECONDS, database=server)
    for number, kill in enumerate(result.kills, start=1):
        say(
            f"kill {number}: {', '.join(f'{name} {value}' for name, value in asdict(kill).items())}"
        )
    for fault in result.faults:
        say(fault)
    return {
        "seed": SEED,
        **result.total(),
        "away_s": rig.spread([kill.away_s for kill in result.kills], 2),
        "disagreements": result.faults,
    }


def _centre() -> dict[str, Any]:
    names = [str(1001 + number) for number in range(AGENTS)]
    return {
        "projects": [{"name": "bench", "title": "Benchmark"}],
        "hotlines": [
            {"number": rig.HOTLINE, "project": "bench", "flow": "greeting", "queue": QUEUE}
        ],
        "queues": [{"name": QUEUE, "project": "bench", "skill": QUEUE, "wrap_up_s": 0}],
        "agents": [
            {
                "code": name,
                "name": f"Agent {name}",
                "projects": ["bench"],
                "station": name,
                "skills": {QUEUE: 3},
            }
            for name in names
        ],
        "stations": [{"name": name} for name in names],
        "lines": [{"name": _LINE, "kind": "trunk", "channels": 200}],
    }


if __name__ == "__main__":
    json.dump(measure(), sys.stdout, indent=2)
    print()
