"""Threads of low priority, for work that mustn't hold up calls."""

import contextlib
import os
import threading
from concurrent.futures import ThreadPoolExecutor

_NICE = 10


def quiet_threads(most: int, name: str) -> ThreadPoolExecutor:
    """So many threads, for work that lets other threads run meanwhile, such as hashing.

    Not for plain Python: whoever wants Python's lock would wait for a thread that seldom runs.
    """
    return ThreadPoolExecutor(most, name, initializer=_yield_to_others)


def _yield_to_others() -> None:
    # Only Linux has a priority for each thread.
    with contextlib.suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
