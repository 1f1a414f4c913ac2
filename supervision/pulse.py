"""The controller's pulse: its supervisor asks over a private line whether it still works.

The line is a socket pair that the controller inherits. A health page would need one of the
controller's connections and files: strangers can use these up, and then a controller in good
health would be killed.
"""

import asyncio
import socket


class Pulse:
    """The supervisor's end, which asks. ``theirs`` is for the controller to inherit."""

    def __init__(self) -> None:
        self._own, self.theirs = socket.socketpair()
        self._own.setblocking(False)
        self._asked = 0

    def close(self) -> None:
        """Close both ends here; the controller's own copy is not touched."""
        self._own.close()
        self.theirs.close()

    async def beats(self, within_s: float) -> bool:
        """Whether the controller's loop answers in time."""
        loop = asyncio.get_running_loop()
        self._asked = (self._asked + 1) % 256
        try:
            async with asyncio.timeout(within_s):
                await loop.sock_sendall(self._own, bytes((self._asked,)))
                while True:
                    answers = await loop.sock_recv(self._own, 256)
                    if not answers:
                        return False
                    if answers[-1] == self._asked:  # else a late answer to an earlier question
                        return True
        except (TimeoutError, OSError):
            return False


def answer(line: socket.socket) -> None:
    """For the controller: answer each question as soon as the loop gets to it."""
    line.setblocking(False)
    loop = asyncio.get_running_loop()

    def asked() -> None:
        try:
            questions = line.recv(256)
            if questions:
                line.send(questions)
                return
        except BlockingIOError:
            return
        except OSError:
            pass
        loop.remove_reader(line)  # nobody asks any more

    loop.add_reader(line, asked)
