"""A small centre on a real Asterisk: one line, three stations, FastAGI and AMI, loopback only.

The dialplan has the product's shape (hotline, session, blind transfers that come back to the
session) and nothing else, so that the events a test sees are the telephony's own.
"""

import asyncio
import os
import platform
import shutil
import subprocess
from pathlib import Path

STATIONS = ("1001", "1002", "1003")
LINE = "line1"

_PJSIP = """
[udp]
type=transport
protocol=udp
bind=127.0.0.1:{sip}
[base](!)
type=endpoint
disallow=all
allow=alaw
direct_media=no
identify_by=username
device_state_busy_at=1
[line1](base)
context=from-line
allow_transfer=no
"""
_STATION = """
[{name}](base)
context=from-station
aors={name}
set_var=TRANSFER_CONTEXT=transfer
[{name}]
type=aor
contact=sip:{name}@127.0.0.1:{phone}
"""
_EXTENSIONS = """
[from-line]
exten => 4001,1,Goto(hotline,4001,1)
[hotline]
exten => 4001,1,Set(OFFHOOK_HOTLINE=4001)
 same => n,Set(OFFHOOK_CALL=pbx1-${{CHANNEL(uniqueid)}})
 same => n,Goto(session,4001,1)
[session]
exten => 4001,1,AGI(agi://127.0.0.1:{agi}/call)
 same => n,Hangup()
[transfer]
exten => _100X,1,Dial(PJSIP/${{EXTEN}},5,g)
 same => n,Goto(session,4001,1)
[from-station]
exten => _100X,1,Dial(PJSIP/${{EXTEN}},15)
"""
_MANAGER = """
[general]
enabled=yes
port={ami}
bindaddr=127.0.0.1
displayconnects=no
channelvars=OFFHOOK_CALL,OFFHOOK_HOTLINE,OFFHOOK_STAGE
[lab]
secret=lab
read=call,reporting,system
write=call,reporting,originate,system
writetimeout=5000
"""
_UNWANTED = (
    "chan_iax2", "chan_unistim", "chan_motif", "chan_websocket", "pbx_dundi", "pbx_ael", "pbx_lua",
    "res_phoneprov", "cdr_csv", "app_voicemail", "app_voicemail_imap", "app_voicemail_odbc",
    "res_hep", "res_odbc", "res_snmp", "res_calendar", "app_minivm", "res_parking", "res_ari",
    "res_stasis", "res_xmpp", "res_aeap",
)  # fmt: skip


def asterisk_root() -> Path | None:
    """The Debian sid root in the cache, if there is one."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    root = cache / "offhook" / "asterisk-sid"
    return root if (root / "usr/sbin/asterisk").exists() else None


class Lab:
    """An Asterisk in ``folder``, on ports from ``base`` on: SIP, AMI, AGI, phones, then RTP."""

    def __init__(self, folder: Path, base: int) -> None:
        self.folder = folder
        self.sip, self.ami, self.agi, self.phones = base, base + 1, base + 2, base + 3
        self._rtp = (base + 10, base + 59)
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        command = self._write()
        self._process = await asyncio.to_thread(
            subprocess.Popen,
            [*command, "-C", str(self.folder / "etc/asterisk.conf"), "-f"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        async with asyncio.timeout(60):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", self.ami)
                except OSError:
                    await asyncio.sleep(0.1)
                    if self._process.poll() is not None:
                        raise RuntimeError(f"Asterisk ended, see {self.folder}/log") from None
                    continue
                writer.close()
                return

    async def stop(self, *, kill: bool = False) -> None:
        if self._process is None:
            return
        (self._process.kill if kill else self._process.terminate)()
        await asyncio.to_thread(self._process.wait, 20)
        self._process = None

    def _write(self) -> tuple[str, ...]:
        root = asterisk_root()
        command: tuple[str, ...]
        if root is None:
            system = shutil.which("asterisk")
            assert system, "no Asterisk: ./run test installs one"
            modules = next(Path("/usr/lib").glob("*/asterisk/modules"))
            command, data = (system,), Path("/usr/share/asterisk")
        else:
            machine = platform.machine()
            libraries = f"{root}/usr/lib/{machine}-linux-gnu"
            loader = next((root / "usr/lib" / f"{machine}-linux-gnu").glob("ld-linux-*.so*"))
            command = (str(loader), "--library-path", libraries, f"{root}/usr/sbin/asterisk")
            modules, data = Path(libraries) / "asterisk/modules", root / "usr/share/asterisk"
        own = {key: self.folder / name for key, name in {
            "astetcdir": "etc", "astvarlibdir": "lib", "astdbdir": "db", "astkeydir": "keys",
            "astspooldir": "spool", "astrundir": "run", "astlogdir": "log",
        }.items()}  # fmt: skip
        for folder in own.values():
            folder.mkdir(parents=True, exist_ok=True)
        folders = {**own, "astmoddir": modules, "astdatadir": data}
        texts = {
            "asterisk": "[directories]\n" + "".join(f"{k} => {v}\n" for k, v in folders.items()),
            "modules": "[modules]\nautoload=yes\n"
            + "".join(f"noload={name}.so\n" for name in _UNWANTED),
            "logger": "[general]\n[logfiles]\nfull => notice,warning,error,verbose(3)\n",
            "manager": _MANAGER.format(ami=self.ami),
            "pjsip": _PJSIP.format(sip=self.sip)
            + "".join(_STATION.format(name=name, phone=self.phones) for name in STATIONS),
            "extensions": _EXTENSIONS.format(agi=self.agi),
            "rtp": "[general]\nrtpstart={}\nrtpend={}\n".format(*self._rtp),
            "musiconhold": "[general]\n[default]\nmode=files\ndirectory=moh\n",
        }
        empty = (
            "confbridge",
            "cdr",
            "cel",
            "features",
            "acl",
            "udptl",
            "indications",
            "queues",
            "ccss",
        )
        for name, text in {**texts, **dict.fromkeys(empty, "")}.items():
            (own["astetcdir"] / f"{name}.conf").write_text(text)
        return command
