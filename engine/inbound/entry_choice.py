"""Chooses the flow that a caller of a number enters, by the number's rules."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

import structlog

from centre.entry_rules import ArrivingCaller, first_that_holds
from domain.call_facts import EntryRuleHeld
from domain.centre import Acquaintance, EntryRule, Hotline
from domain.identity import ProjectName, QueueName
from engine.agents.live_floor import LiveFloor
from engine.calls.call import LiveCall
from engine.calls.live_calls import LiveCalls
from engine.inbound.opening_hours import OpeningHours
from storage.database_errors import AWAY

log = structlog.get_logger()

ASK_WITHIN_S = 0.5
"""How long a caller waits at most until we know whether they are a customer."""

IsCustomer = Callable[[ProjectName, Iterable[str]], Awaitable[bool]]
"""Whether a project knows one of these numbers, which are one number in each way to write it."""


async def no_customer(_project: ProjectName, _numbers: Iterable[str]) -> bool:
    """Nobody is a customer."""
    return False


class EntryChoice:
    """Reads the rules of numbers. ``is_customer`` asks the database, which may be away: then a
    caller is not known as a customer."""

    def __init__(
        self,
        calls: LiveCalls,
        floor: LiveFloor,
        hours: OpeningHours,
        is_customer: IsCustomer = no_customer,
    ) -> None:
        self._calls = calls
        self._floor = floor
        self._hours = hours
        self._is_customer = is_customer

    async def flow_for(self, call: LiveCall, hotline: Hotline) -> str:
        """The name of the flow that a call enters; by which rule, is noted."""
        rule = first_that_holds(hotline.rules, await self._arrival(call, hotline.rules))
        if rule is None:
            return hotline.flow
        self._calls.note(call, EntryRuleHeld(hotline.number, rule.name, rule.flow))
        return rule.flow

    async def _arrival(self, call: LiveCall, rules: tuple[EntryRule, ...]) -> ArrivingCaller:
        in_force, core = self._calls.in_force, self._floor.core
        numbers = in_force.ways(call.caller, call.line)
        known = in_force.known(call.caller, call.line, call.project)
        asks = any(rule.known is Acquaintance.CUSTOMER for rule in rules)
        if known is None and numbers and asks and await self._customer(call, numbers):
            known = Acquaintance.CUSTOMER
        crowds = {rule.queue or QueueName("") for rule in rules}
        return ArrivingCaller(
            at=self._hours.local(in_force.centre),
            numbers=numbers,
            known=known,
            waiting={queue: core.length(queue) for queue in crowds},
            expected_s={
                queue: core.expected_wait(queue, core.length(queue) + 1)
                for queue in crowds
                if queue in in_force.queues
            },
            is_open=self._hours.is_open,
        )

    async def _customer(self, call: LiveCall, numbers: tuple[str, ...]) -> bool:
        try:
            async with asyncio.timeout(ASK_WITHIN_S):
                return await self._is_customer(call.project, numbers)
        except AWAY as error:
            log.warning(
                "whether a caller is a customer can't be said now, so they enter as a stranger",
                call=call.id,
                why=" ".join(str(error).split()) or type(error).__name__,
            )
            return False
