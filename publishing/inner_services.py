"""What an admin lets look-ups reach inside the centre: networks, or a host with a port."""

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from domain.errors import OffhookError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

WIDEST = 8
"""The shortest prefix that is taken: 10.0.0.0/8 and fd00::/8 are all that a centre can have."""
_LARGE = {4: 16, 6: 64}
"""A network with a shorter prefix than this is to be confirmed."""
_OF_KEYS = tuple(
    map(
        ipaddress.ip_network,
        (
            "169.254.0.0/16", "100.100.100.200", "168.63.129.16", "192.0.0.192", "fe80::/10",
            "fd00:ec2::/32", "fd20:ce::254", "fd00:c1::a9fe:a9fe", "fd00:42::42",
        ),
    )
)  # fmt: skip
"""Link-local networks, and where clouds have theirs: a machine asks there for its own keys. Two are
public addresses that only a cloud's own machines reach (Azure's, Oracle's)."""
_PUBLIC_IPV6 = ipaddress.IPv6Network("2000::/3")
"""All that is given out for the public network; ``is_global`` is true of most of the rest, too."""
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_CARRY_IPV4 = tuple(map(ipaddress.IPv6Network, ("::ffff:0:0/96", "2002::/16", "64:ff9b::/96")))
_NAME = re.compile(r"(?!-)[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*\.?", re.ASCII)


class NotAService(OffhookError, ValueError):  # noqa: N818 - an answer rather than an error
    """A text names neither a network nor a host with a port."""


class ServiceConcern(StrEnum):
    """Why it may be a mistake to let look-ups reach something."""

    TOO_WIDE = "too_wide"  # it is refused
    WIDE = "wide"
    KEYS = "keys"  # machines get their own keys there


@dataclass(frozen=True, slots=True)
class InnerService:
    """A network, or a host by its name. ``port`` None: any, which only networks can have."""

    host: Network | str
    port: int | None = None

    def covers(self, host: str, port: int | None, address: str) -> bool:
        """Whether a flow may ask ``host`` on ``port`` at the IP address to which it leads. Where
        machines get their keys it may only if nothing else is allowed than that."""
        if self.port is not None and self.port != port:
            return False
        one = inner_address(address)
        if one is None or any(one in each and not self._within(each) for each in _OF_KEYS):
            return False
        if isinstance(self.host, str):
            return _plain(host) == self.host
        return one in self.host

    @property
    def concern(self) -> ServiceConcern | None:
        """Why it may be a mistake to allow this; None: nothing speaks against it."""
        if isinstance(self.host, str):
            return None
        if self.host.prefixlen < WIDEST:
            return ServiceConcern.TOO_WIDE
        if any(map(self._within, _OF_KEYS)):
            return ServiceConcern.KEYS
        return ServiceConcern.WIDE if self.host.prefixlen < _LARGE[self.host.version] else None

    def _within(self, network: Network) -> bool:
        own = self.host
        if isinstance(own, str) or own.version != network.version:
            return False
        return own.network_address in network and own.prefixlen >= network.prefixlen

    def __str__(self) -> str:
        if isinstance(self.host, str):
            return f"{self.host}:{self.port}"
        alone = self.host.num_addresses == 1
        host = str(self.host.network_address) if alone else str(self.host)
        if self.port is None:
            return host
        return f"[{host}]:{self.port}" if self.host.version == 6 else f"{host}:{self.port}"


def service_of(text: str) -> InnerService:
    """What an admin wrote: ``10.1.2.0/24``, ``10.1.2.3``, ``10.1.2.3:8080``, ``[fd00::1]:8080`` or
    ``crm.lan:8080``. Raises NotAService."""
    text = text.strip().lower()
    if (network := _network_of(text)) is not None:
        return InnerService(network)
    host, colon, said = text.rpartition(":")
    if not colon or not re.fullmatch(r"[0-9]{1,5}", said, re.ASCII) or not 0 < int(said) < 65536:
        raise NotAService(text)
    port = int(said)
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise NotAService(text)
    if (network := _network_of(host)) is not None:
        return InnerService(network, port)
    # What ends like an address and is none would be read in more ways than one.
    number = re.fullmatch(r"0x[0-9a-f]*|[0-9]+", _plain(host).rpartition(".")[2])
    if len(host) > 253 or not _NAME.fullmatch(host) or number:
        raise NotAService(text)
    return InnerService(_plain(host), port)


def _network_of(text: str) -> Network | None:
    """The network that a text is; None if it is none. Raises NotAService for IPv6 addresses that
    carry IPv4 ones, because those are what is judged."""
    try:
        network = ipaddress.ip_network(text)
    except ValueError:
        return None
    if isinstance(network, ipaddress.IPv6Network) and any(map(network.subnet_of, _CARRY_IPV4)):
        raise NotAService(text)
    return network


def inner_address(
    address: str,
) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address, or the IPv4 address that it carries; None if it is none at all."""
    try:
        one = ipaddress.ip_address(address.split("%", 1)[0])
    except ValueError:
        return None
    if isinstance(one, ipaddress.IPv6Address):
        if one in _NAT64:
            return ipaddress.IPv4Address(int(one) % 2**32)
        return one.ipv4_mapped or one.sixtofour or one
    return one


def may_be_asked(
    host: str, port: int | None, address: str, allowed: Iterable[InnerService]
) -> bool:
    """Whether a flow may ask this IP address, to which ``host`` leads: one of the public network,
    or one that is allowed."""
    one = inner_address(address)
    if one is None:
        return False
    if any(service.covers(host, port, address) for service in allowed):
        return True
    return _is_public(one)


def _is_public(one: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if any(one in each for each in _OF_KEYS) or (one.version == 6 and one not in _PUBLIC_IPV6):
        return False
    return one.is_global and not one.is_multicast


def refused_by_name(host: str, port: int, allowed: Iterable[InnerService]) -> bool:
    """Whether a look-up is refused, as can be said without asking a name server: of addresses, and
    of this machine's own name."""
    plain = _plain(host)
    own = plain == "localhost" or plain.endswith(".localhost")
    address = "127.0.0.1" if own else plain
    return inner_address(address) is not None and not may_be_asked(host, port, address, allowed)


def _plain(host: str) -> str:
    return host.lower().rstrip(".")
