"""``./run``, the script: what it makes of the folder that OFFHOOK_VENV names."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(environment: Path) -> subprocess.CompletedProcess[str]:
    # It finds no uv and no other Python, so that it takes the way that every machine can take.
    tools = environment.parent / "tools"
    tools.mkdir()
    for tool in ("dirname", "cat", "cksum", "ls", "rm", "sh", "id", "tr"):
        (tools / tool).symlink_to(shutil.which(tool) or "")
    about = {
        "PATH": str(tools), "OFFHOOK_VENV": str(environment), "OFFHOOK_PYTHON": sys.executable,
        "PIP_NO_INDEX": "1",
    }  # fmt: skip
    return subprocess.run(
        [ROOT / "run", "--help"], env=about, capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.parametrize("is_file", [False, True])
def test_only_an_environment_is_ever_cleared_away(tmp_path: Path, *, is_file: bool) -> None:
    named = tmp_path / "home"
    kept = named if is_file else named / "letters"
    kept.parent.mkdir(exist_ok=True)
    kept.write_text("dear")
    came = run(named)
    assert kept.read_text() == "dear"
    assert came.returncode == 1
    (line,) = came.stderr.splitlines()
    assert str(named) in line and "OFFHOOK_VENV" in line


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_another_ones_environment_is_let_alone(tmp_path: Path) -> None:
    named = tmp_path / "theirs"
    named.mkdir()
    (named / "pyvenv.cfg").touch()
    named.chmod(0o500)
    came = run(named)
    (line,) = came.stderr.splitlines()
    assert came.returncode == 1 and str(named) in line
