"""Proves that prompts were heard: looks for their very samples in what was recorded of a call.

Between the two halves of a local channel sound is neither coded nor mixed, so what was played and
what was heard are the same samples, but for frames that a busy machine loses. A prompt is cut into
blocks; a block counts as heard where a stretch of the recording correlates with it. Measured with
espeak-ng: blocks that were played correlate by 1.000, those of other words by 0.945 at most. Two
prompts that say the same but for one short word can't be told apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.int16]

RATE = 8000
"""Samples a second."""
BLOCK = RATE // 4
SAME = 0.98
"""From this correlation on a block is the one that was played."""
ENOUGH = 0.85
"""This share of a prompt must have been heard; frames that a busy machine loses take less."""
LONGEST_GAP = 1
"""So many blocks one after the other may be missing: whole words are more."""
_ANCHOR = RATE // 2
_DRIFT = RATE // 10
"""How far blocks may be from where those before them let us expect them."""
_SKIPPED = 30 * RATE
"""How much else may have been heard before a prompt: what keys have cut short."""
_SILENT = 100
"""The loudest sample of a prompt that nobody can hear."""


@dataclass(frozen=True, slots=True)
class Proof:
    """How much of a prompt was heard, 0 to 1, and the longest gap in it, in blocks. ``audible``:
    there is anything in it to be heard."""

    share: float
    gap: int = 0
    audible: bool = True

    @property
    def heard(self) -> bool:
        """Whether it was heard."""
        return self.audible and self.share >= ENOUGH and self.gap <= LONGEST_GAP


def proofs(recorded: Samples, prompts: Sequence[Samples]) -> list[Proof]:
    """How much was heard of each of these prompts, which were played in this order."""
    found, cursor = [], 0
    sound = recorded.astype(np.float64)
    for prompt in prompts:
        proof, end = _one(sound, _trimmed(prompt), cursor)
        found.append(proof)
        if proof.heard:  # what was not heard must not hide those after it
            cursor = max(cursor, end)
    return found


def _trimmed(prompt: Samples) -> NDArray[np.float64]:
    """The prompt from its first audible sample to its last."""
    loud = np.flatnonzero(np.abs(prompt.astype(np.int32)) > _SILENT)
    if not len(loud):
        return np.empty(0)
    return prompt[loud[0] : loud[-1] + 1].astype(np.float64)


def _one(sound: NDArray[np.float64], prompt: NDArray[np.float64], cursor: int) -> tuple[Proof, int]:
    """The proof of one prompt from ``cursor`` on, and where the prompt ends in the recording."""
    if not len(prompt):
        return Proof(0.0, audible=False), cursor
    best, end = Proof(0.0), cursor
    window = sound[cursor : cursor + len(prompt) + _SKIPPED]
    # Its beginning may be what is missing.
    for offset in dict.fromkeys((0, len(prompt) // 3, 2 * len(prompt) // 3)):
        anchor = prompt[offset : offset + _ANCHOR]
        at = _first_place(window, anchor)
        if at is None:
            continue
        proof, last = _compared(window, prompt, at - offset)
        if proof.share > best.share:
            best, end = proof, cursor + last
        if best.heard:
            break
    return best, end


def _first_place(window: NDArray[np.float64], anchor: NDArray[np.float64]) -> int | None:
    """Where the anchor is in the window for the first time."""
    likeness = _likeness(window, anchor)
    there = np.flatnonzero(likeness >= SAME)
    return int(there[0]) if len(there) else None


def _compared(
    window: NDArray[np.float64], prompt: NDArray[np.float64], begin: int
) -> tuple[Proof, int]:
    """Which of the prompt's loud blocks are where they are to be expected, and the end of them."""
    loud, same, drift, last = 0, 0, 0, 0
    gap, longest = 0, 0
    usual = float(np.sqrt(np.mean(prompt**2)))
    for start in range(0, len(prompt), BLOCK):
        block = prompt[start : start + BLOCK]
        if len(block) < BLOCK // 4 or float(np.sqrt(np.mean(block**2))) < usual / 8:
            continue
        loud += 1
        where = begin + start + drift
        low = max(0, where - _DRIFT)
        likeness = _likeness(window[low : max(0, where + _DRIFT + len(block))], block)
        at = int(np.argmax(likeness)) if len(likeness) else 0
        if len(likeness) and likeness[at] >= SAME:
            same, gap = same + 1, 0
            drift += low + at - where
            last = low + at + len(block)
        else:
            gap += 1
            longest = max(longest, gap)
    return Proof(round(same / loud, 3) if loud else 0.0, longest), last


def _likeness(window: NDArray[np.float64], part: NDArray[np.float64]) -> NDArray[np.float64]:
    """The correlation of a part with each stretch of the window, -1 to 1."""
    if len(window) < len(part) or not len(part):
        return np.empty(0)
    size = 1 << int(len(window) + len(part) - 1).bit_length()
    spectrum = np.fft.rfft(window, size) * np.conj(np.fft.rfft(part, size))
    products = np.fft.irfft(spectrum, size)[: len(window) - len(part) + 1]
    summed = np.concatenate(([0.0], np.cumsum(window**2)))
    energy = summed[len(part) :] - summed[: len(summed) - len(part)]
    scale = np.sqrt(np.maximum(energy, 0.0) * float(np.sum(part**2)))
    likeness: NDArray[np.float64] = np.divide(
        products, scale, out=np.zeros_like(products), where=scale > float(len(part))
    )
    return likeness
