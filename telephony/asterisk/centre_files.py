"""Makes the files of an Asterisk's ``generated/`` folder that come from the centre: phones, lines
and numbers. They are written whenever the centre changes; asterisk-conf/watch-changes.sh then
reloads what has changed.
"""

import re
from collections.abc import Callable, Mapping
from functools import partial

from domain.centre import (
    CallerHeader,
    Centre,
    Encryption,
    Line,
    LineKind,
    SessionTimer,
    Station,
    StationKind,
)
from domain.stations import twin
from machine.hosts import host_of, in_uri, is_address, split_port, without_brackets
from telephony.asterisk.conf_text import plain, secret, word
from telephony.asterisk.digests import REALM
from telephony.variables import TWIN, ChannelVariable

_MEDIA = {
    Encryption.OFF: "media_encryption = no\n",
    Encryption.OPTIONAL: "media_encryption = sdes\nmedia_encryption_optimistic = yes\n",
    Encryption.REQUIRED: "media_encryption = sdes\nmedia_encryption_optimistic = no\n",
}

_LACKING = "it has no password; give it a new one"
LOOKED_UP = "; looked up: "
"""Begins a comment for asterisk-conf/watch-changes.sh: a line, and its host's name in DNS."""


def centre_files(centre: Centre, credentials: Mapping[str, str]) -> Mapping[str, str]:
    """The centre's files, by name, without what is ``left_out``. ``credentials`` are those of
    ``AsteriskPasswords``."""
    unusable = left_out(centre, credentials)
    stations = [station for station in centre.stations if station.name not in unusable]
    lines = [line for line in centre.lines if line.name not in unusable]
    numbers = [hotline.number for hotline in centre.hotlines if hotline.number not in unusable]
    names = [station.name for station in stations]
    return {
        "pjsip_stations.conf": "".join(_station(s, credentials.get(s.name)) for s in stations),
        "pjsip_lines.conf": "".join(_line(each, credentials.get(each.name)) for each in lines),
        # Empty ones too: a reload keeps a variable that isn't mentioned.
        "twins.conf": "".join(
            f"{TWIN}{station.name} = {twin(station.name) if has_twin(station) else ''}\n"
            for station in stations
        ),
        "hotlines.conf": "".join(
            f"exten => {number},1,Goto(hotline,{number},1)\n" for number in numbers
        ),
        "own_phones.conf": "".join(
            f"exten => {number},1,Goto(own-phone-calls,{number},1)\n" for number in numbers
        ),
        "stations.conf": "".join(
            f"exten => {name},hint,PJSIP/{name}\nexten => {name},1,Goto(station,{name},1)\n"
            for name in names
        ),
        "transfer.conf": "".join(
            f"exten => {name},1,Goto(transferred,{name},1)\n" for name in names
        ),
        "queue_members.conf": "".join(f"member => PJSIP/{name}\n" for name in names),
    }


def left_out(centre: Centre, credentials: Mapping[str, str]) -> Mapping[str, str]:
    """The names of phones and lines, and the numbers, that Asterisk can't be given, and why.

    One of them must not keep all others from being changed.
    """
    found: dict[str, str] = {}

    def attempt(name: str, write: Callable[[], str]) -> None:
        try:
            write()
        except ValueError as error:
            found[name] = str(error)

    for station in centre.stations:
        attempt(station.name, partial(_station, station, credentials.get(station.name)))
    for line in centre.lines:
        attempt(line.name, partial(_line, line, credentials.get(line.name)))
    for hotline in centre.hotlines:
        attempt(hotline.number, partial(_number, hotline.number))
    return found


def has_twin(station: Station) -> bool:
    """Whether the phone has a second endpoint, for phones that insist on SRTP.

    Asterisk offers either RTP that may be encrypted (RTP/AVP) or SRTP (RTP/SAVP). A phone set to
    SRTP only refuses the former (488), a phone without SRTP the latter, and nobody knows beforehand
    which it is. So a refused call is placed again through the twin.
    """
    return station.encryption is Encryption.OPTIONAL


