"""Puts other words in the place of some in YAML text, and leaves every other character as it is."""

import json
import re
from collections.abc import Iterator, Mapping

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from documents.document import KEY_ITSELF, Limits, Path, read

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*(?: [A-Za-z0-9_-]+)*")
_NOT_TEXT = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


def with_scalars(text: str, source: str, words: Mapping[Path, str], limits: Limits) -> str:
    """The text with these values in place of those at their paths, comments and all else kept. A
    path that ends in ``KEY_ITSELF`` is that of a key.

    Raises DocumentError if the text is not plain YAML, KeyError if there is no single value at a
    path.
    """
    if not words:
        return text
    read(text, source, limits)  # refuses what must not be composed
    root = YAML(typ="safe", pure=True).compose(text)
    spans: dict[Path, tuple[int, int]] = {}
    for path, node in _scalars(root, ()):
        if path in words:
            spans[path] = (node.start_mark.index, node.end_mark.index)
    if missing := words.keys() - spans.keys():
        raise KeyError(sorted(missing, key=str)[0])
    for path, (start, end) in sorted(spans.items(), key=lambda found: -found[1][0]):
        # A block scalar (|, >) ends with its line.
        tail = "\n" if text[start:end].endswith("\n") else ""
        text = text[:start] + quoted_word(words[path]) + tail + text[end:]
    return text


def quoted_word(word: str) -> str:
    """The word as YAML has it: plain where it can be nothing else, else in double quotes."""
    if _PLAIN.fullmatch(word) and word.lower() not in _NOT_TEXT:
        return word
    return json.dumps(word, ensure_ascii=False)


def _scalars(node: Node | None, path: Path) -> Iterator[tuple[Path, ScalarNode]]:
    if isinstance(node, MappingNode):
        for key, value in node.value:
            if isinstance(key, ScalarNode):
                yield (*path, str(key.value), KEY_ITSELF), key
            yield from _scalars(value, (*path, str(key.value)))
    elif isinstance(node, SequenceNode):
        for index, value in enumerate(node.value):
            yield from _scalars(value, (*path, index))
    elif isinstance(node, ScalarNode):
        yield path, node
