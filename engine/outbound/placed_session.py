"""Has one FastAGI session drive a call that we placed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from domain.identity import ChannelId, NodeName
from engine.admission import Admission
from engine.calls.call import LiveCall
from engine.inbound.caller_sessions import Sessions
from telephony.agi.agi_wire import SessionRefused
from telephony.agi.session import Session


@asynccontextmanager
async def driven(
    sessions: Sessions, admission: Admission, session: Session, line: str
) -> AsyncIterator[LiveCall]:
    """The call that the session drives meanwhile, whose customer has answered on ``line``.

    Raises SessionRefused if it can't be a call of ours.
    """
    channel = ChannelId(NodeName(session.node), session.uniqueid)
    await session.until(admission.customer(channel, line))
    await session.until(sessions.released(channel.call))  # they may come back from a transfer
    call = sessions.calls.see_placed(channel, session.channel)
    if call is None:
        raise SessionRefused("call", f"nobody knows why {channel.call} was placed")
    sessions.attach(call, session)
    turn = call.turn
    call.recorded = True  # [outbound] has started it
    try:
        yield call
    finally:
        if call.turn == turn:  # otherwise a later session has the customer
            sessions.session_over(call)
