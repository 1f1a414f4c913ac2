"""Unified differences: as difflib writes them, and soon there for any text."""

import difflib
import random

from documents.patient_matching import unified_lines


def test_a_unified_difference_is_that_of_difflib() -> None:
    chance = random.Random(7)
    for _ in range(300):
        old = [chance.choice("abcdefgh") for _ in range(chance.randrange(40))]
        new = [chance.choice((line, line, line, "x", "")) for line in old]
        chance.shuffle(new[: chance.randrange(3)])
        new[chance.randrange(len(new) + 1) :] = []
        found = list(unified_lines("\n".join(old), "\n".join(new), ("1", "2")))
        lines = "\n".join(old).splitlines(), "\n".join(new).splitlines()
        assert found == list(difflib.unified_diff(*lines, "1", "2", lineterm=""))


def test_texts_that_difflib_takes_hours_for_are_compared_soon() -> None:
    letters = [chr(200 + n) for n in range(150)]
    old, new = letters * 300, letters[::-1] * 300
    found = list(unified_lines("\n".join(old), "\n".join(new), ("1", "2")))
    kept = [line[1:] for line in found[3:]]
    assert sum(line[0] != "+" for line in found[3:]) <= len(old) <= len(kept)
