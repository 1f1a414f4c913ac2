"""A small real Asterisk for the AMI tests: Local channels, one PJSIP endpoint, no network."""

import asyncio
import signal
from pathlib import Path

from telephony.asterisk.generated_files import Ports
from telephony.asterisk.provision import AsteriskInstall

USER, SECRET = "offhook", "s3cret"

_MODULES = """
pbx_config app_dial app_exec app_userevent app_verbose func_callerid func_channel
func_devstate func_strings func_global bridge_simple bridge_builtin_features
res_manager_devicestate codec_ulaw codec_alaw res_pjproject res_sorcery_config res_sorcery_memory
res_sorcery_astdb res_rtp_asterisk res_pjsip res_pjsip_session res_pjsip_sdp_rtp
res_pjsip_registrar res_pjsip_pubsub res_pjsip_endpoint_identifier_user chan_pjsip
"""

_CONF = {
    "modules.conf": "[modules]\nautoload=no\n"
    + "".join(f"load={m}.so\n" for m in _MODULES.split()),
    "manager.conf": """
[general]
enabled=yes
port={ami}
bindaddr=127.0.0.1
displayconnects=no
channelvars=OFFHOOK_CALL,OFFHOOK_STAGE
[offhook]
secret=s3cret
read=system,call,agent,user,dtmf
write=call,agent,user,originate,reporting
writetimeout=5000
[blind]
secret=s3cret
read=system,call
write=call
""",
    "logger.conf": "[logfiles]\nmessages=notice,warning,error\n",
    "extensions.conf": """
[test]
exten => wait,1,Answer()
 same => n,Wait(600)
exten => brief,1,Answer()
 same => n,Wait(0.05)
 same => n,Hangup()
""",
    "pjsip.conf": """
[udp]
type=transport
protocol=udp
bind=127.0.0.1:{sip}
[s101]
type=endpoint
transport=udp
context=test
aors=s101
disallow=all
allow=alaw
[s101]
type=aor
max_contacts=1
""",
    "asterisk.conf": """
[directories]
astetcdir => {root}/etc
astmoddir => {modules}
astvarlibdir => {root}/lib
astdbdir => {root}/lib
astkeydir => {root}/lib
astdatadir => {data}
astagidir => {root}/lib
astspooldir => {root}/spool
astrundir => {root}/run
astlogdir => {root}/log
[options]
systemname=pbx1
""",
}
_EMPTY = "acl features ccss udptl indications cdr cel stasis pjproject sorcery rtp"


class SmallAsterisk:
    """One process; ``start`` and ``kill`` as often as you like, on the same port."""

    def __init__(self, root: Path, install: AsteriskInstall, ports: Ports) -> None:
        self.host = "127.0.0.1"
        self.ami = ports.ami
        self._command = install.command
        self._root = root
        self._process: asyncio.subprocess.Process | None = None
        for folder in ("etc", "lib", "spool", "run", "log"):
            (root / folder).mkdir()
        values = {
            "ami": self.ami, "sip": ports.sip,
            "root": root, "modules": install.modules, "data": install.data,
        }  # fmt: skip
        for name, text in _CONF.items():
            for key, value in values.items():
                text = text.replace(f"{{{key}}}", str(value))
            (root / "etc" / name).write_text(text)
        for name in _EMPTY.split():
            (root / "etc" / f"{name}.conf").touch()

    async def start(self) -> None:
        """Until the AMI port answers; modules may still be loading."""
        self._process = await asyncio.create_subprocess_exec(
            *self._command, "-C", str(self._root / "etc/asterisk.conf"), "-f",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        async with asyncio.timeout(60):
            while True:
                if self._process.returncode is not None:
                    raise RuntimeError(f"Asterisk ended: {self._process.returncode}, {self._root}")
                try:
                    _, writer = await asyncio.open_connection(self.host, self.ami)
                except OSError:
                    await asyncio.sleep(0.05)
                    continue
                writer.close()
                return

    async def kill(self) -> None:
        if self._process is not None:
            if self._process.returncode is None:
                self._process.send_signal(signal.SIGKILL)
            await self._process.wait()
            self._process = None
