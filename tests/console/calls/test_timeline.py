"""Each fact of a call makes a sentence, in both languages."""

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from console.calls.timeline import told
from console.kit.rendering import duration, translate
from domain.call_facts import CallEntered, FellBack
from domain.facts import KINDS
from domain.floor_facts import ConsultBegan, ConsultEnded, TalkBegan, TalkEnded, Transferred
from domain.happening import Happening
from domain.recording_facts import Recorded
from tests.console.conftest import a_call, fact


def test_what_a_fact_does_not_know_is_called_unknown() -> None:
    nothing = fact(a_call()[0].call, 0, FellBack, queue=None)
    (moment,) = told([nothing], partial(translate, "en"), {}, {}, duration, {})
    assert moment.text == "Asterisk's own queue unknown took the caller."


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_every_fact_makes_a_sentence(language: str) -> None:
    def says(text: str, values: object) -> str:
        return translate(language, text, values)  # type: ignore[arg-type]

    bare = [fact(a_call()[0].call, n, kind) for n, kind in enumerate(KINDS.values())]
    for facts in (a_call(), bare):
        for moment in told(facts, says, {}, {}, duration, {}):
            assert moment.text and "%(" not in moment.text, moment


@pytest.mark.parametrize(
    ("language", "text"),
    [
        (
            "en",
            "The recording was stored: 1:00. No sound from the caller from 0:05 to 0:20."
            " No sound from the agent from 0:30 to 0:50.",
        ),
        (
            "zh-CN",
            "录音已保存，时长 1:00。0:05 至 0:20 期间没有主叫的声音。"
            "0:30 至 0:50 期间没有坐席的声音。",
        ),
    ],
)
def test_sentences_follow_each_other_as_the_language_writes_them(language: str, text: str) -> None:
    silent = [
        {"side": "caller", "from_s": 5, "to_s": 20},
        {"side": "agent", "from_s": 30, "to_s": 50},
    ]
    stored = fact(a_call()[0].call, 60, Recorded, duration_s=60.0, whole=True, silent=silent)
    (moment,) = told([stored], partial(translate, language), {}, {}, duration, {})
    assert moment.text == text


NOTARY = "+8613700000001.0123456789ab"


@pytest.mark.parametrize(
    ("kind", "fields", "text"),
    [
        (
            ConsultBegan,
            {"agent": "1001", "station": "1001", "whom": NOTARY},
            "1001 asks Notary (+86 137 0000 0001); the customer hears music.",
        ),
        (
            ConsultEnded,
            {"agent": "1001", "whom": NOTARY, "how": "not_reached", "cause": "busy"},
            "The consultation of 1001 with Notary (+86 137 0000 0001) ended: the line was busy.",
        ),
        (
            Transferred,
            {"from_agent": "1001", "to": "95588.0123456789ab", "kind": "attended"},
            "1001 transferred the call to 95588 (attended).",
        ),
        (
            TalkBegan,
            {"agent": None, "station": NOTARY},
            "Notary (+86 137 0000 0001) and the customer were connected.",
        ),
        (
            TalkEnded,
            {"agent": None, "station": NOTARY, "by": "agent"},
            "The conversation with Notary (+86 137 0000 0001) ended.",
        ),
    ],
)
def test_somebody_outside_is_called_by_their_title(
    kind: type[Happening], fields: dict[str, object], text: str
) -> None:
    titles = {"+8613700000001": "Notary"}
    about = fact(a_call()[0].call, 5, kind, **fields)
    (moment,) = told([about], partial(translate, "en"), {}, {}, duration, titles)
    assert moment.text == text


def test_a_late_fact_counts_from_the_beginning() -> None:
    facts = [fact(a_call()[0].call, 0, CallEntered), *a_call()[-1:]]
    last = told(facts, lambda text, _: text, {}, {}, duration, {})[-1]
    assert last.after_s == 123
    assert last.at == datetime(2026, 3, 2, 1, 30, tzinfo=UTC) + timedelta(seconds=123)
