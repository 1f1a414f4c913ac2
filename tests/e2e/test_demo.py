"""``./run demo`` as people run it: what it prints, how it ends, and that it leaves nothing."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.offhook.command import ROOT, command
from tests.waiting import until_blocking

pytestmark = [pytest.mark.live, pytest.mark.long]

MARK = "OFFHOOK_TEST_MARK"


class Demo:
    """A demo that runs; it knows all processes it started, whoever their parent is by now."""

    def __init__(self, state: Path, *arguments: str) -> None:
        self.state = state
        self._mark = uuid.uuid4().hex
        self.out = state.with_suffix(".out")
        self.err = state.with_suffix(".err")
        with self.out.open("wb") as out, self.err.open("wb") as err:
            self.process = subprocess.Popen(
                command("demo", "--state", str(state), *arguments),
                cwd=ROOT,
                env={**os.environ, MARK: self._mark},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,  # a terminal's foreground group
            )

    def until_said(self, text: str, within_s: float = 90.0) -> None:
        def said() -> bool:
            return text in self.err.read_text("utf-8")

        until_blocking(
            lambda: said() or self.process.poll() is not None,
            within_s,
            f"{text!r} to be said",
            seen=lambda: self.err.read_text("utf-8"),
        )
        assert said(), self.err.read_text("utf-8")

    def ended(self, within_s: float = 60.0) -> int:
        return self.process.wait(within_s)

    def alive(self) -> list[str]:
        """What runs of it, by command line."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.status() == psutil.STATUS_ZOMBIE:
                    continue
                words = " ".join(process.cmdline())
                if process.environ().get(MARK) == self._mark or str(self.state) in words:
                    found.append(f"{process.pid} {words[:150]}")
            except psutil.Error:
                continue
        return found

    def assert_nothing_left(self, within_s: float = 0.0) -> None:
        until_blocking(lambda: not self.alive(), within_s, "nothing to be left", seen=self.alive)

    def kill_rest(self) -> None:
        """After a failed test: what was started by it, and nothing else."""
        for line in self.alive():
            os.kill(int(line.split()[0]), signal.SIGKILL)


@pytest.fixture
def demo() -> Iterator[Callable[..., Demo]]:
    started: list[Demo] = []
    # Not in pytest's folder: another pytest that starts on this machine closes it to PostgreSQL.
    with tempfile.TemporaryDirectory(prefix="offhook-demo-") as folder:

        def start(*arguments: str, state: Path | None = None) -> Demo:
            started.append(Demo(state or Path(folder) / f"d{len(started)}", *arguments))
            return started[-1]

        yield start
        for one in started:
            one.kill_rest()


@pytest.fixture
def bystanders(tmp_path: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Programs of others with the names of ours."""
    others = []
    for name in ("asterisk", "postgres", "espeak-ng"):
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.symlink_to(sys.executable)
        others.append(subprocess.Popen([program, "-c", "import time; time.sleep(3600)"]))
    yield others
    assert [one.poll() for one in others] == [None] * len(others), "somebody else's was ended"
    for one in others:
        one.kill()
        one.wait()


@pytest.mark.usefixtures("bystanders")
def test_four_calls_and_one_json_object(demo: Callable[..., Demo]) -> None:
    run = demo("--calls", "4", "--json")
    assert run.ended(240) == 0, run.err.read_text("utf-8")
    run.assert_nothing_left()
    figures = json.loads(run.out.read_text("utf-8"))
    assert list(figures) == [
        "offered",
        "answered",
        "abandoned",
        "short_abandoned",
        "service_level",
        "mean_wait_s",
        "recordings",
        "call_records",
    ]
    assert figures["call_records"] == 4
    assert figures["offered"] == figures["answered"] + figures["abandoned"]
    assert figures["recordings"] == figures["answered"] > 0
    assert 0 <= figures["service_level"] <= 1 and 0 <= figures["mean_wait_s"] < 60
    said = run.err.read_text("utf-8")
    assert "Traceback" not in said and "level=error" not in said
    assert "console: http://127.0.0.1:" in said and "password: " in said


@pytest.mark.usefixtures("bystanders")
def test_a_campaign_of_which_all_books_say_the_same(demo: Callable[..., Demo]) -> None:
    run = demo("--campaign", "20", "--json")
    assert run.ended(300) == 0, run.err.read_text("utf-8")
    run.assert_nothing_left()
    figures = json.loads(run.out.read_text("utf-8"))
    assert list(figures) == [
        "leads",
        "dialled",
        "answered",
        "connected",
        "abandoned",
        "abandoned_share",
        "use",
        "double_dials",
        "answer_to_ear_ms_p50",
        "answer_to_ear_ms_p99",
        "records",
        "recordings",
    ]
    assert figures["leads"] == figures["dialled"] == figures["records"] == 20
    assert figures["double_dials"] == 0
    assert 0 < figures["connected"] <= figures["answered"] < 20
    assert figures["recordings"] >= figures["connected"]
    assert 0 < figures["use"] < 1
    assert 0 < figures["answer_to_ear_ms_p50"] <= figures["answer_to_ear_ms_p99"]
    said = run.err.read_text("utf-8")
    assert "Traceback" not in said and "level=error" not in said


@pytest.mark.usefixtures("bystanders")
def test_ctrl_c_in_the_middle(demo: Callable[..., Demo]) -> None:
    run = demo("--calls", "50", "--json")
    run.until_said("customer 13800000001 calls")
    assert len(run.alive()) >= 5  # itself, PostgreSQL, two Asterisks, the controller
    os.killpg(run.process.pid, signal.SIGINT)
    run.until_said("stopping")
    os.killpg(run.process.pid, signal.SIGINT)  # an impatient one
    assert run.ended() == 130
    run.assert_nothing_left()
    assert run.out.read_bytes() == b""
    assert "Traceback" not in run.err.read_text("utf-8")


@pytest.mark.usefixtures("bystanders")
def test_killed_then_started_again_then_terminated_while_it_starts(
    demo: Callable[..., Demo],
) -> None:
    killed = demo()
    killed.until_said("starting the far end")
    second = demo(state=killed.state)
    assert second.ended() == 1
    assert "in use by another Offhook" in second.err.read_text("utf-8")
    assert killed.process.poll() is None
    killed.process.kill()
    killed.ended()
    again = demo(state=killed.state)
    again.until_said("starting the controller")
    again.process.send_signal(signal.SIGTERM)
    assert again.ended() == 0
    # Asterisk and the controller died with the first one, their canaries look every five seconds.
    again.assert_nothing_left(10)
    killed.assert_nothing_left(10)
