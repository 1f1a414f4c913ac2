"""Linphone's own library as an agent's phone.

``python -m tests.e2e.linphone_phone FOLDER URL SOUND``

It fetches its settings from the address in a phone's code, registers, answers whatever rings, and
speaks from the file SOUND. What happens to it is a line each on standard output: ``registered``,
``talking``, ``idle``. It ends with its standard input.

Not the program linphonec: on a machine that has no way out to the internet it takes itself for
offline.
"""

import ctypes
import ctypes.util
import select
import sys
from pathlib import Path

_SETTINGS = """\
[misc]
config-uri={url}
[sip]
auto_net_state_mon=0
use_ipv6=0
sip_port=-1
sip_tcp_port=-1
sip_tls_port=-1
[rtp]
audio_rtp_port=-1
"""
_REGISTERED = 2  # LinphoneRegistrationOk
_ITERATE_S = 0.02


def main(folder: str, url: str, sound: str) -> None:
    """Run until standard input ends."""
    (Path(folder) / ".local/share/linphone").mkdir(parents=True)  # it makes its files, not this
    settings = Path(folder) / "linphonerc"
    settings.write_text(_SETTINGS.format(url=url))
    library = ctypes.CDLL(ctypes.util.find_library("linphone"))
    for name in (
        "linphone_factory_get",
        "linphone_factory_create_core_3",
        "linphone_core_get_default_account",
        "linphone_core_get_current_call",
    ):
        getattr(library, name).restype = ctypes.c_void_p

    def call(name: str, *arguments: bytes | int | None) -> int:
        pointers = [ctypes.c_void_p(a) if isinstance(a, int) and a > 1 else a for a in arguments]
        return int(getattr(library, name)(*pointers) or 0)

    factory = call("linphone_factory_get")
    core = call("linphone_factory_create_core_3", factory, bytes(settings), None, None)
    call("linphone_core_set_use_files", core, 1)
    call("linphone_core_set_play_file", core, sound.encode())
    call("linphone_core_set_network_reachable", core, 1)
    call("linphone_core_start", core)
    before = ""
    while not select.select([sys.stdin], [], [], _ITERATE_S)[0]:
        call("linphone_core_iterate", core)
        if call("linphone_core_is_incoming_invite_pending", core):
            call("linphone_call_accept", call("linphone_core_get_current_call", core))
        account = call("linphone_core_get_default_account", core)
        registered = account and call("linphone_account_get_state", account) == _REGISTERED
        now = "registered" if registered else "not registered"
        if call("linphone_core_in_call", core):
            now = "talking"
        if now != before:
            print(now, flush=True)
            before = now


if __name__ == "__main__":
    main(*sys.argv[1:])
