"""A bare Asterisk for recording trials: one line, three phones, no passwords, loopback only.

It is deliberately not the product's configuration: a trial varies what the product fixes.
"""

import asyncio
import re
import subprocess
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from telephony.asterisk.provision import AsteriskInstall

PHONES = ("a1", "a2")

PJSIP = """
[udp]
type=transport
protocol=udp
bind=127.0.0.1:{sip}
[base](!)
type=endpoint
disallow=all
allow=alaw
direct_media=no
{endpoint}
[line1](base)
context=from-line
[a1](base)
context=from-station
aors=a1
[a2](base)
context=from-station
aors=a2
[a1]
type=aor
contact=sip:a1@127.0.0.1:{phone}
[a2]
type=aor
contact=sip:a2@127.0.0.1:{phone}
"""

EXTENSIONS = """
[from-line]
exten => _t.,1,Answer()
 same => n,Set(__TRIAL=${{EXTEN}})
 same => n,Set(__TRANSFER_CONTEXT=from-station)
 same => n,Wait(0.6)
{before}
 same => n,StartMusicOnHold()
 same => n,Wait(0.5)
 same => n,StopMusicOnHold()
 same => n,MixMonitor({monitor})
 same => n,Dial(PJSIP/a1/sip:a1-${{EXTEN}}@127.0.0.1:{phone},15,{dial})
 same => n,GotoIf($["${{EXTEN:1:1}}" != "q"]?over)
 same => n,Wait(0.7)
 same => n,Dial(PJSIP/a2/sip:a2-${{EXTEN}}@127.0.0.1:{phone},15,{dial})
 same => n(over),Wait(0.5)
 same => n,Hangup()
[on-agent]
exten => s,1,NoOp()
{on_agent}
 same => n,Return()
[from-station]
exten => _a2-t.,1,Dial(PJSIP/a2/sip:${{EXTEN}}@127.0.0.1:{phone},15,{dial})
"""


@dataclass(frozen=True, slots=True)
class Variant:
    """One way of recording."""

    name: str
    monitor: str = "{spool}/${{EXTEN}}.raw,bD"
    caller_jitterbuffer: str = ""  # such as fixed)=60 ; empty is none
    agent_jitterbuffer: str = ""
    noload: tuple[str, ...] = ()
    dial_options: str = ""
    before: tuple[str, ...] = ()
    on_agent: tuple[str, ...] = ()
    endpoint: str = ""
    codecs: str = ""
    options: tuple[str, ...] = ()


