"""Reads the ``prompts:`` section of a flow or of a file of phrases."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from documents.document import Document, Path
from documents.document_errors import DocumentError, did_you_mean
from documents.sentence import Sentence, as_is, sentence
from ivr_flows.flow_schema import NAME, NAME_EXPECTED
from ivr_flows.templates import gaps, has_stray_brace
from ivr_flows.texts import Prompt

LONGEST = 1000  # characters: more than a minute of speech
LANGUAGE_TAG = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


def read_prompts(
    data: Mapping[str, Any],
    languages: Sequence[str],
    document: Document,
    faults: list[DocumentError],
) -> dict[str, Prompt]:
    """The prompts, each with its text in every language.

    A faulty prompt is included with the texts it has, so that nodes that name it are not reported
    too.
    """
    _check_languages(languages, document, faults)
    prompts: dict[str, Prompt] = {}
    for name, texts in data.items():
        path: Path = ("prompts", name)
        if not re.fullmatch(NAME, name):
            faults.append(
                document.fault(
                    path,
                    sentence(
                        '"%(name)s" can\'t be the name of a prompt; expected ' + NAME_EXPECTED,
                        name=name,
                    ),
                    sentence("a sound file uploaded for it has the same name"),
                    key=True,
                )
            )
        if not isinstance(texts, dict):
            faults.append(
                document.fault(
                    path,
                    sentence(
                        'prompt "%(name)s" has no texts; expected one for each language', name=name
                    ),
                    sentence(
                        "write %(texts)s",
                        texts=", ".join(f'"{language}: ..."' for language in languages),
                    ),
                )
            )
            texts = {}
        prompts[name] = Prompt(name, _texts(name, texts, languages, document, faults))
    return prompts


def _check_languages(
    languages: Sequence[str], document: Document, faults: list[DocumentError]
) -> None:
    for index, tag in enumerate(languages):
        if not LANGUAGE_TAG.fullmatch(tag):
            problem = sentence(
                '"%(tag)s" is not a language tag; expected one such as zh-CN or en', tag=tag
            )
        elif tag in languages[:index]:
            problem = sentence('language "%(tag)s" is here twice; expected each once', tag=tag)
        else:
            continue
        faults.append(document.fault(("languages", index), problem))


def _texts(
    name: str,
    texts: Mapping[str, Any],
    languages: Sequence[str],
    document: Document,
    faults: list[DocumentError],
) -> dict[str, str]:
    found: dict[str, str] = {}
    for language, text in texts.items():
        path: Path = ("prompts", name, language)
        if language not in languages:
            faults.append(
                document.fault(
                    path,
                    sentence(
                        'prompt "%(name)s" has a text in "%(language)s"; expected %(languages)s',
                        name=name,
                        language=language,
                        languages=", ".join(languages),
                    ),
                    did_you_mean(language, languages)
                    or sentence('add it to "languages" or remove it'),
                    key=True,
                )
            )
            continue
        problem = _text_problem(text)
        if problem is not None:
            what, remedy = problem
            faults.append(
                document.fault(
                    path,
                    sentence(
                        'prompt "%(name)s" in %(language)s %(problem)s',
                        name=name,
                        language=language,
                        problem=what,
                    ),
                    remedy,
                )
            )
        found[language] = " ".join(str(text).split())
    faults.extend(
        document.fault(
            ("prompts", name),
            sentence(
                'prompt "%(name)s" has no text in %(language)s; expected one for each language',
                name=name,
                language=language,
            ),
            sentence('add "%(language)s: ..."', language=language),
            key=True,
        )
        for language in languages
        if language not in found and texts
    )
    wanted = {language: {gap.variable for gap in gaps(text)} for language, text in found.items()}
    for language, said in wanted.items():
        first = wanted[next(iter(wanted))]
        if said != first:
            faults.append(
                document.fault(
                    ("prompts", name, language),
                    sentence(
                        'prompt "%(name)s" in %(language)s says %(said)s; '
                        "expected %(first)s, as in %(other)s",
                        name=name,
                        language=language,
                        said=_braced(said),
                        first=_braced(first),
                        other=next(iter(wanted)),
                    ),
                )
            )
    return found


def _text_problem(text: Any) -> tuple[Sentence, Sentence] | None:
    if not isinstance(text, str):
        return sentence("is not text"), sentence("put it in quotes")
    if not any(character.isalnum() for character in text):
        return (
            sentence("has nothing to say; expected words"),
            sentence("write what callers hear"),
        )
    if len(text) > LONGEST:
        return (
            sentence(
                "has %(count)s characters; expected at most %(most)s", count=len(text), most=LONGEST
            ),
            sentence("nobody listens that long"),
        )
    if has_stray_brace(text):
        return (
            sentence("has a brace that names no variable"),
            sentence("write {position}, or leave it out"),
        )
    return None


def _braced(names: Collection[str]) -> Sentence:
    """Variables as they are written in a text."""
    if not names:
        return sentence("no variable")
    return as_is(" ".join(f"{{{name}}}" for name in sorted(names)))
