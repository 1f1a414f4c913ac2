"""A sentence for people that can be said in another language: a template and what fills it in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Sentence:
    """``template`` is English with places such as ``%(node)s``; a percent sign is ``%%``.

    The template is also the key of the catalogue in which its translations are found. A value may
    be a sentence itself.
    """

    template: str
    values: Mapping[str, "str | int | float | Sentence"] = field(default_factory=dict)

    def said(self, translate: Callable[[str], str]) -> str:
        """The sentence in the language of ``translate``, which turns a template into another."""
        values = {
            name: value.said(translate) if isinstance(value, Sentence) else value
            for name, value in self.values.items()
        }
        return translate(self.template) % values

    def __str__(self) -> str:
        return self.said(lambda template: template)


def sentence(template: str, **values: str | int | float | Sentence) -> Sentence:
    """A sentence with its places filled in by name."""
    return Sentence(template, values)


def template(text: str) -> str:
    """Marks a template for the catalogue that is made a sentence elsewhere."""
    return text


def as_is(text: str) -> Sentence:
    """A text that is the same in every language, or that has no translation."""
    return Sentence("%(text)s", {"text": text})
