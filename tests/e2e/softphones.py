"""Real softphones: Linphone, which fetches its settings by their code, and baresip, into which
somebody types what a page shows."""

import asyncio
import contextlib
import json
import math
import os
import socket
import struct
import sys
import wave
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from telephony.asterisk.provision import find_or_install_baresip, find_or_install_linphone
from tests.waiting import until

_VOICE_S = 60
_BARESIP = """\
module_path {modules}
module g711.so
module aufile.so
module aubridge.so
module_app account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:{control}
sip_listen 127.0.0.1:0
net_interface 127.0.0.1
audio_source aufile,{voice}
audio_player aubridge,nobody
audio_alert aubridge,nobody
"""
_STATES = ("not registered", "registered", "talking")  # the library writes there too


class Linphone:
    """A Linphone that answers by itself."""

    def __init__(self, said: Path) -> None:
        self._said = said

    async def until(self, state: str, seconds: float = 30.0) -> None:
        """Until it is ``registered``, and nobody talks to it, or ``talking``."""

        def so() -> bool:
            said = [line for line in self._said.read_text().splitlines() if line in _STATES]
            return said[-1:] == [state]

        await until(so, seconds, f"Linphone to be {state}", seen=self._said.read_text)


@asynccontextmanager
async def linphone(folder: Path, setup_url: str) -> AsyncIterator[Linphone]:
    """A Linphone that has been given the address in a phone's code."""
    await asyncio.to_thread(find_or_install_linphone)
    voice = await asyncio.to_thread(_voice, folder, 440)
    said = folder / "said"
    with said.open("wb") as sink, (folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.e2e.linphone_phone"),
            *(str(folder), setup_url, str(voice)),
            env={**os.environ, "HOME": str(folder)},
            stdin=asyncio.subprocess.PIPE,
            stdout=sink,
            stderr=log,
        )
    try:
        yield Linphone(said)
    finally:
        process.kill()
        await process.wait()


class Baresip:
    """Debian's baresip, driven by its own protocol."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._events: list[Mapping[str, str]] = []
        self._seen = 0

    async def read(self, reader: asyncio.StreamReader) -> None:
        """Keep what it reports until it ends: JSON in netstrings (its module ctrl_tcp)."""
        with contextlib.suppress(asyncio.IncompleteReadError, OSError):
            while True:
                length = int((await reader.readuntil(b":"))[:-1])
                self._events.append(json.loads((await reader.readexactly(length + 1))[:-1]))

    async def until(self, event: str, seconds: float = 20.0) -> None:
        """Until it reports this, after what it was waited for before:
        CALL_ESTABLISHED, CALL_CLOSED."""

        def found() -> bool:
            for number, one in enumerate(self._events[self._seen :], self._seen + 1):
                if one.get("type") == event:
                    self._seen = number
                    return True
            return False

        await until(found, seconds, f"baresip to report {event}", seen=lambda: self._events)

    async def do(self, command: str, parameters: str = "") -> None:
        """A command of its menu: dial NUMBER, hangup."""
        text = json.dumps({"command": command, "params": parameters})
        self._writer.write(f"{len(text)}:{text},".encode())
        await self._writer.drain()


@asynccontextmanager
async def baresip(
    folder: Path, *, server: str, port: str, name: str, password: str
) -> AsyncIterator[Baresip]:
    """A baresip with what somebody typed into it; it answers by itself."""
    program = await asyncio.to_thread(find_or_install_baresip)
    account = (
        f"<sip:{name}@{server}:{port};transport=udp>;auth_user={name};auth_pass={password}"
        ";regint=60;answermode=auto\n"
    )
    control, said = await asyncio.to_thread(_baresip_files, folder, account)
    with said.open("wb") as sink:
        process = await asyncio.create_subprocess_exec(
            *(str(program), "-f", str(folder)),
            stdin=asyncio.subprocess.PIPE,  # at its end it ends, too
            stdout=sink,
            stderr=sink,
        )
    reading: asyncio.Task[None] | None = None
    try:
        connected = await until(
            lambda: _connected(control), 20, "baresip to listen", seen=said.read_text
        )
        assert connected is not None
        reader, writer = connected
        phone = Baresip(writer)
        reading = asyncio.create_task(phone.read(reader))
        yield phone
        writer.close()
    finally:
        if reading is not None:
            reading.cancel()
        process.terminate()
        await process.wait()


def _baresip_files(folder: Path, account: str) -> tuple[int, Path]:
    """The port at which it takes commands, and the file of what it says."""
    folder.mkdir(parents=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        control = free.getsockname()[1]
    modules = next(found.parent for found in Path("/usr/lib").glob("**/baresip/modules/account.so"))
    settings = _BARESIP.format(modules=modules, control=control, voice=_voice(folder, 1000))
    (folder / "config").write_text(settings)
    (folder / "accounts").write_text(account)
    (folder / "contacts").touch()
    return control, folder / "said"


async def _connected(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
    try:
        return await asyncio.open_connection("127.0.0.1", port)
    except ConnectionRefusedError:
        return None


def _voice(folder: Path, tone_hz: int) -> Path:
    """A file with this tone, for as long as a test may talk."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "voice.wav"
    samples = (round(8000 * math.sin(2 * math.pi * tone_hz * n / 8000)) for n in range(8000))
    second = b"".join(struct.pack("<h", sample) for sample in samples)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(second * _VOICE_S)
    return path
