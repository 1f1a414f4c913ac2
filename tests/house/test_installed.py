"""Offhook as ``pip install`` leaves it: with all its files, and with its state elsewhere."""

import importlib.util
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def built_by() -> list[str]:
    """A command that builds a wheel of ``source`` into ``out``."""
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip", "wheel", "--no-deps", "--wheel-dir=out", "./source"]
    if uv := shutil.which("uv"):
        return [uv, "build", "--wheel", "--out-dir=out", "./source"]
    pytest.skip("neither pip nor uv is here")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what may be packaged: building leaves things lying about."""
    folder = tmp_path_factory.mktemp("build") / "source"
    folder.mkdir()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    for name in ("pyproject.toml", project["project"]["readme"]):
        shutil.copyfile(ROOT / name, folder / name)
    for room in project["tool"]["setuptools"]["packages"]["find"]["include"]:
        name = room.rstrip("*")
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.fixture(scope="module")
def wheel(source: Path) -> Path:
    """The wheel."""
    done = subprocess.run(
        built_by(), cwd=source.parent, capture_output=True, text=True, check=False
    )
    if "distribution found for setuptools" in done.stderr:
        pytest.skip("setuptools can't be fetched here")
    assert done.returncode == 0, done.stderr
    (file,) = (source.parent / "out").glob("*.whl")
    return file


def test_all_files_are_in_the_wheel(source: Path, wheel: Path) -> None:
    packaged = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    there = {
        str(path.relative_to(source))
        for folder in source.iterdir()
        if folder.is_dir() and folder.name != "build" and folder.suffix != ".egg-info"
        for path in folder.rglob("*")
        if path.is_file()
    }
    assert packaged == there
    for needed in (
        *("asterisk-conf/extensions.conf", "farend/conf/extensions.conf"),
        *("console/board/board.html", "console/locale/zh_CN/LC_MESSAGES/console.po"),
        *("ivr_flows/library/hotline.yaml", "configuration/demo_centre.yaml"),
        *("storage/migrations/0001_first_light.sql", "storage/queries/calls.sql"),
    ):
        assert needed in there, needed


ASK = """
import os, sys
from offhook.cli import main, state_folder
for base, user in (("/home/state", 0), ("not/absolute", 1000), ("", 1000), ("", 0)):
    os.environ["XDG_STATE_HOME"] = base
    os.geteuid = lambda: user
    print(state_folder("up"))
os.environ["XDG_STATE_HOME"] = "/home/state"
sys.argv = ["offhook", *sys.argv[1:]]
main()
"""


def told(folder: Path, *arguments: str) -> list[str]:
    """Where an Offhook in ``folder`` keeps its state, then what it says to ``arguments``."""
    done = subprocess.run(
        [sys.executable, "-c", ASK, *arguments],
        env={**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "500", "HOME": "/home/me"},
        cwd="/",
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


def test_installed_it_keeps_its_state_at_home(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site-packages"
    zipfile.ZipFile(wheel).extractall(site)
    at_home = "/home/me/.local/state/offhook/up"
    said = told(site, "demo", "--help")
    *folders, usage = said[:5]
    assert folders == ["/home/state/offhook/up", at_home, at_home, "/var/lib/offhook/up"]
    assert usage.startswith("usage: offhook demo ")
    assert said[-1].endswith("emptied at each start (default: /home/state/offhook/demo)")


def test_a_clone_keeps_it_in_itself() -> None:
    *folders, usage = told(ROOT, "bench", "--help")[:5]
    assert folders == [f"{ROOT}/var/up"] * 4
    assert usage.startswith("usage: ./run bench ")  # what an installed one has not
