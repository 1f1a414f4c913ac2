"""Tests often run as root, which may do everything; here is how they do without."""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager

_libc = ctypes.CDLL(None, use_errno=True)
_VERSION_3 = 0x20080522
_DAC_OVERRIDE, _DAC_READ_SEARCH, _FOWNER = 1, 2, 3
NOBODY = 65534
"""A user that is not the test's, on any Linux."""


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Sets(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


@contextmanager
def an_owners_rights() -> Iterator[None]:
    """This thread, and those that it starts, may do with a file only what its mode and owner say:
    being root alone is not enough."""
    header, sets = _Header(_VERSION_3, 0), (_Sets * 2)()
    _check(_libc.capget(ctypes.byref(header), sets))
    before = sets[0].effective
    sets[0].effective &= ~sum(1 << right for right in (_DAC_OVERRIDE, _DAC_READ_SEARCH, _FOWNER))
    _check(_libc.capset(ctypes.byref(header), sets))
    try:
        yield
    finally:
        sets[0].effective = before
        _check(_libc.capset(ctypes.byref(header), sets))


@contextmanager
def another_user() -> Iterator[None]:
    """This process is not root's for a while; if it isn't anyway, nothing changes."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def _check(result: int) -> None:
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
