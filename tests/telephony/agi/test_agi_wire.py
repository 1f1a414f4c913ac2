import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.agi.agi_wire import (
    MAX_LINE,
    Reply,
    ReplyReader,
    Unasked,
    encode,
    parse_environment,
    quoted,
)
from tests.memory import kept


def read(*lines: str) -> list[Reply | Unasked]:
    reader = ReplyReader()
    return [found for line in lines if (found := reader.feed(line)) is not None]


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        ("200 result=0", Reply(200, 0, "", "0")),
        ("200 result=-1", Reply(200, -1, "", "-1")),
        ("200 result= (timeout)", Reply(200, 0, "timeout", "")),
        ("200 result=", Reply(200, 0, "", "")),
        ("200 result=0012", Reply(200, 12, "", "0012")),
        ("200 result=*5 (timeout)", Reply(200, 0, "timeout", "*5")),
        ("200 result=49 endpos=8000", Reply(200, 49, "", "49", 8000)),
        (f"200 result=1 endpos={'9' * 5000}", Reply(200, 1, "", "1")),  # no number Python reads
        ("200 result=1 (a (b) c)", Reply(200, 1, "a (b) c", "1")),
        ("200 result=1 ()", Reply(200, 1, "", "1")),
        ("510 Invalid or unknown command", Reply(510, 0, "Invalid or unknown command")),
        ("511 Command Not Permitted", Reply(511, 0, "Command Not Permitted")),
        ("520 Invalid command syntax.", Reply(520, 0, "Invalid command syntax.")),
    ],
)
def test_single_lines(line: str, reply: Reply) -> None:
    assert read(line) == [reply]


def test_usage_takes_several_lines_and_hangup_may_stand_between_them() -> None:
    replies = read(
        "520-Invalid command syntax.  Proper usage follows:",
        " Usage: ANSWER",
        "HANGUP",
        "\tAnswers channel if not already in answer state.",
        "520 End of proper usage.",
        "200 result=7",
    )
    assert replies[0] is Unasked.HANGUP
    assert isinstance(replies[1], Reply)
    assert replies[1].code == 520
    assert "Usage: ANSWER" in replies[1].data
    assert replies[2] == Reply(200, 7, "", "7")


def test_a_value_may_have_line_breaks() -> None:
    assert read("200 result=1 (one", "two", "three)", "200 result=0") == [
        Reply(200, 1, "one\ntwo\nthree", "1"),
        Reply(200, 0, "", "0"),
    ]


def test_trying_and_noise_are_no_replies() -> None:
    assert read("100 result=0 Trying...", "noise", "", "200 result=1") == [Reply(200, 1, "", "1")]


@given(st.lists(st.text(max_size=300), max_size=200))
def test_no_line_breaks_the_reader_and_it_stays_small(lines: list[str]) -> None:
    reader = ReplyReader()
    for line in lines:
        reader.feed(line)
        assert sum(len(one) for one in kept(reader) if isinstance(one, str)) <= 2 * MAX_LINE


@pytest.mark.parametrize("bad", ["a\nb", "a\rb", "a\0b"])
def test_no_second_command_can_be_smuggled_in(bad: str) -> None:
    with pytest.raises(ValueError, match="line break"):
        encode(f"SET VARIABLE X {quoted(bad)}")


def test_a_line_that_asterisk_would_cut_is_refused() -> None:
    assert len(encode("x" * MAX_LINE)) == MAX_LINE + 1
    with pytest.raises(ValueError, match="8191 bytes"):
        encode("ü" * (MAX_LINE // 2 + 1))


def asterisk_words(line: str) -> list[str]:
    """res_agi's parse_args(), in Python."""
    words: list[str] = []
    inside = escaped = False
    blank = True
    for c in line:
        if c == '"' and not escaped:
            inside = not inside
            if inside and blank:
                words.append("")
                blank = False
        elif c in " \t" and not inside and not escaped:
            blank = True
        elif c == "\\" and not escaped:
            escaped = True
            continue
        else:
            if blank:
                words.append("")
                blank = False
            words[-1] += c
        escaped = False
    return words


@given(st.lists(st.text(st.characters(blacklist_characters="\r\n\0"), max_size=20), max_size=5))
def test_quoted_arguments_reach_asterisk_unchanged(arguments: list[str]) -> None:
    line = " ".join(["EXEC", *map(quoted, arguments)])
    assert asterisk_words(line) == ["EXEC", *arguments]


def test_environment() -> None:
    lines = b"agi_channel: PJSIP/a-1\nagi_callerid:\nagi_calleridname: M\xfcller: A"
    assert parse_environment(lines) == {
        "agi_channel": "PJSIP/a-1",
        "agi_callerid": "",
        "agi_calleridname": "M\ufffdller: A",
    }
