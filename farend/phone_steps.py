"""The small language that says what customers and phones do in a call.

Steps follow one another, separated by commas: ``wait-2,press-1,speak-8,hangup``. README.md has
the table.
"""

import re

from farend.ami_client import FarEndError

_SECONDS = r"-[0-9]+(\.[0-9]+)?"
_COMMON = (
    rf"wait{_SECONDS}|silent{_SECONDS}|speak{_SECONDS}|speech{_SECONDS}|listen-[0-9]+|hold{_SECONDS}"
    rf"|(ears|quiet)({_SECONDS})?|hear{_SECONDS}|voice-[0-9]+|press-[0-9A-D*#]+|stay|hangup|beep"
)
_CALLED = (
    rf"|answer{_SECONDS}|pick|ring({_SECONDS})?|early{_SECONDS}|announce{_SECONDS}|busy|reject"
    r"|unavailable|congestion|refuse-[3-6][0-9][0-9]"
)
_CUSTOMER = re.compile(_COMMON)
_PHONE = re.compile(_COMMON + _CALLED + r"|transfer-(blind|attended)-[0-9A-Za-z]+")
_NETWORK = re.compile(_COMMON + _CALLED)
_LINE = re.compile(_COMMON + _CALLED + r"|flap-[0-9]+-[0-9]+|limit-[0-9]+|pass")


def customer_steps(steps: str) -> str:
    """The steps in the form that the far end's dialplan reads. Raises FarEndError if unknown."""
    return _checked(steps, _CUSTOMER, "customer")


def phone_steps(steps: str) -> str:
    """The same for an agent's phone, which also decides whether and when it answers."""
    return _checked(steps, _PHONE, "phone")


def called_steps(steps: str) -> str:
    """The same for a customer who is called."""
    return _checked(steps, _NETWORK, "customer who is called")


def line_steps(steps: str) -> str:
    """The same for all calls over a line."""
    return _checked(steps, _LINE, "line")


def _checked(steps: str, known: re.Pattern[str], who: str) -> str:
    parts = [part.strip() for part in steps.split(",") if part.strip()]
    for part in parts:
        if not known.fullmatch(part):
            raise FarEndError(f"{part!r} is not a step for a {who}; farend/README.md lists them")
    return "&".join(parts)
