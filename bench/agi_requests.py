"""What Asterisk sends at the beginning of a FastAGI session, with the right token."""

import itertools
import time

from bench.fuzzed_server import HOTLINE, LINE, NODE, SECRET
from telephony.agi.agi_wire import token

_made = itertools.count(1)


def address(
    secret: str, uniqueid: str, route: str, made_ms: int | None = None, node: str = NODE
) -> str:
    """The path the dialplan requests, with the right token: a new one, or one made at ``made``."""
    made = str(int(time.time() * 1000) + next(_made) if made_ms is None else made_ms)
    return f"{token(secret, node, uniqueid, made, route)}/{node}/{made}/{route}"


def environment(
    route: str, uniqueid: str, arguments: tuple[str, ...], node: str = NODE, **changes: str
) -> bytes:
    """The environment that Asterisk sends, with the right token."""
    lines = {
        "agi_network": "yes",
        "agi_network_script": address(SECRET, uniqueid, route, node=node),
        "agi_request": f"agi://127.0.0.1/x/{route}",
        "agi_channel": "PJSIP/carrier-00000001",
        "agi_language": "en",
        "agi_type": "PJSIP",
        "agi_uniqueid": uniqueid,
        "agi_version": "22.10.0",
        "agi_callerid": "13800138000",
        "agi_calleridname": "x",
        "agi_extension": HOTLINE,
        **{f"agi_arg_{number + 1}": value for number, value in enumerate(arguments)},
        **changes,
    }
    text = "".join(f"{name}: {value}\n" for name, value in lines.items())
    return text.encode("utf-8", "surrogateescape") + b"\n"


def caller(uniqueid: str, *more: str, at: str | None = None, **changes: str) -> bytes:
    """A caller's session; ``more`` from the stage on."""
    given = (HOTLINE, LINE, at or f"{time.time():.3f}", *more)
    return environment("call", uniqueid, given, **changes)
