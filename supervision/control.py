"""How ``./run restart`` reaches the running ``up``: a socket in the state folder, for its owner."""

import asyncio
import contextlib
import os
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import structlog

from domain.errors import OperatorError

log = structlog.get_logger()

SOCKET = "up.sock"
ANSWERS_WITHIN_S = 120.0
_LINE_WITHIN_S = 5.0

Say = Callable[[str], None]
Work = Callable[[Say], Awaitable[None]]


class ControlError(OperatorError):
    """The command was not carried out; the text says why."""


@asynccontextmanager
async def controlled(
    state: Path, commands: dict[str, Work], expected: tuple[type[Exception], ...]
) -> AsyncIterator[None]:
    """Accept commands for the running ``up`` for as long as the context lasts, one at a time.

    A command that raises one of ``expected`` is answered with the error's text. One that is under
    way when the context ends is cancelled, and the answer says so.
    """
    one_at_a_time = asyncio.Lock()
    under_way: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(serve(reader, writer))
        under_way.add(task)
        task.add_done_callback(under_way.discard)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def answer(line: str) -> None:
            if not writer.is_closing():  # the asker may have gone; the command runs all the same
                writer.write(f"{line}\n".encode())

        def say(text: str) -> None:
            answer(f"- {' '.join(text.split())}")

        try:
            if not _is_owner(writer):
                log.warning("refused a stranger at the control socket")
                return
            async with asyncio.timeout(_LINE_WITHIN_S):
                name = (await reader.readline()).decode("utf-8", "replace").strip()
            work = commands.get(name)
            if work is None:
                answer("no: it does not know this command")
                return
            async with one_at_a_time:
                try:
                    await work(say)
                except expected as error:
                    answer(f"no: {' '.join(str(error).split())}")
                except Exception:
                    log.exception("a command failed; report this", command=name)
                    answer("no: it failed, and 'up' has logged why at its terminal")
                else:
                    answer("done")
        except asyncio.CancelledError:
            answer("no: everything was stopped before this was done")
        except (OSError, ValueError) as error:  # TimeoutError is one
            log.info("the control socket's peer has gone", why=str(error))
        finally:
            with contextlib.suppress(OSError):
                await writer.drain()
            writer.close()

    server = await asyncio.start_unix_server(accept, sock=_bound(state))
    try:
        yield
    finally:
        server.close()
        _remove(state)
        if under_way:
            for task in under_way:
                task.cancel()
            await asyncio.wait(under_way)


async def ask(state: Path, command: str, say: Say) -> None:
    """Send a command to the ``up`` of this state folder and pass on what it answers. Raises
    ControlError."""
    try:
        with _reached(state) as path:
            reader, writer = await asyncio.open_unix_connection(path)
    except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError):
        raise ControlError(
            f"no './run up' is running with the state folder {state}; start it, or name its folder"
            " with --state"
        ) from None
    except PermissionError:
        raise ControlError(
            f"{state}: its 'up' belongs to another user; ask as that user, or as root"
        ) from None
    try:
        writer.write(f"{command}\n".encode())
        async with asyncio.timeout(ANSWERS_WITHIN_S):
            while line := (await reader.readline()).decode("utf-8", "replace").strip():
                if line == "done":
                    return
                if line.startswith("no: "):
                    raise ControlError(line.removeprefix("no: "))
                say(line.removeprefix("- "))
    except TimeoutError:
        raise ControlError(f"the 'up' of {state} does not answer; look at its terminal") from None
    finally:
        writer.close()
    raise ControlError(f"the 'up' of {state} has ended, or refused us")


def _bound(state: Path) -> socket.socket:
    with _reached(state) as path:
        _remove(state)  # left by one that was killed; the folder is ours alone
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(path)
        Path(path).chmod(0o600)
        return listening


def _remove(state: Path) -> None:
    (state / SOCKET).unlink(missing_ok=True)


def _is_owner(writer: asyncio.StreamWriter) -> bool:
    peer = writer.get_extra_info("socket")
    size = struct.calcsize("3i")
    _, uid, _ = struct.unpack("3i", peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    return uid in (0, os.geteuid())


@contextlib.contextmanager
def _reached(state: Path) -> Iterator[str]:
    """A path to the socket that is short enough, however long the folder's is."""
    folder = os.open(state, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{SOCKET}"
    finally:
        os.close(folder)
