"""Any chunking gives the same messages; what we send can only be what we meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.ami.ami_wire import MAX_HEADERS, Framer, Message, WireError, encode

NAMES = st.text("abcdefghijklmnopqrstuvwxyzABC-_()/;1", min_size=1, max_size=12)
VALUES = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=40)
HEADERS = st.lists(st.tuples(NAMES, VALUES), min_size=1, max_size=8)


REFUSED = [b"refused"]


def feed(
    data: bytes, chunks: list[int], *, greeting: bool = False, max_message: int = 1 << 20
) -> list[bytes]:
    """Messages of ``data`` cut into chunks of these sizes, or that it was refused."""
    framer = Framer(greeting=greeting, max_message=max_message)
    messages: list[bytes] = []
    at = 0
    try:
        for size in chunks:
            messages += framer.feed(data[at : at + size])
            at += size
        messages += framer.feed(data[at:])
    except WireError:
        return REFUSED
    return messages


@given(
    st.lists(HEADERS, max_size=6),
    st.lists(st.integers(1, 30), max_size=60),
    st.sampled_from(["\r\n", "\n"]),
)
def test_any_chunking_gives_the_messages_that_were_sent(
    messages: list[list[tuple[str, str]]], chunks: list[int], newline: str
) -> None:
    wire = "".join(
        "".join(f"{key}: {value}{newline}" for key, value in headers) + newline
        for headers in messages
    ).encode()
    raws = feed(wire, chunks)
    assert [list(Message(raw).items()) for raw in raws] == messages


@given(
    st.lists(st.sampled_from([b"a: b", b"c: ", b"\r\n", b"\n", b"\r", b"\xc3\xbc", b"x"])),
    st.lists(st.integers(1, 9), max_size=40),
)
def test_even_of_garbage_any_chunking_gives_the_same(parts: list[bytes], chunks: list[int]) -> None:
    wire = b"".join(parts)
    assert feed(wire, chunks, max_message=20) == feed(wire, [], max_message=20)
    greeted = b"Asterisk Call Manager/11.0.0\r\n" + wire
    assert feed(greeted, chunks, greeting=True) == feed(greeted, [], greeting=True)
    assert feed(wire, chunks, greeting=True) == feed(wire, [], greeting=True)


def test_a_character_split_over_two_reads_stays_whole() -> None:
    wire = "Event: Newchannel\r\nCallerIDName: Müller 王\r\n\r\n".encode()
    for cut in range(len(wire)):
        (raw,) = feed(wire, [cut])
        assert Message(raw).get("CallerIDName") == "Müller 王"


def test_the_last_header_may_be_empty() -> None:
    for ending in ("Contacts: \r\n\r\n", "Contacts:\r\n\r\n", "Contacts: \n\n"):
        (raw,) = Framer().feed(f"Event: EndpointList\r\n{ending}".encode())
        message = Message(raw)
        assert "Contacts" in message
        assert message.get("Contacts", "?") == ""


def test_line_ends_may_be_mixed_and_blank_lines_doubled() -> None:
    wire = (
        b"Response: Error\r\nMessage: No Contacts found\r\n\r\n\r\n"  # as Asterisk does
        b"Event: A\nX: 1\r\n\nEvent: B\r\nX: 2\n\r\n"
    )
    messages = [Message(raw) for raw in Framer().feed(wire)]
    assert [m.get("X") for m in messages] == ["", "1", "2"]
    assert [m.name for m in messages] == ["", "A", "B"]


def test_bytes_that_are_no_utf8_do_not_stop_anything() -> None:
    message = Message("Event: X\r\nCallerIDName: 王".encode("gbk"))
    assert message.get("CallerIDName") == "��"


def test_an_event_that_has_a_response_header_is_an_event() -> None:
    message = Message(b"Event: OriginateResponse\r\nActionID: a/1\r\nResponse: Failure")
    assert (message.name, message.is_event, message.action_id) == ("OriginateResponse", True, "a/1")
    reply = Message(b"Response: Success\r\nActionID: 1\r\nPing: Pong")
    assert (reply.name, reply.is_event, reply.succeeded) == ("", False, True)
    late = Message(b"Privilege: call,all\r\nEvent: Hangup\r\nActionID: ")
    assert (late.name, late.is_event, late.action_id) == ("Hangup", True, "")


def test_headers_are_found_in_any_case_and_repeated_ones_kept() -> None:
    message = Message(
        b"Event: DialBegin\r\nUniqueid: 1\r\nChanVariable: A=1\r\nChanVariable: B=x=y\r\n"
        b"DestChanVariable: A=2\r\nChanVariable(Local/wait@test-00;1): C=3\r\nVariable: LONE"
    )
    assert message.get("UNIQUEID") == message.get("uniqueid") == "1"
    assert message.get("Nothing") == ""
    assert message.all("chanvariable") == ["A=1", "B=x=y"]
    assert message.variables() == {"A": "1", "B": "x=y", "C": "3"}
    assert message.variables("Dest") == {"A": "2"}


def test_limits_are_enforced_however_it_comes() -> None:
    wire = b"Event: X\r\nY: " + b"z" * 100
    assert feed(wire, [], max_message=60) == REFUSED
    assert feed(wire + b"\r\n\r\n", [], max_message=60) == REFUSED
    assert feed(wire + b"\r\n\r\n", [1] * 80, max_message=60) == REFUSED
    assert len(feed(wire + b"\r\n\r\n", [], max_message=len(wire))) == 1


def test_another_server_is_not_taken_for_asterisk() -> None:
    with pytest.raises(WireError, match=r"SSH-2\.0"):
        Framer(greeting=True).feed(b"SSH-2.0-OpenSSH_9.2\r\n")
    with pytest.raises(WireError):
        Framer(greeting=True).feed(b"Asterisk Call Manager/" + b"9" * 300)
    framer = Framer(greeting=True)
    assert framer.feed(b"Asterisk Call Manager/11.0.0\r\nEvent: X\r\n\r\n") == [b"Event: X"]
    assert framer.version == "11.0.0"


def test_a_message_in_very_many_pieces_is_framed_at_its_end() -> None:
    wire = b"Response: Follows\r\n" + b"Output: " + b"x" * 400_000
    framer = Framer()
    for at in range(0, len(wire), 4):
        assert framer.feed(wire[at : at + 4]) == []
    assert len(framer.feed(b"\r\n\r\n")) == 1


@pytest.mark.parametrize("bad", ["a\r\nAction: Originate", "a\nb", "a\rb", "a\0b"])
def test_nothing_can_be_injected(bad: str) -> None:
    for action, headers, action_id in (
        (bad, {}, "1"),
        ("Ping", {"X": bad}, "1"),
        ("Ping", {"X": ["ok", bad]}, "1"),
        ("Ping", {bad: "x"}, "1"),
        ("Ping", {}, bad),
    ):
        with pytest.raises(ValueError, match="AMI action"):
            encode(action, headers, action_id)


@pytest.mark.parametrize("name", ["", " X", "X ", "X: Y", "Action", "actionid"])
def test_a_header_needs_a_name_of_its_own(name: str) -> None:
    with pytest.raises(ValueError, match="AMI action"):
        encode("Ping", {name: "x"}, "1")


def test_what_asterisk_would_not_take_is_refused_before() -> None:
    assert encode("Ping", {"X": "y" * 1019}, "1")  # X: + the value + CR LF = 1,024 bytes
    with pytest.raises(ValueError, match="1025 bytes"):
        encode("Ping", {"X": "y" * 1020}, "1")
    with pytest.raises(ValueError, match="1025 bytes"):
        encode("Ping", {"X": "ü" * 510}, "1")
    assert encode("Ping", {"X": ["y"] * (MAX_HEADERS - 2)}, "1")
    with pytest.raises(ValueError, match="129 headers"):
        encode("Ping", {"X": ["y"] * (MAX_HEADERS - 1)}, "1")


@given(st.dictionaries(NAMES.filter(lambda n: n.lower() not in ("action", "actionid")), VALUES))
def test_what_is_encoded_is_one_message_with_these_headers(headers: dict[str, str]) -> None:
    (raw,) = Framer().feed(encode("Do", headers, "id/1"))
    assert list(Message(raw).items()) == [("Action", "Do"), ("ActionID", "id/1"), *headers.items()]
