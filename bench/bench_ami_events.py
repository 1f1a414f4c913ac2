"""AMI events per second: panoramisk as shipped against our link's stack, the same bytes.

Both have fifteen handlers that each read three headers. They get the bytes in memory and then over
loopback TCP from another process. Seconds are this process's CPU seconds: what one core can do,
whatever else the machine does.
"""

import asyncio
import json
import multiprocessing
import socket
import statistics
import sys
from collections.abc import Callable
from contextlib import suppress
from time import process_time
from typing import Any

import panoramisk
from panoramisk.ami_protocol import AMIProtocol

from telephony.ami.ami_wire import Message
from telephony.ami.delivery import Delivery
from telephony.ami.protocol import AmiProtocol

GREETING = b"Asterisk Call Manager/11.0.0\r\n"
CHUNK = 65_536
CALLS = 1_000
ROUNDS = 3
HANDLED = (
    "Newchannel", "Newstate", "Hangup", "BridgeEnter", "BridgeLeave", "DialBegin", "DialEnd",
    "Hold", "Unhold", "AttendedTransfer", "BlindTransfer", "DeviceStateChange", "DTMFEnd",
    "OriginateResponse", "FullyBooted",
)  # fmt: skip
READ = ("Channel", "Uniqueid", "Linkedid")

# What Asterisk 22 sends about a call between two channels, for our user's event classes. Most
# events of a call (VarSet, Newexten, RTCP) don't interest a consumer.
_CALL = (
    ["Newchannel"] * 2 + ["Newexten"] * 8 + ["VarSet"] * 12 + ["Newstate"] * 4 + ["DialBegin"]
    + ["DeviceStateChange"] * 4 + ["DialEnd", "BridgeCreate"] + ["BridgeEnter"] * 2
    + ["NewConnectedLine"] * 2 + ["RTCPSent", "RTCPReceived"] * 3 + ["DTMFBegin", "DTMFEnd"]
    + ["BridgeLeave"] * 2 + ["BridgeDestroy", "HangupRequest"] + ["SoftHangupRequest"]
    + ["Hangup"] * 2
)  # fmt: skip


def traffic(calls: int) -> tuple[bytes, int]:
    """The events of this many calls as bytes, and the number of events."""
    parts = []
    for call in range(calls):
        for number, name in enumerate(_CALL):
            leg = number % 2
            parts.append(
                f"Event: {name}\r\nPrivilege: call,all\r\nSystemName: pbx1\r\n"
                f"Channel: PJSIP/{1001 + leg}-{call:08x}\r\nChannelState: 6\r\n"
                "ChannelStateDesc: Up\r\nCallerIDNum: 13800138000\r\nCallerIDName: Müller\r\n"
                "ConnectedLineNum: 1001\r\nConnectedLineName: 王小明\r\nLanguage: en\r\n"
                f"AccountCode: \r\nContext: hotline\r\nExten: 4001\r\nPriority: {number}\r\n"
                f"Uniqueid: 1795313696.{call * 2 + leg}\r\nLinkedid: 1795313696.{call * 2}\r\n"
                "ChanVariable: OFFHOOK_CALL=pbx1-1795313696.1\r\n"
                "ChanVariable: OFFHOOK_STAGE=queue\r\n\r\n"
            )
    return "".join(parts).encode(), calls * len(_CALL)


class _Handlers:
    """Fifteen handlers, the same for both: each reads three headers."""

    def __init__(self) -> None:
        self.read = 0

    def handle(self, event: Any) -> None:
        for header in READ:
            if event.get(header):
                self.read += 1


class _Shipped:
    """panoramisk's Manager and protocol, unchanged."""

    def __init__(self, handlers: _Handlers) -> None:
        # Login and reconnecting are not part of the measurement.
        self.manager = panoramisk.Manager(loop=asyncio.get_running_loop())
        self.manager.connect = lambda: None
        self.ended = asyncio.Event()
        self.manager.connection_lost = lambda _: self.ended.set()
        for name in HANDLED:
            self.manager.register_event(name, lambda _, event: handlers.handle(event))

    def protocol(self) -> AMIProtocol:
        manager = self.manager

        class Wired(AMIProtocol):  # type: ignore[misc]
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                # What Manager.connection_made does.
                super().connection_made(transport)
                self.factory = manager
                self.encoding = "utf8"

        return Wired()

    async def finished(self) -> None:
        pass


