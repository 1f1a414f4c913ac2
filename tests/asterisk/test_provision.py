"""Asterisk is found or unpacked; what is missing is said in one line."""

from pathlib import Path

import pytest

from telephony.asterisk import apt, debian_root, provision
from telephony.asterisk.provision import (
    AsteriskInstall,
    ProvisionError,
    cache_folder,
    find_or_install,
)

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


@pytest.mark.live
def test_a_second_start_installs_nothing(asterisk_install: AsteriskInstall) -> None:
    said: list[str] = []
    assert find_or_install(said.append) == asterisk_install
    assert said == []


def test_an_interrupted_unpacking_leaves_nothing_that_looks_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(debian_root, "_download", _cut_short)
    root = tmp_path / "offhook" / "asterisk-sid"
    (root.parent / "asterisk-sid.making-old").mkdir(parents=True)  # left by a kill -9
    with pytest.raises(apt.AptError, match="No space left"):
        debian_root.make(root, ("asterisk",), lambda _: None)
    assert list(root.parent.iterdir()) == []


def _cut_short(work: Path, *_rest: object) -> list[Path]:
    (work.parent / "usr/sbin").mkdir(parents=True)
    (work.parent / "usr/sbin/asterisk").touch()
    raise OSError(28, "No space left on device")


def test_without_root_it_says_what_to_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setattr(apt, "available", lambda: "debian")
    with pytest.raises(ProvisionError, match=r"espeak-ng is missing; run: sudo apt-get install"):
        provision.find_or_install_espeak()
    assert cache_folder() == tmp_path / "offhook"


@pytest.fixture
def playwright_that_never_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(
        "playwright._impl._driver.compute_driver_executable", lambda: ("false", "cli.js")
    )


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("debian", "is missing; run: sudo apt-get install libatomic1"),
        (None, "is missing; install it, then try again"),
    ],
)
@pytest.mark.usefixtures("playwright_that_never_starts")
def test_playwrights_library_is_missing_as_a_program_is(
    kind: str | None, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setattr(apt, "available", lambda: kind)
    with pytest.raises(ProvisionError, match=expected):
        provision.make_playwright_run(lambda _: None)


@pytest.mark.usefixtures("playwright_that_never_starts")
def test_playwrights_library_is_installed_once_and_nothing_else_is_tried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    installed: list[tuple[str, ...]] = []
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(apt, "available", lambda: "debian")
    monkeypatch.setattr(apt, "install", lambda packages, _progress: installed.append(packages))
    with pytest.raises(ProvisionError, match="playwright doesn't start:"):
        provision.make_playwright_run(lambda _: None)
    assert installed == [("libatomic1",)]


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
    version: str, expected: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system's, or the one that apt would install."""
    (tmp_path / "chan_pjsip.so").touch()
    found = provision.usable(("echo", f"Asterisk {version}"), tmp_path, tmp_path, ())
    assert (found is not None) is expected
    monkeypatch.setattr(apt, "candidate", lambda _package, _progress: f"1:{version}-2build5")
    assert provision.candidate_is_new_enough(lambda _: None) is expected


def test_without_apt_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provision, "find_asterisk", lambda: None)
    monkeypatch.setattr(apt, "available", lambda: None)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(ProvisionError, match="no Asterisk that is new enough"):
        find_or_install(lambda _: None)
