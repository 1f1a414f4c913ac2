"""Tries ways of recording on a real Asterisk, to find one whose recordings are whole.

`python -m bench.recording_trials VARIANT... -n 20` prints a table; the figures of
docs/decisions/0006-recording.md come from here.
"""

import argparse
import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.bare_asterisk import BareAsterisk, Variant
from bench.planned_phone import Phone, PhoneLeg, SoundPlan, punctual
from bench.recording_cases import AGENT_HZ, CALLER_HZ, CASES, SECOND_HZ, Trial
from bench.tones import FRAME, RATE, onsets, sounds, split
from telephony.asterisk.provision import AsteriskInstall, find_or_install

PLC = "[plc]\ngenericplc => true\ngenericplc_on_equal_codecs => true\n"

DECIDED = "bD+soft+rt+r"
"""The way of recording the product uses (docs/decisions/0006-recording.md)."""

VARIANTS = {
    v.name: v
    for v in (
        Variant("bD"),
        Variant("D", monitor="{spool}/${{EXTEN}}.raw,D"),
        Variant("bD+m", dial_options="m"),
        Variant(
            "brt",
            monitor="{spool}/${{EXTEN}}.mix.raw,br({spool}/${{EXTEN}}.in.raw)t({spool}/${{EXTEN}}.out.raw)",
        ),
        Variant("bD+jb", caller_jitterbuffer="fixed)=60"),
        Variant("bD+jbjb", caller_jitterbuffer="fixed)=60", agent_jitterbuffer="fixed)=60"),
        Variant("bD+ajb", caller_jitterbuffer="adaptive)=default"),
        Variant(
            "bD+plc+jbjb",
            caller_jitterbuffer="fixed)=60",
            agent_jitterbuffer="fixed)=60",
            codecs=PLC,
        ),
        Variant("bD+plc", codecs=PLC),
        Variant("bD-native", noload=("bridge_native_rtp",)),
        Variant("bD+soft", noload=("bridge_simple", "bridge_native_rtp")),
        Variant(
            "bD+soft+rt+r",
            noload=("bridge_simple", "bridge_native_rtp"),
            options=("highpriority=yes",),
            dial_options="r",
        ),
        Variant(
            "bD+soft+rt",
            noload=("bridge_simple", "bridge_native_rtp"),
            options=("highpriority=yes",),
        ),
        Variant("bD+soft+native", noload=("bridge_simple",)),
        Variant("bD+soft+m", noload=("bridge_simple", "bridge_native_rtp"), dial_options="m"),
        Variant(
            "bD+soft+jb",
            caller_jitterbuffer="fixed)=60",
            noload=("bridge_simple", "bridge_native_rtp"),
        ),
    )
}


@dataclass(frozen=True, slots=True)
class Finding:
    case: str
    bridged_s: float
    file_s: float
    worst_s: float
    """The largest distance between where a beep is and where it should be; 99 if one is missing."""
    note: str = ""
    unheard: int = 0
    """How many beeps an agent sent that the caller did not hear."""

    @property
    def whole(self) -> bool:
        return abs(self.file_s - self.bridged_s) <= 0.5 and self.worst_s <= 0.25


def judge(
    case: str, trial: Trial, raw: bytes, spans: Sequence[Sequence[float]], note: str
) -> Finding:
    """Compare the file with the times when the caller's channel was in a bridge."""
    bridged = sum(b - a for a, b in spans)
    channels = split(raw)
    heard = {
        hz: onsets(channels[0 if hz == CALLER_HZ else 1], hz)
        for hz in (CALLER_HZ, AGENT_HZ, SECOND_HZ)
    }
    worst = 0.0
    for leg in trial.legs:
        for at, hz in leg.sent:
            before = 0.0
            for a, b in spans:
                if a + 0.05 <= at <= b - 0.1:
                    expected = before + at - a
                    near = min((abs(h - expected) for h in heard[hz]), default=99.0)
                    if near > 0.15:
                        got = [round(h, 2) for h in heard[hz]]
                        note = f"{hz} Hz at {expected:.2f}: found {got}"
                    worst = max(worst, near)
                before += b - a
    return Finding(case, bridged, len(raw) / 4 / RATE, worst, note, unheard(trial, spans))


def recorded(spool: Path, number: str) -> bytes:
    """The recording of a trial; two files of one side each are put together."""
    path, inward, outward = (spool / f"{number}{suffix}.raw" for suffix in ("", ".in", ".out"))
    if not inward.exists():
        return path.read_bytes() if path.exists() else b""
    left, right = inward.read_bytes(), outward.read_bytes()
    size = max(len(left), len(right)) // 2 * 2
    left, right = left.ljust(size, b"\0"), right.ljust(size, b"\0")
    joined = bytearray(size * 2)
    joined[0::4], joined[1::4] = left[0::2], left[1::2]
    joined[2::4], joined[3::4] = right[0::2], right[1::2]
    return bytes(joined)


