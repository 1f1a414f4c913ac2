"""The developers' commands: ``./run check``, ``./run test`` and ``./run bench``."""

import importlib
import itertools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import structlog

from telephony.asterisk.provision import (
    find_or_install,
    find_or_install_baresip,
    find_or_install_chromium,
    find_or_install_espeak,
    find_or_install_ffmpeg,
    find_or_install_linphone,
    find_or_install_openssl,
    find_or_install_sipp,
    make_playwright_run,
)

ROOT = Path(__file__).resolve().parent.parent
BENCHES = (
    "ami_events",
    "floor",
    "pacing",
    "waiting",
    "coming_back",
    "offers",
    "calls",
    "flows",
    "hostile_sip",
    "far_end",
    "centre",
    "dialer",
    "reports",
)
"""Each is a module ``bench.bench_NAME``; the other modules of ``bench`` are what they use."""

FAST_AT_ONCE = 3
"""Other tests that run side by side: one more than two cores, for some wait for PostgreSQL."""
LIVE_AT_ONCE = 4
"""Live tests that run side by side, whatever the number of cores: mostly they wait for calls."""

ON_DEMAND = ("lists", "faults")
"""Run only when named: ``lists`` makes ten million calls first (twenty minutes and 25 GB),
``faults`` kills the controller a hundred times (half an hour)."""

FUZZERS = ("fuzz_agi", "fuzz_ami")
"""Run only when named: they send hostile input for OFFHOOK_FUZZ_S seconds and time nothing."""


def check() -> int:
    """Check style, types and the import contracts; all of them run, even if one fails."""
    commands = (
        ("ruff", "check", "."),
        ("ruff", "format", "--check", "."),
        ("mypy",),
        ("lint-imports",),
    )
    failed = 0
    for command in commands:
        print(f"offhook: {' '.join(command)}", file=sys.stderr, flush=True)
        program = Path(sys.executable).with_name(command[0])
        failed |= subprocess.run([program, *command[1:]], cwd=ROOT, check=False).returncode
    return 1 if failed else 0


def test(arguments: Sequence[str]) -> int:
    """Run all tests, the fast ones first; arguments go to pytest instead."""
    find_or_install()
    find_or_install_espeak()
    find_or_install_ffmpeg()
    find_or_install_openssl()
    find_or_install_sipp()
    find_or_install_linphone()
    find_or_install_baresip()
    os.environ["OFFHOOK_CHROMIUM"] = str(find_or_install_chromium())
    make_playwright_run()
    if arguments:
        return _pytest(*arguments)
    # Each worker takes a whole stretch, so that a module's fixtures are mostly made once.
    fast = _pytest("-m", "not live", "-n", str(FAST_AT_ONCE), "--dist", "worksteal")
    # Each worker imports what it is given: not all the others' modules, which takes seconds.
    tests = sorted((ROOT / "tests").rglob("test_*.py"))
    live = [str(file) for file in tests if "mark.live" in file.read_text("utf-8")]
    return fast or _pytest(
        *("-m", "live", *live, "-n", str(LIVE_AT_ONCE)),
        *("--dist", "loadscope", "--no-loadscope-reorder"),  # see tests/side_by_side.py
    )


def _pytest(*arguments: str) -> int:
    command = [sys.executable, "-m", "pytest", *arguments]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def bench(arguments: Sequence[str]) -> int:
    """Run the benchmarks named, or all; figures go to standard output and bench-results.json.

    ``NAME:PART`` runs one part of a benchmark that has several; what follows from the first
    argument on that begins with ``-`` are options of that part. The exit status is 1 if one has
    found ``disagreements``.

    SIGTERM ends them as Ctrl-C does: whatever they started is stopped and removed.
    """
    # If a script started it in the background, Ctrl-C is ignored; SIGTERM then does its work.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, _as_ctrl_c)
    try:
        return _bench(arguments)
    except KeyboardInterrupt:
        # The shell's exit status for a program that a signal ended.
        return 128 + (signal.SIGTERM if _ended else signal.SIGINT)


_ended: list[int] = []
"""The SIGTERM that has arrived; another one must not disturb the clean-up."""


def _as_ctrl_c(number: int, _frame: object) -> None:
    if not _ended:
        _ended.append(number)
        signal.raise_signal(signal.SIGINT)


def _bench(arguments: Sequence[str]) -> int:
    # Standard output is for the figures alone.
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    find_or_install()
    find_or_install_espeak()
    find_or_install_ffmpeg()
    file = ROOT / "bench-results.json"
    results = json.loads(file.read_text("utf-8")) if file.exists() else {}
    wrong = False
    names = list(itertools.takewhile(lambda each: not each.startswith("-"), arguments))
    options = arguments[len(names) :]
    for asked in names:  # before the first one, which may take minutes
        if (name := asked.partition(":")[0]) not in (*BENCHES, *ON_DEMAND, *FUZZERS):
            there = ", ".join((*BENCHES, *ON_DEMAND, *FUZZERS))
            print(f"offhook: no benchmark {name!r}; there are {there}", file=sys.stderr)
            return 2
    for asked in names or BENCHES:
        name, _, part = asked.partition(":")
        module = importlib.import_module(
            f"bench.{name}" if name in FUZZERS else f"bench.bench_{name}"
        )
        parts = getattr(module, "PARTS", {})
        if part and part not in parts:
            there = ", ".join(parts) or "none"
            print(f"offhook: {name} has no part {part!r}; there are: {there}", file=sys.stderr)
            return 2
        if options and part not in getattr(module, "WITH_OPTIONS", ()):
            print(f"offhook: {asked} has no options; there is {options[0]}", file=sys.stderr)
            return 2
        print(f"offhook: measuring {asked}", file=sys.stderr, flush=True)
        if part:
            results.setdefault(name, {})[part] = parts[part](*options)
        else:
            results[name] = module.measure()
        wrong |= bool(results[name].get("disagreements"))
        _replace(file, json.dumps(results, indent=2) + "\n")
    print(json.dumps(results, indent=2))
    return 1 if wrong else 0


def _replace(file: Path, text: str) -> None:
    """Replace a file's text atomically: readers see the old text or the new, never half of it."""
    part = file.with_suffix(".json.part")
    try:
        part.write_text(text, "utf-8")
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
