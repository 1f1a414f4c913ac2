"""How open files are shared out, and what a controller reports that has too few."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from machine.open_files import KEPT, SMALLEST, TooFewFiles, share
from tests.conftest import CentreFile


@pytest.mark.parametrize("limit", [SMALLEST, 400, 1024, 4096, 20_000, 65_536, 1 << 20])
def test_all_get_their_share(limit: int) -> None:
    shares = share(limit)
    # A visitor may have a file open besides the connection.
    assert shares.sessions + 2 * shares.visitors + KEPT <= limit
    assert shares.visitors >= 20
    assert shares.sessions >= 2 * shares.visitors


def test_too_few_is_said_at_the_start(centre_file: CentreFile, tmp_path: Path) -> None:
    with pytest.raises(TooFewFiles, match="raise the limit"):
        share(SMALLEST - 1)

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))

    arguments = ["serve", "--config", str(centre_file()), "--state", str(tmp_path / "s")]
    done = subprocess.run(
        [sys.executable, "-m", "offhook", *arguments],
        env={**os.environ, "OFFHOOK_DSN": "postgresql://nobody@127.0.0.1:1/none"},
        preexec_fn=limit,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "offhook: only 64 files may be open at once" in done.stderr
    assert "Traceback" not in done.stderr
