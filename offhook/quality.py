"""``./run check``, ``./run test`` and ``./run bench``."""

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from offhook.asterisk.provision import (
    find_or_install,
    find_or_install_chromium,
    find_or_install_espeak,
    find_or_install_openssl,
    find_or_install_sipp,
    make_playwright_run,
)

ROOT = Path(__file__).resolve().parent.parent
BENCHES = ("ami_events", "floor", "pacing", "waiting", "coming_back", "offers", "calls")


def check() -> int:
    """Style, types, and the house's rules of import; all of them, whatever the first says."""
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
    """All tests, the fast ones first; with arguments, what pytest makes of them."""
    find_or_install()
    find_or_install_espeak()
    find_or_install_openssl()
    find_or_install_sipp()
    os.environ["OFFHOOK_CHROMIUM"] = str(find_or_install_chromium())
    make_playwright_run()
    if arguments:
        return _pytest(*arguments)
    fast = _pytest("-m", "not live", "-n", "2")
    return fast or _pytest("-m", "live", "-n", "2", "--dist", "loadfile")


def _pytest(*arguments: str) -> int:
    command = [sys.executable, "-m", "pytest", *arguments]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def bench(arguments: Sequence[str]) -> int:
    """The benchmarks named, or all; figures on standard output and in bench-results.json."""
    find_or_install()
    find_or_install_espeak()
    file = ROOT / "bench-results.json"
    results = json.loads(file.read_text("utf-8")) if file.exists() else {}
    for name in arguments or BENCHES:
        if name not in BENCHES:
            print(
                f"offhook: no benchmark {name!r}; there are {', '.join(BENCHES)}", file=sys.stderr
            )
            return 2
        print(f"offhook: measuring {name}", file=sys.stderr, flush=True)
        results[name] = importlib.import_module(f"bench.{name}").measure()
        file.write_text(json.dumps(results, indent=2) + "\n", "utf-8")
    print(json.dumps(results, indent=2))
    return 0
