"""Replaces the controller by one with another configuration, while calls go on."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from centre.directory_copy import DirectoryCopy
from centre.running import centre_of
from configuration.centre_file import Config
from configuration.directory_at_start import asterisk_passwords
from configuration.in_force import CannotKeep, InForce, keep
from machine.one_line import in_one_line
from offhook.stack_error import StackError
from supervision.controller_process import ControllerError, ControllerProcess
from telephony.asterisk.instance import Instance
from telephony.asterisk.process import AsteriskError
from telephony.asterisk.provision import Progress

STOPPING = "it is stopping"
"""Why a restart is refused meanwhile."""

_NOT_BY_A_RESTART: dict[str, Callable[[Config], object]] = {
    '"node"': lambda config: config.node,
    '"sip"': lambda config: config.sip,
    '"asterisk"': lambda config: config.asterisk,
    '"database"': lambda config: config.database,
    "the console's address": lambda config: (config.console.bind, config.console.port),
}
"""Settings with which other parts than the controller have been started."""


class Restarts:
    """Restarts of one controller, each with what is to be in force then.

    ``asterisk`` is the one that is started beside it, None if it runs elsewhere; ``directory`` is
    asked for the newest copy.
    """

    def __init__(
        self,
        in_force: InForce,
        state: Path,
        controller: ControllerProcess,
        asterisk: Instance | None,
        directory: Callable[[], DirectoryCopy],
        progress: Progress,
    ) -> None:
        self.in_force = in_force
        self._state = state
        self._controller = controller
        self._asterisk = asterisk
        self._directory = directory
        self._progress = progress
        self._changing = asyncio.Lock()
        self._closed = False

    def keep_copy(self, found: InForce) -> None:
        """Keep a copy, from which the controller is started. Raises CannotKeep if it would be
        started from an earlier one."""
        try:
            keep(found, self._state)
        except CannotKeep as error:
            if error.misleads:
                raise
            self._progress(str(error))

    async def put_in_force(self, found: InForce) -> None:
        """Replace the controller by one with this configuration and its flows; all else goes on,
        including calls.

        Raises StackError if nothing has changed, and ControllerError if the new controller does
        not start and the configuration before it is in force again.
        """
        async with self._changing:
            if self._closed:
                raise StackError(STOPPING)
            self._refuse_what_needs_more(found.config)
            is_kept = self._controller.is_kept
            try:
                await self._exchange(self.in_force, found)
            except Exception:
                if is_kept:  # if none runs now, starting it is retried
                    self._controller.keep()
                raise

    async def close(self) -> None:
        """Refuse restarts from now on. One that is under way is finished first: the calls are then
        the new controller's."""
        self._closed = True
        if self._changing.locked():
            self._progress(
                "the restart is finished first, then calls may end; Ctrl-C once more stops at once"
            )
        async with self._changing:
            pass

    async def _exchange(self, before: InForce, found: InForce) -> None:
        first = self._controller.pid
        try:
            await self._reconfigure(found)
            self.keep_copy(found)
        except Exception as error:
            left = await self._go_back(before)
            raise StackError(f"{in_one_line(error)}. Nothing has changed{left}") from error
        try:
            await self._controller.replace()
        except Exception as error:
            left = await self._go_back(before, copy=True)
            now = "the old one goes on"
            if self._controller.pid != first:
                now = "the old one is back"
                try:
                    await self._controller.replace()
                except Exception as again:
                    now = f"the old one does not start either ({in_one_line(again)})"
            raise ControllerError(
                f"the new controller did not start, and {now}: {in_one_line(error)}{left}"
            ) from error
        self.in_force = found

    def _refuse_what_needs_more(self, config: Config) -> None:
        for what, of in _NOT_BY_A_RESTART.items():
            if of(config) != of(self.in_force.config):
                raise StackError(
                    f"{config.source}: {what} can't be changed by a restart of the controller;"
                    " stop Offhook (Ctrl-C) and start it again. Nothing has changed"
                )

    async def _reconfigure(self, found: InForce) -> None:
        if self._asterisk is not None:
            kept = self._directory()
            await self._asterisk.reconfigure(
                centre_of(kept.kept.directory), asterisk_passwords(found.secrets, kept)
            )

    async def _go_back(self, before: InForce, *, copy: bool = False) -> str:
        """Put the configuration back. Returns what can't be put back, for the end of a sentence."""
        faults = []
        try:
            await self._reconfigure(before)
        except (AsteriskError, OSError) as error:
            faults.append(in_one_line(error))
        try:
            if copy:
                keep(before, self._state)
        except CannotKeep as error:
            faults.append(str(error))
        return f"; but not all can be put back: {'; '.join(faults)}" if faults else ""
