"""The published flows that calls meet: the newest edition, and those of calls under way."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import structlog

from domain.prompts import PromptText
from ivr_flows.announcements import texts_to_prepare
from ivr_flows.flow import Flow
from publishing.checked_texts import checked_once
from publishing.flow_words import FlowEdition
from storage.database_errors import AWAY

log = structlog.get_logger()

WARM_WITHIN_S = 0.5
"""How long a new edition waits for its prompts at most; calls meet it within a second."""
ASK_WITHIN_S = 2.0
"""How long a call under way waits for its edition at most."""
MOST_EDITIONS = 50
"""So many of the last editions are remembered; older ones are asked for again."""

Ask = Callable[[int], Awaitable[FlowEdition]]
"""Fetches an edition, or raises one of ``storage.database_errors.AWAY``."""

Warm = Callable[[Iterable[PromptText]], Awaitable[object]]
"""Makes sounds in advance."""


@dataclass(frozen=True, slots=True)
class FlowsOfEdition:
    """All flows of one edition, by name: a call that has entered one of them meets no others."""

    edition: int
    """0: nothing was published yet, and these come from files."""
    flows: Mapping[str, Flow] = field(default_factory=dict)
    revisions: Mapping[str, int] = field(default_factory=dict)
    projects: Mapping[str, str] = field(default_factory=dict)
    """Whose each flow is; "": every project's."""


class FlowsInForce(Mapping[str, Flow]):
    """The flows that the next call meets, by name, and the editions of calls under way.

    ``ask`` fetches an edition that isn't remembered; ``warm`` makes prompts in advance.
    """

    def __init__(self, first: FlowsOfEdition, ask: Ask, warm: Warm) -> None:
        self.newest = first
        self._ask = ask
        self._warm = warm
        self._known: OrderedDict[int, FlowsOfEdition] = OrderedDict({first.edition: first})
        self._asking = asyncio.Lock()
        self.warming: set[asyncio.Future[object]] = set()
        """Of new editions whose prompts are being made."""

    def __getitem__(self, name: str) -> Flow:
        return self.newest.flows[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.newest.flows)

    def __len__(self) -> int:
        return len(self.newest.flows)

    def project_of(self, name: str) -> str:
        """Whose a flow is; "": every project's."""
        return self.newest.projects.get(name, "")

    def of_projects(self, projects: Collection[str] | None) -> Mapping[str, Flow]:
        """The flows that the numbers and campaigns of these projects may have; None: all."""
        return {
            name: flow
            for name, flow in sorted(self.items())
            if projects is None or self.project_of(name) in ("", *projects)
        }

    async def of(self, edition: int | None) -> FlowsOfEdition:
        """The flows of a call that entered in this edition; None: it enters now.

        If the edition can't be had, because the database is away, the newest takes its place, and
        that is logged.
        """
        if edition is None:
            return self.newest
        if (known := self._known.get(edition)) is not None:
            return known
        why: object = "nobody published it"
        try:
            async with asyncio.timeout(ASK_WITHIN_S), self._asking:
                if edition not in self._known:  # others may have waited for the same
                    found = await self._ask(edition)
                    if found.texts:
                        self._remember(await asyncio.to_thread(loaded, found), newest=False)
                if (known := self._known.get(edition)) is not None:
                    return known
        except AWAY as error:  # TimeoutError is one of them
            why = error
        log.warning(
            "a call's edition of the flows can't be had, so it goes on in the newest",
            edition=edition,
            newest=self.newest.edition,
            why=str(why) or type(why).__name__,
        )
        return self.newest

    async def take(self, found: FlowEdition) -> None:
        """Put an edition in force. Its new prompts are made first, if that is quick; otherwise
        they are made while it serves."""
        now = await asyncio.to_thread(loaded, found)
        # Those of earlier editions have their prompts: who rolls back waits for nothing.
        known = {id(flow) for one in self._known.values() for flow in one.flows.values()}
        fresh = [flow for flow in now.flows.values() if id(flow) not in known]
        texts = dict.fromkeys(text for flow in fresh for text in texts_to_prepare(flow))
        if texts:
            warming = asyncio.ensure_future(self._warm(texts))
            self.warming.add(warming)
            warming.add_done_callback(self.warming.discard)
            done, _ = await asyncio.wait({warming}, timeout=WARM_WITHIN_S)
            if not done:
                log.info("an edition is in force though its prompts are still being made")
        if now.edition <= self.newest.edition:  # an older database came back: other numbers
            self._known.clear()
        self._remember(now, newest=True)
        log.info("an edition of the flows is in force", edition=now.edition)

    def _remember(self, flows: FlowsOfEdition, *, newest: bool) -> None:
        self._known[flows.edition] = flows
        if newest:
            self.newest = flows
        while len(self._known) > MOST_EDITIONS:
            oldest = next(one for one in self._known if one != self.newest.edition)
            del self._known[oldest]


def loaded(found: FlowEdition) -> FlowsOfEdition:
    """The flows of an edition. Blocks. One that can't be read any more is logged and left out."""
    flows = {}
    for name, text in found.texts.items():
        checked = checked_once(name, text)
        if checked.flow is None:
            log.error("a published flow can't be used", flow=name, why=str(checked.errors[0]))
        else:
            flows[name] = checked.flow
    return FlowsOfEdition(found.edition, flows, found.numbers, found.projects)


def only_these(flows: Mapping[str, Flow]) -> FlowsInForce:
    """Flows of which there is one edition only, without a database."""

    async def ask(edition: int) -> FlowEdition:
        return FlowEdition(edition, {}, {})

    async def warm(_: Iterable[PromptText]) -> None:
        return

    return FlowsInForce(FlowsOfEdition(0, flows), ask, warm)
