"""Codes for why an account was not created, changed or let in; the console has the words."""

from enum import StrEnum

from domain.errors import OffhookError
from domain.identity import AgentCode


class AccountRefusal(StrEnum):
    """Why a user was not created or changed."""

    NAME_MALFORMED = "name_malformed"
    NAME_TAKEN = "name_taken"
    PASSWORD_LENGTH = "password_length"  # noqa: S105 - what is wrong with one
    AGENT_MISSING = "agent_missing"
    """A user in the role of an agent needs an agent's code."""
    AGENT_TAKEN = "agent_taken"
    LAST_ADMIN = "last_admin"
    """No user would be left who may change users."""
    NO_SUCH_USER = "no_such_user"


class AccountRefused(OffhookError):  # noqa: N818
    """A user was not created or changed. ``name`` is the user concerned; with AGENT_TAKEN, the one
    who has the code ``agent``."""

    def __init__(
        self, why: AccountRefusal, *, name: str | None = None, agent: AgentCode | None = None
    ) -> None:
        super().__init__(why, name, agent)
        self.why = why
        self.name = name
        self.agent = agent


class LoginRefusal(StrEnum):
    """Why somebody was not let in."""

    WRONG = "wrong"
    """No such name, a wrong password, or a user who is disabled or whose agent is gone;
    deliberately not distinguished."""
    THROTTLED = "throttled"


class LoginRefused(OffhookError):  # noqa: N818
    """Somebody was not let in. ``retry_after_s`` is 0 unless throttled."""

    def __init__(self, why: LoginRefusal, retry_after_s: float = 0.0) -> None:
        super().__init__(why, retry_after_s)
        self.why = why
        self.retry_after_s = retry_after_s