def unheard(trial: Trial, spans: Sequence[Sequence[float]]) -> int:
    """How many of the agents' beeps never reached the caller's phone."""
    if trial.caller is None:
        return 0
    packets = [packet for packet in trial.caller.heard if len(packet[1]) == FRAME]
    missed = 0
    for leg in trial.legs:
        for at, hz in leg.sent:
            if hz != CALLER_HZ and any(a + 0.05 <= at <= b - 0.4 for a, b in spans):
                near = (load for when, load in packets if at - 0.02 <= when <= at + 0.35)
                missed += not any(sounds(load, hz) for load in near)
    return missed


async def run(
    install: AsteriskInstall,
    variant: Variant,
    cases: Sequence[str],
    folder: Path,
    base: int,
    *,
    count: int = 1,
    at_once: int = 14,
) -> list[Finding]:
    """Place ``count`` calls of each case on an Asterisk set up as ``variant``."""
    centre = BareAsterisk(install, folder, base, variant)
    phone = Phone(centre.phone, ("127.0.0.1", centre.sip))
    trials: dict[str, Trial] = {}

    def answer(user: str, leg: PhoneLeg) -> float:
        account, _, number = user.partition("-")
        future = trials[number].agents[account]
        if trials[number].early:
            leg.plan = SoundPlan()

        async def arrived() -> None:
            await leg.up.wait()
            if not future.done():
                future.set_result(leg)

        phone.spawn(arrived())
        return 0.8

    phone.on_call = answer
    findings: list[Finding] = []
    turn = asyncio.Semaphore(at_once)

    async def one(case: str, n: int) -> None:
        async with turn:
            letter = "q" if case == "queued_again" else "x"
            number = f"t{letter}{case.replace('_', '')}{n}"
            loop = asyncio.get_running_loop()
            trial = trials[number] = Trial(
                number, phone, {a: loop.create_future() for a in ("a1", "a2")}
            )
            note = ""
            try:
                async with asyncio.timeout(60):
                    await CASES[case](trial)
            except TimeoutError as error:
                note = f"timeout {error}"
            if trial.caller is not None:
                try:
                    await asyncio.wait_for(trial.caller.over.wait(), 5)
                except TimeoutError:
                    await phone.hang_up(trial.caller)
            await asyncio.sleep(0.5)
            raw = recorded(centre.spool, number)
            spans = centre.bridged.get(centre.trials.get(number, ""), [])
            findings.append(judge(case, trial, raw, spans, note))

    try:
        await centre.start()
        await phone.start()
        began = centre.cpu_s()
        with punctual():
            await asyncio.gather(*(one(case, n) for n in range(count) for case in cases))
        used = (centre.cpu_s() - began) / sum(f.bridged_s for f in findings)
        print(f"# {variant.name}: {used:.4f} CPU s per bridged s")
    finally:
        await phone.close()
        await centre.stop()
    return findings


def table(variant: str, findings: Sequence[Finding]) -> str:
    lines = []
    for case in dict.fromkeys(f.case for f in findings):
        mine = [f for f in findings if f.case == case]
        differences = [f.file_s - f.bridged_s for f in mine]
        whole = sum(f.whole for f in mine)
        worst = max(f.worst_s for f in mine)
        note = next((f.note for f in mine if f.note), "")
        if deaf := sum(f.unheard > 0 for f in mine):
            note = f"the caller missed beeps in {deaf} calls; {note}"
        lines.append(
            f"{variant:12} {case:20} {whole:3}/{len(mine):<3} "
            f"length {min(differences):+.2f}..{max(differences):+.2f} s  "
            f"beeps off by <= {worst:.2f} s  {note}"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("variants", nargs="*", default=["bD"])
    parser.add_argument("-n", type=int, default=3)
    parser.add_argument("--at-once", type=int, default=14)
    parser.add_argument("--base", type=int, default=21500)
    parser.add_argument("--cases", nargs="*", default=list(CASES))
    arguments = parser.parse_args()
    install = find_or_install()
    for name in arguments.variants:
        folder = Path(tempfile.mkdtemp(prefix="offhook-trials-"))
        findings = asyncio.run(
            run(
                install,
                VARIANTS[name],
                arguments.cases,
                folder,
                arguments.base,
                count=arguments.n,
                at_once=arguments.at_once,
            )
        )
        print(table(name, findings), flush=True)
        print(f"# {name}: files in {folder}", flush=True)


if __name__ == "__main__":
    main()