class _Ours:
    """The link's protocol and its delivery queue, as Link wires them."""

    def __init__(self, handlers: _Handlers) -> None:
        table = dict.fromkeys(HANDLED, handlers.handle)

        def on_message(message: Message) -> None:
            handler = table.get(message.name)
            if handler is not None:
                handler(message)

        self.ended = asyncio.Event()
        self.delivery = Delivery(on_message, "bench")
        self.delivery.release()

    def dispatch(self, event: Message) -> None:
        self.delivery.put(event)

    def connection_lost(self, _exc: Exception | None) -> None:
        self.ended.set()

    def protocol(self) -> AmiProtocol:
        return AmiProtocol(self)

    async def finished(self) -> None:
        await self.delivery.drained()


_Stack = Callable[[_Handlers], _Shipped | _Ours]


class _NoTransport(asyncio.Transport):
    def is_closing(self) -> bool:
        return False

    def close(self) -> None:
        pass

    def abort(self) -> None:
        pass


async def _in_memory(make: _Stack, data: bytes, handlers: _Handlers) -> float:
    stack = make(handlers)
    protocol = stack.protocol()
    protocol.connection_made(_NoTransport())
    protocol.data_received(GREETING)
    started = process_time()
    for at in range(0, len(data), CHUNK):
        protocol.data_received(data[at : at + CHUNK])
        await asyncio.sleep(0)
    await stack.finished()
    return process_time() - started


def _serve(data: bytes, rounds: int, ports: "multiprocessing.Queue[int]") -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        ports.put(server.getsockname()[1])
        for _ in range(rounds):
            connection, _ = server.accept()
            with connection, suppress(OSError):
                connection.sendall(GREETING + data)


async def _over_tcp(make: _Stack, port: int, handlers: _Handlers) -> float:
    stack = make(handlers)
    started = process_time()
    transport, _ = await asyncio.get_running_loop().create_connection(
        stack.protocol, "127.0.0.1", port
    )
    await stack.ended.wait()
    await stack.finished()
    transport.close()
    return process_time() - started


def _figures(shipped: list[float], ours: list[float], events: int) -> dict[str, float]:
    # They take turns, and medians are compared, so that other load on the machine hits both.
    before, now = events / statistics.median(shipped), events / statistics.median(ours)
    return {
        "panoramisk_events_per_s": round(before),
        "offhook_events_per_s": round(now),
        "ratio": round(now / before, 2),
    }


def measure() -> dict[str, Any]:
    """Both figures and their ratio, in memory and over TCP; JSON-able."""
    data, events = traffic(CALLS)
    times: dict[str, list[float]] = {"ms": [], "mo": [], "ts": [], "to": []}
    reads = set()
    ports: multiprocessing.Queue[int] = multiprocessing.Queue()
    server = multiprocessing.Process(target=_serve, args=(data, 2 * ROUNDS, ports), daemon=True)
    server.start()
    port = ports.get(timeout=30)
    for _ in range(ROUNDS):
        for make, key in ((_Shipped, "s"), (_Ours, "o")):
            for where in "mt":
                handlers = _Handlers()
                if where == "m":
                    took = asyncio.run(_in_memory(make, data, handlers))
                else:
                    took = asyncio.run(_over_tcp(make, port, handlers))
                times[where + key].append(took)
                reads.add(handlers.read)
    server.join(10)
    if len(reads) != 1:
        raise AssertionError(f"the two did not see the same headers: {reads}")
    memory, tcp = (
        _figures(times["ms"], times["mo"], events),
        _figures(times["ts"], times["to"], events),
    )
    return {
        **memory,
        "over_tcp": tcp,
        "events": events,
        "handlers": len(HANDLED),
        "target_ratio": 5.0,
        "met": min(memory["ratio"], tcp["ratio"]) >= 5.0,
    }


if __name__ == "__main__":
    json.dump(measure(), sys.stdout, indent=2)
    print()
