"""Customers who are called: how each of them behaves, in the shares that a campaign meets.

Pure and repeatable: the same seed gives the same customers, and the shares are exact, not drawn.
"""

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from farend.ami_client import FarEndError


class Conduct(StrEnum):
    """What becomes of a call to somebody."""

    TALKS = "talks"  # rings, answers, speaks, and hangs up after the talk
    STAYS = "stays"  # the same, but leaves hanging up to the other side
    GONE_EARLY = "gone_early"  # hangs up within a second of answering
    AT_ONCE = "at_once"  # answers without ringing
    SLOW = "slow"  # nothing is heard of the call for seconds, then it rings and is answered
    SILENT = "silent"  # answers and sends no sound
    MACHINE = "machine"  # a voicemail: greeting, beep, silence
    OPTS_OUT = "opts_out"  # presses a key when they hear something
    HOLDS = "holds"  # presses the hold key for a while
    ANNOUNCED = "announced"  # an announcement while unanswered, then an answer
    ANNOUNCED_ONLY = "announced_only"  # an announcement, and never an answer
    RING_BACK = "ring_back"  # "answered", but only ring-back is heard (false supervision)
    BUSY = "busy"  # 486
    REJECTS = "rejects"  # 603
    RINGS_ON = "rings_on"  # never answers
    UNREACHABLE = "unreachable"  # 480
    UNKNOWN = "unknown"  # 404
    FORBIDDEN = "forbidden"  # 403
    TRUNK_FULL = "trunk_full"  # 503
    MUTE = "mute"  # 100 Trying, and then nothing


REACHED = frozenset(
    {
        Conduct.TALKS, Conduct.STAYS, Conduct.GONE_EARLY, Conduct.AT_ONCE, Conduct.SLOW,
        Conduct.SILENT, Conduct.MACHINE, Conduct.OPTS_OUT, Conduct.HOLDS, Conduct.ANNOUNCED,
        Conduct.RING_BACK,
    }
)  # fmt: skip
"""Those whose call is answered, as a trunk reports it."""

USUAL: Mapping[Conduct, float] = {
    Conduct.TALKS: 0.26, Conduct.STAYS: 0.02, Conduct.GONE_EARLY: 0.02, Conduct.AT_ONCE: 0.01,
    Conduct.SLOW: 0.02, Conduct.SILENT: 0.01, Conduct.MACHINE: 0.04, Conduct.OPTS_OUT: 0.01,
    Conduct.ANNOUNCED: 0.01, Conduct.ANNOUNCED_ONLY: 0.01, Conduct.BUSY: 0.10,
    Conduct.REJECTS: 0.07, Conduct.RINGS_ON: 0.30, Conduct.UNREACHABLE: 0.06,
    Conduct.UNKNOWN: 0.05, Conduct.TRUNK_FULL: 0.01,
}  # fmt: skip
"""The shares of the demo's campaign, made up, but of a size that campaigns in China meet."""

TONES = range(400, 2000, 50)
"""The voices, in Hz, that the ears (farend/ears.py) tell apart."""

_FAMILY = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰建国文婷"
_FIRST = ("Emma", "Liam", "Olivia", "Noah", "Ava", "Jack", "Grace", "Henry", "Ruth", "Owen")
_LAST = ("Smith", "O'Neil", "Brown", "Taylor", "Wilson", "Clarke", "Wright", "Müller", "Green")


@dataclass(frozen=True, slots=True)
class CalledCustomer:
    """Somebody on a campaign's list, and what they do when they are called."""

    number: str  # E.164
    name: str
    language: str  # zh-CN or en
    conduct: Conduct
    steps: str
    tone: int
    """Their voice in Hz, one of ``TONES``."""


def customers(
    count: int,
    *,
    seed: int,
    shares: Mapping[Conduct, float] = USUAL,
    talk_s: tuple[float, float] = (4.0, 12.0),
    ring_s: tuple[float, float] = (1.0, 6.0),
    first: str = "+8613700000000",
) -> list[CalledCustomer]:
    """``count`` customers, the k-th with the k-th number after ``first``.

    ``shares`` are weights: each conduct has its share of them, rounded to whole customers by the
    largest remainder. ``talk_s`` and ``ring_s`` are the shortest and longest times of those who
    speak and ring. Raises FarEndError if the numbers don't suffice.
    """
    start = int(first.removeprefix("+"))
    if len(str(start + count)) != len(str(start)):
        raise FarEndError(f"there are no {count} numbers of that length after {first}")
    rng = random.Random(seed)  # noqa: S311 - a play, the same each time
    conducts = [conduct for conduct, n in _apportioned(count, shares) for _ in range(n)]
    rng.shuffle(conducts)
    return [
        _customer(f"+{start + place}", conduct, rng, talk_s, ring_s)
        for place, conduct in enumerate(conducts)
    ]


