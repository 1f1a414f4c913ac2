"""Sentences that are kept, and what hands may have made of them in the table."""

import json

import pytest

from documents.sentence import Sentence, sentence
from publishing.kept_sentences import sentences_as_json, sentences_read

INNER = sentence('did you mean "%(name)s"?', name="a")
OUTER = sentence("100%% of %(n)s: %(what)s", n=3, what=INNER)


def test_sentences_come_back_as_they_were_kept() -> None:
    stored = json.loads(json.dumps(sentences_as_json([OUTER, INNER])))
    assert sentences_read([str(OUTER), str(INNER)], stored) == (OUTER, INNER)


@pytest.mark.parametrize(
    "stored",
    [
        None, [], "x", {}, [None], [[]], [{}], ["text"], [{"template": 1, "values": {}}],
        [{"template": "%(n)s", "values": {}}], [{"template": "%(n)d", "values": {"n": "x"}}],
        [{"template": "%", "values": {}}], [{"template": "another", "values": {}}],
        [{"template": "text", "values": [1]}], [{"template": "text"}, {"template": "text"}],
        [{"template": "%(a)s", "values": {"a": {"template": "%(b)s", "values": {"b": []}}}}],
        [{"template": "%(a)999999999999s", "values": {"a": "b"}}],
    ],
)  # fmt: skip
def test_whatever_else_is_there_the_english_text_is_said(stored: object) -> None:
    (found,) = sentences_read(["text"], stored)
    assert found == Sentence("%(text)s", {"text": "text"})
