"""Compares the centre's books of outgoing calls with what the far end saw and heard. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass

from farend.called_customers import key_of
from farend.ears import Heard
from farend.seen_calls import SeenCall

SAME_HZ = 25
"""A voice that lies between two steps of the ears is heard as one of them."""

UNHEARD_S = 0.25
"""In a talk as short as this an agent may hear nothing but the beep that announces the customer."""


@dataclass(frozen=True, slots=True)
class BookedCall:
    """A call as the centre has it in its books; times in seconds since 1970."""

    name: str  # its attempt, say: told when something differs
    number: str
    placed_at: float
    answered_at: float | None = None
    ended_at: float | None = None
    station: str | None = None
    """The phone that talked with the customer."""
    talked_s: float | None = None
    """How long they talked, if that is known."""
    reaches_far_end: bool = True
    """False if its request may have been lost on the way (a silent trunk)."""


@dataclass(frozen=True, slots=True)
class ToEar:
    """How long a customer's voice took from their answer to an agent's ear."""

    station: str
    seconds: float


def differences(
    booked: Iterable[BookedCall],
    seen: Iterable[SeenCall],
    phones: Sequence[SeenCall] = (),
    *,
    tolerance_s: float = 0.5,
) -> list[str]:
    """What the books say otherwise than the far end saw, a line each; empty if they agree.

    Calls to one number are compared in their order. Calls over a line that answers before the
    customer does (a gateway) are compared without their answer. With ``phones``, those who talked
    by the books must have been heard at that phone and nowhere else, if it has ears; a phone at
    which another customer with the same voice talked meanwhile says nothing.
    """
    ours, theirs = defaultdict(list), defaultdict(list)
    for call in sorted(booked, key=lambda each: each.placed_at):
        ours[key_of(call.number)].append(call)
    for there in sorted(seen, key=lambda each: each.began_at):
        theirs[there.key].append(there)
    found: list[str] = []
    pairs: list[tuple[BookedCall, SeenCall]] = []
    for key, calls in ours.items():
        there_too = theirs.pop(key, [])
        if len(there_too) < len(calls):
            calls = [call for call in calls if call.reaches_far_end]
        if len(calls) != len(there_too):
            found.append(f"{key}: {len(calls)} calls in the books, {len(there_too)} were seen")
            continue
        pairs += zip(calls, there_too, strict=True)
    for call, other in pairs:
        found += _differs(call, other, phones, _alike(call, other, pairs), tolerance_s)
    found += [f"{key}: {len(calls)} calls that no book has" for key, calls in theirs.items()]
    return found


def to_ear(customer: SeenCall, phones: Iterable[SeenCall]) -> ToEar | None:
    """From the moment at which the customer's voice begins, which is that of their answer, to the
    first phone that hears it; None if none did. Precise to a packet, 20 ms.
    """
    if not customer.spoke:
        return None
    voice = customer.spoke[0]
    heard = [
        ToEar(phone.station, sound.began_at - voice.began_at)
        for phone in phones
        for sound in phone.heard
        if _is(voice, sound)
    ]
    return min(heard, key=lambda each: each.seconds, default=None)


def _is(voice: Heard, sound: Heard) -> bool:
    """Whether a sound is this voice: by its frequency, and beginning while it speaks."""
    soon = voice.began_at - 0.02 <= sound.began_at <= voice.ended_at + 0.2
    return soon and abs(voice.hz - sound.hz) <= SAME_HZ


def _differs(
    call: BookedCall,
    seen: SeenCall,
    phones: Sequence[SeenCall],
    alike: Set[str],
    tolerance_s: float,
) -> Iterator[str]:
    what = f"{call.name} to {call.number}"
    if not seen.seized:
        yield from _apart(f"{what}: answered", call.answered_at, seen.answered_at, tolerance_s)
    yield from _apart(f"{what}: ended", call.ended_at, seen.over_at, tolerance_s)
    if not seen.spoke or not phones:
        return
    ears = {phone.station for phone in phones if phone.has_ears}
    heard_at = {
        phone.station for phone in phones for sound in phone.heard if _is(seen.spoke[0], sound)
    }
    expected = {call.station} & ears
    heard_at -= alike - expected
    if not heard_at and call.talked_s is not None and call.talked_s <= UNHEARD_S:
        return
    if heard_at != expected and (call.station is None or call.station in ears):
        yield f"{what}: talked at {call.station or 'no phone'}, heard at {_names(heard_at)}"


def _alike(
    call: BookedCall, seen: SeenCall, pairs: Iterable[tuple[BookedCall, SeenCall]]
) -> Set[str]:
    """The phones at which, by the books, others talked who have the same voice and spoke then."""
    if not seen.spoke:
        return frozenset()
    voice = seen.spoke[0]
    return {
        other.station
        for other, there in pairs
        if other is not call and other.station is not None
        for sound in there.spoke[:1]
        if abs(sound.hz - voice.hz) <= SAME_HZ
        and sound.began_at <= voice.ended_at + 0.2
        and voice.began_at - 0.2 <= sound.ended_at
    }


def _apart(
    what: str, booked: float | None, seen: float | None, tolerance_s: float
) -> Iterator[str]:
    if booked is None or seen is None:
        if booked is not seen:
            yield f"{what} {_at(booked)}, seen {_at(seen)}"
    elif abs(booked - seen) > tolerance_s:
        yield f"{what} {booked - seen:+.3f} s from what was seen"


def _at(moment: float | None) -> str:
    return "never" if moment is None else f"at {moment:.3f}"


def _names(stations: Iterable[str]) -> str:
    return ", ".join(sorted(stations)) or "no phone"