def key_of(number: str) -> str:
    """One spelling for +8613800138000, 008613800138000 and 13800138000, and for 0101234 and
    +86101234: what the far end's dialplan looks up, however a line's carrier writes numbers.

    Raises FarEndError if it isn't a number.
    """
    if not re.fullmatch(r"\+?[0-9]{1,32}", number):
        raise FarEndError(f"{number!r} is not a number: only digits, after a + if any")
    for prefix in ("+", "00"):
        if number.startswith(prefix):
            return number.removeprefix(prefix).removeprefix("86")
    return number.removeprefix("0")


def _apportioned(count: int, shares: Mapping[Conduct, float]) -> list[tuple[Conduct, int]]:
    whole = sum(shares.values())
    if whole <= 0 or min(shares.values()) < 0:
        raise FarEndError("shares are weights: none below 0, and not all of them 0")
    exact = {conduct: count * share / whole for conduct, share in shares.items()}
    given = {conduct: int(part) for conduct, part in exact.items()}
    by_remainder = sorted(exact, key=lambda conduct: given[conduct] - exact[conduct])
    for conduct in by_remainder[: count - sum(given.values())]:
        given[conduct] += 1
    return list(given.items())


def _customer(
    number: str,
    conduct: Conduct,
    rng: random.Random,
    talk_s: tuple[float, float],
    ring_s: tuple[float, float],
) -> CalledCustomer:
    ring, talk = rng.uniform(*ring_s), rng.uniform(*talk_s)
    language = "zh-CN" if rng.random() < 0.8 else "en"
    if language == "en":
        name = f"{rng.choice(_FIRST)} {rng.choice(_LAST)}"
    else:
        name = rng.choice(_FAMILY) + "".join(rng.choices(_GIVEN, k=rng.choice((1, 2))))
    tone = rng.choice(TONES)
    return CalledCustomer(number, name, language, conduct, _steps(conduct, ring, talk), tone)


def _steps(conduct: Conduct, ring: float, talk: float) -> str:
    match conduct:
        case Conduct.TALKS:
            return f"answer-{ring:.1f},speak-{talk:.1f},hangup"
        case Conduct.STAYS:
            return f"answer-{ring:.1f},speak-600"
        case Conduct.GONE_EARLY:
            return f"answer-{ring:.1f},speak-0.6,hangup"
        case Conduct.AT_ONCE:
            return f"pick,speak-{talk:.1f},hangup"
        case Conduct.SLOW:
            return f"wait-4,answer-{ring:.1f},speak-{talk:.1f},hangup"
        case Conduct.SILENT:
            return f"answer-{ring:.1f},silent-{talk:.1f},hangup"
        case Conduct.MACHINE:
            return f"answer-{ring:.1f},speech-6,beep,silent-30"
        case Conduct.OPTS_OUT:
            return f"answer-{ring:.1f},hear-20,wait-1,press-9,speak-{talk:.1f},hangup"
        case Conduct.HOLDS:
            return f"answer-{ring:.1f},speak-1,hold-3,speak-{talk:.1f},hangup"
        case Conduct.ANNOUNCED:
            return f"announce-3,answer-{ring:.1f},speak-{talk:.1f},hangup"
        case Conduct.ANNOUNCED_ONLY:
            return "announce-6,wait-120"
        case Conduct.RING_BACK:
            return "pick,ring-60"
        case Conduct.BUSY:
            return f"ring-{ring / 2:.1f},busy"
        case Conduct.REJECTS:
            return f"ring-{ring:.1f},refuse-603"
        case Conduct.RINGS_ON:
            return "ring-120"
        case Conduct.UNREACHABLE:
            return "wait-1,unavailable"
        case Conduct.UNKNOWN:
            return "refuse-404"
        case Conduct.FORBIDDEN:
            return "refuse-403"
        case Conduct.TRUNK_FULL:
            return "refuse-503"
        case Conduct.MUTE:
            return "wait-300"
