"""Makes the far end's part of pjsip.conf: the phones and lines that it plays."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from domain.centre import CarrierAccount, Centre, Line, LineKind
from domain.identity import LineName, StationName
from farend.gate import SocketAddress
from machine.hosts import in_uri, split_port, with_port
from telephony.asterisk.generated_files import Addresses, Ports


class MediaTransport(StrEnum):
    """The kind of media a phone insists on when it is called."""

    RTP = "rtp"  # plain sound: an offer of RTP/SAVP is refused (488)
    SRTP = "srtp"  # encrypted sound by SIP over TLS: an offer of RTP/AVP is refused


class Target(Protocol):
    """The centre that gets the calls: an ``Instance``, or one that runs elsewhere."""

    @property
    def addresses(self) -> Addresses: ...
    @property
    def ports(self) -> Ports: ...
    @property
    def centre(self) -> Centre: ...


@dataclass(frozen=True, slots=True)
class Gated:
    """The addresses of a gate (farend/gate.py): its two sides, and where the peer is."""

    outer: SocketAddress
    inner: SocketAddress
    peer: SocketAddress


@dataclass(frozen=True, slots=True)
class Peers:
    """The phones and lines of a centre, as the far end has them."""

    target: Target
    own: SocketAddress
    """Where the far end's SIP is."""
    passwords: Mapping[str, str]
    sounds: Mapping[StationName, MediaTransport]
    gates: Mapping[LineName | StationName, Gated]
    """By phone and line."""
    registers_late: bool
    """Whether this Asterisk waits up to 10 s before it registers unless it is told not to."""

    def text(self, tls_port: int) -> str:
        """All of them."""
        target = with_port(self.target.addresses.sip, self.target.ports.sip)
        host, port = self.own
        return "\n".join(
            [
                f"[main]\ntype = transport\nprotocol = udp\nbind = {with_port(host, port)}\n\n"
                "[secure]\ntype = transport\nprotocol = tls\nmethod = tlsv1_2\n"
                f"bind = {with_port(host, tls_port)}\nverify_server = no\n",
                *(self._phone(station.name, target) for station in self.target.centre.stations),
                *(self._line(line, target) for line in self.target.centre.lines),
            ]
        )

    def _phone(self, name: StationName, target: str) -> str:
        transport, extra = "main", ""
        if name in self.gates:
            target = with_port(*self.gates[name].inner)
            extra = "rewrite_contact = yes\n"
        elif self.sounds.get(name) is MediaTransport.SRTP:
            target = with_port(self.target.addresses.sip, self.target.ports.sip_tls)
            target += ";transport=tls"
            transport, extra = "secure", "media_encryption = sdes\n"
        return (
            f"[phone-{name}](phone)\ntransport = {transport}\naors = phone-{name}\n"
            f"outbound_auth = {name}\nfrom_user = {name}\n{extra}\n"
        ) + self._registration("phone", name, target, transport)

    def _line(self, line: Line, target: str) -> str:
        name = line.name
        seizes = line.kind is LineKind.FXO and not line.answer_signalled
        common = f"set_var = FAREND_LINE={name}\nset_var = FAREND_SEIZES={int(seizes)}\n"
        if line.host is not None:
            return self._by_address(line, line.host, common, target)
        template = "analog" if line.kind is LineKind.FXO else "line"
        return (
            f"[line-{name}]({template})\ntransport = main\naors = line-{name}\n"
            f"outbound_auth = {name}\n{common}\n"
        ) + self._registration("line", name, target)

    def _by_address(self, line: Line, host: str, common: str, target: str) -> str:
        name, bind, outside = line.name, host, ""
        address, port = split_port(host)
        if name in self.gates:
            gated = self.gates[name]
            bind, target = with_port(*gated.peer), with_port(*gated.inner)
            outside = f"external_signaling_address = {address}\nexternal_signaling_port = {port}\n"
            common += "rewrite_contact = yes\n"
        text = (
            f"[trunk-{name}]\ntype = transport\nprotocol = udp\nbind = {bind}\n{outside}\n"
            f"[line-{name}](line)\ntransport = trunk-{name}\nfrom_domain = {address}\n{common}"
        )
        if line.account is not None:
            return text + self._carrier(line, line.account, common, target)
        return (
            f"{text}aors = line-{name}\n\n"
            f"[line-{name}]\ntype = aor\ncontact = sip:{target}\n\n"
            f"[line-{name}]\ntype = identify\nendpoint = line-{name}\n"
            f"match = {self.target.addresses.sip}\n\n"
        )

    def _carrier(self, line: Line, account: CarrierAccount, common: str, target: str) -> str:
        """The rest of a line whose carrier knows us by user and password, not by our address."""
        name, user = line.name, account.user.partition("@")[0]
        text = (
            f"aors = {user}\nidentify_by = ip\n\n"
            f"[{user}](line)\ntransport = trunk-{name}\naors = {user}\nauth = {user}\n"
            f"identify_by = auth_username,username\n{common}\n"
            f"[{user}](digest)\nusername = {account.user}\npassword = {self.passwords[name]}\n"
        )
        if account.realm is not None:
            text += f"realm = {account.realm}\n"
        text += f"\n[{user}]\ntype = aor\n"
        text += (
            "max_contacts = 1\nremove_existing = yes\n"
            if account.registers
            else f"contact = sip:{target}\n"
        )
        return f"{text}\n"

    def _registration(self, kind: str, name: str, target: str, transport: str = "main") -> str:
        target = target.replace(";", "\\;")  # a comment else
        at_once = "max_random_initial_delay = 0\n" if self.registers_late else ""
        return (
            f"[{kind}-{name}]\ntype = aor\ncontact = sip:{target}\n\n"
            f"[{name}](digest)\nusername = {name}\npassword = {self.passwords[name]}\n\n"
            f"[reg-{name}](outbound)\ntransport = {transport}\nserver_uri = sip:{target}\n"
            f"client_uri = sip:{name}@{in_uri(self.target.addresses.sip)}\ncontact_user = {name}\n"
            f"outbound_auth = {name}\nendpoint = {kind}-{name}\n{at_once}\n"
        )


def gates_of(
    centre: Centre, gated: Collection[LineName | StationName], own: SocketAddress, ports: range
) -> dict[LineName | StationName, Gated]:
    """The addresses for the gates of these phones and lines; lines have a ``host``.

    A line's gate has the line's own address, where the centre looks for it. All else is on
    127.0.0.1, two of ``ports`` for each gate. ``own`` is where the far end's SIP is. Raises
    ValueError for any other line, and if the ports don't suffice.
    """
    if 2 * len(gated) > len(ports):
        raise ValueError(f"{len(gated)} gates need {2 * len(gated)} ports; there are {len(ports)}")
    found: dict[LineName | StationName, Gated] = {}
    hosts = {line.name: line.host for line in centre.lines}
    for place, name in enumerate(gated):
        one, other = ports[2 * place], ports[2 * place + 1]
        inner = ("127.0.0.1", one)
        if name in hosts:
            host, port = split_port(hosts[LineName(name)] or "")
            if port is None:
                raise ValueError(f"the line {name!r} has no host with a port: it can't have a gate")
            found[name] = Gated((host, port), inner, (host, other))
        else:
            found[name] = Gated(("127.0.0.1", other), inner, own)
    return found
