"""Runs the whole stack for a benchmark: a generated centre in a temporary folder, on free ports."""

import contextlib
import json
import shutil
import tempfile
import wave
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from math import pi, sin
from pathlib import Path
from statistics import median
from typing import Any

import psutil
import structlog

from configuration.centre_file import load
from offhook.stack import Stack
from telephony.asterisk.generated_files import Ports
from telephony.asterisk.process import AsteriskError, check_free
from telephony.asterisk.provision import AsteriskInstall, find_or_install

HOTLINE = "4008001000"
LINE = "load"
FIRST_PORT, LAST_PORT = 6_000, 10_000
"""Below the ports that outgoing connections get: thousands of those would leave no block free."""

log = structlog.get_logger()


def centre(
    *, flow: str, agents: int, callers_from: str, channels: int, **queue: float
) -> dict[str, Any]:
    """A configuration with one hotline, one queue and one line, whose calls come from
    ``callers_from`` (address:port) without a password; agent 1000+n sits at phone 2000+n."""
    return {
        "projects": [{"name": "bench", "title": "Benchmark"}],
        "hotlines": [{"number": HOTLINE, "project": "bench", "flow": flow}],
        "queues": [{"name": "bench", "project": "bench", "skill": "bench", **queue}],
        "agents": [
            {
                "code": str(1000 + number),
                "name": f"Agent {number}",
                "projects": ["bench"],
                "station": str(2000 + number),
                "skills": {"bench": 1},
            }
            for number in range(agents)
        ],
        "stations": [{"name": str(2000 + number)} for number in range(agents)],
        "lines": [
            {
                "name": LINE,
                "kind": "trunk",
                "channels": channels,
                "host": callers_from,
                "session_timer": "supported",  # SIPp's callers don't answer a re-INVITE
            }
        ],
        "languages": ["en"],
        "flows": "flows",
    }


def free_ports(singles: int, *, rtp: int, first: int = FIRST_PORT) -> Ports:
    """A block whose single ports are free, from ``first`` on, and ``singles`` more for load
    generators' SIP.

    The ports for sound aren't checked: Asterisk takes those that are free.
    """
    for base in range(first, LAST_PORT - rtp - 20 - singles + 1, 50):
        ports = Ports.block(base, rtp=rtp)
        wanted = [("udp", "127.0.0.1", ports.sip, "SIP"), ("tcp", "127.0.0.1", ports.sip, "SIP")]
        wanted += [
            ("tcp", "127.0.0.1", port, "")
            for port in (ports.sip_tls, ports.ami, ports.agi, ports.console)
        ]
        wanted += [("udp", "0.0.0.0", ports.rtp_end + 1 + n, "") for n in range(singles)]  # noqa: S104
        try:
            check_free(wanted)
        except AsteriskError:
            continue
        return ports
    raise AsteriskError(f"no free ports between {first} and {LAST_PORT}")


@asynccontextmanager
async def stack(
    configuration: Mapping[str, Any], flows: Mapping[str, str], ports: Ports
) -> AsyncIterator[Stack]:
    """Starts PostgreSQL, Asterisk and the controller, and removes them all at the end.

    ``flows`` are YAML texts by name. If the benchmark fails, the complaints of Asterisk and the
    controller are printed.
    """
    install: AsteriskInstall = find_or_install()
    state = Path(tempfile.mkdtemp(prefix="offhook-bench-"))
    try:
        own = state / "centre.yaml"
        own.write_text(json.dumps(configuration), "utf-8")  # JSON is YAML
        (state / "flows").mkdir()
        for name, text in flows.items():
            (state / "flows" / f"{name}.yaml").write_text(text, "utf-8")
        one = Stack(load(own), state, ports, install)
        async with one:
            try:
                yield one
            except BaseException:
                log.error(
                    "benchmark failed",
                    asterisk=one.instance.process.problems()[-5:],
                    controller=one.controller.log.read_text("utf-8", "replace")[-2000:],
                )
                raise
    finally:
        shutil.rmtree(state, ignore_errors=True)


def upload_tone(state: Path, name: str, seconds: float) -> Path:
    """Puts a prompt where people upload them; returns its path without the extension."""
    file = state / "prompts" / "uploaded" / "en" / f"{name}.wav"
    file.parent.mkdir(parents=True, exist_ok=True)
    samples = (int(8000 * sin(2 * pi * 440 * n / 8000)) for n in range(int(8000 * seconds)))
    with wave.open(str(file), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(b"".join(value.to_bytes(2, "little", signed=True) for value in samples))
    return file.with_suffix("")


@dataclass(frozen=True, slots=True)
class Used:
    """CPU seconds, user and system together."""

    asterisk: float
    controller: float
    postgres: float

    def __sub__(self, other: "Used") -> "Used":
        return Used(
            self.asterisk - other.asterisk,
            self.controller - other.controller,
            self.postgres - other.postgres,
        )


def used(one: Stack) -> Used:
    """The CPU time that the stack's processes have used since they started."""
    return Used(
        _cpu(one.instance.process.pid),
        _cpu(one.controller.pid),
        _cpu(one.database_pid, with_children=True),
    )


def _cpu(pid: int | None, *, with_children: bool = False) -> float:
    if pid is None:
        return 0.0
    process = psutil.Process(pid)
    total = 0.0
    for each in [process, *(process.children() if with_children else [])]:
        with contextlib.suppress(psutil.NoSuchProcess):
            times = each.cpu_times()
            total += times.user + times.system
            if with_children:  # finished back ends of the database count at their parent
                total += times.children_user + times.children_system
    return total


def spread(values: Sequence[float], digits: int = 1) -> dict[str, float]:
    """The median, least and most of several rounds."""
    return {
        "median": round(median(values), digits),
        "min": round(min(values), digits),
        "max": round(max(values), digits),
    }


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that a ``share`` (0 to 1) of all values doesn't exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -int(-share * len(ordered) // 1) - 1))]
