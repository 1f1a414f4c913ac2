"""Characters that nobody sees: which are found, where, and which do what they are for."""

import pytest

from documents.unseen import unseen_in

RLO, LRI, PDI, ZWSP, ZWNJ, ZWJ, RLM = "\u202e\u2066\u2069\u200b\u200c\u200d\u200f"


@pytest.mark.parametrize(
    ("text", "line", "column", "around", "names"),
    [
        (f"a: b\n# note {RLO}lla\n", 2, 8, "# note <U+202E>lla", "U+202E RIGHT-TO-LEFT OVERRIDE"),
        (f"a: x{ZWSP}y", 1, 5, "a: x<U+200B>y", "U+200B ZERO WIDTH SPACE"),
        ("a: x\r\nb: \u00ady\r\n", 2, 4, "b: <U+00AD>y", "U+00AD SOFT HYPHEN"),
        ("a\n\ufeffb", 2, 1, "<U+FEFF>b", "U+FEFF ZERO WIDTH NO-BREAK SPACE"),
        (f"a: {RLM}b", 1, 4, "a: <U+200F>b", "U+200F RIGHT-TO-LEFT MARK"),
        (f"a: b{ZWJ}c", 1, 5, "a: b<U+200D>c", "U+200D ZERO WIDTH JOINER"),
        ("a: hi\U000e0041", 1, 6, "a: hi<U+E0041>", "U+E0041 TAG LATIN CAPITAL LETTER A"),
        ("a: \u3164", 1, 4, "a: <U+3164>", "U+3164 HANGUL FILLER"),
    ],
)
def test_one_is_found_at_its_place(
    text: str, line: int, column: int, around: str, names: str
) -> None:
    (found,) = unseen_in(text)
    assert (found.line, found.column, found.around, found.names) == (line, column, around, names)


def test_a_line_is_said_once_and_kept_short() -> None:
    text = "x" * 500 + RLO + LRI + PDI + ZWSP + RLO + "y" * 500
    (found,) = unseen_in(text)
    assert found.around.startswith("x" * 32 + "<U+202E><U+2066><U+2069><U+200B><U+202E>y")
    assert len(found.around) < 120
    assert found.names.endswith("U+2069 POP DIRECTIONAL ISOLATE, ...")
    assert found.escape == "\\u202e"
    assert unseen_in("\U000e0041")[0].escape == "\\U000e0041"


@pytest.mark.parametrize(
    "text",
    [
        "欢迎致电，请按 1。 “Grüße” – naïve… 1\u00a0000 \u202f€",
        f"🧑{ZWJ}💻 👩🏽{ZWJ}⚕\ufe0f 🏳\ufe0f{ZWJ}🌈 👨{ZWJ}👩{ZWJ}👧",
        "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
        f"שלום 1{RLM}! \u200e",
        f"می{ZWNJ}خواهم",  # Persian: I want
        f"क्{ZWJ}ष",
        "\ufeffflow: menu",
        '"\\u202e" is written as an escape',
        "葛\U000e0100",
    ],
)
def test_what_does_what_it_is_for_is_not_found(text: str) -> None:
    assert unseen_in(text) == ()


@pytest.mark.parametrize(
    "text",
    [
        f"שלום {RLO}abc",  # a line in two directions needs no override
        f"🧑{ZWJ}",
        f"🧑{ZWNJ}💻",
        f"{ZWJ}💻",
        "🏴\U000e0067\U000e0062",
        f"שלום\nabc{RLM}",
        "\ufeff\ufeffflow: menu",
    ],
)
def test_what_only_looks_like_it_is_found(text: str) -> None:
    assert len(unseen_in(text)) == 1
