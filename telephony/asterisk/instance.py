"""Runs Offhook's own Asterisk: writes its configuration, starts its process and stops it."""

import asyncio
import shutil
import socket
import ssl
from pathlib import Path

import structlog

from domain.centre import Centre
from domain.identity import NodeName
from machine.one_line import in_one_line
from machine.private_files import have
from telephony.asterisk import generated_files
from telephony.asterisk.asterisk_passwords import AsteriskPasswords
from telephony.asterisk.centre_files import CENTRE_FILES
from telephony.asterisk.generated_files import AMI_USER, Addresses, Folders, Ports
from telephony.asterisk.generated_folder import GeneratedFolder
from telephony.asterisk.process import AsteriskError, AsteriskProcess, check_free
from telephony.asterisk.provision import AsteriskInstall
from telephony.asterisk.versions import faults_of
from telephony.asterisk.watched_folder import WatchedFolder

__all__ = ["Addresses", "Instance", "Ports"]

log = structlog.get_logger()

_LETS_GO_S = 5.0

CONF = Path(__file__).resolve().parents[2] / "asterisk-conf"
WATCH = CONF / "watch-changes.sh"
"""Has an Asterisk reload what has changed in its ``generated/``; it runs beside it."""


class Instance:
    """One Asterisk with the centre's configuration, in a folder of its own.

    ``conf``, ``log``, ``spool`` (raw recordings in ``spool/monitor``), ``run`` and ``prompts``
    are its folders; ``cel`` is the channels' own log.
    """

    def __init__(
        self,
        folder: Path,
        ports: Ports,
        centre: Centre,
        secrets: AsteriskPasswords,
        install: AsteriskInstall,
        *,
        node: NodeName = NodeName("pbx1"),  # noqa: B008
        addresses: Addresses = Addresses(),  # noqa: B008
        fallback_after_s: int = 60,
        outlives_parent: bool = False,
    ) -> None:
        self.ports = ports
        self.centre = centre
        self.secrets = secrets
        self.node = node
        self.addresses = addresses
        self._install = install
        self._fallback_after_s = fallback_after_s
        self.process = AsteriskProcess(
            install, folder, name=f"Asterisk {node}", outlives_parent=outlives_parent
        )
        self.folder = self.process.folder
        self.conf = self.process.conf
        self.log = self.process.log
        self.spool = self.process.spool
        self.run = self.process.run
        self.prompts = self.folder / "prompts"
        self._generated = GeneratedFolder(self.conf / "generated")
        self._watch = WatchedFolder(WATCH, self.conf / "generated", self.process)
        self.cel = self.log / "cel-custom" / "offhook.csv"

    @property
    def ami(self) -> tuple[str, int]:
        """The host and port of AMI; its user is ``ami_user``, the password ``secrets.ami``."""
        return (self.addresses.ami, self.ports.ami)

    @property
    def ami_user(self) -> str:
        return AMI_USER

    async def write(self) -> None:
        """Write the whole configuration; nothing else in the folder is touched."""
        await self._write_machine()
        self._generated.write_centre(self.centre, self.secrets.credentials)

    async def _write_machine(self) -> None:
        """Write all but the centre's files."""
        self.prompts.mkdir(parents=True, exist_ok=True)
        certificate = await certificate_in(self.folder / "keys")
        self.process.write_main_file((CONF / "asterisk.conf").read_text("utf-8"))
        for source in CONF.glob("*.conf"):
            if source.name != "asterisk.conf":
                have(self.conf / source.name, source.read_bytes())
        self._generated.write(
            generated_files.machine_files(
                self.secrets,
                self.ports,
                self.addresses,
                Folders(
                    self.process.seen(self.prompts),
                    None if certificate is None else self.process.seen(certificate),
                ),
                node=self.node,
                modules=[path.name for path in self._install.modules.glob("*.so")],
                fallback_after_s=self._fallback_after_s,
            )
        )

    async def start(self) -> None:
        """Write the configuration and start; returns when calls can come. Raises AsteriskError."""
        self._check_ports()
        await self.write()
        await self._watch.start()
        try:
            await self._start()
        except BaseException:
            await self._watch.stop()
            raise

    def _check_ports(self) -> None:
        ports, sip = self.ports, self.addresses.sip
        check_free(
            [
                ("udp", sip, ports.sip, "SIP"),
                ("tcp", sip, ports.sip, "SIP"),
                ("tcp", sip, ports.sip_tls, "SIP over TLS"),
                ("tcp", self.addresses.ami, ports.ami, "AMI"),
            ]
        )

    async def _start(self) -> None:
        sip = self.addresses.sip
        if sip in generated_files.ANY_ADDRESS:
            await _check_own_name()
        for fault in faults_of(self._install.version):
            log.warning(fault)
        await self.process.start(self.ami)

    async def reconfigure(self, centre: Centre, secrets: AsteriskPasswords) -> None:
        """Take another centre's configuration, or a later Offhook's dialplan, while calls go on.

        The centre is in force within some seconds, the dialplan when this returns.
        """
        before = self._written()
        self.centre, self.secrets = centre, secrets
        await self.write()
        if self._written() != before:
            await self.process.console("core reload")

    def _written(self) -> dict[Path, bytes]:
        """What nobody reloads by themselves."""
        return {
            file: file.read_bytes()
            for file in self.conf.rglob("*.conf")
            if file.name not in CENTRE_FILES
        }

    async def ended(self) -> str:
        """Wait until Asterisk has ended; kill it if it hangs. Returns what became of it."""
        return await self.process.ended(self.ami)

    async def start_again(self) -> None:
        """Start Asterisk after it has ended by itself. Raises AsteriskError.

        The centre's files stay as they are: the controller may have changed them meanwhile.
        """
        await self.process.stop()  # what is left of it
        deadline = asyncio.get_running_loop().time() + _LETS_GO_S
        while True:
            try:
                self._check_ports()
            except AsteriskError:
                # The main thread dies a moment before the others release the ports.
                if asyncio.get_running_loop().time() > deadline:
                    raise
                await asyncio.sleep(0.05)
            else:
                break
        await self._write_machine()
        await self._start()

    async def stop(self) -> None:
        """End Asterisk; nothing of it is left once this returns."""
        await self._watch.stop()
        await self.process.stop()


