"""Makes the files of an Asterisk's ``generated/`` folder: ports, secrets, peers, numbers.

Everything else is in asterisk-conf/ as it stands. Values come from a checked configuration and are
checked again here, because a line break would start a directive of its own, and a semicolon a
comment.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from domain.centre import Centre, Encryption, Line, LineKind, SessionTimer, Station, StationKind
from domain.identity import NodeName
from domain.stations import twin
from machine.hosts import split_port, with_port
from telephony.asterisk.asterisk_passwords import AsteriskPasswords
from telephony.variables import TWIN, ChannelVariable, GlobalVariable

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


def generated(
    centre: Centre,
    secrets: AsteriskPasswords,
    ports: Ports,
    addresses: Addresses,
    folders: Folders,
    *,
    node: NodeName,
    modules: Iterable[str],
    fallback_after_s: int = 60,
) -> Mapping[str, str]:
    """The files of the folder ``generated``, by name. Raises ValueError for an unusable value.

    ``modules`` are the file names of the modules that this Asterisk has.
    """
    have = frozenset(modules)
    stations = [_word(station.name) for station in centre.stations]
    return {
        "modules.conf": "".join(f"load = {m}\n" for m in OPTIONAL_MODULES if m in have),
        "pjsip_transports.conf": _transports(ports, addresses, folders.certificate),
        "pjsip_media.conf": _media(addresses.sip),
        "pjsip_peers.conf": "\n".join(
            [
                *(_station(station, secrets) for station in centre.stations),
                *(_line(line, secrets) for line in centre.lines),
            ]
        ),
        "globals.conf": "".join(
            # Empty ones too: a reload keeps a variable that isn't mentioned.
            f"{TWIN}{station.name} = {twin(station.name) if has_twin(station) else ''}\n"
            for station in centre.stations
        )
        + (
            f"{GlobalVariable.NODE} = {_word(node)}\n"
            f"{GlobalVariable.AGI} = agi://{_at(addresses.agi, ports.agi)}\n"
            f"{GlobalVariable.AGI_SECRET} = {_word(secrets.agi)}\n"
            f"{GlobalVariable.PROMPTS} = {_plain(str(folders.prompts))}\n"
            f"{GlobalVariable.FALLBACK_AFTER} = {int(fallback_after_s)}\n"
        ),
        "hotlines.conf": "".join(
            f"exten => {_number(h.number)},1,Goto(hotline,{h.number},1)\n" for h in centre.hotlines
        ),
        # What a carrier may send by mistake: a number, with +, * or # in front. The dialplan says
        # why each length has a pattern of its own.
        "other_numbers.conf": "".join(
            f"exten => _[+*#0-9]{'X' * more},1,Gosub(unknown-number,s,1(${{EXTEN}}))\n"
            for more in range(LONGEST_NUMBER)
        ),
        "stations.conf": "".join(
            f"exten => {name},hint,PJSIP/{name}\nexten => {name},1,Goto(station,{name},1)\n"
            for name in stations
        ),
        "transfer.conf": "".join(
            f"exten => {name},1,Goto(transferred,{name},1)\n" for name in stations
        ),
        "queue_members.conf": "".join(f"member => PJSIP/{name}\n" for name in stations),
        "rtp.conf": f"rtpstart = {ports.rtp_start}\nrtpend = {ports.rtp_end}\n",
        "manager.conf": _manager(secrets, ports, addresses),
    }


def _manager(secrets: AsteriskPasswords, ports: Ports, addresses: Addresses) -> str:
    permits = "".join(f"permit = {_plain(permit)}\n" for permit in addresses.ami_permit)
    return (
        f"bindaddr = {_word(addresses.ami)}\nport = {ports.ami}\n\n"
        f"[{AMI_USER}]\nsecret = {_plain(secrets.ami)}\n"
        f"deny = 0.0.0.0/0.0.0.0\n{permits}"
        f"read = {_READ}\nwrite = {_WRITE}\nwritetimeout = 5000\n"
        f"{_FORWARDED}\n"
    )


def _transports(ports: Ports, addresses: Addresses, certificate: Path | None) -> str:
    outside = ""
    if addresses.external:
        address = _word(addresses.external)
        outside = (
            f"external_signaling_address = {address}\nexternal_media_address = {address}\n"
            + "".join(f"local_net = {_plain(net)}\n" for net in addresses.local_nets)
        )
    text = "".join(
        f"[{protocol}](transport)\nprotocol = {protocol}\n"
        f"bind = {_at(addresses.sip, ports.sip)}\n{outside}\n"
        for protocol in ("udp", "tcp")
    )
    if certificate is not None:
        file = _plain(str(certificate))
        text += (
            f"[tls](transport)\nprotocol = tls\nbind = {_at(addresses.sip, ports.sip_tls)}\n"
            f"method = tlsv1_2\ncert_file = {file}\npriv_key_file = {file}\n{outside}\n"
        )
    return text


def _media(sip: str) -> str:
    """The options that keep an endpoint's sound to the address that SIP is bound to."""
    if sip in ANY_ADDRESS:
        return ""
    return f"media_address = {_word(sip)}\nbind_rtp_to_media_address = yes\n"


