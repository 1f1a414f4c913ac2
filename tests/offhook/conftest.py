"""Databases and a full disk, for tests of the messages that follow."""

import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.conftest import scene  # noqa: F401 - a fixture
from tests.storage.conftest import own_folder  # noqa: F401 - a fixture


def fill(folder: Path) -> Path:
    """Leave no byte of room there; returns the file that takes it all."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        for block in (1 << 16, 1 << 12, 1):
            while True:
                try:
                    if file.write(bytes(block)) < block:
                        break
                except OSError:
                    break
    return filler


@pytest.fixture
def mount() -> Iterator[Callable[..., Path]]:
    """``mount("size=1m")``: a small disk of its own. Skips where mounts aren't allowed."""
    mounted: list[Path] = []
    with tempfile.TemporaryDirectory(prefix="offhook-disk-") as base:

        def one(options: str, at: Path | None = None) -> Path:
            folder = at or Path(base) / str(len(mounted))
            folder.mkdir(parents=True)
            done = subprocess.run(
                ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)],
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode != 0:
                pytest.skip(f"mounts aren't allowed here: {done.stderr.strip()}")
            mounted.append(folder)
            return folder

        yield one
        for folder in mounted:
            subprocess.run(["umount", "-l", str(folder)], check=True)
