"""Makes calls with SIPp, and has its scenarios: one light process for thousands of calls, so that
the far end isn't what is measured."""

import asyncio
import contextlib
import csv
import resource
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from domain.errors import OffhookError
from telephony.asterisk.provision import find_or_install_sipp

CALLER = """<?xml version="1.0" encoding="UTF-8" ?>
<scenario name="caller">
  <send retrans="500"><![CDATA[
INVITE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:1380000[call_number]@[local_ip]:[local_port]>;tag=[pid]SIPpTag[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: <sip:caller@[local_ip]:[local_port]>
Max-Forwards: 70
Content-Type: application/sdp
Content-Length: [len]

v=0
o=caller 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 8
a=rtpmap:8 PCMA/8000
]]></send>
  <recv response="100" optional="true"/>
  <recv response="180" optional="true"/>
  <recv response="183" optional="true"/>
  <recv response="200" rrs="true"/>
  <send><![CDATA[
ACK [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:1380000[call_number]@[local_ip]:[local_port]>;tag=[pid]SIPpTag[call_number]
[last_To:]
Call-ID: [call_id]
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0

]]></send>
  <recv request="BYE"/>
  <send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:caller@[local_ip]:[local_port]>
Content-Length: 0

]]></send>
</scenario>
"""
"""A caller who stays until the other side hangs up. Sends no sound."""

_BYE = """  <pause milliseconds="[patience]"/>
  <send retrans="500"><![CDATA[
BYE [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:1380000[call_number]@[local_ip]:[local_port]>;tag=[pid]SIPpTag[call_number]
[last_To:]
Call-ID: [call_id]
CSeq: 2 BYE
Max-Forwards: 70
Content-Length: 0

]]></send>
  <recv response="200"/>
</scenario>
"""
IMPATIENT_CALLER = CALLER[: CALLER.index('  <recv request="BYE"')] + _BYE
"""A caller who hangs up after ``patience_s``. Sends no sound."""


@dataclass(frozen=True, slots=True)
class SippCounts:
    """What SIPp counted."""

    succeeded: int
    failed: int
    per_second: float
    """Calls per second, from the start of the first to the end of the last."""
    cpu_s: float
    """The CPU time that SIPp itself used."""


class SippFailed(OffhookError):  # noqa: N818
    """SIPp failed; the text has its last output."""


async def run(
    scenario: str,
    target: tuple[str, int],
    *,
    source: tuple[str, int],
    service: str,
    calls: int,
    rate: float,
    at_once: int,
    media_port: int,
    timeout_s: float,
    patience_s: float = 0.0,
    services: Sequence[str] = (),
    rows: Sequence[Sequence[str]] = (),
) -> SippCounts:
    """Place this many calls, at most ``at_once`` at a time; returns when all are over.

    ``services``: the numbers to call in turns, instead of ``service``. ``rows``: the scenario's
    [field0], [field1] ... of each call.
    """
    program = await asyncio.to_thread(find_or_install_sipp)
    with tempfile.TemporaryDirectory(prefix="offhook-sipp-") as folder:
        file, figures = Path(folder) / "scenario.xml", Path(folder) / "figures.csv"
        patience = f"{1000 * patience_s:.0f}"
        text = scenario.replace("[patience]", patience)
        numbers = Path(folder) / "numbers.csv"
        if services:
            text = text.replace("[service]", "[field0]")
            rows = [(number,) for number in services]
        if rows:
            lines = "".join(";".join(row) + ";\n" for row in rows)
            numbers.write_text("SEQUENTIAL\n" + lines, "utf-8")
        file.write_text(text, "utf-8")
        command = [
            *(str(program), f"{target[0]}:{target[1]}", "-sf", str(file), "-s", service),
            *("-i", source[0], "-p", str(source[1]), "-mp", str(media_port)),
            *("-m", str(calls), "-l", str(at_once), "-r", f"{rate:g}", "-nostdin"),
            *("-trace_stat", "-stf", str(figures), "-fd", "1", "-timeout", f"{timeout_s:g}"),
            *(
                "-timeout_error",
                "-recv_timeout",
                f"{1000 * timeout_s:.0f}",
                "-buff_size",
                "4194304",
            ),
        ]
        if rows:
            command += ["-inf", str(numbers)]
        before = _finished_children()
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            _, said = await process.communicate()
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        used = _finished_children() - before
        return _figures(figures, said.decode("utf-8", "replace"), used)


def _finished_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _figures(file: Path, said: str, used: float) -> SippCounts:
    try:
        with file.open(encoding="utf-8", newline="") as text:
            rows: Sequence[dict[str, str]] = list(csv.DictReader(text, delimiter=";"))
        last = rows[-1]
        return SippCounts(
            int(last["SuccessfulCall(C)"]),
            int(last["FailedCall(C)"]),
            float(last["CallRate(C)"]),
            used,
        )
    except (OSError, IndexError, KeyError, ValueError) as error:
        raise SippFailed(f"SIPp left no figures ({error!r}): {said.strip()[-500:]}") from error
