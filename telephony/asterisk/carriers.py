"""Keeps lines working whose host's name could not be resolved when Asterisk read it.

Asterisk asks DNS once, when it reads its configuration. A carrier whose name is not found then is a
stranger, and all its calls are refused. After a power cut, for one, DNS may come back later than
this machine.
"""

import asyncio
import contextlib
from collections.abc import Iterator

import structlog

from domain.centre import Line
from domain.identity import LineName
from machine.hosts import host_of, is_address
from telephony.asterisk.instance import Instance

FIRST_LOOK_S, LAST_LOOK_S = 5.0, 30.0
"""How long to wait before the next look: at first, and at most, as it doubles each time."""

log = structlog.get_logger()


async def keep_known(
    instance: Instance, *, first_s: float = FIRST_LOOK_S, last_s: float = LAST_LOOK_S
) -> None:
    """Have Asterisk look up again the names that it didn't find. Runs until cancelled."""
    missed: set[LineName] = set()
    delay_s = first_s
    while True:
        await asyncio.sleep(delay_s)
        delay_s = min(delay_s * 2, last_s)
        with contextlib.suppress(OSError):  # the next look may do better
            for line in _by_name(instance):
                if await instance.is_known_by_address(line.name):
                    if line.name in missed:
                        missed.discard(line.name)
                        log.info(
                            "a line's host has been found; its calls are accepted now",
                            line=line.name,
                        )
                    continue
                if line.name not in missed:
                    missed.add(line.name)
                    delay_s = first_s
                    log.error(
                        "a line's host can't be found, so its calls are refused; Offhook goes on"
                        " looking for it",
                        line=line.name,
                        host=line.host,
                        fix="check DNS, or write the carrier's address instead of its name",
                    )
                await instance.look_hosts_up()


def _by_name(instance: Instance) -> Iterator[Line]:
    for line in instance.centre.lines:
        if line.host is not None and not is_address(host_of(line.host)):
            yield line
