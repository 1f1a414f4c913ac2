"""Compares campaigns on the phones with the simulation: the same policy, the same world, hour by
hour, each from a cold start.

Hours on the phones are played side by side, each by a process of its own with its own Asterisk,
far end, database and controller. Ctrl-C ends them; what was measured until then is shown. Whole
hours are written to docs/live-against-simulation.md.
"""

import argparse
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from bench import rig
from bench.live_customers import PREDICTIVE, PROGRESSIVE, scenario
from bench.live_hour import RTP, HourFigures, HourOrder, read_figures
from bench.live_table import SimulatedHours, measured_text, page_with, verdicts
from simulation.chosen import choose
from simulation.day import DayResult
from simulation.run import Plan, play

PAGE = Path(__file__).resolve().parent.parent / "docs" / "live-against-simulation.md"
HOUR_S = 3_600.0
TELL_EVERY_S = 60.0
ENDS_WITHIN_S = 120.0
FIRST_SEED = 101


def options(arguments: Sequence[str]) -> argparse.Namespace:
    """What is to be played. Exits with a message for a person if it can't be."""
    parser = argparse.ArgumentParser(prog="./run bench dialer:live", description=__doc__)
    parser.add_argument("--hours", type=int, default=3, help="predictive hours (3)")
    parser.add_argument("--progressive", type=int, default=1, help="progressive hours (1)")
    parser.add_argument("--side-by-side", type=int, default=4, help="how many at a time (4)")
    parser.add_argument("--minutes", type=float, default=60.0, help="of each hour, for trials (60)")
    parser.add_argument("--agents", type=int, default=20, help="in each (20)")
    parser.add_argument("--simulated", type=int, default=200, help="simulated hours (200)")
    parser.add_argument("--seed", type=int, default=FIRST_SEED, help=f"the first ({FIRST_SEED})")
    return parser.parse_args(arguments)


def measure(*arguments: str) -> dict[str, Any]:
    """Figures of each hour and of the simulated ones, and the verdicts; JSON-able."""
    asked = options(arguments)
    seconds = 60.0 * asked.minutes
    policies = [PREDICTIVE] * asked.hours + [PROGRESSIVE] * asked.progressive
    simulated = simulate(set(policies), asked.agents, seconds, asked.simulated)
    for policy, found in simulated.items():
        _tell(f"  {len(found)} simulated hours of {policy}: use {sum(found.use) / len(found):.1%}")
    folder = Path(tempfile.mkdtemp(prefix="offhook-bench-live-"))
    try:
        orders = [
            HourOrder(
                f"{policy} {policies[:place].count(policy) + 1}", policy, asked.seed + 10 * place,
                asked.agents, seconds, 0, str(folder / f"{place}.json"),
            )
            for place, policy in enumerate(policies)
        ]  # fmt: skip
        hours = _Hours(orders, asked.side_by_side, folder).play()
        if not hours:
            logs = [file.read_text("utf-8", "replace")[-2_000:] for file in folder.glob("*.log")]
            raise RuntimeError("no hour has begun:\n" + "\n".join(logs))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    text = measured_text(
        hours,
        simulated,
        made=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        machine=f"{os.cpu_count()} processors ({platform.machine()}),"
        f" {psutil.virtual_memory().total / 2**30:.0f} GB",
        command=" ".join(("./run bench dialer:live", *arguments)),
    )
    _tell(text)
    if seconds == HOUR_S and any(hour.whole for hour in hours):
        PAGE.write_text(page_with(PAGE.read_text("utf-8"), text), "utf-8")
    return {
        "hours": [{**asdict(hour), "use": hour.use, "share": hour.share} for hour in hours],
        "simulated": {
            policy: {"hours": len(found), "use": sum(found.use) / len(found)}
            for policy, found in simulated.items()
        },
        **verdicts(hours, simulated),
    }


