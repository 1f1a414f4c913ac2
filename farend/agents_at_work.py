"""Has agents whose phones are nailed up log in and get ready, as the board has it."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence

from domain.identity import AgentCode, StationName
from farend.ami_client import FarEndError
from farend.console_client import ConsoleClient

NAILED_WITHIN_S = 60.0
LOOK_EVERY_S = 0.5


async def begin_work(console: ConsoleClient, agents: Mapping[AgentCode, StationName]) -> None:
    """Log each agent in at their phone, connect it, and get them ready once all are
    connected. The phones must answer at once (``FarEnd.nail_up``). Raises FarEndError."""
    for agent, station in agents.items():
        await board_command(console, agent, "log_in", station=station)
        await board_command(console, agent, "connect")
    await _until_nailed_up(console, agents)
    for agent in agents:
        await board_command(console, agent, "ready")


async def board_command(console: ConsoleClient, agent: AgentCode, verb: str, **form: str) -> None:
    """Give an agent a command of the board. Raises FarEndError if it is refused."""
    status, said = await console.submit(f"agents/{agent}/{verb}", "board", **form)
    if status != 200:
        raise FarEndError(f"the console answered {verb} of {agent} with {status}: {said[:200]}")


async def _until_nailed_up(console: ConsoleClient, agents: Iterable[AgentCode]) -> None:
    waiting: Sequence[AgentCode] = ()
    try:
        async with asyncio.timeout(NAILED_WITHIN_S):
            while True:
                board = await console.board()
                legs = {row["code"]: row["leg"] for row in board["agents"]}
                waiting = [agent for agent in agents if legs.get(agent) != "up"]
                if not waiting:
                    return
                await asyncio.sleep(LOOK_EVERY_S)
    except TimeoutError:
        raise FarEndError(f"the phones of {', '.join(waiting)} are not connected") from None
