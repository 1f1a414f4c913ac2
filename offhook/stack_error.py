"""The error of what starts Offhook on one machine."""

from domain.errors import OperatorError


class StackError(OperatorError):
    """A part did not start. The text says which, why, and what to do."""