def simulate(
    policies: set[str], agents: int, seconds: float, hours: int
) -> Mapping[str, SimulatedHours]:
    """Play so many hours of each policy in the simulation. Ctrl-C keeps those that are done."""
    world = scenario(seconds / HOUR_S)
    days: list[DayResult] = []
    plan = Plan(world, choose(world, sorted(policies)), [agents], hours)
    if not play(plan, jobs=os.cpu_count() or 1, done=days.append):
        raise KeyboardInterrupt
    return {
        policy: SimulatedHours(
            [day.use for day in days if day.policy == policy],
            [day.share for day in days if day.policy == policy],
            [day.dialled for day in days if day.policy == policy],
            [day.served for day in days if day.policy == policy],
        )
        for policy in policies
    }


@dataclass(slots=True)
class _Hours:
    """Plays hours on the phones, some at a time."""

    orders: Sequence[HourOrder]
    at_a_time: int
    folder: Path
    _playing: dict[int, subprocess.Popen[bytes]] = field(default_factory=dict)
    _slots: dict[int, int] = field(default_factory=dict)

    def play(self) -> list[HourFigures]:
        """Play them all, or until Ctrl-C. Returns what each has come to."""
        waiting = list(range(len(self.orders)))
        told_at = time.monotonic()
        with _ended_by_ctrl_c() as stopped:
            while (waiting or self._playing) and not stopped():
                while waiting and len(self._playing) < self.at_a_time:
                    self._start(waiting.pop(0))
                time.sleep(0.5)
                self._forget_ended()
                if time.monotonic() > told_at + TELL_EVERY_S:
                    told_at = time.monotonic()
                    self._tell_all()
            self._end()
        found = (read_figures(Path(order.out)) for order in self.orders)
        return [each for each in found if each is not None]

    def _start(self, place: int) -> None:
        """Those that go on at the same time have ports of their own."""
        ports = 2 * RTP + 20
        slot = min(set(range(self.at_a_time)) - set(self._slots.values()))
        first = rig.FIRST_PORT + slot * (ports + 50)
        base = rig.free_ports(0, rtp=ports, first=first).sip
        order = replace(self.orders[place], base=base)
        self._slots[place] = slot
        with self._log(place).open("wb") as log:
            self._playing[place] = subprocess.Popen(
                [sys.executable, "-m", "bench.live_hour", json.dumps(asdict(order))],
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is ours to hand on
            )

    def _forget_ended(self) -> None:
        for place in [n for n, each in self._playing.items() if each.poll() is not None]:
            del self._slots[place]
            if self._playing.pop(place).returncode:
                log = self._log(place).read_text("utf-8", "replace")
                _tell(f"{self.orders[place].name} has failed:\n{log[-3_000:]}")

    def _log(self, place: int) -> Path:
        return self.folder / f"{place}.log"

    def _tell_all(self) -> None:
        for order in self.orders:
            hour = read_figures(Path(order.out))
            if hour is not None and not hour.whole:
                _tell(
                    f"  {hour.name}: {hour.played_s / 60:.0f} min, use {hour.use:.1%}, abandoned"
                    f" {hour.share:.2%}, {hour.dialled} dialled, {hour.served} connected,"
                    f" load {hour.load:g}"
                )

    def _end(self) -> None:
        for each in self._playing.values():
            each.send_signal(signal.SIGINT)
        deadline = time.monotonic() + ENDS_WITHIN_S
        for each in self._playing.values():
            try:
                each.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                each.kill()


@contextmanager
def _ended_by_ctrl_c() -> Iterator[Callable[[], bool]]:
    """Yield a function that reports whether Ctrl-C was pressed (or SIGTERM came, which
    ``./run bench`` turns into it); what else it would do is left undone."""
    pressed = False

    def remember(*_: object) -> None:
        nonlocal pressed
        pressed = True

    before = signal.signal(signal.SIGINT, remember)
    try:
        yield lambda: pressed
    finally:
        signal.signal(signal.SIGINT, before)


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
