"""A benchmark that SIGTERM ends leaves nothing: no process, no folder, no half-written file."""

import contextlib
import os
import signal
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.offhook.command import ROOT, command
from tests.waiting import until_blocking

pytestmark = [pytest.mark.live, pytest.mark.long]

MARK = "OFFHOOK_TEST_MARK"
RESULTS = ROOT / "bench-results.json"


@pytest.fixture
def folder() -> Iterator[Path]:
    """For temporary files; not in pytest's folder, which PostgreSQL's user can't reach."""
    with tempfile.TemporaryDirectory(prefix="ob-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def running(mark: str) -> dict[int, str]:
    """The processes with this mark in their environment, by pid, whoever their parent is."""
    found = {}
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            ours = process.environ().get(MARK) == mark
            if ours and process.status() != psutil.STATUS_ZOMBIE:
                found[process.pid] = " ".join(process.cmdline())[:150]
    return found


def test_a_benchmark_ended_by_sigterm_leaves_nothing(folder: Path, tmp_path: Path) -> None:
    before = RESULTS.read_bytes() if RESULTS.exists() else None
    mark, said = uuid.uuid4().hex, tmp_path / "said"
    with said.open("wb") as out:
        bench = subprocess.Popen(
            command("bench", "calls"),
            cwd=ROOT,
            env={**os.environ, MARK: mark, "TMPDIR": str(folder)},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
            # As a script's background job has it.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
        )
    try:

        def loaded() -> bool:
            return any("sipp" in words for words in running(mark).values())

        until_blocking(
            lambda: loaded() or bench.poll() is not None, 120, "sipp to run", seen=said.read_text
        )
        assert bench.poll() is None, said.read_text("utf-8")
        bench.terminate()
        bench.terminate()  # whoever is impatient does not disturb the tidying up
        try:
            assert bench.wait(120) == 128 + signal.SIGTERM, said.read_text("utf-8")
        except subprocess.TimeoutExpired:
            pytest.fail(f"it goes on: {running(mark)}\n{said.read_text('utf-8')}")
        assert running(mark) == {}
        assert list(folder.iterdir()) == []
        assert (RESULTS.read_bytes() if RESULTS.exists() else None) == before
        assert not list(ROOT.glob("bench-results*.part"))
        assert "Traceback" not in said.read_text("utf-8")
    finally:
        for pid in running(mark):
            os.kill(pid, signal.SIGKILL)
