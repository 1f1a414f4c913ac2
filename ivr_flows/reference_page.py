"""Writes the reference of the flow language for docs/flows.md, from the schemas that check flows.

``python -m ivr_flows.reference_page`` prints it.
"""

from collections.abc import Iterable, Iterator

from ivr_flows.vocabulary import FieldWords, KindWords, vocabulary


def reference_page() -> str:
    """Every kind of node with its settings and exits, as Markdown."""
    words = vocabulary()
    parts = ["## The top of the file\n", _table(words.top)]
    parts += ["## A variable\n", _table(words.variable)]
    parts += ["## Announcements\n", _table(words.announcements)]
    parts += ["## The nodes\n", _node_settings(words.kinds)]
    parts += [_kind(kind) for kind in words.kinds]
    return "\n".join(parts)


def _node_settings(kinds: Iterable[KindWords]) -> str:
    names = ", ".join(f"[`{kind.name}`](#{kind.name})" for kind in kinds)
    return (
        "Every node has a `kind`, `exits` (each exit with the node to which it leads), and perhaps "
        f"a `note` for colleagues. The kinds are {names}.\n"
    )


def _kind(kind: KindWords) -> str:
    own = tuple(field for field in kind.fields if field.name != "note")
    exits = ", ".join(f"`{name}`" for name in kind.exits)
    about = kind.about.replace("``", "`")
    said = f"\nExits that every such node has: {exits}.\n" if exits else ""
    return f"### {kind.name}\n\n{about}\n{said}" + (f"\n{_table(own)}" if own else "")


def _table(fields: Iterable[FieldWords]) -> str:
    rows = "".join(_rows(fields, ""))
    return f"| setting | default | |\n|---|---|---|\n{rows}"


def _rows(fields: Iterable[FieldWords], within: str) -> Iterator[str]:
    for field in fields:
        name = f"{within}{field.name}"
        default = "required" if field.required else f"`{field.default}`" if field.default else ""
        listed = ", ".join(f"`{value}`" for value in field.values if value not in ("true", "false"))
        values = f" ({listed})" if listed else ""
        about = field.about.replace("|", "\\|")
        yield f"| `{name}` | {default} | {about}{values} |\n"
        yield from _rows(field.fields, f"{name}.")


if __name__ == "__main__":
    print(reference_page(), end="")
