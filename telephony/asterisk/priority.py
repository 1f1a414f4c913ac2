"""Real-time priority: what keeps an Asterisk's sound in time on a busy machine.

Asterisk takes ``AT_START`` (asterisk.conf's highpriority) before it loads its modules, which uses
a processor for half a second. Threads of one priority take turns of 0.1 s, and the kernel stops all
real-time threads of a processor that has nothing else to do with it for 0.05 s in each second: two
Asterisks that start at once would cut the sound of a third. That is why one that starts is held
back, and gets its priority, ``AT_WORK``, once it has started.
"""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

AT_START = 10
"""What Asterisk gives itself; it knows no other."""
AT_WORK = AT_START + 1


def hold_back(pid: int) -> bool:
    """Take the threads of an Asterisk that starts back to ordinary priority; returns whether it had
    another, and so may have one later."""
    return _each(pid, _hold_back)


def put_first(pid: int) -> None:
    """Give the threads of an Asterisk that was held back their priority. Threads that they start
    later begin with it."""
    while _each(pid, _put_first):
        pass  # a thread may start another while we look


def _each(pid: int, change: Callable[[int], bool]) -> bool:
    """Change the threads of a process; whether any was changed."""
    changed = False
    with contextlib.suppress(FileNotFoundError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(PermissionError, ProcessLookupError):  # not allowed; ended
                changed |= change(int(task.name))
    return changed


def _hold_back(thread: int) -> bool:
    if os.sched_getscheduler(thread) != os.SCHED_RR:
        return False
    os.sched_setscheduler(thread, os.SCHED_OTHER, os.sched_param(0))
    return True


def _put_first(thread: int) -> bool:
    if os.sched_getparam(thread).sched_priority == AT_WORK:
        return False
    try:
        os.sched_setscheduler(thread, os.SCHED_RR, os.sched_param(AT_WORK))
    except PermissionError:  # only AT_START is allowed
        if os.sched_getscheduler(thread) == os.SCHED_RR:
            return False
        os.sched_setscheduler(thread, os.SCHED_RR, os.sched_param(AT_START))
    return True


def trouble(pid: int, *, has_canary: bool) -> str | None:
    """Why sound may be late and recordings short on a busy machine; None if they won't be."""
    with contextlib.suppress(ProcessLookupError):
        if os.sched_getscheduler(pid) != os.SCHED_RR:
            return (
                "Asterisk runs at ordinary priority: on a busy machine recordings may come out"
                f" short. Run Offhook as root, or allow it real-time priority {AT_WORK} (systemd:"
                f" LimitRTPRIO={AT_WORK}; a container: --ulimit rtprio={AT_WORK}; a shell: ulimit"
                f" -r {AT_WORK})"
            )
    if not has_canary:
        return (
            "Asterisk will give up its priority after two minutes, because its program"
            " astcanary is missing: on a busy machine recordings may come out short. Install"
            " the whole asterisk package"
        )
    return None