async def _check_own_name() -> None:
    """Warn if this machine's name has no address; pjsip.conf says what Asterisk looks up."""
    name = socket.gethostname()
    try:
        await asyncio.get_running_loop().getaddrinfo(name, None)
    except OSError as error:
        log.warning(
            "this machine's own name has no address, so calls may wait for DNS",
            name=name,
            why=str(error),
            fix=f"add the line '127.0.1.1 {name}' to /etc/hosts, or set sip.bind to one address",
        )


async def certificate_in(folder: Path) -> Path | None:
    """The certificate for TLS: made once, self-signed; None if there is no openssl.

    Somebody may have put their own there. Asterisk listens without a word when it can't use it, so
    we log it; once the file is mended, Asterisk uses it (measured, 22.10).
    """
    file = folder / "offhook.pem"
    if file.exists():
        if why := await asyncio.to_thread(_unusable, file):
            log.error(
                "no phone can use SIP over TLS, because its certificate can't be used",
                file=str(file),
                why=why,
                fix="put one PEM file with key and certificate there, or remove it, and a new one"
                " is made at the next start",
            )
        return file
    program = shutil.which("openssl")
    if program is None:
        log.warning(
            "no SIP over TLS: the program openssl is missing", fix="apt-get install openssl"
        )
        return None
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    key, certificate = file.with_name("key.new"), file.with_name("certificate.new")
    process = await asyncio.create_subprocess_exec(
        *(program, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
        *("-nodes", "-days", "3650", "-subj", "/CN=offhook"),
        *("-keyout", str(key), "-out", str(certificate)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await process.communicate()
    if process.returncode != 0:
        log.warning(
            "no SIP over TLS: openssl failed to make a certificate",
            said=said.decode("utf-8", "replace").strip()[-200:],
        )
        return None
    new = file.with_suffix(".new")
    new.touch(mode=0o600)
    new.write_bytes(key.read_bytes() + certificate.read_bytes())
    new.replace(file)
    key.unlink()
    certificate.unlink()
    return file


def _unusable(file: Path) -> str | None:
    """Why this key and certificate can't be used; None if they can."""
    if not file.is_file():
        return "it is not a file"
    try:
        # No password: Asterisk has none either, and openssl must not ask for one.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(file, password=lambda: "")
    except (OSError, ValueError) as error:
        return in_one_line(error)
    return None
