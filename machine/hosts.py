"""Checks and formats host names and addresses by their form alone; nothing is resolved."""

import argparse
import ipaddress
import re

_LABEL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_PORT = re.compile(r"[0-9]{1,5}")
LONGEST = 80


def is_host(text: str) -> bool:
    """Whether it is an IPv4 address, an IPv6 address (in brackets or not), or a possible DNS name.

    Text that ends in digits and is not a complete address (``1.2.3``, ``0``) is not a host: each
    program that reads it makes a different address of it.
    """
    if not 0 < len(text) <= LONGEST:
        return False
    if ":" in text or text.startswith("["):
        inside = text[1:-1] if text.startswith("[") and text.endswith("]") else text
        return _is_ip(inside, ipaddress.IPv6Address)
    if _is_ip(text, ipaddress.IPv4Address):
        return True
    labels = text.removesuffix(".").split(".")
    return all(map(_LABEL.fullmatch, labels)) and not labels[-1].isdigit()


def split_port(text: str) -> tuple[str, int | None]:
    """``host:port`` as its two parts; the port may be missing. Raises ValueError."""
    host, colon, port = text.rpartition(":")
    if not colon or text.endswith("]") or (":" in host and not host.endswith("]")):
        host, number = text, None
    elif _PORT.fullmatch(port) and 0 < int(port) <= 65_535:
        number = int(port)
    else:
        raise ValueError(f"{text!r} has no port after its last colon")
    if not is_host(host):
        raise ValueError(f"{host!r} can't be a machine's name or address")
    return host, number


def host_of(text: str) -> str:
    """The host of ``host:port``, without the port and without brackets. Raises ValueError."""
    return without_brackets(split_port(text)[0])


def is_address(host: str) -> bool:
    """Whether this is an IPv4 or IPv6 address (without brackets), and not a name."""
    return _is_ip(host, ipaddress.IPv4Address) or _is_ip(host, ipaddress.IPv6Address)


def without_brackets(host: str) -> str:
    """The host in the form that sockets and resolvers expect: an IPv6 address without brackets."""
    return host.removeprefix("[").removesuffix("]")


def in_uri(host: str) -> str:
    """The host for a URI: IPv6 in brackets, or its last group would be read as a port."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def with_port(host: str, port: int) -> str:
    """``host:port``, or ``[host]:port``."""
    return f"{in_uri(host)}:{port}"


def reached_at(bound: str) -> str:
    """The address at which a program on this machine reaches what listens on ``bound``."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(bound, bound)  # noqa: S104


def host_argument(text: str) -> str:
    """A host given on the command line. Raises ArgumentTypeError."""
    if not is_host(text):
        raise argparse.ArgumentTypeError(f"{text!r} can't be a machine's name or address")
    return without_brackets(text)


def network_argument(text: str) -> str:
    """A network or an address given on the command line, as Asterisk's files expect it. Raises
    ArgumentTypeError."""
    try:
        return ipaddress.ip_network(text, strict=False).with_netmask
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not an address or a network") from error


def port_range_argument(text: str) -> tuple[int, int]:
    """``10000-10199`` as (10000, 10199). Raises ArgumentTypeError."""
    found = re.fullmatch(r"([0-9]{4,5})-([0-9]{4,5})", text)
    if found is None or not 1024 <= int(found[1]) < int(found[2]) <= 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a range of ports; write 10000-10199")
    return int(found[1]), int(found[2])


def _is_ip(text: str, kind: type[ipaddress.IPv4Address] | type[ipaddress.IPv6Address]) -> bool:
    try:
        return "%" not in text and bool(kind(text))
    except ValueError:
        return False
