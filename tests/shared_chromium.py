"""One Chromium for all the browser tests of a worker: starting one takes longer than most of them.

Each test still has a driver and contexts of its own: cookies, storage and cache are nobody else's.
"""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from telephony.asterisk.process import die_with
from telephony.asterisk.provision import find_or_install_chromium

_ARGUMENTS = [
    "--no-sandbox",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--autoplay-policy=no-user-gesture-required",
]


@contextmanager
def a_chromium(folder: Path) -> Iterator[str]:
    """The address at which Playwright connects to it, until the context is left."""
    from playwright._impl._driver import compute_driver_executable, get_driver_env

    program = os.environ.get("OFFHOOK_CHROMIUM") or str(find_or_install_chromium())
    options = folder / "chromium.json"
    options.write_text(
        json.dumps({"executablePath": program, "args": _ARGUMENTS, "headless": True}), "utf-8"
    )
    server = subprocess.Popen(
        [
            *compute_driver_executable(),
            "launch-server",
            "--browser=chromium",
            f"--config={options}",
        ],
        env=get_driver_env(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=die_with(os.getpid(), signal.SIGTERM),  # it ends Chromium first
    )
    try:
        assert server.stdout is not None
        address = server.stdout.readline().strip()
        assert address.startswith("ws://"), f"Playwright doesn't start Chromium: {address!r}"
        yield address
    finally:
        server.terminate()
        server.wait()
