"""Real-time priority: what keeps an Asterisk's sound in time on a busy machine.

Asterisk takes ``AT_START`` (asterisk.conf's highpriority) before it loads its modules, which uses
a processor for half a second. Threads of one priority take turns of 0.1 s, so that two Asterisks
that start at once would cut the sound of a third. That is why an Asterisk that has started is
given ``AT_WORK``.
"""

import contextlib
import os
from pathlib import Path

AT_START = 10
"""What Asterisk gives itself; it knows no other."""
AT_WORK = AT_START + 1


def put_first(pid: int) -> None:
    """Put the threads of an Asterisk before those of one that starts, as far as that is allowed.

    Threads that they start later begin with their priority. An Asterisk at ordinary priority stays
    there.
    """
    tasks = Path(f"/proc/{pid}/task")
    left = True
    while left:  # a thread may start another while we look
        left = False
        with contextlib.suppress(FileNotFoundError):
            for task in tasks.iterdir():
                left |= _put_first(int(task.name))


def _put_first(thread: int) -> bool:
    """Whether the thread's priority was changed."""
    try:
        if os.sched_getscheduler(thread) != os.SCHED_RR:
            return False
        if os.sched_getparam(thread).sched_priority != AT_START:
            return False
        os.sched_setscheduler(thread, os.SCHED_RR, os.sched_param(AT_WORK))
    except (PermissionError, ProcessLookupError):  # only AT_START is allowed; the thread has ended
        return False
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
