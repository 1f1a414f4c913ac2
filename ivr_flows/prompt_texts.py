"""Reads the ``prompts:`` section of a flow or of a file of phrases."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from documents.document import Document, Path
from documents.document_errors import DocumentError, did_you_mean
from ivr_flows.flow_schema import NAME, NAME_EXPECTED
from ivr_flows.texts import PARAMETER, Prompt

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
                    f"\"{name}\" can't be a prompt's name; expected {NAME_EXPECTED}",
                    "a sound file uploaded for it has the same name",
                    key=True,
                )
            )
        if not isinstance(texts, dict):
            faults.append(
                document.fault(
                    path,
                    f'prompt "{name}" has no texts; expected one for each language',
                    "write " + ", ".join(f'"{language}: ..."' for language in languages),
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
            problem = f'"{tag}" is not a language tag; expected one such as zh-CN or en'
        elif tag in languages[:index]:
            problem = f'language "{tag}" is here twice; expected each once'
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
                    f'prompt "{name}" has a text in "{language}"; expected {", ".join(languages)}',
                    did_you_mean(language, languages) or 'add it to "languages" or remove it',
                    key=True,
                )
            )
            continue
        problem = _text_problem(text)
        if problem is not None:
            message, hint = problem
            faults.append(document.fault(path, f'prompt "{name}" in {language} {message}', hint))
        found[language] = " ".join(str(text).split())
    faults.extend(
        document.fault(
            ("prompts", name),
            f'prompt "{name}" has no text in {language}; expected one for each language',
            f'add "{language}: ..."',
            key=True,
        )
        for language in languages
        if language not in found and texts
    )
    wanted = {language: set(PARAMETER.findall(text)) for language, text in found.items()}
    for language, parameters in wanted.items():
        first = wanted[next(iter(wanted))]
        if parameters != first:
            faults.append(
                document.fault(
                    ("prompts", name, language),
                    f'prompt "{name}" in {language} has {braced(parameters)}; '
                    f"expected {braced(first)}, as in {next(iter(wanted))}",
                )
            )
    return found


def _text_problem(text: Any) -> tuple[str, str] | None:
    if not isinstance(text, str):
        return "is not text", "put it in quotes"
    if not any(character.isalnum() for character in text):
        return "has nothing to say; expected words", "write what callers hear"
    if len(text) > LONGEST:
        return f"has {len(text)} characters; expected at most {LONGEST}", "nobody listens that long"
    if any(brace in PARAMETER.sub("", text) for brace in "{}"):
        return "has a brace that names no parameter", "write {position}, or leave it out"
    return None


def braced(parameters: Collection[str]) -> str:
    """Parameters as they are written in a text, for a message."""
    return " ".join(f"{{{name}}}" for name in sorted(parameters)) or "no parameters"
