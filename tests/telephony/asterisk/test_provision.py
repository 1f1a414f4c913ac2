"""Asterisk is found or unpacked; what is missing is reported in one line."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from telephony.asterisk import apt, debian_root, provision, versions
from telephony.asterisk.provision import (
    AsteriskInstall,
    ProvisionError,
    cache_folder,
    find_or_install,
)
from tests.rights import another_user

DEB822 = """\
Types: deb
# http://snapshot.debian.org/archive/debian/20250520T000000Z
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
"""


@pytest.mark.parametrize(
    ("files", "mirror"),
    [
        ({"sources.list.d/debian.sources": DEB822}, "http://mirror.example/debian"),
        (
            {
                "sources.list": "# deb http://old.example/debian sid main\n"
                "deb http://security.example/debian-security bookworm-security main\n"
                "deb [arch=amd64 signed-by=/x] https://deb.example/debian/ bookworm main\n"
            },
            "https://deb.example/debian",
        ),
        ({"sources.list": "deb http://archive.ubuntu.com/ubuntu noble main\n"}, None),
        ({"sources.list.d/x.sources": DEB822.replace("Types: deb\n", "Types: deb-src\n")}, None),
        ({"sources.list.d/x.sources": "Enabled: no\n" + DEB822.split("\n\n")[0]}, None),
        ({"sources.list.d/cd.list": "deb cdrom:[Debian 12]/ bookworm main\n"}, None),
        ({}, None),
    ],
)
def test_the_mirror_is_the_machines_own(
    tmp_path: Path, files: dict[str, str], mirror: str | None
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert debian_root.mirror_of(tmp_path) == mirror


def test_a_mirror_list_is_followed(tmp_path: Path) -> None:
    (tmp_path / "list").write_text("https://cdn.example/debian priority:1\n")
    (tmp_path / "sources.list").write_text(f"deb mirror+file:{tmp_path}/list trixie main\n")
    assert debian_root.mirror_of(tmp_path) == "https://cdn.example/debian"


class Machine:
    """A machine that has only these programs, each a script, and an empty cache."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def has(self, program: str, script: str = "exit 0") -> None:
        path = self.folder / program
        path.write_text(f"#!/bin/sh\nPATH=/usr/bin:/bin\n{script}\n")
        path.chmod(0o755)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    # Not in pytest's folder, which other users can't enter.
    with tempfile.TemporaryDirectory(prefix="offhook-bin-") as folder:
        Path(folder).chmod(0o755)
        monkeypatch.setenv("PATH", folder)
        yield Machine(Path(folder))


@pytest.fixture
def machine_with_apt(machine: Machine) -> Machine:
    machine.has("apt-get")
    machine.has("dpkg-deb")
    return machine


@pytest.mark.live
def test_a_second_start_installs_nothing(asterisk_install: AsteriskInstall) -> None:
    said: list[str] = []
    assert find_or_install(said.append) == asterisk_install
    assert said == []


DOWNLOADS = """
for option in "$@"; do
    case $option in Dir::Cache=*) touch "${option#Dir::Cache=}/archives/one.deb" ;; esac
done
"""
RUNS_OUT_OF_SPACE = """
mkdir -p "$3/usr/sbin" && touch "$3/usr/sbin/asterisk"
echo "dpkg-deb: error: No space left on device" >&2
exit 2
"""


def test_an_interrupted_unpacking_leaves_nothing_that_looks_whole(
    machine: Machine, tmp_path: Path
) -> None:
    machine.has("apt-get", DOWNLOADS)
    machine.has("dpkg-deb", RUNS_OUT_OF_SPACE)
    root = tmp_path / "offhook" / "asterisk-sid"
    (root.parent / "asterisk-sid.making-old").mkdir(parents=True)  # left by a kill -9
    with pytest.raises(apt.AptError, match="No space left"):
        debian_root.make(root, ("asterisk",), lambda _: None)
    assert list(root.parent.iterdir()) == []


@pytest.mark.usefixtures("machine_with_apt")
def test_without_root_it_says_what_to_run(tmp_path: Path) -> None:
    missing = r"espeak-ng is missing; run: sudo apt-get install"
    with another_user(), pytest.raises(ProvisionError, match=missing):
        provision.find_or_install_espeak()
    assert cache_folder() == tmp_path / "offhook"


@pytest.fixture
def playwright_that_never_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAYWRIGHT_NODEJS_PATH", str(shutil.which("false")))


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("machine_with_apt", "is missing; run: sudo apt-get install libatomic1"),
        ("machine", "is missing; install it, then try again"),
    ],
)
@pytest.mark.usefixtures("playwright_that_never_starts")
def test_playwrights_library_is_missing_as_a_program_is(
    kind: str, expected: str, request: pytest.FixtureRequest
) -> None:
    request.getfixturevalue(kind)
    with another_user(), pytest.raises(ProvisionError, match=expected):
        provision.make_playwright_run(lambda _: None)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may install")
@pytest.mark.usefixtures("playwright_that_never_starts")
def test_playwrights_library_is_installed_once_and_nothing_else_is_tried(
    machine_with_apt: Machine, tmp_path: Path
) -> None:
    machine_with_apt.has("apt-get", f'echo "$@" >>{tmp_path}/asked')
    with pytest.raises(ProvisionError, match="playwright doesn't start:"):
        provision.make_playwright_run(lambda _: None)
    asked = (tmp_path / "asked").read_text()
    assert asked == "install -y --no-install-recommends libatomic1\n"


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("20.6.0~dfsg+~cs6.13.40431414", False),  # Ubuntu 24.04
        ("20.10.1", False),
        ("21.5.0", False),
        ("22.0.0", False),
        ("18.26.4", False),
        ("20.11.0", True),
        ("22.10.1+dfsg+~cs6.17", True),
        ("23.0.0", True),
    ],
)
def test_an_asterisk_that_cant_do_what_is_needed_is_not_taken(
    version: str, expected: bool, tmp_path: Path
) -> None:
    """The system's, or the one that apt would install."""
    (tmp_path / "chan_pjsip.so").touch()
    found = provision.usable(("echo", f"Asterisk {version}"), tmp_path, tmp_path, ())
    assert (found is not None) is expected
    assert versions.is_new_enough(f"1:{version}-2build5") is expected


ASK = """
from telephony.asterisk.provision import candidate_is_new_enough
print(candidate_is_new_enough(lambda _: None))
"""


@pytest.mark.parametrize(
    ("candidate", "expected"),
    [("1:20.6.0-2build5", False), ("1:22.10.1-2build5", True), ("(none)", False)],
)
def test_what_apt_would_install_is_what_apt_says(
    candidate: str, expected: bool, machine_with_apt: Machine
) -> None:
    """In a process of its own: apt's lists are read once in each."""
    policy = f"asterisk:\\n  Installed: (none)\\n  Candidate: {candidate}\\n"
    machine_with_apt.has("apt-cache", f"printf '{policy}'")
    done = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=True)
    assert done.stdout == f"{expected}\n"


def test_without_apt_it_says_so(machine: Machine) -> None:
    machine.has("asterisk", "echo Asterisk 18.0.0")  # a new one of the system's is not seen
    with pytest.raises(ProvisionError, match="no Asterisk that is new enough"):
        find_or_install(lambda _: None)
