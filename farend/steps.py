"""The small language in which customers and phones are told what to do.

Steps stand one after the other with commas between: ``wait-2,press-1,speak-8,hangup``.
README.md has the table.
"""

import re

from farend.ami import FarEndError

_SECONDS = r"-[0-9]+(\.[0-9]+)?"
_COMMON = (
    rf"wait{_SECONDS}|silent{_SECONDS}|speak{_SECONDS}|speech{_SECONDS}|listen-[0-9]+|hold{_SECONDS}"
    r"|press-[0-9A-D*#]+|stay|hangup|beep"
)
_CUSTOMER = re.compile(_COMMON)
_PHONE = re.compile(
    _COMMON + rf"|answer{_SECONDS}|ring({_SECONDS})?|early{_SECONDS}|busy|reject|unavailable"
    r"|congestion|transfer-(blind|attended)-[0-9A-Za-z]+"
)


def customer_steps(steps: str) -> str:
    """As the far end's dialplan wants them. Raises FarEndError at a step it doesn't know."""
    return _checked(steps, _CUSTOMER, "customer")


def phone_steps(steps: str) -> str:
    """The same for an agent's phone, which also decides whether and when it answers."""
    return _checked(steps, _PHONE, "phone")


def _checked(steps: str, known: re.Pattern[str], who: str) -> str:
    parts = [part.strip() for part in steps.split(",") if part.strip()]
    for part in parts:
        if not known.fullmatch(part):
            raise FarEndError(f"{part!r} is no step of a {who}; farend/README.md lists them")
    return "&".join(parts)
