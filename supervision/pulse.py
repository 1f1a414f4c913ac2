"""The controller's pulse: whoever started it asks over a line of their own whether it still works.

A socket pair that the controller inherits. A health page would need a connection and a file of the
controller's: strangers can use these up, and then a controller in good health would be killed.
"""

import asyncio
import socket


class Pulse:
    """The asking end, of whoever watches. ``theirs`` is for the controller to inherit."""

    def __init__(self) -> None:
        self._own, self.theirs = socket.socketpair()
        self._own.setblocking(False)
        self._asked = 0

    def close(self) -> None:
        """Close both ends here; the controller's own copy is not touched."""
        self._own.close()
        self.theirs.close()

    async def beats(self, within_s: float) -> bool:
        """Whether the controller's loop comes round to an answer in time."""
        loop = asyncio.get_running_loop()
        self._asked = (self._asked + 1) % 256
        try:
            async with asyncio.timeout(within_s):
                await loop.sock_sendall(self._own, bytes((self._asked,)))
                while True:
                    answers = await loop.sock_recv(self._own, 256)
                    if not answers:
                        return False
                    if answers[-1] == self._asked:  # else it is a late answer to an older question
                        return True
        except (TimeoutError, OSError):
            return False


def answer(line: socket.socket) -> None:
    """In the controller: answer each question as soon as the loop gets to it."""
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