@dataclass
class BareAsterisk:
    """One Asterisk, its files in ``dir``, its ports from ``base`` on."""

    install: AsteriskInstall
    dir: Path
    base: int
    variant: Variant
    bridged: dict[str, list[list[float]]] = field(default_factory=dict)
    """By the caller's uniqueid: when they [entered, left] a bridge, by the wall clock."""
    trials: dict[str, str] = field(default_factory=dict)
    """The caller's uniqueid by the number dialled."""
    _caller_in: dict[str, str] = field(default_factory=dict)
    _process: "subprocess.Popen[bytes] | None" = None
    _reading: "asyncio.Task[None] | None" = None

    @property
    def sip(self) -> int:
        return self.base

    @property
    def ami(self) -> int:
        return self.base + 1

    @property
    def phone(self) -> int:
        return self.base + 2

    @property
    def spool(self) -> Path:
        return self.dir / "spool"

    def write(self) -> None:
        etc = self.dir / "etc"
        for folder in (
            etc,
            self.spool,
            *(self.dir / n for n in ("db", "keys", "log", "run", "lib")),
        ):
            folder.mkdir(parents=True, exist_ok=True)
        variant = self.variant
        directories = {
            "astetcdir": etc,
            "astmoddir": self.install.modules,
            "astdatadir": self.install.data,
            "astvarlibdir": self.dir / "lib",
            "astdbdir": self.dir / "db",
            "astkeydir": self.dir / "keys",
            "astspooldir": self.spool,
            "astrundir": self.dir / "run",
            "astlogdir": self.dir / "log",
        }
        before = (
            [f"Set(JITTERBUFFER({variant.caller_jitterbuffer})"]
            if variant.caller_jitterbuffer
            else []
        )
        on_agent = (
            [f"Set(JITTERBUFFER({variant.agent_jitterbuffer})"]
            if variant.agent_jitterbuffer
            else []
        )
        before += [line.format(spool=self.spool) for line in variant.before]
        on_agent += variant.on_agent
        dial = "g" + variant.dial_options + ("b(on-agent^s^1)" if on_agent else "")
        unwanted = (
            "chan_iax2",
            "chan_unistim",
            "chan_motif",
            "pbx_dundi",
            "pbx_ael",
            "pbx_lua",
            "res_phoneprov",
            "cdr_csv",
            "app_voicemail",
            "app_voicemail_odbc",
            "res_hep",
            "res_odbc",
            "res_snmp",
            "res_calendar",
            "app_minivm",
            "res_parking",
            *variant.noload,
        )
        where = (f"{name} => {folder}" for name, folder in directories.items())
        files = {
            "asterisk.conf": _lines("[directories]", (*where, "[options]", *variant.options)),
            "modules.conf": _lines("[modules]\nautoload=yes", (f"noload={m}.so" for m in unwanted)),
            "logger.conf": "[general]\n[logfiles]\nfull => notice,warning,error,verbose(3)\n",
            "manager.conf": f"[general]\nenabled=yes\nport={self.ami}\nbindaddr=127.0.0.1\n"
                            "timestampevents=yes\n[t]\nsecret=t\nread=system,call\nwrite=call\n"
                            "writetimeout=5000\n",
            "pjsip.conf": PJSIP.format(sip=self.sip, phone=self.phone, endpoint=variant.endpoint),
            "rtp.conf": f"[general]\nrtpstart={self.base + 10}\nrtpend={self.base + 99}\n",
            "codecs.conf": variant.codecs,
            "musiconhold.conf": "[general]\n[default]\nmode=files\ndirectory=moh\n",
            "extensions.conf": EXTENSIONS.format(
                before=_lines("", (f" same => n,{line}" for line in before)),
                on_agent=_lines("", (f" same => n,{line}" for line in on_agent)),
                monitor=variant.monitor.format(spool=self.spool), dial=dial, phone=self.phone),
            **dict.fromkeys(("confbridge.conf", "cdr.conf", "cel.conf", "features.conf", "acl.conf",
                             "udptl.conf", "indications.conf", "queues.conf", "ccss.conf"), ""),
        }  # fmt: skip
        for name, text in files.items():
            (etc / name).write_text(text)

    async def start(self) -> None:
        self.write()
        with (self.dir / "log/stdout").open("w") as out:
            self._process = subprocess.Popen(  # noqa: ASYNC220
                [*self.install.command, "-C", str(self.dir / "etc/asterisk.conf"), "-f"],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + 60
        while True:
            try:
                self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self.ami)
                break
            except OSError:
                if time.monotonic() > deadline or self._process.poll() is not None:
                    raise RuntimeError(f"Asterisk did not start, see {self.dir}/log") from None
                await asyncio.sleep(0.2)
        self._writer.write(b"Action: Login\r\nUsername: t\r\nSecret: t\r\n\r\n")
        booted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._reading = asyncio.create_task(self._read(booted))
        async with asyncio.timeout(60):
            await booted

    async def _read(self, booted: "asyncio.Future[None]") -> None:
        await self._reader.readline()
        while block := await self._reader.readuntil(b"\r\n\r\n"):
            event = dict(re.findall(r"^(\w+): (.*?)\r$", block.decode(errors="replace"), re.M))
            kind = event.get("Event")
            if kind == "FullyBooted":
                booted.set_result(None)
            channel = event.get("Channel", "")
            if channel.startswith("PJSIP/line1") and kind in ("BridgeEnter", "BridgeLeave"):
                self._caller_in[event["BridgeUniqueid"]] = channel
                spans = self.bridged.setdefault(event["Uniqueid"], [])
                at = float(event["Timestamp"])
                if kind == "BridgeEnter":
                    spans.append([at, at])
                elif spans:
                    spans[-1][1] = at
            if kind == "BlindTransfer" and event["Result"] == "Fail":
                self._finish_transfer(event)
            if kind == "Newchannel" and channel.startswith("PJSIP/line1"):
                self.trials[event["Exten"]] = event["Uniqueid"]

    def _finish_transfer(self, event: dict[str, str]) -> None:
        """Do what Asterisk refuses in a mixing bridge: send the caller where the agent wants."""
        if caller := self._caller_in.get(event["BridgeUniqueid"]):
            self._writer.write(
                f"Action: Redirect\r\nChannel: {caller}\r\nContext: {event['Context']}\r\n"
                f"Exten: {event['Extension']}\r\nPriority: 1\r\n\r\n".encode()
            )

    def cpu_s(self) -> float:
        """Processor seconds this Asterisk has used."""
        assert self._process is not None
        times = psutil.Process(self._process.pid).cpu_times()
        return float(times.user + times.system)

    async def stop(self) -> None:
        """End what ``start`` began, however far it got."""
        if self._reading is not None:
            self._reading.cancel()
        if self._process is not None:
            self._process.terminate()
            try:
                await asyncio.to_thread(self._process.wait, 10)
            except subprocess.TimeoutExpired:
                self._process.kill()


def _lines(first: str, others: Iterable[str]) -> str:
    return "\n".join((first, *others, ""))