def _auth(name: str, secrets: AsteriskPasswords) -> str:
    password = _plain(secrets.sip[name])
    return f"[{name}](digest)\nusername = {name}\npassword = {password}\n\n"


def _station(station: Station, secrets: AsteriskPasswords) -> str:
    name = _word(station.name)
    template = "fxs" if station.kind is StationKind.FXS else "softphone"
    # `callerid` is for calls to the phone; its own calls have this number, whatever it sends.
    common = (
        f"auth = {name}\naors = {name}\ncallerid = {name} <{name}>\n"
        f"set_var = CALLERID(all)={name} <{name}>\n"
    )
    text = f"[{name}]({template})\n{common}{_MEDIA[station.encryption]}\n"
    if has_twin(station):
        # No phone is ever identified as this endpoint: it is for calls to the phone only.
        text += (
            f"[{twin(station.name)}]({template})\n{common}{_MEDIA[Encryption.REQUIRED]}"
            "identify_by = ip\n\n"
        )
    return text + f"[{name}](station-aor)\n\n" + _auth(name, secrets)


_MEDIA = {
    Encryption.OFF: "media_encryption = no\n",
    Encryption.OPTIONAL: "media_encryption = sdes\nmedia_encryption_optimistic = yes\n",
    Encryption.REQUIRED: "media_encryption = sdes\nmedia_encryption_optimistic = no\n",
}


def has_twin(station: Station) -> bool:
    """Whether the phone has a second endpoint, for phones that insist on SRTP.

    Asterisk offers either RTP that may be encrypted (RTP/AVP) or SRTP (RTP/SAVP). A phone set to
    SRTP only refuses the former (488), a phone without SRTP the latter, and nobody knows beforehand
    which it is. So a refused call is placed again through the twin.
    """
    return station.encryption is Encryption.OPTIONAL


def _line(line: Line, secrets: AsteriskPasswords) -> str:
    name = _word(line.name)
    template = "fxo" if line.kind is LineKind.FXO else "trunk"
    variables = (
        f"set_var = {ChannelVariable.CHANNELS}={int(line.channels)}\n"
        f"set_var = {ChannelVariable.CALLER_HEADER}={line.caller_header}\n"
    )
    if line.session_timer is SessionTimer.SUPPORTED:
        variables += "timers = yes\n"
    if line.host is None:
        return (
            f"[{name}]({template})\nauth = {name}\naors = {name}\n{variables}\n"
            f"[{name}](line-aor)\n\n" + _auth(name, secrets)
        )
    address, port = split_port(_word(line.host))
    address = address.strip("[]")
    host = f"[{address}]" if ":" in address else address
    if port is not None:
        host += f":{port}"
    return (
        f"[{name}]({template})\naors = {name}\n{variables}\n"
        f"[{name}](line-aor)\ncontact = sip:{host}\n\n"
        f"[{name}]\ntype = identify\nendpoint = {name}\nmatch = {address}\n\n"
    )


def _word(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_.:\[\]-]{1,80}", text):
        raise ValueError(f"{text!r} can't be a name or an address in Asterisk's configuration")
    return text


def _at(host: str, port: int) -> str:
    return with_port(_word(host), port)


def _number(text: str) -> str:
    if not re.fullmatch(r"\+?[0-9]{1,20}", text):
        raise ValueError(f"{text!r} can't be a hotline's number: only digits, after a + if any")
    return text


def _plain(text: str) -> str:
    if not text.isprintable() or ";" in text or not text.strip():
        raise ValueError(
            "a value for Asterisk's configuration is empty or has a line break or a semicolon"
        )
    return text
