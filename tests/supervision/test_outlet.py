"""Printing to standard error ends nothing and holds up nobody, whatever standard error is."""

import os
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from supervision.outlet import MOST_WAITING, Outlet
from tests.waiting import until_blocking


@contextmanager
def _full_at(size: int) -> Iterator[None]:
    """No file grows beyond this, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)


def test_a_full_disk_loses_lines_and_a_line_says_so(tmp_path: Path) -> None:
    log = tmp_path / "log"
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    out = Outlet(descriptor)
    out.write("whole\n")
    with _full_at(9):
        for _ in range(3):
            out.write("lost in part or all\n")
    out.write("again\n")
    os.close(descriptor)
    assert log.read_text().splitlines() == [
        "whole",
        "los",
        "offhook: lines are missing here, which could not be written: File too large",
        "again",
    ]


def test_nobody_at_the_other_end(capfd: pytest.CaptureFixture[str]) -> None:
    reads, writes = os.pipe()
    os.close(reads)
    out = Outlet(writes)
    for _ in range(3):
        out.write("to nobody\n")
    os.close(writes)
    assert capfd.readouterr() == ("", "")


def test_a_terminal_that_stands_still_holds_up_nobody() -> None:
    reads, writes = os.pipe()
    os.set_blocking(writes, False)
    block = b"x" * 4095 + b"\n"
    while True:
        try:
            os.write(writes, block)
        except BlockingIOError:
            break
    os.set_blocking(writes, True)
    out = Outlet(writes, patience_s=0.01)
    said = [f"{number}\n" for number in range(MOST_WAITING + 10)]
    for line in said:  # the test hangs here if it waits
        out.write(line)
    found = b""
    os.set_blocking(reads, False)

    def arrived(line: str) -> bool:
        nonlocal found
        with suppress(BlockingIOError):
            found += os.read(reads, 1 << 16)
        return line.encode() in found

    until_blocking(lambda: arrived(said[MOST_WAITING - 1]), 30, "what is kept to be written")
    out.write("last\n")
    until_blocking(lambda: arrived("last\n"), 30, "the last line to be written")
    lines = found.replace(block, b"").decode().splitlines(keepends=True)
    assert lines[0] == "0\n"
    assert [line for line in lines if line[0].isdigit()] == said[:MOST_WAITING]
    assert any("it took no more" in line for line in lines) and lines[-1] == "last\n"
    os.close(reads)
    os.close(writes)
