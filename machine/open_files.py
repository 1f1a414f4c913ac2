"""Shares out the files and connections that this process may have open.

Each caller and each browser is a connection, and strangers open as many as they like. Without
shares the console's visitors could take the ones that callers need.
"""

import resource
from dataclasses import dataclass

import structlog

from domain.errors import OperatorError

log = structlog.get_logger()

KEPT = 128
"""Kept for what a call's record needs: database, AMI, outbox, recordings, prompts, logs."""
SMALLEST = 256
"""With fewer than this Offhook can't do useful work."""
COMFORTABLE = 4096
MOST_SESSIONS = 20_000
MOST_VISITORS = 2_000
_PLENTY = 1 << 20


class TooFewFiles(OperatorError):  # noqa: N818
    """The limit on open files is too low to serve; the text says what to do."""


@dataclass(frozen=True, slots=True)
class OpenFiles:
    """The shares of one process. ``visitors`` are the console's connections; each may also have a
    file open, the recording that is being sent to it."""

    limit: int
    sessions: int
    visitors: int


def share(limit: int) -> OpenFiles:
    """Divide ``limit`` files: at most a third for the console, the rest for callers.

    Raises TooFewFiles.
    """
    if limit < SMALLEST:
        raise TooFewFiles(
            f"only {limit} files may be open at once; Offhook needs at least {SMALLEST}, better"
            " 65536; raise the limit (ulimit -n, systemd's LimitNOFILE, Docker's ulimits.nofile)"
        )
    free = limit - KEPT
    visitors = min(MOST_VISITORS, free // 6)
    return OpenFiles(limit, min(MOST_SESSIONS, free - 2 * visitors), visitors)


def claim() -> OpenFiles:
    """Raise the limit as far as this process may by itself, and share the files out.

    Raises TooFewFiles.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    shares = share(_PLENTY if hard == resource.RLIM_INFINITY else hard)
    if shares.limit < COMFORTABLE:
        log.warning(
            "the limit on open files is low; raise it for more callers and browsers at once",
            open_files=shares.limit,
            callers=shares.sessions,
            browsers=shares.visitors,
            raise_to=f"ulimit -Hn {MOST_SESSIONS + 2 * MOST_VISITORS + KEPT}",
        )
    return shares
