"""Finds the programs that Offhook needs, and installs them where it may.

Asterisk is the system's if it is new enough (``versions.OLDEST``); else apt's; else Debian sid's
packages unpacked into the cache (``$XDG_CACHE_HOME/offhook``). The unpacked root needs no chroot:
its own loader runs its Asterisk in the machine's file system.
"""

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from domain.errors import OperatorError
from telephony.asterisk import apt, debian_root, versions

Progress = Callable[[str], None]

_APT_PACKAGES = ("asterisk", "asterisk-core-sounds-en-gsm", "asterisk-moh-opsound-wav", "openssl")


class ProvisionError(OperatorError):
    """A program is missing and can't be installed; the text ends with what to do."""


@dataclass(frozen=True, slots=True)
class AsteriskInstall:
    """An Asterisk that can be started: its ``command`` (-C and -f follow), modules and sounds."""

    command: tuple[str, ...]
    modules: Path
    data: Path
    version: str
    canary: tuple[str, ...] = ()
    """The command of its ``astcanary``, without which it gives its priority up after two minutes;
    empty if it has none."""


def say(text: str) -> None:
    """The default progress report: one line on standard error, at once."""
    print(f"offhook: {text}", file=sys.stderr, flush=True)


def cache_folder() -> Path:
    """Where downloaded programs are kept, outside the clone."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if base.startswith("/") else Path.home() / ".cache") / "offhook"


def find_asterisk() -> AsteriskInstall | None:
    """The system's Asterisk, or the cache's, if it is usable; installs nothing."""
    return _system_asterisk() or _cached_asterisk()


def find_or_install(progress: Progress = say) -> AsteriskInstall:
    """An Asterisk, which is installed first if there is none. Raises ProvisionError.

    An installation takes a minute or two; later calls take milliseconds.
    """
    found = find_asterisk()
    if found is not None:
        return found
    with _one_at_a_time(progress):
        found = find_asterisk()  # another process may just have installed it
        if found is not None:
            return found
        if apt.available() is None:
            raise ProvisionError(
                f"there is no Asterisk that is new enough ({versions.OLDEST}), and no apt to"
                " install one; install it, then try again"
            )
        try:
            if os.geteuid() == 0 and candidate_is_new_enough(progress):
                progress("installing Asterisk (apt)")
                with apt.no_services_started():
                    apt.install(_APT_PACKAGES, progress)
                found = _system_asterisk()
            if found is None:
                root = cache_folder() / "asterisk-sid"
                progress(f"unpacking Asterisk from Debian sid into {root} (once, about 400 MB)")
                debian_root.make(root, _APT_PACKAGES[:-1], progress)
                found = _cached_asterisk()
        except apt.AptError as error:
            raise ProvisionError(f"Asterisk can't be installed: {error}") from error
    if found is None:
        raise ProvisionError(
            "Asterisk was installed but doesn't run; remove "
            f"{cache_folder() / 'asterisk-sid'} and try again"
        )
    progress(f"Asterisk {found.version} is ready")
    return found


def find_or_install_espeak(progress: Progress = say) -> Path:
    """The program espeak-ng, which speaks prompts nobody has recorded. Raises ProvisionError."""
    return _program("espeak-ng", ("espeak-ng",), progress)


def find_or_install_ffmpeg(progress: Progress = say) -> Path:
    """The program ffmpeg, which reads uploaded recordings. Raises ProvisionError."""
    return _program("ffmpeg", ("ffmpeg",), progress)


def find_or_install_openssl(progress: Progress = say) -> Path:
    """The program openssl, which makes the certificate for TLS. Raises ProvisionError."""
    return _program("openssl", ("openssl",), progress)


def find_or_install_sipp(progress: Progress = say) -> Path:
    """The program sipp, which places calls in tests and benchmarks. Raises ProvisionError."""
    return _program("sipp", ("sip-tester",), progress)


def find_or_install_linphone(progress: Progress = say) -> Path:
    """The softphone Linphone without windows, for tests. Raises ProvisionError."""
    return _program("linphonec", ("linphone-cli",), progress)


def find_or_install_baresip(progress: Progress = say) -> Path:
    """The softphone baresip, for tests. Raises ProvisionError."""
    return _program("baresip", ("baresip-core",), progress)


def find_or_install_chromium(progress: Progress = say) -> Path:
    """A Chromium that can run headless, for the console's tests. Raises ProvisionError.

    Ubuntu's package of that name only installs a snap, so Playwright's own is fetched there.
    """
    for name in ("chromium", "chromium-browser", "google-chrome-stable"):
        path = shutil.which(name)
        if path is not None and not _is_snap(Path(path)):
            return Path(path)
    if apt.available() == "debian":
        return _program("chromium", ("chromium", "fonts-wqy-zenhei"), progress)
    kept = _playwright_chromium()
    if kept is not None:
        return kept
    progress("fetching Chromium (playwright), for tests only")
    command = [sys.executable, "-m", "playwright", "install", "chromium"]
    if os.geteuid() == 0:
        command.insert(-1, "--with-deps")
    done = subprocess.run(command, stdout=sys.stderr, check=False)
    kept = _playwright_chromium()
    if done.returncode != 0 or kept is None:
        raise ProvisionError(f"no Chromium; run: {' '.join(command)}")
    return kept


def make_playwright_run(progress: Progress = say) -> None:
    """Make sure that Playwright's own Node.js starts. Raises ProvisionError.

    It needs libatomic, which Debian 12 has only if another package brought it along.
    """
    from playwright._impl._driver import compute_driver_executable  # only developers have it

    node = compute_driver_executable()[0]
    if subprocess.run([node, "--version"], capture_output=True, check=False).returncode == 0:
        return
    _install("libatomic, without which playwright doesn't start,", ("libatomic1",), progress)
    done = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ProvisionError(f"playwright doesn't start: {done.stderr.strip()[-300:]}")


def _is_snap(program: Path) -> bool:
    with program.open("rb") as file:
        return b"/snap/" in file.read(4096)


def _playwright_chromium() -> Path | None:
    base = Path(
        os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or cache_folder().parent / "ms-playwright"
    )
    return next(iter(sorted(base.glob("chromium-*/chrome-linux*/chrome"), reverse=True)), None)


def _program(name: str, packages: tuple[str, ...], progress: Progress) -> Path:
    path = shutil.which(name)
    if path is None:
        _install(f"the program {name}", packages, progress)
        path = shutil.which(name)
    if path is None:
        raise ProvisionError(
            f"the program {name} is missing although apt installed it; see its output"
        )
    return Path(path)


def _install(missing: str, packages: tuple[str, ...], progress: Progress) -> None:
    """Have apt install what is missing. Raises ProvisionError, which says what to do instead."""
    names = " ".join(packages)
    if apt.available() is None:
        raise ProvisionError(f"{missing} is missing; install it, then try again")
    if os.geteuid() != 0:
        raise ProvisionError(f"{missing} is missing; run: sudo apt-get install {names}")
    with _one_at_a_time(progress):
        try:
            progress(f"installing {names} (apt)")
            apt.install(packages, progress)
        except apt.AptError as error:
            raise ProvisionError(f"{names} can't be installed: {error}") from error


def candidate_is_new_enough(progress: Progress) -> bool:
    version = apt.candidate("asterisk", progress)
    return version is not None and versions.is_new_enough(version)


def _system_asterisk() -> AsteriskInstall | None:
    program = shutil.which(
        "asterisk", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin"
    )
    if program is None:
        return None
    modules = next(
        (
            folder
            for pattern in ("/usr/lib/*/asterisk/modules", "/usr/lib/asterisk/modules")
            for folder in Path("/").glob(pattern[1:])
            if (folder / "chan_pjsip.so").exists()
        ),
        None,
    )
    data = next(
        (
            folder
            for folder in (Path("/usr/share/asterisk"), Path("/var/lib/asterisk"))
            if (folder / "documentation").exists() or (folder / "sounds").exists()
        ),
        None,
    )
    canary = Path(program).resolve().parent / "astcanary"
    return usable((program,), modules, data, (str(canary),) if canary.exists() else ())


def _cached_asterisk() -> AsteriskInstall | None:
    root = cache_folder() / "asterisk-sid"
    program = root / "usr/sbin/asterisk"
    if not program.exists():
        return None
    libraries = next((f for f in sorted(root.glob("usr/lib/*-linux-gnu*")) if f.is_dir()), None)
    if libraries is None:
        return None
    loaders = [*libraries.glob("ld-linux*.so.*"), *root.glob("usr/lib64/ld-linux*.so.*")]
    if not loaders:
        return None
    data = root / "usr/share/asterisk"
    with contextlib.suppress(OSError):
        debian_root.mend_sounds(data)
    loader = (str(loaders[0]), "--library-path", str(libraries))
    canary = program.with_name("astcanary")
    return usable(
        (*loader, str(program)),
        libraries / "asterisk/modules",
        data,
        (*loader, str(canary)) if canary.exists() else (),
    )


def usable(
    command: tuple[str, ...], modules: Path | None, data: Path | None, canary: tuple[str, ...]
) -> AsteriskInstall | None:
    if modules is None or data is None or not (modules / "chan_pjsip.so").exists():
        return None
    try:
        said = subprocess.run(
            [*command, "-V"], capture_output=True, text=True, timeout=10, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    version = said.removeprefix("Asterisk ").strip()
    if not versions.is_new_enough(version):
        return None
    return AsteriskInstall(command, modules, data, version, canary)


@contextlib.contextmanager
def _one_at_a_time(progress: Progress) -> Iterator[None]:
    """Keep two processes from installing at once: the second waits for the first."""
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("another start is installing; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
