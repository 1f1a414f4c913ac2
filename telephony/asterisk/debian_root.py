"""Unpacks packages of Debian sid, with all they depend on, into a folder of their own.

apt resolves and verifies them as for an installation, with separate lists and cache; then they are
only unpacked, and none of their scripts is run. This needs no root, and leaves the machine's own
packages alone.
"""

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from telephony.asterisk import apt

_DEFAULT = "http://deb.debian.org/debian"
_KEYRINGS = (
    Path("/usr/share/keyrings/debian-archive-keyring.gpg"),
    Path("/usr/share/keyrings/debian-archive-keyring.pgp"),
    Path("/etc/apt/trusted.gpg.d"),
)


def make(root: Path, packages: Sequence[str], progress: Callable[[str], None]) -> None:
    """Make all of ``root``, or leave nothing behind. Raises apt.AptError."""
    root.parent.mkdir(parents=True, exist_ok=True)
    for left in root.parent.glob(f"{root.name}.making-*"):
        shutil.rmtree(left, ignore_errors=True)  # an earlier one was interrupted
    new = Path(tempfile.mkdtemp(prefix=f"{root.name}.making-", dir=root.parent))
    try:
        new.chmod(0o755)
        work = new / ".apt"
        archives = _download(work, packages, progress)
        for count, archive in enumerate(archives, 1):
            if count % 25 == 0 or count == len(archives):
                progress(f"unpacked {count} of {len(archives)} packages")
            apt.run(["dpkg-deb", "-x", str(archive), str(new)], fix=f"dpkg-deb -x {archive} DIR")
        shutil.rmtree(work)
        mend_sounds(new / "usr/share/asterisk")
        if root.exists():
            shutil.rmtree(root)
        new.rename(root)
    except OSError as error:
        raise apt.AptError(f"{error}; see whether {root.parent} is writable and full") from error
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _download(work: Path, packages: Sequence[str], progress: Callable[[str], None]) -> list[Path]:
    for folder in ("lists/partial", "archives/partial", "empty"):
        (work / folder).mkdir(parents=True)
    (work / "status").touch()
    mirror = mirror_of(Path("/etc/apt")) or _DEFAULT
    keyring = next((k for k in _KEYRINGS if k.exists()), None)
    if keyring is None:
        if os.geteuid() != 0:
            raise apt.AptError(
                "Debian's keys are missing; run: sudo apt-get install debian-archive-keyring"
            )
        apt.install(("debian-archive-keyring", "ca-certificates"), progress)
        keyring = next((k for k in _KEYRINGS if k.exists()), _KEYRINGS[0])
    if mirror.startswith("https:") and not Path("/etc/ssl/certs/ca-certificates.crt").exists():
        apt.install(("ca-certificates",), progress)
    signed = f"[signed-by={keyring}] " if keyring.is_file() else ""
    (work / "sources.list").write_text(f"deb {signed}{mirror} sid main\n")
    options = [
        f"Dir::Etc::SourceList={work}/sources.list",
        f"Dir::Etc::SourceParts={work}/empty",
        f"Dir::Etc::Preferences={work}/none",
        f"Dir::Etc::PreferencesParts={work}/empty",
        f"Dir::State::Lists={work}/lists",
        f"Dir::State::status={work}/status",
        f"Dir::State::extended_states={work}/extended_states",
        f"Dir::Cache={work}",
        "Dir::Cache::archives=archives",
        "Debug::NoLocking=true",
        "APT::Sandbox::User=",
        "Acquire::Languages=none",
        # A mirror that lags behind, or is frozen, still serves signed packages.
        "Acquire::Check-Valid-Until=false",
        "APT::Get::List-Cleanup=false",
    ]
    arguments = [part for option in options for part in ("-o", option)]
    fix = "see the lines above; the mirror is the one in /etc/apt"
    progress(f"reading {mirror} sid")
    apt.run(["apt-get", *arguments, "update"], fix=fix)
    progress("downloading the packages")
    wanted = ["install", "-y", "--no-install-recommends", "--download-only", *packages]
    apt.run(["apt-get", *arguments, *wanted], fix=fix)
    archives = sorted((work / "archives").glob("*.deb"))
    if not archives:
        raise apt.AptError(f"{mirror} delivered no packages; {fix}")
    return archives


def mend_sounds(data: Path) -> None:
    """Point ``sounds/en`` at the folder it is meant for; Debian's link leads out of the root."""
    link = data / "sounds" / "en"
    voices = sorted(link.parent.glob("en_US_f_*")) if link.parent.is_dir() else []
    if voices and not link.exists():
        link.unlink(missing_ok=True)
        link.symlink_to(voices[0].name)


def mirror_of(etc_apt: Path) -> str | None:
    """The Debian mirror that this machine uses, from its classic and deb822 sources, or None."""
    for uri, suites in _sources(etc_apt):
        if any("security" in suite for suite in suites) or "security" in uri:
            continue
        if not re.search(r"/debian/?$", uri):
            continue
        if uri.startswith(("http://", "https://", "file:", "copy:")):
            return uri.rstrip("/")
    return None


def _sources(etc_apt: Path) -> Iterator[tuple[str, list[str]]]:
    classic = [etc_apt / "sources.list", *sorted((etc_apt / "sources.list.d").glob("*.list"))]
    for path in classic:
        for line in _lines(path):
            found = re.match(r"\s*deb\s+(?:\[[^]]*\]\s+)?(\S+)\s+(\S+)", line)
            if found:
                yield _listed(found[1]), [found[2]]
    for path in sorted((etc_apt / "sources.list.d").glob("*.sources")):
        for stanza in re.split(r"\n\s*\n", "\n".join(_lines(path))):
            fields = {
                key.lower(): value
                for key, value in re.findall(
                    r"(?m)^([A-Za-z-]+):[ \t]*((?:.*)(?:\n[ \t]+.*)*)", stanza
                )
            }
            if "deb" in fields.get("types", "").split() and fields.get("enabled", "yes") != "no":
                for uri in fields.get("uris", "").split():
                    yield _listed(uri), fields.get("suites", "").split()


def _listed(uri: str) -> str:
    """The mirror behind a ``mirror+file:`` source, as in Debian's cloud images: the first."""
    found = re.match(r"mirror\+file:(/.+)", uri)
    lines = _lines(Path(found[1])) if found else []
    return lines[0].split()[0] if lines and lines[0].strip() else uri


def _lines(path: Path) -> list[str]:
    try:
        return [x for x in path.read_text("utf-8").splitlines() if not x.lstrip().startswith("#")]
    except OSError:
        return []
