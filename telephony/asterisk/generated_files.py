"""Makes the files of an Asterisk's ``generated/`` folder that belong to its machine: ports, folders
and the secrets of AMI and FastAGI. They are written when it starts.

What comes from the centre is in ``centre_files``; everything else is in asterisk-conf/ as it
stands.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from domain.identity import NodeName
from telephony.asterisk.asterisk_passwords import AsteriskPasswords
from telephony.asterisk.conf_text import address, plain, word
from telephony.variables import GlobalVariable

AMI_USER = "offhook"

OPTIONAL_MODULES = ("res_cdrel_custom.so",)
"""Modules that only some versions have; naming one that isn't there logs a warning."""

LONGEST_NUMBER = 25
"""The most digits of a number whose refusal is reported; E.164 has 15 at most."""

ANY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104

_READ = "system,call,user,agent,dtmf"
_WRITE = "call,originate,agent,user,reporting"
"""Without ``system`` and ``command``, a stolen password can't stop Asterisk or run programs."""
_FORWARDED = "eventfilter(action(exclude),name(DialEnd),method(contains)) = Forward:"
"""Keeps this event from us: it names the place where a forwarding phone (302) wants the call, with
every line break that the phone put there. The phone's Hangup says what became of it anyway.
(``header(Forward)`` doesn't match a value that begins with a control character.)"""


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports of one instance. ``rtp_end`` is the last of its range."""

    sip: int
    sip_tls: int
    ami: int
    agi: int
    console: int
    rtp_start: int
    rtp_end: int

    @classmethod
    def block(cls, base: int, *, rtp: int = 400) -> "Ports":
        """Single ports starting at ``base``, and ``rtp`` ports for sound starting at ``base`` + 20.

        A bridged call uses four of those.
        """
        return cls(base, base + 1, base + 2, base + 3, base + 4, base + 20, base + 20 + rtp - 1)


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where an instance listens, and where it finds the controller. Loopback by default."""

    sip: str = "127.0.0.1"
    external: str | None = None
    """The address that phones outside a NAT get instead of ``sip``."""
    ami: str = "127.0.0.1"
    agi: str = "127.0.0.1"
    """The controller's host, as Asterisk sees it."""
    ami_permit: tuple[str, ...] = ("127.0.0.1/255.255.255.255",)
    local_nets: tuple[str, ...] = ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
    """The networks whose phones get ``sip``, and not ``external``."""


@dataclass(frozen=True, slots=True)
class Folders:
    """Folders of an instance, by the paths that Asterisk knows them by."""

    prompts: Path
    certificate: Path | None
    """One PEM file with key and certificate; None for no TLS transport."""


def machine_files(
    secrets: AsteriskPasswords,
    ports: Ports,
    addresses: Addresses,
    folders: Folders,
    *,
    node: NodeName,
    modules: Iterable[str],
    fallback_after_s: int = 60,
) -> Mapping[str, str]:
    """The machine's files, by name. Raises ValueError for an unusable value.

    ``modules`` are the file names of the modules that this Asterisk has.
    """
    have = frozenset(modules)
    return {
        "modules.conf": "".join(f"load = {m}\n" for m in OPTIONAL_MODULES if m in have),
        "pjsip_transports.conf": _transports(ports, addresses, folders.certificate),
        "pjsip_media.conf": _media(addresses.sip),
        "globals.conf": (
            f"{GlobalVariable.NODE} = {word(node)}\n"
            f"{GlobalVariable.AGI} = agi://{address(addresses.agi, ports.agi)}\n"
            f"{GlobalVariable.AGI_SECRET} = {word(secrets.agi)}\n"
            f"{GlobalVariable.PROMPTS} = {plain(str(folders.prompts))}\n"
            f"{GlobalVariable.FALLBACK_AFTER} = {int(fallback_after_s)}\n"
        ),
        # What a carrier may send by mistake: a number, with +, * or # in front. The dialplan says
        # why each length has a pattern of its own.
        "other_numbers.conf": "".join(
            f"exten => _[+*#0-9]{'X' * more},1,Gosub(unknown-number,s,1(${{EXTEN}}))\n"
            for more in range(LONGEST_NUMBER)
        ),
        "rtp.conf": f"rtpstart = {ports.rtp_start}\nrtpend = {ports.rtp_end}\n",
        "manager.conf": _manager(secrets, ports, addresses),
    }


def _manager(secrets: AsteriskPasswords, ports: Ports, addresses: Addresses) -> str:
    permits = "".join(f"permit = {plain(permit)}\n" for permit in addresses.ami_permit)
    return (
        f"bindaddr = {word(addresses.ami)}\nport = {ports.ami}\n\n"
        f"[{AMI_USER}]\nsecret = {plain(secrets.ami)}\n"
        f"deny = 0.0.0.0/0.0.0.0\n{permits}"
        f"read = {_READ}\nwrite = {_WRITE}\nwritetimeout = 5000\n"
        f"{_FORWARDED}\n"
    )


def _transports(ports: Ports, addresses: Addresses, certificate: Path | None) -> str:
    outside = ""
    if addresses.external:
        outer = word(addresses.external)
        outside = (
            f"external_signaling_address = {outer}\nexternal_media_address = {outer}\n"
            + "".join(f"local_net = {plain(net)}\n" for net in addresses.local_nets)
        )
    text = "".join(
        f"[{protocol}](transport)\nprotocol = {protocol}\n"
        f"bind = {address(addresses.sip, ports.sip)}\n{outside}\n"
        for protocol in ("udp", "tcp")
    )
    if certificate is not None:
        file = plain(str(certificate))
        text += (
            f"[tls](transport)\nprotocol = tls\nbind = {address(addresses.sip, ports.sip_tls)}\n"
            f"method = tlsv1_2\ncert_file = {file}\npriv_key_file = {file}\n{outside}\n"
        )
    return text


def _media(sip: str) -> str:
    """The options that keep an endpoint's sound to the address that SIP is bound to."""
    if sip in ANY_ADDRESS:
        return ""
    return f"media_address = {word(sip)}\nbind_rtp_to_media_address = yes\n"
