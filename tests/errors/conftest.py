"""A centre's file that is right, for tests that make it wrong; databases; a full disk."""

import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.conftest import fault_server, scene  # noqa: F401 - fixtures
from tests.storage.conftest import dsn, own_folder, postgres  # noqa: F401 - fixtures

CENTRE = """\
projects:
  - {name: tea, title: Tea}
hotlines:
  - {number: "4008001000", project: tea, flow: hotline}
queues:
  - {name: sales, project: tea, skill: sales}
  - {name: service, project: tea, skill: service}
  - {name: operator, project: tea, skill: operator}
agents:
  - {code: "1001", name: Amy, projects: [tea], station: "1001", skills: {sales: 3}}
stations:
  - {name: "1001"}
lines:
  - {name: carrier, kind: trunk}
"""

CentreFile = Callable[..., Path]


@pytest.fixture
def centre_file(tmp_path: Path) -> CentreFile:
    """``centre_file(("old", "new"))`` writes the good one with these changes; its path."""

    def write(*changes: tuple[str, str], add: str = "") -> Path:
        text = CENTRE
        for old, new in changes:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        file = tmp_path / "centre.yaml"
        file.write_text(text + add)
        return file

    return write


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
