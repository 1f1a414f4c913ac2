"""The hopper: leads that a campaign has claimed a little ahead, so that it can dial at once."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime

from campaigns.claims import ClaimedLead, LeadClaims
from dialer.pacing_facts import Lead
from domain.identity import CampaignName, ListName
from engine.clock import Clock
from engine.outbound.way_out import WayOut
from machine.one_line import in_one_line
from storage.database_errors import AWAY

LEASE_S = 60.0
RENEW_EVERY_S = 20.0
_HOPPER_S = 10.0
"""The hopper holds about what is dialled in this time, and _LEAST_IN_HOPPER at least."""
_LEAST_IN_HOPPER = 10
_MOST_IN_HOPPER = 500
AGAIN_AFTER_S = 5.0
"""How long after the database was away, or a claim brought nothing, it is asked again."""


class ClaimedLeads:
    """The claimed leads of one campaign, in the order in which they are dialled."""

    def __init__(
        self, campaign: CampaignName, claims: LeadClaims, door: WayOut, clock: Clock
    ) -> None:
        self.sending: list[ClaimedLead] = []
        """Taken to be dialled, and not yet reported to the pacer as gone out."""
        self.trouble: str | None = None
        """Why no leads can be claimed, in one line."""
        self._campaign = campaign
        self._claims = claims
        self._door = door
        self._clock = clock
        self._next: deque[ClaimedLead] = deque()
        self._dry = True
        """The last claim has brought nobody."""
        self._claiming = False
        self._claim_at = self._renew_at = 0.0
        self._unreleased: list[ClaimedLead] = []
        """Given back while the database was away."""

    def __len__(self) -> int:
        """How many leads are dialled next."""
        return len(self._next)

    @property
    def has_leads(self) -> bool:
        """Whether there is somebody to dial, as far as is known."""
        return bool(self._next or self.sending) or not self._dry

    @property
    def first(self) -> ClaimedLead | None:
        """The lead that is dialled next."""
        return self._next[0] if self._next else None

    def take(self) -> ClaimedLead:
        """Take the next lead, to dial it."""
        self.sending.append(lead := self._next.popleft())
        return lead

    def leads(self) -> tuple[Lead, ...]:
        """Those that come next, as the pacer knows them."""
        return tuple(lead_to_pace(claimed) for claimed in (*self.sending, *self._next))

    def look_now(self) -> None:
        """Claim leads as soon as they are asked for."""
        self._claim_at = 0.0

    def wants(self, wanted: int) -> bool:
        """Whether leads are to be claimed, or renewed, so that about ``wanted`` are there. If so,
        ``fill`` must follow, and until it is over no more are wanted."""
        now = self._clock.now()
        if self._claiming or now < self._claim_at:
            return False
        self._claiming = len(self._next) * 2 <= wanted or now >= self._renew_at
        return self._claiming

    async def fill(self, wanted: int, *, claims: bool) -> None:
        """Renew what is there, and claim up to ``wanted`` leads, unless not ``claims``."""
        now, by, most = datetime.now(UTC), self._door.name, wanted - len(self._next)
        try:
            if left := tuple(self._unreleased):
                await self._claims.release((one.lead.lead for one in left), by=by)
                del self._unreleased[: len(left)]
            if self._next and self._clock.now() >= self._renew_at:
                held = [one.lead.lead for one in self._next]
                kept = await self._claims.renew(held, by=by, now=now, lease_s=LEASE_S)
                self._next = deque(one for one in self._next if one.lead.lead in kept)
            found = []
            if most > 0 and claims:
                found = await self._claims.claim(
                    self._campaign, most, by=by, now=now, lease_s=LEASE_S
                )
            self._renew_at = self._clock.now() + RENEW_EVERY_S
            self._next.extend(found)
            self._dry = most > 0 and not found
            if not found:
                self._claim_at = self._clock.now() + AGAIN_AFTER_S
            self.trouble = None
        except AWAY as error:
            self._claim_at = self._clock.now() + AGAIN_AFTER_S
            self.trouble = f"the database is away: {in_one_line(error)}"
        finally:
            self._claiming = False

    async def give_back(self, leads: Iterable[ClaimedLead]) -> None:
        """Let these leads be claimed by others, unless they are dialled. While the database is away
        they are kept in mind, or else a short list would rest until their leases end."""
        leads = list(leads)
        try:
            await self._claims.release((one.lead.lead for one in leads), by=self._door.name)
        except AWAY:
            self._unreleased += leads

    def empty(self, begin: Callable[[Iterable[ClaimedLead]], None]) -> None:
        """Forget the leads that come next; ``begin`` is handed those that are to be given back."""
        left, self._next = list(self._next), deque()
        if left:
            begin(left)

    async def close(self, going: Iterable["asyncio.Task[None]"]) -> None:
        """Claim nothing any more, wait for what is ``going`` out, and give the rest back."""
        self._claim_at = float("inf")
        for task in tuple(going):
            if not task.done():
                await asyncio.wait([task])
        left, self._next = list(self._next), deque()
        await self.give_back(left)


def hopper_size(per_second: float) -> int:
    """About how many leads are to be claimed ahead where so many are dialled a second."""
    return min(_MOST_IN_HOPPER, max(_LEAST_IN_HOPPER, round(per_second * _HOPPER_S)))


async def give_back(claims: LeadClaims, leads: Iterable[ClaimedLead], *, by: str) -> None:
    """Let these leads be claimed by others. While the database is away, their leases end."""
    with suppress(*AWAY):
        await claims.release((one.lead.lead for one in leads), by=by)


def lead_to_pace(claimed: ClaimedLead) -> Lead:
    """A claimed lead as the pacer knows it."""
    return Lead(ListName(str(claimed.lead.list)), guaranteed=claimed.guaranteed)
