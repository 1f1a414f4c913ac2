"""A running ``up`` does what it is asked, even if the asker goes away meanwhile."""

import asyncio
from pathlib import Path

import uvloop
from structlog.testing import capture_logs

from supervision.control import SOCKET, Say, controlled


def test_whoever_asks_may_go_before_it_is_done(tmp_path: Path) -> None:
    """Ctrl-C at ``./run restart``: up's terminal was given two tracebacks for it."""
    done: list[str] = []
    unhandled: list[object] = []

    async def ask_and_go() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, why: unhandled.append(why))
        begun, gone, over = asyncio.Event(), asyncio.Event(), asyncio.Event()

        async def work(tell: Say) -> None:
            begun.set()
            await gone.wait()
            for turn in range(20):  # the first one finds out that nobody is there
                tell(f"step {turn}")
                await asyncio.sleep(0)
            done.append("work")
            over.set()

        async with controlled(tmp_path, {"work": work}, ()):
            _, writer = await asyncio.open_unix_connection(str(tmp_path / SOCKET))
            writer.write(b"work\n")
            await begun.wait()
            writer.transport.abort()
            await asyncio.sleep(0)
            gone.set()
            async with asyncio.timeout(30):
                await over.wait()

    with capture_logs() as logs, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(ask_and_go())
    assert (done, logs, unhandled) == (["work"], [], [])
