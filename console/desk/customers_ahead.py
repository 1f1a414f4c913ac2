"""Shows a desk whom its agent is about to hear, beside the floor's rows and before them.

Rows come at the feed's pace; a nailed-up phone hears the customer a few hundredths of a second
after the offer. So the offer itself is sent on at once, by what the engine knows, and the card as
soon as it is read. The call waits for neither.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import structlog
from aiohttp import web

from console.desk.customer_card import about_view, card_row, known_row
from console.kit.context import LIVE
from console.kit.feed import Subscription
from domain.centre import Agent
from engine.board_ports import CallView
from machine.one_line import in_one_line

log = structlog.get_logger()


@asynccontextmanager
async def with_customers(
    request: web.Request,
    agent: Agent,
    reading: AbstractAsyncContextManager[Subscription],
) -> AsyncIterator[Subscription]:
    """A reader of the desk's rows who is shown each customer, too, as ``{"customer": ...}``."""
    going: set[asyncio.Task[None]] = set()
    async with reading as reader:

        def offered(view: CallView) -> None:
            reader.offer(_frame(known_row(view)))
            task = asyncio.create_task(_send_card(request, agent, view, reader))
            going.add(task)
            task.add_done_callback(going.discard)

        with request.app[LIVE].watch_offers(agent.code, offered):
            try:
                yield reader
            finally:
                for task in going:
                    task.cancel()


async def _send_card(
    request: web.Request, agent: Agent, view: CallView, reader: Subscription
) -> None:
    try:
        reader.offer(_frame(await card_row(request, agent, about_view(request, view))))
    except Exception as error:  # the page asks for it again when the call is on it
        log.warning("a customer's card could not be sent ahead", why=in_one_line(error))


def _frame(customer: dict[str, Any]) -> str:
    now = round(datetime.now(UTC).timestamp(), 3)
    return json.dumps({"at": now, "customer": customer}, ensure_ascii=False)
