"""What is wrong with one field of a campaign's form."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FormFault:
    """The field's name, and what is wrong with it, in words."""

    field: str
    text: str
