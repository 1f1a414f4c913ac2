"""How many files and connections this process may have open, and who gets how many of them.

Each caller is a connection, each browser is one, and strangers open as many as they like. Without
shares the console's visitors could take what callers need.
"""

import resource
from dataclasses import dataclass

import structlog

from domain.errors import OperatorError

log = structlog.get_logger()

KEPT = 128
"""For the database, AMI, the outbox, recordings, prompts, logs: what a call's record hangs on."""
SMALLEST = 256
"""With less than this nothing sensible can be run."""
COMFORTABLE = 4096
MOST_SESSIONS = 20_000
MOST_VISITORS = 2_000
_PLENTY = 1 << 20


class TooFewFiles(OperatorError):  # noqa: N818
    """The limit of open files is too low to serve; the text says what to do."""


@dataclass(frozen=True, slots=True)
class OpenFiles:
    """The shares of one process. ``visitors`` are the console's connections; each may have a file
    open besides, the recording that it is sent."""

    limit: int
    sessions: int
    visitors: int


def share(limit: int) -> OpenFiles:
    """Shares of ``limit`` files: a third at most for the console, the rest for callers.

    Raises TooFewFiles.
    """
    if limit < SMALLEST:
        raise TooFewFiles(
            f"only {limit} files may be open at once, Offhook needs at least {SMALLEST}, better"
            " 65536; raise the limit (ulimit -n, systemd's LimitNOFILE, Docker's ulimits.nofile)"
        )
    free = limit - KEPT
    visitors = min(MOST_VISITORS, free // 6)
    return OpenFiles(limit, min(MOST_SESSIONS, free - 2 * visitors), visitors)


def claim() -> OpenFiles:
    """Take all the files that this process may have without asking anybody, and share them out.

    Raises TooFewFiles.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    shares = share(_PLENTY if hard == resource.RLIM_INFINITY else hard)
    if shares.limit < COMFORTABLE:
        log.warning(
            "the limit of open files is low; raise it for more callers and browsers at once",
            open_files=shares.limit,
            callers=shares.sessions,
            browsers=shares.visitors,
            raise_to=f"ulimit -Hn {MOST_SESSIONS + 2 * MOST_VISITORS + KEPT}",
        )
    return shares
