"""Gives a folder whose path has special characters a second path without any.

PostgreSQL's own starter passes folder names to a shell unquoted, and its clients read a host name
with a comma as two hosts. So a folder such as ``a b`` is reached through a symbolic link.
"""

import contextlib
import hashlib
import os
import re
import tempfile
from pathlib import Path

_PLAIN = re.compile(r"[\w./@+:=~-]+")


def plain_path(folder: Path) -> Path:
    """``folder`` itself, or a link to it with a plain name, made if needed. Raises OSError."""
    if _PLAIN.fullmatch(str(folder)):
        return folder
    link = _link(folder)
    try:
        if link.readlink() == folder and link.lstat().st_uid == os.geteuid():
            return link
        link.unlink()  # raises if it is another user's, which can't be removed
    except FileNotFoundError:
        pass
    link.symlink_to(folder)
    return link


def forget_plain_path(folder: Path) -> None:
    """Remove the link, if there is one."""
    if not _PLAIN.fullmatch(str(folder)):
        with contextlib.suppress(OSError):
            _link(folder).unlink()


def _link(folder: Path) -> Path:
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    return _for_run_time() / f"offhook-{name}"


def _for_run_time() -> Path:
    """A folder whose links last until the machine is restarted, if there is one."""
    own = os.environ.get("XDG_RUNTIME_DIR", "")
    for folder in ("/run" if os.geteuid() == 0 else own, tempfile.gettempdir()):
        if folder and os.access(folder, os.W_OK | os.X_OK):
            return Path(folder)
    return Path(tempfile.gettempdir())