def _station(station: Station, digest: str | None) -> str:
    name = word(station.name)
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
    return text + f"[{name}](station-aor)\n\n" + _asked(name, digest)


def _asked(name: str, digest: str | None) -> str:
    """What we ask of whoever says that they are ``name``."""
    if digest is None:
        raise ValueError(_LACKING)
    if not re.fullmatch(r"[0-9a-f]{32}", digest):
        raise ValueError(f"what is kept of {name!r}'s password is not a digest")
    return f"[{name}](digest)\nusername = {name}\nrealm = {REALM}\nmd5_cred = {digest}\n\n"


def _line(line: Line, credential: str | None) -> str:
    name = word(line.name)
    endpoint = f"[{name}]({'fxo' if line.kind is LineKind.FXO else 'trunk'})\naors = {name}\n" + (
        f"set_var = {ChannelVariable.LINE}={line.name}\n"
        f"set_var = {ChannelVariable.CHANNELS}={int(line.channels)}\n"
        f"set_var = {ChannelVariable.CALLER_HEADER}={line.caller_header}\n"
    )
    if line.kind is LineKind.FXO and not line.answer_signalled:
        endpoint += f"set_var = {ChannelVariable.EARLY_ANSWER}=1\n"
    if line.session_timer is SessionTimer.SUPPORTED:
        endpoint += "timers = yes\n"
    # It would beat the number of each call, which comes with the call (telephony/caller_ids.py).
    own_from = line.caller_id_header is not CallerHeader.FROM
    if own_from and line.account is None and line.caller_id is not None:
        endpoint += f"from_user = {_number(line.caller_id)}\n"
    if line.host is None:
        return f"{endpoint}auth = {name}\n\n[{name}](line-aor)\n\n" + _asked(name, credential)
    host, port = split_port(word(line.host))
    host = without_brackets(host)
    carrier = in_uri(host) if port is None else f"{in_uri(host)}:{port}"
    text = (
        f"[{name}](line-aor)\ncontact = sip:{carrier}\n\n"
        f"[{name}]\ntype = identify\nendpoint = {name}\nmatch = {host}\n\n"
    )
    if not is_address(host):
        text += f"{LOOKED_UP}{name} {host}\n\n"
    if line.account is None:
        return f"{endpoint}\n{text}"
    if credential is None:
        raise ValueError(_LACKING)
    user, domain = _user_and_domain(line.account.user, host)
    endpoint += f"outbound_auth = {name}\nfrom_domain = {domain}\n"
    if own_from:
        endpoint += f"from_user = {user}\n"
    text += (
        f"[{name}](password)\nusername = {plain(line.account.user)}\n"
        f"password = {secret(credential)}\n"
    )
    if line.account.realm is not None:
        text += f"realm = {word(line.account.realm)}\n"
    if line.account.registers:
        text += (
            f"\n[{name}](carrier-registration)\noutbound_auth = {name}\n"
            f"server_uri = sip:{carrier}\nclient_uri = {registered_as(line)}\n"
            f"contact_user = {user}\n"
        )
    return f"{endpoint}\n{text}\n"


def registered_as(line: Line) -> str | None:
    """The URI that a line registers with its carrier; None if it doesn't."""
    if line.account is None or not line.account.registers or line.host is None:
        return None
    user, domain = _user_and_domain(line.account.user, host_of(line.host))
    return f"sip:{user}@{domain}"


def _user_and_domain(account: str, host: str) -> tuple[str, str]:
    user, _, domain = account.partition("@")
    if not re.fullmatch(r"[A-Za-z0-9_.+-]{1,80}", user):
        raise ValueError(f"{user!r} can't be a user name at a carrier")
    return user, in_uri(word(domain or host))


def _number(text: str) -> str:
    if not re.fullmatch(r"\+?[0-9]{1,20}", text):
        raise ValueError(f"{text!r} can't be a number: only digits, after a + if any")
    return text


CENTRE_FILES = tuple(centre_files(Centre((), (), (), (), (), ()), {}))
"""Their names. Asterisk needs each of them, be it empty."""
