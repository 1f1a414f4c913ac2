"""What the nodes that name languages have in common."""

from collections.abc import Iterable, Iterator, Sequence

from documents.document import Path
from documents.sentence import sentence
from ivr_flows.kind import NodeFault


def unknown_language(
    wanted: Iterable[tuple[Path, str]], languages: Sequence[str]
) -> Iterator[NodeFault]:
    """The settings that name a language in which the flow doesn't speak."""
    for at, language in wanted:
        if language not in languages:
            yield NodeFault(
                at,
                sentence(
                    'the flow has no language "%(language)s"; expected one of %(languages)s',
                    language=language,
                    languages=", ".join(languages),
                ),
            )
