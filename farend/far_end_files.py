"""Writes the configuration of the far end's Asterisk: its fixed files, and those that are made."""

import shutil
from pathlib import Path

from farend.peers import Peers
from machine.hosts import with_port
from telephony.asterisk.generated_files import Ports
from telephony.asterisk.generated_folder import GeneratedFolder
from telephony.asterisk.process import AsteriskProcess
from telephony.asterisk.provision import AsteriskInstall

CONF = Path(__file__).resolve().parent / "conf"
USER = "farend"
SECRET = "farend"  # noqa: S105  (loopback only, a test tool; it can do nothing but call)


def write_files(process: AsteriskProcess, ports: Ports, peers: Peers) -> None:
    """Write all of them into the folder of ``process``."""
    heard = process.seen(process.spool)
    process.write_main_file((CONF / "asterisk.conf").read_text("utf-8"))
    for source in CONF.glob("*.conf"):
        if source.name != "asterisk.conf":
            shutil.copyfile(source, process.conf / source.name)
    target = with_port(peers.target.addresses.sip, peers.target.ports.sip)
    GeneratedFolder(process.conf / "generated").write(
        {
            "globals.conf": (
                f"FAREND_TARGET = {target}\nFAREND_HEARD = {heard}\nFAREND_EARS = {ports.agi}\n"
            ),
            "rtp.conf": f"rtpstart = {ports.rtp_start}\nrtpend = {ports.rtp_end}\n",
            "manager.conf": (
                f"port = {ports.ami}\n\n[{USER}]\nsecret = {SECRET}\n"
                "deny = 0.0.0.0/0.0.0.0\npermit = 127.0.0.1/255.255.255.255\n"
                "read = system,call,user,dtmf\nwrite = all\nwritetimeout = 5000\n"
            ),
            "pjsip.conf": peers.text(ports.sip_tls),
        }
    )


def registers_late(install: AsteriskInstall) -> bool:
    """Whether this Asterisk waits up to 10 s before it registers unless it is told not to."""
    module = install.modules / "res_pjsip_outbound_registration.so"
    return b"max_random_initial_delay" in module.read_bytes()
