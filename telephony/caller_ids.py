"""Says which number those see whom we call over a line, and in which SIP header it goes out.

``from_user`` of Asterisk's endpoint beats each call's own number, so a line has it only where its
carrier wants its account in From; the number then goes out in another header. See
docs/decisions/0023-whose-number-customers-see.md.
"""

import re
from collections.abc import Mapping

from domain.centre import CallerHeader, Line

_HOST = re.compile(r"[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]")
_NUMBER = re.compile(r"\+?[0-9]{1,20}")
_NOWHERE = "offhook.invalid"
"""The domain of a line that has none: the header must have one, and no carrier reads it."""


def caller_id_of(line: Line, wished: str | None = None) -> str | None:
    """The number that goes out: the one that is wished, else the line's, else the account's user;
    None: whatever the carrier makes of a call without one."""
    if (number := wished or line.caller_id) is not None:
        return number
    return None if line.account is None else line.account.user.partition("@")[0]


def caller_id_headers(line: Line, number: str | None) -> Mapping[str, str]:
    """What the INVITE has besides From, so that the carrier shows this number.

    Raises ValueError for what is not a number.
    """
    if line.caller_id_header is CallerHeader.FROM or number is None:
        return {}
    if not _NUMBER.fullmatch(number):
        raise ValueError(f"{number!r} can't be a number: only digits, after a + if any")
    identity = f"<sip:{number}@{_domain(line)}>"
    if line.caller_id_header is CallerHeader.REMOTE_PARTY:
        identity += ";party=calling;privacy=off;screen=no"
    return {line.caller_id_header.value: identity}


def _domain(line: Line) -> str:
    """The carrier's: of the account, or of its address without the port."""
    account = "" if line.account is None else line.account.user.partition("@")[2]
    host = account or line.host or ""
    if not host.startswith("[") and host.count(":") == 1:
        host = host.partition(":")[0]
    elif host.startswith("["):
        host = host[: host.find("]") + 1]
    elif host.count(":") > 1:
        host = f"[{host}]"
    return host if _HOST.fullmatch(host) else _NOWHERE
