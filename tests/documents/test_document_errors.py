"""Which name was meant: as difflib finds it, and soon, whatever was written."""

import difflib
import random

from documents.document_errors import nearest, one_of

WORDS = [
    "queue",
    "quest",
    "menu",
    "main_menu",
    "goodbye",
    "sales",
    "sale",
    "after_hours",
    "identify",
]


def test_a_slip_leads_to_the_name_that_difflib_finds() -> None:
    chance = random.Random(4)
    for _ in range(500):
        letters = list(chance.choice(WORDS))
        letters[chance.randrange(len(letters))] = chance.choice("aeioux_")
        wrong = "".join(letters)
        assert nearest(wrong, WORDS) == next(iter(difflib.get_close_matches(wrong, WORDS, 1)), "")


def test_words_without_end_and_very_many_names_are_looked_at_soon() -> None:
    letters = "".join(chr(0x4E00 + n) for n in range(150))
    assert nearest(letters * 400, [letters[::-1] * 400]) == "", "hours, for difflib"
    many = [f"node_{n}" for n in range(20_000)]
    assert nearest("nodd_19999", many).startswith("node_")


def test_a_list_of_names_is_short_however_long_they_are() -> None:
    assert one_of(["sales", "x" * 20_000]) == f'"sales", "{"x" * 80}..."'
    assert len(one_of(["x" * 20_000] * 20_000)) < 1_100
