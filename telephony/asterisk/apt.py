"""Asks apt whether it is there and what it would install, and has it install packages."""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path

from domain.errors import OffhookError

_POLICY = Path("/usr/sbin/policy-rc.d")


class AptError(OffhookError):
    """apt failed; the text has its last error and the command to try by hand."""


def available() -> str | None:
    """``debian``, ``ubuntu`` or another system of that family; None without apt."""
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        return None
    text = ""
    with contextlib.suppress(OSError):
        text = Path("/etc/os-release").read_text("utf-8")
    fields = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    return fields.get("ID", "debian").strip('"')


def run(command: Sequence[str], *, fix: str) -> str:
    """Run a command and return its output; errors and warnings go to standard error as they come.
    Raises AptError with the last error if it fails."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    lines: list[str] = []
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
    ) as process:
        assert process.stdout is not None  # noqa: S101  (it is a pipe)
        for line in process.stdout:
            lines.append(line.rstrip())
            if line.startswith(("E:", "W:", "Err:")):
                print(line, end="", file=sys.stderr, flush=True)
    if process.returncode != 0:
        errors = [line for line in lines if line.startswith("E:")] or lines or ["it said nothing"]
        raise AptError(f"{command[0]}: {errors[-1]}; try by hand: {fix}")
    return "\n".join(lines)


@cache
def _updated() -> None:
    run(["apt-get", "update"], fix="apt-get update")


def candidate(package: str, progress: Callable[[str], None]) -> str | None:
    """The version that apt would install, after an update; None if it doesn't know the package."""
    progress("asking apt for its packages")
    _updated()
    said = subprocess.run(
        ["apt-cache", "policy", package],
        capture_output=True,
        text=True,
        env={**os.environ, "LC_ALL": "C"},
        check=False,
    ).stdout
    for line in said.splitlines():
        name, _, value = line.strip().partition(": ")
        if name == "Candidate" and value != "(none)":
            return value
    return None


def install(packages: Sequence[str], progress: Callable[[str], None]) -> None:
    """Install packages without asking. Needs root. Raises AptError."""
    by_hand = f"apt-get install {' '.join(packages)}"
    command = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    try:
        run(command, fix=by_hand)
    except AptError:
        # Often the lists are just out of date, or (in a fresh container) missing.
        progress("asking apt for its packages")
        _updated()
        run(command, fix=by_hand)


@contextlib.contextmanager
def no_services_started() -> Iterator[None]:
    """Keep packages installed inside from starting daemons: Asterisk would take the SIP ports."""
    if _POLICY.exists():
        yield
        return
    _POLICY.write_text("#!/bin/sh\nexit 101\n")
    _POLICY.chmod(0o755)
    try:
        yield
    finally:
        _POLICY.unlink(missing_ok=True)
        if Path("/run/systemd/system").exists():
            subprocess.run(["systemctl", "disable", "-q", "asterisk"], check=False)
