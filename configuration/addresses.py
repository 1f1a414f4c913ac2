"""Checks at the start whether the addresses in the configuration belong to this machine."""

import errno
import ipaddress
import socket
from collections.abc import Iterable

from configuration.centre_file import Config, ConfigError
from documents.document_errors import DocumentError, first_of
from machine.hosts import without_brackets
from telephony.asterisk.generated_files import ANY_ADDRESS

_DOES = "write one of this machine's own (ip address lists them), or 0.0.0.0 for all of them"


def check_addresses(config: Config, *, asterisk: bool) -> None:
    """Raise ConfigError if an address to listen on doesn't belong to this machine.

    ``asterisk``: an Asterisk is started here too, so the addresses for its phones are checked.
    """
    if faults := address_faults(config, asterisk=asterisk):
        raise ConfigError(str(first_of(faults)))


def address_faults(config: Config, *, asterisk: bool) -> list[DocumentError]:
    """All the faults that ``check_addresses`` finds."""
    listening = [
        ("console", "bind", config.console.bind, "the console"),
        ("asterisk", "agi_bind", config.asterisk.agi_bind, "FastAGI"),
    ]
    faults = []
    if asterisk:
        listening.append(("sip", "bind", config.sip.bind, "SIP"))
        faults += _external(config)
    for group, name, address, what in listening:
        if why := not_ours(address):
            message = f"{what} can't listen on {address} ({group}.{name}): {why}"
            faults.append(config.document.fault((group, name), message, _DOES))
    return faults


def not_ours(address: str) -> str | None:
    """Why nothing on this machine can listen on ``address``; None if it can."""
    if without_brackets(address) in ANY_ADDRESS:
        return None
    try:
        found = _resolved(address)
    except (OSError, UnicodeError) as error:
        return f"this name can't be resolved ({_reason(error)})"
    for family, at in found:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind((at, 0))
            except OSError as error:
                if error.errno == errno.EADDRNOTAVAIL:
                    return "it is not an address of this machine"
                return str(error.strerror)
    return None


def _resolved(address: str) -> Iterable[tuple[int, str]]:
    found = socket.getaddrinfo(without_brackets(address), None, type=socket.SOCK_DGRAM)
    return [(family, str(place[0])) for family, _, _, _, place in found]


def _reason(error: OSError | UnicodeError) -> str:
    """The error in words; ``getaddrinfo`` raises UnicodeError for names such as ``a..b``."""
    return str(error.strerror if isinstance(error, OSError) else error)


def _external(config: Config) -> list[DocumentError]:
    """The address given to phones outside must be one that they can reach."""
    address = config.sip.external_address
    if address is None:
        return []
    why = None
    try:
        for _, at in _resolved(address):
            ip = ipaddress.ip_address(at.partition("%")[0])
            if ip.is_unspecified or ip.is_loopback or ip.is_multicast:
                why = f"phones outside can't reach {ip}"
    except (OSError, UnicodeError) as error:
        why = f"this name can't be resolved ({_reason(error)})"
    if why is None:
        return []
    return [
        config.document.fault(
            ("sip", "external_address"),
            f"phones outside would send to {address} (sip.external_address): {why}",
            "write the address at which the router in front can be reached, or leave it out",
        )
    ]
